"""SIGABRT: what it leaves in the log, and how the worker ends."""

from __future__ import annotations

import os
import signal
import time
import unittest

from life_support import Case, Front, eventually, terminate

HANG = """
import os, time
def app(environ, start_response):
    the_hang()
def the_hang():
    print("begun")
    time.sleep(60)
"""

BUSY = """
import os, threading
def deep(n): return n and deep(n - 1)
def busy():
    while True: deep(50)
for _ in range(3):
    threading.Thread(target=busy, name="the-busy-one", daemon=True).start()
def app(environ, start_response): ...
"""

# A mutex that its owner locks again: native code without Python's lock, which no signal interrupts.
LOCKED = """
import ctypes
lock, mutex = ctypes.CDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(128)
def stand_still():
    lock(mutex)
    print("begun")
    lock(mutex)
"""


class AbortedTest(Case):
    def socket(self) -> str:
        return os.path.join(self.folder, "worker-1.sock")

    def test_a_thread_beside_the_main_one_is_told_with_its_stack_once(self) -> None:
        self.write("app.py", HANG)
        child, _ = self.worker(threads=3)
        with Front(self.socket()) as front:
            front.ask()
            self.await_log("begun")
            terminate(child.pid, signal.SIGABRT)
            self.assertEqual(self.ends(child), 1)
        text = self.logged()
        self.assertEqual(text.count("in the_hang"), 1)
        self.assertEqual(text.count("was here when it was aborted"), 1, text)
        self.assertNotIn("tsgunicorn_wsgi/aborted", text)

    def test_threads_that_run_are_no_danger(self) -> None:
        self.write("app.py", BUSY)
        for age in range(1, 9):
            child, _ = self.worker(age=age)
            terminate(child.pid, signal.SIGABRT)
            self.assertEqual(self.ends(child), 1)
        self.assertEqual(self.logged().count("Fatal Python error: Aborted"), 8)
        self.assertEqual(self.logged().count("thread the-busy-one was here"), 24)

    def test_a_main_thread_in_native_code_is_told_of_and_a_boot_there_ends(self) -> None:
        self.write("app.py", LOCKED + "stand_still()\n")
        child, line = self.start("worker")
        line.expect("hello")
        line.tell(self.boot())
        self.await_log("begun")
        terminate(child.pid, signal.SIGABRT)
        self.assertEqual(self.ends(child), 1)
        self.assertRegex(self.logged(), r"the main thread has not heard SIGABRT; it is here:\n.*app\.py")

    @unittest.skipUnless(os.path.isdir("/proc/self/task"), "no /proc: threads cannot be signalled")
    def test_the_main_thread_is_told_of_also_when_another_one_got_the_signal(self) -> None:
        self.write(
            "app.py", LOCKED + "def app(environ, start_response):\n    stand_still()\n"
        )
        child, _ = self.worker()
        with Front(self.socket()) as front:
            front.ask()
            self.await_log("begun")
            others = {int(each) for each in os.listdir(f"/proc/{child.pid}/task")} - {child.pid}
            # kill(2) of a thread's number has the system prefer that thread.
            terminate(min(others), signal.SIGABRT)
            self.await_log("in stand_still")
            # Sent again and again for a second, and no more: a signal that is sent rouses nobody anew.
            begun = time.monotonic()
            eventually(lambda: time.monotonic() > begun + 2 and self.threads(child.pid) <= 3, "rest")
        self.assertIsNone(child.poll())

    def threads(self, pid: int) -> int:
        return len(os.listdir(f"/proc/{pid}/task"))


if __name__ == "__main__":
    unittest.main()
