"""The side process: gunicorn.conf.py read, its hooks of the master run, over its two pipes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from typing import Any, Dict, List

from life_support import PACKAGE


class SideTest(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = os.path.realpath(tempfile.mkdtemp(prefix="tsg-conf-"))
        self.addCleanup(shutil.rmtree, self.cwd)
        self.side = subprocess.Popen(
            [sys.executable, str(PACKAGE), "conf"],
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self.end)
        self.logs: List[Dict[str, str]] = []
        self.count = 0

    def end(self) -> None:
        self.side.kill()
        self.side.wait()
        for pipe in (self.side.stdin, self.side.stdout, self.side.stderr):
            assert pipe
            pipe.close()

    def ask(self, **request: Any) -> Dict[str, Any]:
        """The answer's `ok`, or its `error`; what was logged before it is in `logs`."""
        assert self.side.stdin and self.side.stdout
        self.count += 1
        self.side.stdin.write(json.dumps({"id": self.count, **request}) + "\n")
        self.side.stdin.flush()
        while True:
            answer = json.loads(self.side.stdout.readline())
            if "log" not in answer:
                self.assertEqual(answer.pop("id"), self.count)
                return answer
            self.logs.append(answer["log"])

    def write(self, text: str, name: str = "gunicorn.conf.py") -> str:
        path = os.path.join(self.cwd, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def load(self, text: str) -> Dict[str, Any]:
        answer = self.ask(do="load", file=self.write(text))
        self.assertIn("ok", answer, answer)
        return dict(answer["ok"])

    def error(self, text: str) -> Dict[str, Any]:
        answer = self.ask(do="load", file=self.write(text))
        self.assertEqual(list(answer), ["error"])
        return dict(answer["error"])

    def hook(self, name: str, **more: Any) -> Dict[str, Any]:
        server = {
            "pid": 7,
            "proc_name": "x",
            "num_workers": 2,
            "address": ["http://a"],
            "cfg": {"workers": 2},
        }
        return self.ask(do="hook", name=name, server={**server, **more.pop("server", {})}, **more)

    def test_values_hooks_and_objects_are_told_apart(self) -> None:
        found = self.load(
            "import multiprocessing, pathlib\n"
            "workers = multiprocessing.cpu_count() * 0 + 3\n"
            "bind = ('a:1', 'b:2')\nraw_env = {'B=2', 'A=1'}\nerrorlog = pathlib.Path('/x/y')\n"
            "secure_scheme_headers = {'X': 'https', 5: b'\\xff'}\ntimeout = 1.5\npidfile = None\n_private = 1\n"
            "class Logger: pass\nlogger_class = Logger\nnan = float('nan')\nring = []\nring.append(ring)\n"
            "def pre_fork(server, worker): pass\non_exit = lambda server: None\n"
        )
        self.assertEqual(
            found["values"],
            {
                "workers": 3,
                "bind": ["a:1", "b:2"],
                "raw_env": ["A=1", "B=2"],
                "errorlog": "/x/y",
                "secure_scheme_headers": {"X": "https", "5": "ÿ"},
                "timeout": 1.5,
                "pidfile": None,
            },
        )
        self.assertEqual(found["hooks"], ["pre_fork", "on_exit"])
        self.assertEqual(found["objects"]["logger_class"], "class '__config__.Logger'")
        self.assertEqual(found["objects"]["pathlib"], "module 'pathlib'")
        self.assertEqual({"nan", "ring"} - set(found["objects"]), set())

    def test_it_runs_as_gunicorn_runs_it(self) -> None:
        path = os.path.join(self.cwd, "gunicorn.conf.py")
        found = self.load(
            "import os, sys\na = [__name__, __file__, os.getcwd(), sys.path[0], __name__ in sys.modules]\n"
        )
        self.assertEqual(found["values"]["a"], ["__config__", path, self.cwd, self.cwd, True])
        self.assertEqual(found["file"], path)
        self.assertTrue(found["source"].startswith("import os, sys\n"))

    def test_the_encoding_is_the_one_the_file_names(self) -> None:
        path = os.path.join(self.cwd, "latin.conf.py")
        with open(path, "wb") as file:
            file.write("# -*- coding: latin-1 -*-\nname = 'é'\n".encode("latin-1"))
        answer = self.ask(do="load", file=path)["ok"]
        self.assertEqual(answer["values"]["name"], "é")
        self.assertIn("'é'", answer["source"])

    def test_modules_beside_it_are_listed_and_read_again(self) -> None:
        path = self.write("size = 1\n", "sizes.py")
        self.assertEqual(self.load("import json, sizes\nworkers = sizes.size")["files"], [path])
        self.write("size = 25\n", "sizes.py")
        found = self.load("import json, sizes\nworkers = sizes.size")
        self.assertEqual((found["values"]["workers"], found["files"]), (25, [path]))

    def test_a_module_is_loaded_by_its_name(self) -> None:
        path = self.write("workers = 4\ndef on_exit(server): pass\n", "pkg/conf.py")
        found = self.ask(do="load", module="pkg.conf")["ok"]
        self.assertEqual(
            (found["values"]["workers"], found["file"], found["hooks"]), (4, path, ["on_exit"])
        )
        self.assertIn("def on_exit", found["source"])

    def test_what_it_prints_goes_to_the_standard_error_and_it_reads_nothing_of_ours(self) -> None:
        self.load(
            "import os, sys\nprint('printed')\nos.system('echo from a child; cat')\nassert sys.stdin.read() == ''\n"
        )
        assert self.side.stdin and self.side.stderr
        self.side.stdin.close()
        self.assertEqual(self.side.stderr.read(), "printed\nfrom a child\n")
        self.assertEqual(self.side.wait(10), 0)

    def test_errors_have_pythons_words_the_line_and_the_users_frames(self) -> None:
        error = self.error("a = 1\ndef f():\n    return x\nf()\n")
        self.assertEqual(
            (error["message"], error["line"]), ("NameError: name 'x' is not defined", 3)
        )
        self.assertIn("return x", error["traceback"])
        self.assertNotIn("tsgunicorn_wsgi", error["traceback"])

    def test_syntax_errors_have_their_line(self) -> None:
        error = self.error("a = 1\nb = (\n")
        self.assertEqual(error["line"], 2)
        self.assertIn("SyntaxError", error["message"])

    def test_an_error_in_an_imported_module_has_the_line_of_the_import(self) -> None:
        self.write("\n\n1 / 0\n", "broken.py")
        self.assertEqual(self.error("a = 1\nimport broken\n")["line"], 2)

    def test_leaving_is_an_error_and_the_process_goes_on(self) -> None:
        self.assertEqual(
            self.error("import sys\nsys.exit(2)")["message"],
            "SystemExit: the configuration called sys.exit(2)",
        )
        self.assertEqual(self.load("workers = 1")["values"], {"workers": 1})

    def test_a_file_that_is_not_there(self) -> None:
        self.assertIn(
            "FileNotFoundError", self.ask(do="load", file="/nowhere/x.py")["error"]["message"]
        )

    def test_hooks_get_server_worker_and_arguments_and_may_log(self) -> None:
        self.load(
            "def pre_fork(server, worker): server.log.info('%s of %d', worker.age, server.cfg.workers)\n"
            "def nworkers_changed(server, new, old): server.log.warning(f'{old} -> {new}')\n"
            "def when_ready(server):\n    try: 1 / 0\n    except ZeroDivisionError: server.log.exception('caught')\n"
        )
        worker = {"age": 4, "pid": "[booting]", "cfg": {"workers": 2}}
        self.assertIn("ok", self.hook("pre_fork", worker=worker))
        self.assertIn("ok", self.hook("nworkers_changed", args=[3, None]))
        self.hook("when_ready")
        self.assertEqual(
            [(log["level"], log["message"]) for log in self.logs[:2]],
            [("info", "4 of 2"), ("warning", "None -> 3")],
        )
        self.assertEqual(self.logs[2]["level"], "error")
        self.assertIn("caught\nTraceback", self.logs[2]["message"])

    def test_what_hooks_keep_on_the_objects_is_there_for_the_next_hook(self) -> None:
        self.load(
            "state = []\n"
            "def on_starting(server): server.mine = 5; state.append(1)\n"
            "def pre_fork(server, worker): worker.mine = server.mine\n"
            "def child_exit(server, worker): server.log.info(f'{worker.mine} {server.WORKERS[70].pid} {state}')\n"
        )
        worker = {"age": 4, "pid": "[booting]"}
        self.hook("on_starting")
        self.hook("pre_fork", worker=worker)
        gone = {**worker, "pid": 70}
        answer = self.hook("child_exit", worker=gone, server={"WORKERS": {"70": gone}})
        self.assertEqual((answer["ok"]["server"], answer["ok"]["worker"]), ({"mine": 5}, {"mine": 5}))
        self.assertEqual(self.logs[0]["message"], "5 70 [1]")

    def test_a_hook_that_throws_is_an_error_with_its_line(self) -> None:
        self.load("def on_exit(server):\n    server.LISTENERS.clear()\n")
        error = self.hook("on_exit")["error"]
        self.assertIn("AttributeError: server.LISTENERS: not in tsgunicorn", error["message"])
        self.assertEqual(error["line"], 2)

    def test_signals_meant_for_the_whole_service_do_not_end_it(self) -> None:
        import signal

        self.load("workers = 1")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            self.side.send_signal(number)
        self.assertEqual(self.load("workers = 2")["values"], {"workers": 2})

    def test_configurations_live_side_by_side_and_share_the_objects(self) -> None:
        path = self.write("def on_starting(server): server.seen = ['one']\nword = 'old'\n"
                          "def on_exit(server): server.log.info('%s %s', word, server.seen)\n")
        self.ask(do="load", config=1, file=path)
        self.hook("on_starting", config=1)
        self.write("word = 'new'\ndef on_exit(server): server.log.info('%s %s', word, server.seen)\n")
        self.ask(do="load", config=2, file=path)
        self.hook("on_exit", config=1)
        self.hook("on_exit", config=2)
        self.assertEqual(self.ask(do="drop", config=1), {"ok": None})
        self.assertIn("error", self.hook("on_exit", config=1))
        self.assertEqual([log["message"] for log in self.logs], ["old ['one']", "new ['one']"])

    def test_the_text_is_run_in_the_place_of_what_the_file_says_by_now(self) -> None:
        path = self.write("word = 'new'\n")
        found = self.ask(do="load", file=path, source="word = 'old'\n")["ok"]
        self.assertEqual((found["values"], found["source"]), ({"word": "old"}, "word = 'old'\n"))

    def test_a_module_is_run_again_by_its_text_with_its_own_imports(self) -> None:
        self.write("size = 3\n", "pkg/sizes.py")
        path = self.write("", "pkg/conf.py")
        source = "from . import sizes\nworkers = sizes.size\n"
        found = self.ask(do="load", module="pkg.conf", file=path, source=source)["ok"]
        self.assertEqual(found["values"]["workers"], 3)

    def test_raw_env_is_the_environment_of_hooks_until_the_next_configuration(self) -> None:
        text = "import os\nseen = os.environ.get('TSG_RAW')\ndef on_exit(server): server.log.info(os.environ['TSG_RAW'])\n"
        self.load(text)
        self.hook("on_exit", server={"cfg": {"raw_env": ["TSG_RAW=a=b"]}})
        self.assertEqual(self.logs[0]["message"], "a=b")
        self.assertIsNone(self.load(text)["values"]["seen"])

    def test_objects_have_what_gunicorns_have(self) -> None:
        self.load("def pre_fork(server, worker):\n"
                  "    server.log.info('%s %s %s %s', server.address, worker.timeout, worker.max_requests > 9**9, worker)\n")
        cfg = {"bind": ["127.0.0.1:8000", "[::1]:80", "unix:/run/x.sock", "fd://3"], "timeout": 30, "max_requests": 0}
        self.hook("pre_fork", worker={"age": 1, "pid": "[booting]"}, server={"cfg": cfg})
        self.assertEqual(
            self.logs[0]["message"],
            "[('127.0.0.1', 8000), ('::1', 80), '/run/x.sock', 3] 15.0 True <Worker [booting]>",
        )

    def test_the_end_of_input_is_its_end_whatever_threads_there_are(self) -> None:
        self.load(
            "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
        )
        assert self.side.stdin
        self.side.stdin.close()
        self.assertEqual(self.side.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
