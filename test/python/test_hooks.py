"""Hooks of gunicorn.conf.py, and the objects they are given."""

from __future__ import annotations

import logging
import re
import sys
import unittest
from typing import Any, List

from life_support import SOURCES  # noqa: F401
from tsgunicorn_wsgi import facade, hooks
from tsgunicorn_wsgi.crash import Failure
from tsgunicorn_wsgi.facade import Cfg, Facade, HookLog, WorkerFacade


class SourceTest(unittest.TestCase):
    def test_the_source_runs_as_gunicorn_runs_it(self) -> None:
        names = hooks.run_source(
            "a = __name__, __file__\nimport sys\nb = sys.modules[__name__].__dict__ is globals()",
            "/x/g.py",
        )
        self.assertEqual(names["a"], ("__config__", "/x/g.py"))
        self.assertTrue(names["b"])

    def test_hooks_are_found_by_name_and_texts_are_imported(self) -> None:
        found = hooks.find_hooks(
            {"post_fork": print, "worker_exit": "os.path.join", "workers": 3, "pre_fork": 5}
        )
        self.assertEqual(set(found), {"post_fork", "worker_exit"})
        import os

        self.assertIs(found["worker_exit"], os.path.join)

    def test_a_source_that_fails_is_a_failure_with_its_own_line_in_the_traceback(self) -> None:
        source = "def deep():\n    return undefined\ndeep()\n"
        with self.assertRaises(Failure) as caught:
            hooks.worker_hooks({"file": "/nowhere/gunicorn.conf.py", "source": source})
        self.assertEqual(caught.exception.status, 3)
        self.assertIn("NameError", caught.exception.message)
        self.assertIn("return undefined", caught.exception.detail or "")
        self.assertNotIn("hooks.py", caught.exception.detail or "")

    def test_without_a_configuration_there_are_no_hooks(self) -> None:
        self.assertEqual(hooks.worker_hooks(None), {})

    def test_post_request_may_take_two_three_or_four(self) -> None:
        seen: List[Any] = []

        def two(worker: Any, req: Any) -> None:
            seen.append((worker, req))

        def three(worker: Any, req: Any, environ: Any) -> None:
            seen.append((worker, req, environ))

        def four(worker: Any, req: Any, environ: Any, resp: Any) -> None:
            seen.append((worker, req, environ, resp))

        for hook in (two, three, four, lambda *all: seen.append(all)):
            hooks.adapt_post_request(hook)(1, 2, 3, 4)
        self.assertEqual(seen, [(1, 2), (1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4)])

    def test_a_hook_of_the_boot_fails_it_and_one_of_the_end_is_logged(self) -> None:
        def bad(*_: Any) -> None:
            raise KeyError("x")

        with self.assertRaisesRegex(Failure, "^post_fork: KeyError"):
            hooks.must("post_fork", {"post_fork": bad})
        logger = logging.getLogger("test.hooks")
        with self.assertLogs(logger, "ERROR") as logs:
            hooks.may("worker_exit", {"worker_exit": bad}, HookLog(logger.log))
        self.assertIn("Exception in worker_exit hook", logs.output[0])
        self.assertIn("KeyError", logs.output[0])

    def test_a_hook_that_leaves_does_not_end_the_process_unseen(self) -> None:
        with self.assertRaisesRegex(Failure, "SystemExit"):
            hooks.must("post_fork", {"post_fork": lambda: sys.exit(3)})


class FacadeTest(unittest.TestCase):
    def test_settings_are_attributes_none_without_value_and_others_are_refused(self) -> None:
        cfg = Cfg({"workers": 3, "raw_env": ["A=1"]})
        self.assertEqual(cfg.workers, 3)
        self.assertIsNone(cfg.pidfile)
        self.assertEqual(cfg.env, {"A": "1"})
        self.assertFalse(cfg.is_ssl)
        for name in ("wrokers", "settings"):
            with self.assertRaisesRegex(AttributeError, name):
                getattr(cfg, name)
        self.assertIs(getattr(cfg, "nope", 5), 5)

    def test_the_settings_that_may_have_no_value_are_those_of_the_declarations(self) -> None:
        folder = SOURCES.parent / "config" / "settings"
        text = "".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.ts")))
        # Aliases and what belongs to parts that are not there are no business of hooks.
        declared = {
            name for name in re.findall(r"(?m)^  (\w+): optional\(", text) if "dirty" not in name
        } - {"app"}
        self.assertLessEqual(declared, facade._OPTIONAL)
        self.assertLessEqual(facade._OPTIONAL, declared)

    def test_settings_can_not_be_changed(self) -> None:
        cfg = Cfg({"workers": 3})
        for change in (lambda: cfg.set("workers", 4), lambda: setattr(cfg, "workers", 4)):
            with self.assertRaisesRegex(AttributeError, "workers"):
                change()
        self.assertEqual(cfg.workers, 3)

    def test_hooks_are_settings_that_can_always_be_called(self) -> None:
        cfg = Cfg({}, {"post_fork": lambda: "mine"})
        self.assertEqual(cfg.post_fork(), "mine")
        self.assertIsNone(cfg.worker_exit("server", "worker"))

    def test_what_gunicorn_has_and_we_do_not_is_said_in_words(self) -> None:
        server = Facade("server", {"pid": 1})
        with self.assertRaisesRegex(
            AttributeError, "server.LISTENERS: not in tsgunicorn.*server has pid"
        ):
            server.LISTENERS

    def test_hooks_keep_things_of_their_own_on_the_objects(self) -> None:
        worker = WorkerFacade({"pid": 1, "alive": True}, lambda: 7)
        worker.mine = 5  # type: ignore[attr-defined]
        worker.update({"pid": 2})
        self.assertEqual((worker.mine, worker.pid, worker.nr, worker.alive), (5, 2, 7, True))  # type: ignore[attr-defined]

    def test_a_hook_that_sets_alive_to_false_is_heard_once_each_time(self) -> None:
        heard: List[bool] = []
        worker = WorkerFacade({"pid": 1}, lambda: 0, lambda: heard.append(worker.alive))
        self.assertTrue(worker.alive)
        worker.alive = True
        worker.alive = False
        self.assertEqual((worker.alive, heard), (False, [False]))
        self.assertEqual(worker.kept(), {})

    def test_the_log_has_gunicorns_methods(self) -> None:
        logger = logging.getLogger("test.facade")
        log = HookLog(logger.log)
        with self.assertLogs(logger, "DEBUG") as logs:
            log.debug("%s", "a")
            log.info("b")
            log.warning("c")
            log.error("d")
            log.critical("e")
            log.log("warning", "f %d", 1)
        self.assertEqual(
            [line.split(":")[0] + line[-1] for line in logs.output],
            ["DEBUGa", "INFOb", "WARNINGc", "ERRORd", "CRITICALe", "WARNING1"],
        )
        self.assertEqual(log.access_log.name, "gunicorn.access")
        with self.assertRaises(AttributeError):
            log.setup


if __name__ == "__main__":
    unittest.main()
