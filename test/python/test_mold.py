"""The mold: an application loaded once, workers forked from it, their ends reported."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import unittest
from typing import Any

from life_support import HELLO_APP, TOKEN, Case, Front, Line, eventually, is_alive, terminate

APP = """
import os, random
print("loaded by", os.getpid())
loaded_by = os.getpid()
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{loaded_by} {os.getpid()} {random.random()}".encode()]
"""


class MoldTest(Case):
    def setUp(self) -> None:
        super().setUp()
        self.write("app.py", APP)
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(os.path.join(self.folder, "master.sock"))
        self.door.listen()
        self.door.settimeout(10)
        self.addCleanup(self.door.close)
        self.pids: "list[int]" = []
        self.addCleanup(self.kill_all)

    def kill_all(self) -> None:
        for pid in self.pids:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)

    def mold(self, **more: Any) -> "tuple[subprocess.Popen[bytes], Line]":
        child, line = self.start("mold")
        line.expect("hello")
        line.tell(self.boot(age=0, slot=0, **more))
        ready = line.expect("ready")
        self.assertEqual(ready["program"], os.path.join(self.cwd, "app.py"))
        return child, line

    def fork(self, line: Line, age: int, **more: Any) -> "tuple[int, Line]":
        """A forked worker that is ready: its pid, and its own channel."""
        line.tell({"type": "fork", "boot": self.boot(age=age, **more)})
        forked = line.expect("forked")
        self.assertEqual(forked["age"], age)
        self.pids.append(forked["pid"])
        own, _ = self.door.accept()
        channel = Line(own)
        self.lines.append(channel)
        self.assertEqual(channel.hear(), {"type": "hello", "age": age, "token": TOKEN})
        channel.expect("ready")
        return forked["pid"], channel

    def asked(self, age: int) -> "list[str]":
        with Front(os.path.join(self.folder, f"worker-{age}.sock")) as front:
            return front.get()[2].decode().split()

    def test_workers_have_the_application_that_the_mold_loaded_and_randomness_of_their_own(
        self,
    ) -> None:
        child, line = self.mold()
        first, _ = self.fork(line, 1)
        second, _ = self.fork(line, 2)
        one, two = self.asked(1), self.asked(2)
        self.assertEqual(one[:2], [str(child.pid), str(first)])
        self.assertEqual(two[:2], [str(child.pid), str(second)])
        self.assertNotEqual(one[2], two[2])
        self.assertEqual(self.logged().count("loaded by"), 1)
        self.assertIn(f"Booting worker with pid: {second}", self.logged())

    def test_hooks_of_the_worker_run_in_the_worker_and_the_server_is_the_master(self) -> None:
        conf = "import os\ndef post_fork(server, worker): server.log.info('%d %d %d', os.getpid(), worker.pid, server.pid)\n"
        _, line = self.mold(conf=conf)
        pid, _ = self.fork(line, 1, conf=conf)
        self.assertIn(f"[INFO] {pid} {pid} {os.getpid()}\n", self.logged())

    def test_a_drained_worker_ends_and_its_end_is_reported(self) -> None:
        _, line = self.mold()
        _, channel = self.fork(line, 1)
        channel.tell({"type": "drain"})
        self.assertEqual(line.hear(), {"type": "ended", "age": 1, "code": 0, "signal": None})
        self.assertIsNone(channel.hear())

    def test_term_reaches_a_forked_worker_and_the_mold_goes_on(self) -> None:
        _, line = self.mold()
        pid, channel = self.fork(line, 1)
        terminate(pid)
        self.assertEqual(channel.hear(), {"type": "recycle", "reason": "signal"})
        channel.tell({"type": "drain"})
        self.assertEqual(line.hear(), {"type": "ended", "age": 1, "code": 0, "signal": None})
        self.fork(line, 2)

    def test_abrt_writes_the_stacks_of_a_worker_and_of_the_mold(self) -> None:
        child, line = self.mold()
        pid, channel = self.fork(line, 1)
        terminate(pid, signal.SIGABRT)
        self.assertEqual(line.hear(), {"type": "ended", "age": 1, "code": 1, "signal": None})
        self.assertEqual(self.logged().count("Fatal Python error: Aborted"), 1)
        terminate(child.pid, signal.SIGABRT)
        self.assertEqual(self.ends(child), 1)
        self.assertEqual(self.logged().count("Fatal Python error: Aborted"), 2)

    @unittest.skipUnless(os.path.isdir("/proc/self/task"), "no /proc: threads cannot be signalled")
    def test_a_signal_that_the_system_gives_to_another_thread_is_heard_by_the_main_one(self) -> None:
        for age, (number, status) in enumerate(((signal.SIGABRT, 1), (signal.SIGINT, 0)), 1):
            hooks = "import os\ndef worker_int(worker): os.write(2, b'worker_int ran')\n"
            _, line = self.mold(conf=hooks)
            pid, _ = self.fork(line, age, conf=hooks)
            others = sorted(int(each) for each in os.listdir(f"/proc/{pid}/task") if int(each) != pid)
            # kill(2) of a thread's number has the system prefer that thread.
            terminate(others[0], number)
            ended = {"type": "ended", "age": age, "code": status, "signal": None}
            self.assertEqual(line.hear(), ended)
        self.assertIn("worker_int ran", self.logged())

    def test_a_killed_worker_is_reported_by_its_signal(self) -> None:
        _, line = self.mold()
        pid, _ = self.fork(line, 3)
        terminate(pid, signal.SIGKILL)
        self.assertEqual(
            line.hear(), {"type": "ended", "age": 3, "code": None, "signal": "SIGKILL"}
        )

    def test_a_worker_that_does_not_boot_says_so_itself(self) -> None:
        conf = "def post_fork(server, worker): raise ValueError('no')\n"
        _, line = self.mold(conf=conf)
        line.tell({"type": "fork", "boot": self.boot(age=1, conf=conf)})
        line.expect("forked")
        own, _ = self.door.accept()
        channel = Line(own)
        self.lines.append(channel)
        channel.expect("hello")
        self.assertEqual(channel.expect("failed")["exit"], 3)
        self.assertEqual(line.hear(), {"type": "ended", "age": 1, "code": 3, "signal": None})

    def test_an_application_that_does_not_load_fails_the_mold(self) -> None:
        for spec, status in (("nowhere", 3), ("app:nothing", 4)):
            child, line = self.start("mold")
            line.expect("hello")
            line.tell(self.boot(spec))
            self.assertEqual(line.expect("failed")["exit"], status)
            self.assertEqual(self.ends(child), status)

    def test_a_retired_mold_forks_no_more_and_ends_behind_its_last_child(self) -> None:
        for retire in ("message", "TERM"):
            with self.subTest(retire):
                child, line = self.mold()
                pid, channel = self.fork(line, 1)
                if retire == "message":
                    line.tell({"type": "retire"})
                else:
                    terminate(child.pid)
                    self.assertEqual(line.hear(), {"type": "recycle", "reason": "signal"})
                line.tell({"type": "fork", "boot": self.boot(age=9)})
                answer = line.expect("forked")
                self.assertEqual(answer["pid"], 0)
                self.assertIn("retiring", answer["message"])
                self.assertIsNone(child.poll())
                channel.tell({"type": "drain"})
                self.assertEqual(self.ends(child), 0)

    def test_a_mold_without_children_ends_at_once(self) -> None:
        child, line = self.mold()
        line.tell({"type": "retire"})
        self.assertEqual(self.ends(child), 0)

    def test_when_the_master_is_gone_workers_and_mold_end(self) -> None:
        child, line = self.mold()
        pid, channel = self.fork(line, 1)
        line.close()
        channel.close()
        self.assertEqual(self.ends(child), 0)
        self.assertFalse(is_alive(pid))
        eventually(lambda: not os.path.exists(self.folder), "the end of the folder")

    def test_threads_of_the_application_are_warned_of_by_name(self) -> None:
        self.write(
            "app.py",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), name='poller', daemon=True).start()\n"
            + HELLO_APP,
        )
        self.mold()
        self.assertRegex(self.logged(), r"\[WARNING\] preload_app: .*\('poller'\)")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_the_application_is_loaded_as_the_user_that_it_runs_as(self) -> None:
        os.chmod(self.cwd, 0o755)
        os.chown(self.folder, 65534, 65534)
        os.chown(os.path.join(self.folder, "master.sock"), 65534, 65534)
        self.write(
            "app.py",
            "import os\nloaded_by = os.getuid()\ndef app(environ, start_response):\n"
            "    start_response('200 OK', [])\n"
            "    return [f'{loaded_by} {os.getuid()}'.encode()]\n",
        )
        owner = {"uid": 65534, "gid": 65534, "initgroups": False}
        _, line = self.mold(privileges=owner)
        self.fork(line, 1, privileges=owner)
        self.assertEqual(self.asked(1), ["65534", "65534"])

    def test_usr1_and_the_masters_word_reopen_its_log(self) -> None:
        child, line = self.mold()
        for number, again in (
            (1, lambda: terminate(child.pid, signal.SIGUSR1)),
            (2, lambda: line.tell({"type": "reopen-logs"})),
        ):
            os.rename(self.log, f"{self.log}.{number}")
            again()
            eventually(lambda: os.path.exists(self.log), "a fresh log")


if __name__ == "__main__":
    unittest.main()
