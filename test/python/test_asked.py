"""What a worker answers when its master asks for people: stacks and profiles."""

from __future__ import annotations

import os
import stat
import unittest
from typing import Any, Dict

from life_support import Case, Front, Line

SLOW_APP = """
import time, threading
begun = threading.Event()
def slow():
    begun.set()
    time.sleep(2)
def application(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        slow()
    start_response("200 OK", [])
    return [b"done"]
"""


class AskedTest(Case):
    def setUp(self) -> None:
        super().setUp()
        self.write("app.py", SLOW_APP)

    def ask(self, line: Line, question: Dict[str, Any], ident: int = 5) -> Dict[str, Any]:
        line.tell({"type": "ask", "id": ident, "question": question})
        message = line.expect("answer")
        self.assertEqual(message["id"], ident)
        answer: Dict[str, Any] = message["answer"]
        return answer

    def front(self) -> Front:
        front = Front(os.path.join(self.folder, "worker-1.sock"))
        self.addCleanup(front.close)
        return front

    def test_the_stacks_of_a_busy_worker_are_told_while_it_is_busy(self) -> None:
        for threads in (1, 2):
            with self.subTest(threads=threads):
                _, line = self.worker(threads=threads)
                front = self.front()
                front.ask("/slow")
                answer = self.ask(line, {"what": "stack"})
                while "in slow" not in str(answer):
                    answer = self.ask(line, {"what": "stack"})
                running = [one for one in answer["stacks"] if "in slow" in one["text"]]
                # Whichever thread was quicker to take it.
                named = r"MainThread" if threads == 1 else r"wsgi-[01]"
                self.assertRegex(" ".join(one["thread"] for one in running), f"^{named}$")
                # The user's code, and none of ours above it, or of the thread that answers.
                self.assertNotIn("tsgunicorn_wsgi", running[0]["text"])
                self.assertNotIn("asked.py", str(answer))
                self.assertEqual(front.receive()[2], b"done")

    def test_a_profile_is_written_beside_the_requests_for_its_owner_alone(self) -> None:
        _, line = self.worker()
        file = os.path.join(self.cwd, "profile.txt")
        front = self.front()
        front.ask("/slow")
        answer = self.ask(line, {"what": "cpu", "seconds": 0.3, "file": file})
        self.assertEqual(answer["what"], "cpu")
        self.assertIn("samples", answer["note"])
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        with open(file, encoding="utf-8") as lines:
            stacks = dict(one.rsplit(" ", 1) for one in lines)
        found = [stack for stack in stacks if "slow (app.py:" in stack]
        self.assertTrue(found, stacks)
        self.assertTrue(found[0].startswith("MainThread;"), found)

    def test_a_file_that_exists_is_not_written_to(self) -> None:
        _, line = self.worker()
        file = self.write("precious", "mine")
        answer = self.ask(line, {"what": "cpu", "seconds": 0.1, "file": file})
        self.assertEqual(answer["what"], "failed")
        self.assertIn("precious", answer["message"])
        with open(file, encoding="utf-8") as kept:
            self.assertEqual(kept.read(), "mine")

    def test_what_it_knows_nothing_of_it_says_so(self) -> None:
        _, line = self.worker()
        answer = self.ask(line, {"what": "heap", "file": "/x"})
        self.assertEqual(answer["what"], "failed")
        self.assertEqual(self.ask(line, {"what": "stack"}, 6)["what"], "stack")


if __name__ == "__main__":
    unittest.main()
