"""Applications that break what the server stands on: its threads, its log, its descriptors, its process."""

from __future__ import annotations

import os
import signal
import subprocess
import unittest

from life_support import Case, Front, Line, eventually, is_alive, terminate

HELLO = """
import os
def app(environ, start_response):
    act = ACTS.get(environ["PATH_INFO"])
    if act:
        act()
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
def fails():
    raise ValueError("by the application")
ACTS = {"/fails": fails}
"""

PATCHES = """
import json, select, selectors, socket, threading, time
def bad(*args, **kwargs):
    raise RuntimeError("patched")
def patch():
    for module, names in (
        (threading, "Thread Lock RLock Condition Event current_thread _start_new_thread "
                    "_start_joinable_thread _allocate_lock"),
        (json, "dumps loads"), (select, "select poll epoll"), (time, "sleep monotonic"),
        (socket, "socket"), (selectors, "DefaultSelector"),
    ):
        for name in names.split():
            setattr(module, name, bad)
"""

OK = (66, 200)
ERROR = (72, 500)


class HostileTest(Case):
    def app(self, text: str = "") -> None:
        self.write("app.py", HELLO + text)

    def socket(self, age: int = 1) -> str:
        return os.path.join(self.folder, f"worker-{age}.sock")

    def count(self, text: str) -> int:
        return self.logged().count(text)

    def ask(self, *paths: str) -> "list[tuple[int, int]]":
        with Front(self.socket()) as front:
            return [front.get(path)[:2] for path in paths]

    def drains(self, child: "subprocess.Popen[bytes]", line: Line) -> None:
        """TERM is heard: the master is asked, and says when."""
        terminate(child.pid)
        self.assertEqual(line.hear(), {"type": "recycle", "reason": "signal"})
        line.tell({"type": "drain"})
        self.assertEqual(self.ends(child), 0)


class Libraries(HostileTest):
    def test_loggers_that_the_application_disables_are_not_ours(self) -> None:
        self.app('import logging.config\nlogging.config.dictConfig({"version": 1})')
        child, line = self.worker()
        self.assertEqual(self.ask("/fails"), [ERROR])
        self.await_log("Error handling request GET /fails")
        self.assertEqual(self.count("ValueError: by the application"), 1)
        self.drains(child, line)
        self.assertIn("Worker exiting", self.logged())

    def test_a_patched_library_is_not_what_the_server_runs_on(self) -> None:
        for when in ("patch()", "ACTS['/patch'] = patch"):
            for threads in (1, 3):
                with self.subTest(when, threads=threads):
                    self.app(PATCHES + when)
                    child, line = self.worker(threads=threads)
                    self.assertEqual(self.ask("/patch", "/", "/fails"), [OK, OK, ERROR])
                    # A front that comes later gets a thread, too.
                    self.assertEqual(self.ask("/"), [OK])
                    self.await_log("ValueError: by the application")
                    self.drains(child, line)
                    os.unlink(self.log)

    def test_a_log_that_cannot_be_written_as_usual_is_written_all_the_same(self) -> None:
        self.app("import logging\nlogging.setLogRecordFactory(None)")
        self.worker()
        self.assertEqual(self.ask("/fails", "/"), [ERROR, OK])
        self.await_log("(logging failed: TypeError")
        self.assertRegex(
            self.logged(), r"\[ERROR\] .* Error handling request GET /fails\n  Traceback[^\[]*"
            r"ValueError: by the application\n"
        )


class Descriptors(HostileTest):
    def test_who_closes_the_servers_descriptors_loses_the_worker_and_no_file(self) -> None:
        self.app("""
def steal():
    os.closerange(3, 1000)
    ACTS["files"] = [open("mine-%d" % number, "w+b", 0) for number in range(20)]
ACTS["/steal"] = steal
""")
        for threads in (1, 3):
            with self.subTest(threads=threads):
                child, _ = self.worker(threads=threads)
                with self.assertRaises((OSError, EOFError, AssertionError)):
                    self.ask("/steal")
                self.assertEqual(self.ends(child), 1)
                self.await_log("[CRITICAL] The application closed ")
                for number in range(20):
                    with open(os.path.join(self.cwd, f"mine-{number}"), "rb") as file:
                        self.assertEqual(file.read(), b"")
                os.unlink(self.log)

    def test_a_worker_without_descriptors_is_alive(self) -> None:
        self.app("""
import resource
def leak():
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    kept = ACTS["kept"] = []
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))
ACTS["/leak"] = leak
""")
        child, line = self.worker(values={"timeout": 0.4})
        with Front(self.socket()) as front:
            self.assertEqual(front.get("/leak")[:2], ERROR)
            beat = self.slot()[0]
            eventually(lambda: self.slot()[0] > beat + 500, "beats")
            self.assertEqual(front.get("/")[:2], OK)
        self.assertEqual(self.count("[ERROR]"), 1)
        self.drains(child, line)


