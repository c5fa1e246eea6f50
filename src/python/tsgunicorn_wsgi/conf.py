"""The side process of the master: it reads gunicorn.conf.py, and runs the hooks that belong to the
master.

It is spoken to by lines of JSON on what were its standard input and output (src/front/README.md);
what user code prints goes to the standard error. Which names are settings is judged by the reader.
One process serves all configurations of a master: what hooks start (threads) or keep (on `server`)
outlives a reload, as in Gunicorn's master.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import threading
import tokenize
import traceback
from importlib import import_module
from typing import IO, Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from . import hooks as hooking
from .crash import describe, user_traceback
from .ending import CLEAN_UP, end_within
from .facade import Cfg, Facade, HookLog, limits_of
from .heritage import Ancestor
from .imports import is_users, source_of
from .loader import prepare_path
from .plain import plain_part, sort_names

_LEVELS = {50: "critical", 40: "error", 30: "warning", 20: "info", 10: "debug"}


class Conf(NamedTuple):
    """One configuration."""

    names: Mapping[str, Any]
    hooks: Mapping[str, hooking.Hook]
    #: Absolute; '' for a module without one.
    file: str
    source: str


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
    """The configurations by their numbers, and the objects that hooks share from call to call."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink
        self._lock = threading.Lock()
        self._confs: Dict[Any, Conf] = {}
        self._ancestor = Ancestor()
        #: Modules that the last load brought, and that the next one is to read again.
        self._loaded: List[str] = []
        self._log = HookLog(self._say)
        self._cfg = Cfg({})
        self._server: Optional[Facade] = None
        self._workers: Dict[Any, Facade] = {}
        self._does: Dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "load": self._load,
            "hook": self._hook,
            "drop": self._drop,
        }

    def answer(self, line: bytes) -> None:
        """Does what one line asks for and writes the line that answers it. Raises ValueError for
        what is no JSON.
        """
        request = json.loads(line)
        try:
            self._write({"id": request["id"], "ok": self._does[request["do"]](request)})
        except (Exception, SystemExit) as error:
            file = self._file_of(request)
            self._write({"id": request["id"], "error": self._fault(error, file)})

    def _file_of(self, request: Mapping[str, Any]) -> str:
        conf = self._confs.get(request.get("config"))
        return conf.file if conf else str(request.get("file") or "")

    def _write(self, message: Mapping[str, Any]) -> None:
        rest = memoryview(json.dumps(message).encode() + b"\n")
        # Threads that hooks have started may log while we answer.
        with self._lock:
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

    def _fault(self, error: BaseException, file: str) -> Dict[str, Any]:
        words = describe(error)
        if isinstance(error, SystemExit):
            words = f"SystemExit: the configuration called sys.exit({error.code!r})"
        line = _line_in(error, file)
        return {
            "message": words,
            "traceback": user_traceback(error),
            **({"line": line} if line else {}),
        }

    # Loading.

    def _load(self, request: Mapping[str, Any]) -> Dict[str, Any]:
        for name in self._loaded:
            sys.modules.pop(name, None)
        # The one before gives way, as in Gunicorn; a hook of it lays its own again.
        self._ancestor.lay(())
        before = set(sys.modules)
        try:
            names, file, source = _run(request)
            told = sort_names(names)
            hooks = {name: hooking.find_hook(name, names[name]) for name in told["hooks"]}
            conf = Conf(names, hooks, file, source)
        finally:
            fresh = {
                name: source_of(module)
                for name, module in list(sys.modules.items())
                if name not in before
            }
            self._loaded = [name for name, file in fresh.items() if file and is_users(file)]
        self._confs[request.get("config")] = conf
        files = sorted({fresh[name] or "" for name in self._loaded} - {conf.file})
        origin = {"source": conf.source, "file": conf.file, "files": files}
        return {**told, **origin, "inherited": self._inherited(None)}

    def _drop(self, request: Mapping[str, Any]) -> None:
        self._confs.pop(request.get("config"), None)

    # Hooks of the master.

    def _hook(self, request: Mapping[str, Any]) -> Dict[str, Any]:
        name, conf = request["name"], self._confs[request.get("config")]
        if name not in conf.hooks:
            raise LookupError(f"{conf.file} has no hook {name!r}")
        arguments = self._arguments(request, conf.hooks)
        self._ancestor.lay(getattr(self._cfg, "raw_env", ()))
        conf.hooks[name](*arguments)
        age = (request.get("worker") or {}).get("age")
        inherited = self._inherited(age)
        if name == "child_exit":
            self._workers.pop(age, None)
        return inherited

    def _inherited(self, age: Any) -> Dict[str, Any]:
        """What a worker that is forked now would have of us (heritage.py)."""
        server, worker = self._server, self._workers.get(age)
        return {
            **self._ancestor.changes(),
            "server": plain_part(server.kept()) if server else {},
            "worker": plain_part(worker.kept()) if worker else {},
        }

    def _arguments(
        self, request: Mapping[str, Any], hooks: Mapping[str, hooking.Hook]
    ) -> List[Any]:
        """`server`, `worker`, and what else was given, in Gunicorn's order."""
        arguments: List[Any] = []
        server, worker = request.get("server"), request.get("worker")
        if server is not None:
            arguments.append(self._server_of(server, hooks))
        if worker is not None:
            arguments.append(self._worker_of(worker, hooks))
        return [*arguments, *request.get("args", ())]

    def _server_of(self, values: Mapping[str, Any], hooks: Mapping[str, hooking.Hook]) -> Facade:
        """Always the same object: hooks keep things on it."""
        known = self._dressed(values, hooks)
        known["address"] = self._cfg.address
        known["timeout"] = getattr(self._cfg, "timeout", None)
        workers = values.get("WORKERS") or {}
        known["WORKERS"] = {
            int(pid): self._worker_of(worker, hooks) for pid, worker in workers.items()
        }
        if self._server is None:
            self._server = Facade("server", known)
        self._server.update(known)
        return self._server

    def _worker_of(self, values: Mapping[str, Any], hooks: Mapping[str, hooking.Hook]) -> Facade:
        age = values.get("age")
        known = {**self._dressed(values, hooks), **limits_of(self._cfg)}
        worker = self._workers.setdefault(age, Facade("worker", known))
        worker.update(known)
        return worker

    def _dressed(
        self, values: Mapping[str, Any], hooks: Mapping[str, hooking.Hook]
    ) -> Dict[str, Any]:
        if isinstance(values.get("cfg"), dict):
            self._cfg = Cfg(values["cfg"], hooks)
        return {**values, "log": self._log, "cfg": self._cfg}


def _run(request: Mapping[str, Any]) -> Tuple[Mapping[str, Any], str, str]:
    """Runs what is asked for: a file, a module, or the text that one of them had. Gives the names,
    the file ('' for a module without one), and the text.
    """
    module, source = request.get("module"), request.get("source")
    if isinstance(source, str):
        file = str(request["file"])
        return hooking.run_source(source, file, module), file, source
    if module:
        found = import_module(module)
        file = os.path.abspath(getattr(found, "__file__", None) or "")
        return vars(found), file, _read(file)
    file = os.path.abspath(request["file"])
    source = _read(file)
    return hooking.run_source(source, file), file, source


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
