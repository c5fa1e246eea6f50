"""The side process of the master: it reads gunicorn.conf.py, and runs the hooks that belong to the
master.

It is spoken to by lines of JSON on what were its standard input and output (src/front/README.md);
what user code prints goes to the standard error. Which names are settings is judged by the reader.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import tokenize
import traceback
from importlib import import_module
from types import ModuleType
from typing import Any, Callable, Dict, IO, List, Mapping, Optional, Tuple

from . import hooks as hooking
from .crash import describe, user_traceback
from .ending import CLEAN_UP, end_within
from .facade import Cfg, Facade, HookLog
from .imports import is_users, source_of
from .loader import prepare_path

_LEVELS = {50: "critical", 40: "error", 30: "warning", 20: "info", 10: "debug"}


class NotPlain(Exception):
    """The value is one that JSON cannot say."""


def main() -> int:
    """Answers requests until the input ends; gives the exit status."""
    source, sink = _take_over()
    # A terminal's Ctrl-C reaches us, too, and what systemd sends to a whole service; the master has
    # hooks to run yet, and ends us by ending our input.
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
    ):
        signal.signal(number, lambda *_: None)
    sys.argv[:] = ["tsgunicorn"]
    prepare_path({})
    side = Side(sink)
    for line in source:
        side.answer(line)
    end_within(CLEAN_UP, 0)
    return 0


def _take_over() -> Tuple[IO[bytes], IO[bytes]]:
    """Our two pipes, away from 0 and 1: user code may read and print as it likes."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    return source, sink


class Side:
    """One configuration: its names, and the objects that its hooks share from call to call."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._names: Mapping[str, Any] = {}
        self._file = ""
        #: Modules that the last load brought, and that the next one is to read again.
        self._loaded: List[str] = []
        self._log = HookLog(self._say)
        self._cfg = Cfg({})
        self._server: Optional[Facade] = None
        self._workers: Dict[Any, Facade] = {}
        self._does: Dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "load": self._load,
            "hook": self._hook,
        }

    def answer(self, line: bytes) -> None:
        """Does what one line asks for and writes the line that answers it. Raises ValueError for
        what is no JSON.
        """
        request = json.loads(line)
        try:
            self._write({"id": request["id"], "ok": self._does[request["do"]](request)})
        except (Exception, SystemExit) as error:
            self._write({"id": request["id"], "error": self._fault(error)})

    def _write(self, message: Mapping[str, Any]) -> None:
        rest = memoryview(json.dumps(message).encode() + b"\n")
        while rest:
            rest = rest[self._sink.write(rest) :]

    def _say(self, level: int, message: Any, *args: Any, **more: Any) -> None:
        text = str(message) % args if args else str(message)
        if more.get("exc_info"):
            thrown = (
                more["exc_info"]
                if isinstance(more["exc_info"], BaseException)
                else sys.exc_info()[1]
            )
            text += f"\n{user_traceback(thrown)}" if thrown else ""
        name = next((name for number, name in _LEVELS.items() if level >= number), "debug")
        self._write({"log": {"level": name, "message": text}})

    def _fault(self, error: BaseException) -> Dict[str, Any]:
        words = describe(error)
        if isinstance(error, SystemExit):
            words = f"SystemExit: the configuration called sys.exit({error.code!r})"
        line = _line_in(error, self._file)
        return {
            "message": words,
            "traceback": user_traceback(error),
            **({"line": line} if line else {}),
        }

    # Loading.

    def _load(self, request: Mapping[str, Any]) -> Dict[str, Any]:
        for name in self._loaded:
            sys.modules.pop(name, None)
        before = set(sys.modules)
        try:
            source = self._run(request)
        finally:
            fresh = {
                name: source_of(module)
                for name, module in list(sys.modules.items())
                if name not in before
            }
            self._loaded = [name for name, file in fresh.items() if file and is_users(file)]
        files = sorted({fresh[name] or "" for name in self._loaded} - {self._file})
        return {**sort_names(self._names), "source": source, "file": self._file, "files": files}

    def _run(self, request: Mapping[str, Any]) -> str:
        """Fills in the names and the file; gives the file's text."""
        if "module" in request:
            self._file = ""
            module = import_module(request["module"])
            self._file = os.path.abspath(getattr(module, "__file__", None) or "")
            self._names = vars(module)
            return _read(self._file)
        self._file = os.path.abspath(request["file"])
        source = _read(self._file)
        self._names = hooking.run_source(source, self._file)
        return source

    # Hooks of the master.

    def _hook(self, request: Mapping[str, Any]) -> None:
        name = request["name"]
        hook = hooking.find_hooks({name: self._names.get(name)}).get(name)
        if not hook:
            raise LookupError(f"{self._file} has no hook {name!r}")
        hook(*self._arguments(request))
        if name == "child_exit":
            self._workers.pop((request.get("worker") or {}).get("age"), None)

    def _arguments(self, request: Mapping[str, Any]) -> List[Any]:
        """`server`, `worker`, and what else was given, in Gunicorn's order."""
        arguments: List[Any] = []
        server, worker = request.get("server"), request.get("worker")
        if server is not None:
            arguments.append(self._server_of(server))
        if worker is not None:
            arguments.append(self._worker_of(worker))
        return [*arguments, *request.get("args", ())]

    def _server_of(self, values: Mapping[str, Any]) -> Facade:
        """Always the same object: hooks keep things on it."""
        known = self._dressed(values)
        workers = values.get("WORKERS") or {}
        known["WORKERS"] = {int(pid): self._worker_of(worker) for pid, worker in workers.items()}
        if self._server is None:
            self._server = Facade("server", known)
        self._server.update(known)
        return self._server

    def _worker_of(self, values: Mapping[str, Any]) -> Facade:
        age = values.get("age")
        known = self._dressed(values)
        worker = self._workers.setdefault(age, Facade("worker", known))
        worker.update(known)
        return worker

    def _dressed(self, values: Mapping[str, Any]) -> Dict[str, Any]:
        if isinstance(values.get("cfg"), dict):
            self._cfg = Cfg(values["cfg"], hooking.find_hooks(self._names))
        return {**values, "log": self._log, "cfg": self._cfg}