class Ends(HostileTest):
    def test_term_is_told_once_though_the_main_thread_hears_of_it_late(self) -> None:
        self.app("""
import hashlib
def code_in_c():
    open("busy", "w").close()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 3_000_000)
ACTS["/busy"] = code_in_c
""")
        child, line = self.worker()
        with Front(self.socket()) as front:
            front.ask("/busy")
            eventually(lambda: os.path.exists(os.path.join(self.cwd, "busy")), "the request")
            terminate(child.pid)
            line.expect("recycle")
            self.assertEqual(front.receive()[:2], OK)
            # Python's own handler has run by now.
            self.assertEqual(front.get()[:2], OK)
        line.tell({"type": "drain"})
        self.assertEqual(self.ends(child), 0)
        self.assertIsNone(line.hear())


class Forks(HostileTest):
    def test_a_child_that_returns_from_an_import_is_no_second_worker(self) -> None:
        self.app("\nos.fork()")
        child, line = self.worker()
        self.await_log("that the application of worker (pid:%d) forked returned" % child.pid)
        with Front(self.socket()) as front:
            for _ in range(10):
                self.assertEqual(front.get()[2], str(child.pid).encode())
        self.drains(child, line)
        # Nobody else had the channel, nor spoke on it.
        self.assertIsNone(line.hear())

    def test_a_child_that_returns_within_the_mold_is_no_second_mold(self) -> None:
        self.app("\nos.fork()")
        child, line = self.start("mold")
        line.expect("hello")
        line.tell(self.boot(age=0, slot=0))
        line.expect("ready")
        self.await_log("that the application of worker (pid:%d) forked returned" % child.pid)
        line.tell({"type": "retire"})
        self.assertEqual(self.ends(child), 0)
        self.assertIsNone(line.hear())

    def test_what_a_child_raises_ends_it_and_is_told_once(self) -> None:
        self.app("""
import sys
def forks(error):
    def act():
        if os.fork() == 0:
            raise error
        ACTS["status"] = os.waitstatus_to_exitcode(os.wait()[1])
    return act
def status():
    raise LookupError("its status was %d" % ACTS["status"])
ACTS.update({"/exit": forks(SystemExit(7)), "/error": forks(KeyError("child")), "/status": status})
""")
        child, line = self.worker()
        self.assertEqual(self.ask("/exit", "/status", "/error", "/status"), [OK, ERROR, OK, ERROR])
        self.await_log("its status was 1")
        self.assertIn("its status was 7", self.logged())
        self.assertEqual(self.count("SystemExit"), 0)
        self.assertEqual(self.count("KeyError: 'child'"), 1)
        self.assertEqual(self.count("forked within GET /error failed; it was ended"), 1)
        self.drains(child, line)

    def test_a_child_that_lives_on_keeps_nothing_of_the_servers_open(self) -> None:
        self.app("""
def forks():
    pid = os.fork()
    if pid == 0:
        paths = ["/proc/self/fd/" + name for name in os.listdir("/proc/self/fd")]
        found = [os.readlink(path) for path in paths if os.path.exists(path) or os.path.islink(path)]
        with open("found.tmp", "w") as file:
            file.write("\\n".join([str(os.getpid()), *found]))
        os.rename("found.tmp", "found")
        time.sleep(60)
        os._exit(0)
ACTS["/forks"] = forks
""")
        for threads in (1, 3):
            with self.subTest(threads=threads):
                child, line = self.worker(threads=threads)
                with Front(self.socket()) as front:
                    self.assertEqual(front.get("/forks")[:2], OK)
                    found = os.path.join(self.cwd, "found")
                    eventually(lambda: os.path.exists(found), "the child's words")
                    with open(found, encoding="utf-8") as file:
                        pid, *names = file.read().split("\n")
                    self.addCleanup(os.kill, int(pid), signal.SIGKILL)
                    self.assertEqual([name for name in names if name.startswith("socket:")], [])
                    self.assertNotIn(os.path.join(self.cwd, "board"), names)
                    child.kill()
                    child.wait()
                    # The end of the worker is the end of its channels, though the child lives.
                    self.assertTrue(is_alive(int(pid)))
                    with self.assertRaises((OSError, EOFError, AssertionError)):
                        front.get()
                    self.assertIsNone(line.hear())
                os.unlink(found)


class Overdue(HostileTest):
    def test_a_hang_is_told_once_with_the_users_part_of_the_stack(self) -> None:
        self.app("import time\nACTS['/hang'] = lambda: time.sleep(60)")
        child, line = self.worker(values={"timeout": 0.4})
        with Front(self.socket()) as front:
            front.ask("/hang")
            self.assertEqual(line.expect("overdue"), {"type": "overdue", "alone": True})
            os.kill(child.pid, signal.SIGABRT)
            self.assertEqual(self.ends(child), 1)
        text = self.logged()
        self.assertEqual(text.count("WORKER TIMEOUT"), 1)
        self.assertEqual(text.count("in <lambda>"), 1)
        self.assertNotIn("Fatal Python error", text)
        self.assertNotIn("tsgunicorn_wsgi", text)
        self.assertRegex(text, r'GET /hang runs for .* in thread 0\n +File ".*app\.py", line \d+, in app\n')

    def test_an_abort_of_the_applications_own_is_told_with_all_stacks(self) -> None:
        self.app("ACTS['/abort'] = os.abort")
        child, _ = self.worker()
        with self.assertRaises((OSError, EOFError, AssertionError)):
            self.ask("/abort")
        self.assertEqual(self.ends(child), -signal.SIGABRT)
        self.await_log("Fatal Python error: Aborted")


if __name__ == "__main__":
    unittest.main()
