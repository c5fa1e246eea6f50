"""A worker's life, over real processes: boot, ready, recycle, drain, signals, and a master that is gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import unittest
from typing import Any, List

from life_support import (
    HELLO_APP,
    PACKAGE,
    SOURCES,
    Case,
    Front,
    Line,
    eventually,
    terminate,
)

HOOKS = """
import os
def note(name, *args):
    with open({file!r}, "a") as file: file.write(name + " " + " ".join(map(str, args)) + "\\n")
def post_fork(server, worker):
    note("post_fork", worker.age, worker.booted, server.pid == worker.ppid, server.address)
    server.log.info("hook speaks of %s", worker.cfg.workers)
def post_worker_init(worker): note("post_worker_init", worker.booted, callable(worker.wsgi))
def pre_request(worker, req): note("pre_request", worker.nr, req.path)
def post_request(worker, req, environ): note("post_request", environ["REQUEST_METHOD"])
def worker_int(worker): note("worker_int", worker.alive)
def worker_abort(worker): note("worker_abort", worker.aborted)
def worker_exit(server, worker): note("worker_exit", worker.nr)
"""
BEAT_READY, BEAT_RETIRING = 2, 3


class BootTest(Case):
    def setUp(self) -> None:
        super().setUp()
        self.notes = os.path.join(self.cwd, "notes")
        self.conf = HOOKS.format(file=self.notes)
        self.write("app.py", HELLO_APP)
        self.socket = os.path.join(self.folder, "worker-1.sock")

    def noted(self) -> List[str]:
        with open(self.notes, encoding="utf-8") as file:
            return file.read().splitlines()

    def fails(self, **more: Any) -> "tuple[int, dict[str, Any]]":
        """The exit status and the message of a worker that does not boot."""
        child, line = self.start("worker")
        line.expect("hello")
        line.tell(self.boot(**more))
        message = line.expect("failed")
        self.assertIsNone(line.hear())
        return self.ends(child), message

    def test_it_says_hello_is_told_boot_says_ready_and_serves(self) -> None:
        child, line = self.start("worker")
        line.expect("hello")
        line.tell(self.boot())
        ready = line.expect("ready")
        self.assertEqual(
            (ready["shape"], ready["program"]), ("wsgi", os.path.join(self.cwd, "app.py"))
        )
        self.assertEqual(os.stat(self.socket).st_mode & 0o777, 0o700)
        with Front(self.socket) as front:
            self.assertEqual(front.get(), (66, 200, str(child.pid).encode()))
        self.await_log(f"[INFO] Booting worker with pid: {child.pid}")

    def test_no_name_of_ours_hides_a_module_of_the_application(self) -> None:
        self.write("log.py", "name = 'mine'")
        self.write("hooks.py", "name = 'mine'")
        self.write(
            "app.py",
            "import log, hooks, sys\nassert log.name == hooks.name == 'mine'\n"
            f"assert sys.path[0] == {self.cwd!r}, sys.path\nassert {str(SOURCES)!r} not in sys.path\n"
            + HELLO_APP,
        )
        self.worker()

    def test_it_beats_into_its_slot(self) -> None:
        child, line = self.worker(values={"timeout": 0.1})
        first = eventually(lambda: self.slot()[5] == BEAT_READY and self.slot(), "a beat")
        self.assertEqual(first[4], child.pid)
        self.assertGreater(first[2], 1 << 20)
        self.assertEqual(first[0], first[6])
        self.assertLess(abs(first[0] - time.monotonic() * 1000), 5000)
        with Front(self.socket) as front:
            front.get()
            eventually(lambda: self.slot()[1] == 1, "the count of requests")
            rate, median, most = eventually(lambda: self.pace()[1] and self.pace(), "its time")
            self.assertGreater(rate, 0)
            self.assertEqual(median, most)
            self.assertLess(median, 5)
            line.tell({"type": "drain"})
            eventually(lambda: self.slot()[5] == BEAT_RETIRING, "the beat of a drain")

    def test_hooks_run_in_gunicorns_order(self) -> None:
        child, line = self.worker(conf=self.conf)
        with Front(self.socket) as front:
            front.get("/a")
        line.tell({"type": "drain"})
        self.assertEqual(self.ends(child), 0)
        self.assertEqual(
            self.noted(),
            [
                "post_fork 1 False True []",
                "post_worker_init False True",
                "pre_request 0 /a",
                "post_request GET",
                "worker_exit 1",
            ],
        )
        self.assertIn("[INFO] hook speaks of 2", self.logged())

    def test_hooks_that_fail_the_boot(self) -> None:
        for hook in (
            "def post_fork(server, worker): nope",
            "def post_worker_init(worker): nope",
            "nope",
        ):
            with self.subTest(hook):
                status, message = self.fails(conf=hook)
                self.assertEqual((status, message["exit"]), (3, 3))
                self.assertIn("NameError", message["message"])
                self.assertIn("nope", message["detail"])
        self.assertEqual(os.listdir(self.folder), [])

    def test_statuses_of_applications_that_do_not_load(self) -> None:
        self.write("bad.py", "1 / 0")
        self.write("asgi.py", "async def app(scope, receive, send): ...")
        for spec, expected, words in (
            ("bad", 3, "ZeroDivisionError"),
            ("nowhere", 3, "No module named 'nowhere'"),
            ("app:nothing", 4, "Failed to find attribute 'nothing' in 'app'."),
            ("app:os", 4, "must be callable"),
            ("asgi", 4, "ASGI"),
        ):
            with self.subTest(spec):
                status, message = self.fails(spec=spec)
                self.assertEqual((status, message["exit"]), (expected, expected))
                self.assertIn(words, message["message"])
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_failed_boot_is_not_kept_by_threads_of_the_application(self) -> None:
        self.write(
            "bad.py",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n1 / 0",
        )
        self.assertEqual(self.fails(spec="bad")[0], 3)

    def test_a_proof_loads_the_application_and_leaves_nothing(self) -> None:
        for spec, expected in (("app", 0), ("app:nothing", 4)):
            child, line = self.start("worker")
            line.expect("hello")
            line.tell(self.boot(spec, proof=True, conf=self.conf, values={"check_config": True}))
            self.assertEqual(self.ends(child), expected)
        self.assertEqual(
            (os.path.exists(self.notes), os.path.exists(self.log), os.listdir(self.folder)),
            (False, False, []),
        )

    def test_what_is_printed_is_in_the_log_and_subprocesses_hold_no_descriptor_of_ours(
        self,
    ) -> None:
        self.write(
            "app.py",
            "import subprocess, sys\nprint('printed')\n"
            "subprocess.run(['ls', '-l', '/proc/self/fd'], close_fds=False)\n" + HELLO_APP,
        )
        child, _ = self.worker()
        text = self.logged()
        self.assertIn("\nprinted\n", text)
        self.assertNotIn("socket:", text)
        self.assertNotIn("board", text)
        self.assertEqual(len([one for one in text.splitlines() if "error.log" in one]), 2)

    def test_the_environment_says_nothing_of_the_channel_and_arguments_are_the_application_s(self) -> None:
        self.write(
            "app.py",
            "import os, sys\nassert sys.argv == ['tsgunicorn', 'app', '--port', '3'], sys.argv\n"
            "assert not [n for n in os.environ if n.startswith('NODE_CHANNEL')]\n" + HELLO_APP,
        )
        self.worker(
            env={"NODE_CHANNEL_SERIALIZATION_MODE": "json"}, appArguments=["--port", "3"]
        )

    def test_max_requests_asks_once_to_be_replaced_and_serves_on(self) -> None:
        child, line = self.worker(maxRequests=2)
        with Front(self.socket) as front:
            for _ in range(4):
                front.get()
            self.assertEqual(line.hear(), {"type": "recycle", "reason": "max_requests"})
            front.get()
        self.await_log("Autorestarting worker after current request. (max_requests: 2 requests)")
        line.tell({"type": "drain"})
        self.assertIsNone(line.hear())
        self.assertEqual(self.ends(child), 0)

    def test_too_much_memory_asks_to_be_replaced(self) -> None:
        _, line = self.worker(values={"max_worker_memory": 1000, "timeout": 0.1})
        self.assertEqual(line.hear(), {"type": "recycle", "reason": "max_worker_memory"})

    def test_a_drain_lets_a_request_finish_and_runs_exit_handlers(self) -> None:
        self.write(
            "app.py",
            f"import atexit, time\natexit.register(lambda: open({self.notes!r}, 'a').write('atexit\\n'))\n"
            "def app(environ, start_response):\n    print('begun')\n    time.sleep(0.5)\n    start_response('200 OK', [])\n    return [b'done']\n",
        )
        child, line = self.worker(conf=self.conf)
        with Front(self.socket) as front:
            front.ask()
            self.await_log("begun")
            line.tell({"type": "drain"})
            self.assertEqual(front.receive(), (66, 200, b"done"))
        self.assertEqual(self.ends(child), 0)
        self.assertEqual(self.noted()[-2:], ["worker_exit 1", "atexit"])
        self.assertIn(f"Worker exiting (pid: {child.pid})", self.logged())
        self.assertEqual(os.listdir(self.folder), [])

    def test_term_asks_for_a_successor_and_it_serves_on_until_it_is_told_to_drain(self) -> None:
        child, line = self.worker()
        terminate(child.pid)
        self.assertEqual(line.hear(), {"type": "recycle", "reason": "signal"})
        with Front(self.socket) as front:
            self.assertEqual(front.get()[1], 200)
        line.tell({"type": "drain"})
        self.assertEqual(self.ends(child), 0)

    def test_with_threads_it_drains_alike(self) -> None:
        child, line = self.worker(threads=3)
        with Front(self.socket) as one, Front(self.socket) as two:
            self.assertEqual((one.get()[1], two.get()[1]), (200, 200))
            line.tell({"type": "drain"})
            self.await_log("Worker exiting")
        self.assertEqual(self.ends(child), 0)

    def test_threads_of_the_application_do_not_keep_a_drained_worker(self) -> None:
        self.write(
            "app.py",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
            + HELLO_APP,
        )
        child, line = self.worker()
        line.tell({"type": "drain"})
        self.assertEqual(self.ends(child), 0)

    def test_int_and_quit_run_worker_int_and_end_at_once(self) -> None:
        self.write(
            "app.py",
            "import time\ndef app(environ, start_response):\n    print('begun')\n    time.sleep(60)\n",
        )
        for number, threads in ((signal.SIGINT, 1), (signal.SIGQUIT, 1), (signal.SIGQUIT, 2)):
            with self.subTest(number=number, threads=threads):
                child, _ = self.worker(conf=self.conf, threads=threads)
                with Front(self.socket) as front:
                    front.ask()
                    self.await_log("begun")
                    terminate(child.pid, number)
                    self.assertEqual(self.ends(child), 0)
                self.assertEqual(self.noted()[-2:], ["worker_int False", "worker_exit 1"])
                os.unlink(self.log)

    def test_quit_ends_a_worker_whose_main_thread_does_not_come_back_from_c(self) -> None:
        # A mutex that is taken twice: its wait in C goes on whatever signals come, and holds no lock of Python's.
        self.write(
            "app.py",
            "import ctypes\nlock = ctypes.CDLL(None).pthread_mutex_lock\nmutex = ctypes.create_string_buffer(128)\n"
            "def app(environ, start_response):\n    lock(mutex)\n    print('begun')\n    lock(mutex)\n",
        )
        child, _ = self.worker()
        with Front(self.socket) as front:
            front.ask()
            self.await_log("begun")
            terminate(child.pid, signal.SIGQUIT)
            self.assertEqual(self.ends(child), 0)
        self.assertEqual(os.listdir(self.folder), [])

    def test_abrt_runs_worker_abort_leaves_the_stacks_and_ends_with_1(self) -> None:
        self.write(
            "app.py",
            "import time\ndef app(environ, start_response):\n    the_hang()\ndef the_hang():\n    print('begun')\n    time.sleep(60)\n",
        )
        child, _ = self.worker(conf=self.conf)
        with Front(self.socket) as front:
            front.ask()
            self.await_log("begun")
            terminate(child.pid, signal.SIGABRT)
            self.assertEqual(self.ends(child), 1)
        self.assertEqual(self.noted()[-2:], ["worker_abort True", "worker_exit 1"])
        self.assertIn("in the_hang", self.logged())

    def test_usr2_writes_the_stacks_and_usr1_reopens_the_log_and_the_worker_goes_on(self) -> None:
        child, line = self.worker()
        terminate(child.pid, signal.SIGUSR2)
        self.await_log("most recent call first")
        for number, again in (
            (1, lambda: terminate(child.pid, signal.SIGUSR1)),
            (2, lambda: line.tell({"type": "reopen-logs"})),
        ):
            os.rename(self.log, f"{self.log}.{number}")
            again()
            eventually(lambda: os.path.exists(self.log), "a fresh log")
        for number in (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH):
            terminate(child.pid, number)
        with Front(self.socket) as front:
            self.assertEqual(front.get()[1], 200)

    def test_signals_while_booting_end_it(self) -> None:
        self.write("slow.py", "import time\nprint('importing')\ntime.sleep(60)")
        for number, status in (
            (signal.SIGTERM, 143),
            (signal.SIGINT, 130),
            (signal.SIGQUIT, 131),
            (signal.SIGABRT, 1),
        ):
            with self.subTest(number=number):
                child, line = self.start("worker")
                line.expect("hello")
                line.tell(self.boot("slow"))
                self.await_log("importing")
                terminate(child.pid, number)
                self.assertEqual(self.ends(child), status)
                os.unlink(self.log)
        self.assertEqual(os.listdir(self.folder), [])

    def test_drain_while_booting_ends_it_and_so_does_the_masters_end(self) -> None:
        self.write("slow.py", "import time\nprint('importing')\ntime.sleep(60)")
        for act in ("drain", "end"):
            child, line = self.start("worker")
            line.expect("hello")
            line.tell(self.boot("slow"))
            self.await_log("importing")
            line.tell({"type": "drain"}) if act == "drain" else line.close()
            self.assertEqual(self.ends(child), 0)
            os.unlink(self.log)

    def test_a_worker_whose_master_is_gone_finishes_what_it_can_and_takes_the_folder_along(
        self,
    ) -> None:
        self.write(
            "app.py",
            "import time\ndef app(environ, start_response):\n    print('begun')\n    time.sleep(float(environ['PATH_INFO'][1:]))\n"
            "    start_response('200 OK', [])\n    return [b'done']\n",
        )
        child, line = self.worker()
        with Front(self.socket) as front:
            front.ask("/0.3")
            self.await_log("begun")
            line.close()
            self.assertEqual(front.receive(), (66, 200, b"done"))
        self.assertEqual(self.ends(child), 0)
        self.assertIn("Parent changed, shutting down: worker", self.logged())
        self.assertFalse(os.path.exists(self.folder))

    def test_a_worker_without_a_master_does_not_wait_for_long(self) -> None:
        self.write(
            "app.py",
            "import time\ndef app(environ, start_response):\n    print('begun')\n    time.sleep(60)\n",
        )
        child, line = self.worker()
        with Front(self.socket) as front:
            front.ask()
            self.await_log("begun")
            line.close()
            self.assertEqual(self.ends(child), 0)
        self.assertFalse(os.path.exists(self.folder))

    def test_an_overdue_request_is_told_to_the_master(self) -> None:
        self.write("app.py", "import time\ndef app(environ, start_response):\n    time.sleep(60)\n")
        _, line = self.worker(values={"timeout": 0.2})
        with Front(self.socket) as front:
            front.ask()
            self.assertEqual(line.hear(), {"type": "overdue", "alone": True})

    def test_a_child_that_the_application_forks_dies_by_term_and_does_not_drain_the_worker(
        self,
    ) -> None:
        self.write(
            "app.py",
            "import multiprocessing, time\nfork = multiprocessing.get_context('fork')\n"
            "def app(environ, start_response):\n    child = fork.Process(target=time.sleep, args=(60,))\n    child.start()\n"
            "    time.sleep(0.2)\n    child.terminate()\n    child.join(5)\n    start_response('200 OK', [])\n    return [str(child.exitcode).encode()]\n",
        )
        child, _ = self.worker()
        with Front(self.socket) as front:
            self.assertEqual(front.get(), (66, 200, b"-15"))
            self.assertEqual(front.get()[1], 200)
        self.assertNotIn("Worker exiting", self.logged())

    def test_a_crash_in_c_leaves_its_stack_in_the_log(self) -> None:
        self.write(
            "app.py",
            "import os\ndef app(environ, start_response):\n    the_culprit()\ndef the_culprit():\n    os.abort()\n",
        )
        child, _ = self.worker()
        with Front(self.socket) as front:
            front.ask()
            self.assertEqual(self.ends(child), -signal.SIGABRT)
        self.assertIn("in the_culprit", self.logged())

    def reported(self, line: Line) -> List[str]:
        """The next report of files; messages of the master's own kind are passed over."""
        while True:
            message = json.loads(line.file.readline())
            if "watch:import" in message:
                self.assertLess(abs(message["since"] / 1000 - time.time()), 20)
                return [os.path.relpath(file, self.cwd) for file in message["watch:import"]]

    def test_with_reload_it_tells_the_users_files_also_those_that_come_late(self) -> None:
        for name in ("early.py", "late.py"):
            self.write(name, "")
        self.write(
            "app.py",
            "import json, early\n"
            "def app(environ, start_response):\n"
            "    import late\n"
            "    start_response('200 OK', [])\n"
            "    return [b'']\n",
        )
        child, line = self.start("worker")
        line.tell(self.boot(values={"reload": True, "timeout": 0.1}))
        # What is imported while a beat looks may come in parts.
        told: List[str] = []
        while len(told) < 2:
            told += self.reported(line)
        self.assertEqual(sorted(told), ["app.py", "early.py"])
        eventually(lambda: os.path.exists(self.socket) and self.slot()[5] == BEAT_READY, "ready")
        with Front(self.socket) as front:
            front.get()
            self.assertEqual(self.reported(line), ["late.py"])

    def test_with_reload_a_file_that_does_not_load_is_told_too(self) -> None:
        self.write("bad.py", "x = (")
        self.write("app.py", "import bad")
        child, line = self.start("worker")
        line.tell(self.boot(values={"reload": True}))
        told = self.reported(line)
        while "bad.py" not in told:
            told += self.reported(line)
        self.assertIn("app.py", told)
        self.assertEqual(self.ends(child), 3)

    def test_json_lines(self) -> None:
        child, _ = self.worker(values={"error_log_format": "json"})
        line = json.loads(self.logged().splitlines()[0])
        self.assertEqual(
            (line["msg"], line["name"], line["age"]),
            (f"Booting worker with pid: {child.pid}", "worker", 1),
        )

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_post_fork_is_still_the_masters_user_and_the_application_is_not(self) -> None:
        os.chmod(self.cwd, 0o755)
        os.chown(self.folder, 65534, 65534)
        self.write(
            "app.py",
            "import os\ndef app(environ, start_response):\n    start_response('200 OK', [])\n"
            "    return [repr((uid, os.getuid(), os.getgid(), os.getgroups())).encode()]\nuid = os.getuid()\n",
        )
        conf = "import os\ndef post_fork(server, worker): server.log.info('uid %d', os.getuid())\n"
        owner = {"uid": 65534, "gid": 65534, "initgroups": False}
        child, line = self.worker(conf=conf, privileges=owner)
        with Front(self.socket) as front:
            self.assertEqual(front.get()[2], b"(65534, 65534, 65534, [65534])")
        self.assertIn("uid 0", self.logged())
        self.assertEqual(os.stat(self.socket).st_uid, 65534)
        os.rename(self.log, f"{self.log}.1")
        self.assertEqual(os.stat(f"{self.log}.1").st_uid, 65534)


class ProgramTest(unittest.TestCase):
    def test_started_by_hand_it_says_who_starts_it(self) -> None:
        done = subprocess.run([sys.executable, str(PACKAGE)], capture_output=True, timeout=20)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"started by tsgunicorn", done.stderr)

    def test_a_python_that_is_too_old_is_told_in_one_line(self) -> None:
        code = f"import runpy, sys; sys.version_info = (3, 8, 1); runpy.run_path({str(PACKAGE)!r}, run_name='__main__')"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr.count(b"\n")), (3, 1))
        self.assertIn(b"Python 3.8 is too old", done.stderr)


if __name__ == "__main__":
    unittest.main()