def sort_names(names: Mapping[str, Any]) -> Dict[str, Any]:
    """Public names as `values` (plain data), `hooks` (what can be called, but for classes) and
    `objects` (the rest).
    """
    values: Dict[str, Any] = {}
    objects: Dict[str, str] = {}
    hooks: List[str] = []
    for name, value in names.items():
        if name.startswith("_"):
            continue
        if callable(value) and not isinstance(value, type):
            hooks.append(name)
            continue
        try:
            values[name] = plain(value)
        except NotPlain:
            objects[name] = _what(value)
    return {"values": values, "hooks": hooks, "objects": objects}


def plain(value: Any, within: Tuple[int, ...] = ()) -> Any:
    """The value as JSON says it. Raises NotPlain."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        # Members of enumerations are what they stand for.
        return str.__str__(value) if isinstance(value, str) else int(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise NotPlain
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    if isinstance(value, os.PathLike):
        return os.fsdecode(os.fspath(value))
    if id(value) in within:
        raise NotPlain
    inner = (*within, id(value))
    if isinstance(value, dict):
        return {_key(key): plain(item, inner) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, inner) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item, inner) for item in value]
    raise NotPlain


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        return str(int(key))
    raise NotPlain


def _what(value: Any) -> str:
    if isinstance(value, type):
        return f"class '{value.__module__}.{value.__qualname__}'"
    if isinstance(value, ModuleType):
        return f"module '{value.__name__}'"
    return f"object of class '{type(value).__module__}.{type(value).__qualname__}'"


def _read(file: str) -> str:
    """The text, in the encoding that it says itself (PEP 263)."""
    with tokenize.open(file) as text:
        return text.read()


def _line_in(error: BaseException, file: str) -> Optional[int]:
    """The line of the configuration that the error comes from; of an error that it caught and
    raised anew, the last.
    """
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
