"""From `MODULE[:EXPR]`, or a path, to the application; and what is said when there is none."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import unittest
from typing import Any

from life_support import HELLO_APP
from tsgunicorn_wsgi.crash import Failure
from tsgunicorn_wsgi.loader import Expression, load, parse, prepare_path

RICH = """
import os
from collections import OrderedDict
def one(environ, start_response): ...
two = lambda environ, start_response: None
class Holder:
    app = staticmethod(one)
holder = Holder()
number = 5
nothing = None
def make(name="app", *, size=1):
    def made(environ, start_response): ...
    made.told = (name, size)
    return made
def broken(): raise ValueError("no database")
def typed(): return 1 + "x"
def gives_none(): return None
def quits(): raise SystemExit(7)
"""


class LoaderTest(unittest.TestCase):
    def setUp(self) -> None:
        self.cwd = os.path.realpath(tempfile.mkdtemp(prefix="tsg-load-"))
        before, path, modules = os.getcwd(), list(sys.path), set(sys.modules)
        os.chdir(self.cwd)

        def back() -> None:
            os.chdir(before)
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                del sys.modules[name]
            shutil.rmtree(self.cwd)

        self.addCleanup(back)
        prepare_path({})

    def write(self, name: str, text: str) -> None:
        path = os.path.join(self.cwd, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def load(self, spec: str) -> Any:
        return load(spec, self.cwd)

    def fails(self, spec: str, status: int, *words: str) -> Failure:
        with self.assertRaises(Failure) as caught:
            self.load(spec)
        failure = caught.exception
        self.assertEqual(failure.status, status, failure.message)
        for word in words:
            self.assertIn(word, failure.message)
        return failure

    def test_the_grammar(self) -> None:
        self.assertEqual(parse("app"), Expression(("app",), None))
        self.assertEqual(parse("a.b.c"), Expression(("a", "b", "c"), None))
        self.assertEqual(parse("make()"), Expression(("make",), ([], {})))
        self.assertEqual(
            parse('x.make("a:b", [1], k={"v": None})'),
            Expression(("x", "make"), (["a:b", [1]], {"k": {"v": None}})),
        )

    def test_what_is_not_in_the_grammar_is_refused_with_status_4(self) -> None:
        for text in (
            "1",
            "a b",
            "a[0]",
            "a()()",
            "a().b",
            "(",
            "a + b",
            "make(name)",
            "make(**{})",
            "make(*[1])",
        ):
            with self.subTest(text), self.assertRaises(Failure) as caught:
                parse(text)
            self.assertEqual(caught.exception.status, 4)

    def test_without_an_attribute_it_is_application_then_app(self) -> None:
        self.write("first.py", "app = print\ndef application(environ, start_response): ...")
        self.write("second.py", "def app(environ, start_response): ...")
        self.assertEqual(self.load("first").app.__name__, "application")
        self.assertEqual(self.load("second").app.__name__, "app")

    def test_attributes_dotted_attributes_and_factories(self) -> None:
        self.write("pkg/rich.py", RICH)
        self.assertEqual(self.load("pkg.rich:one").app.__name__, "one")
        self.assertEqual(self.load("pkg.rich:holder.app").app.__name__, "one")
        self.assertEqual(self.load('pkg.rich:make("x", size=3)').app.told, ("x", 3))

    def test_the_program_is_the_modules_file(self) -> None:
        self.write("pkg/rich.py", RICH)
        self.assertEqual(self.load("pkg.rich:one").program, os.path.join(self.cwd, "pkg/rich.py"))

    def test_paths_are_modules_by_their_place_under_the_working_directory(self) -> None:
        self.write("app.py", HELLO_APP)
        self.write("project/__init__.py", "def app(environ, start_response): ...")
        self.write("project/wsgi.py", "from . import app as application")
        for spec, name in (
            ("app.py", "app"),
            ("./app.py", "app"),
            ("./app", "app"),
            ("app.py:application", "app"),
            ("project/wsgi.py", "project"),
            ("./project", "project"),
            (os.path.join(self.cwd, "app.py"), "app"),
        ):
            with self.subTest(spec):
                self.assertEqual(self.load(spec).app.__module__, name)

    def test_a_file_that_no_dotted_name_leads_to_is_loaded_by_its_path(self) -> None:
        self.write("my-app.v2/main-app.py", "import beside\nfrom beside import app")
        self.write("my-app.v2/beside.py", "def app(environ, start_response): ...")
        loaded = self.load("my-app.v2/main-app.py")
        self.assertEqual(loaded.program, os.path.join(self.cwd, "my-app.v2/main-app.py"))

    def test_pythonpath_stands_before_the_working_directory(self) -> None:
        self.write("lib/app.py", "def app(environ, start_response): 'lib'")
        self.write("app.py", HELLO_APP)
        prepare_path({"pythonpath": "lib, other"})
        self.assertEqual(self.load("app").program, os.path.join(self.cwd, "lib/app.py"))

    def test_a_missing_module_names_the_directory_and_a_missing_dependency_the_interpreter(
        self,
    ) -> None:
        failure = self.fails("nowhere.wsgi", 3, "No module named 'nowhere'", self.cwd, "pythonpath")
        self.assertNotIn("loader.py", failure.detail or "")
        self.write("app.py", "import nowhere_at_all")
        failure = self.fails("app", 3, "No module named 'nowhere_at_all'", sys.executable)
        self.assertIn('app.py", line 1', failure.detail or "")
        self.assertNotIn("importlib", failure.detail or "")
        self.fails("sub/none.py", 3, "does not exist")

    def test_errors_while_importing_come_with_the_users_frames_alone(self) -> None:
        self.write("deep.py", "def f(): raise RuntimeError('bad')\nf()")
        self.write("app.py", "import deep")
        detail = self.fails("app", 3, "RuntimeError: bad").detail or ""
        self.assertEqual(detail.count("  File "), 3)
        self.assertTrue(detail.startswith("Traceback (most recent call last):\n"))
        self.assertIn(self.cwd, detail.splitlines()[1])

    def test_a_syntax_error_shows_the_line(self) -> None:
        self.write("app.py", "def app(:\n  pass\n")
        self.assertIn("def app(:", self.fails("app", 3, "SyntaxError").detail or "")

    def test_leaving_while_importing_is_a_failure(self) -> None:
        self.write("app.py", "import sys\nsys.exit('no settings')")
        self.fails("app", 3, "called sys.exit('no settings')")

    def test_a_missing_attribute_is_status_4_and_says_what_is_there(self) -> None:
        self.write("rich.py", RICH)
        words = self.fails("rich:app1", 4, "Failed to find attribute 'app1' in 'rich'.").message
        self.assertIn("one", words)
        self.assertNotIn("OrderedDict", words)
        self.fails("rich:holder.nope", 4, "Failed to find attribute 'nope' in 'Holder'.")
        self.fails("rich", 4, "Failed to find attribute 'application' in 'rich', nor 'app'")

    def test_a_factory_that_was_meant_is_named(self) -> None:
        self.write("flasky.py", "def create_app(): ...")
        self.fails("flasky", 4, "'flasky:create_app()'")

    def test_a_factory_hides_nothing_else_that_was_meant(self) -> None:
        self.write("both.py", "def application(): ...\ndef create_app(): ...")
        words = self.fails("both:aplication", 4, "'both:create_app()'").message
        self.assertIn("application, create_app", words)

    def test_what_cannot_be_called_is_status_4(self) -> None:
        self.write("rich.py", RICH)
        self.fails("rich:number", 4, "Application object must be callable.", "'int'")
        self.fails("rich:nothing", 4, "Failed to find application object", "None")
        self.fails("rich:gives_none()", 4, "None")
        self.fails("rich:number()", 4, "cannot be called as a factory")

    def test_factories_that_fail(self) -> None:
        self.write("rich.py", RICH)
        failure = self.fails("rich:broken()", 3, "ValueError: no database")
        self.assertIn("rich.py", failure.detail or "")
        self.fails("rich:make(1, 2)", 4, "positional argument")
        self.fails("rich:typed()", 3, "TypeError")
        self.fails("rich:quits()", 3, "sys.exit(7)")

    def test_asgi_applications_are_told_so(self) -> None:
        self.write(
            "asgi.py",
            "import functools\n"
            "async def plain(scope, receive, send): ...\n"
            "class Framework:\n    async def __call__(self, scope, receive, send): ...\n"
            "instance = Framework()\n"
            "partial = functools.partial(plain)\n"
            "def wrapped(scope, receive, send): return plain(scope, receive, send)\n",
        )
        for name in ("plain", "instance", "partial", "wrapped"):
            with self.subTest(name):
                self.fails(f"asgi:{name}", 4, f"'asgi:{name}' is an ASGI application", "uvicorn")


if __name__ == "__main__":
    unittest.main()
