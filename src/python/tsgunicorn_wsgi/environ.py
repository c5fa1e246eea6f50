"""The environ (PEP 3333, "environ Variables"): what a request brings, on top of what never changes.

Knows no channel. A shape says which keys a request's values belong to, so that only values travel
and the rest is one copy of a dict. Text is "bytes-as-latin-1" everywhere, as the PEP wants it.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Any, Iterable, Mapping, Optional
from urllib.parse import unquote_to_bytes

from .files import FileWrapper
from .frames import BrokenPeer, split_shape
from .kept import allocate_lock

METHOD, RAW_URI, PATH_INFO = 0, 1, 2  # where these are in the values of every request
LEADING = ["REQUEST_METHOD", "RAW_URI", "PATH_INFO", "QUERY_STRING", "REMOTE_ADDR", "REMOTE_PORT"]
MOST_KEYS = 1000  # names that are kept as the strings that an application's source has
MAX_LINE = 65536  # characters without a newline that wsgi.errors keeps


class ScriptNameError(ValueError):
    """The path of a request does not begin with SCRIPT_NAME: 500, as in Gunicorn."""


_keys: dict[str, str] = {}


def _interned(key: str) -> str:
    """The one string of this text that an application's look-ups have, so that they compare no
    letters. Clients make names up, and before Python 3.13 what was interned may stay for good.
    """
    known = _keys.get(key)
    if known is None:
        if len(_keys) >= MOST_KEYS:
            return key
        known = _keys[key] = sys.intern(key)
    return known


class Shape:
    """A template of the environ, and the keys of what fills it."""

    __slots__ = ("template", "keys", "count", "unusual")

    def __init__(self, base: Mapping[str, Any], text: str) -> None:
        """`text` is that of a SHAPE frame, `base` from `base_environ`. Raises BrokenPeer."""
        constants, keys = split_shape(text)
        if keys[: len(LEADING)] != LEADING:
            raise BrokenPeer("a SHAPE does not begin with the keys of every request")
        self.template = {**base, **{_interned(key): value for key, value in constants}}
        self.keys = tuple(map(_interned, keys))
        self.count = len(keys)
        # Whether SCRIPT_NAME may have to be taken off the path, or the peer may have no port: on a
        # unix socket who we are comes with each request.
        self.unusual = bool(self.template["SCRIPT_NAME"]) or not {
            "SCRIPT_NAME",
            "SERVER_NAME",
        }.isdisjoint(self.keys)

    def environ(self, values: list[str]) -> dict[str, Any]:
        """The environ of a request, but for wsgi.input and wsgi.early_hints.

        Raises BrokenPeer when values and keys are not as many: a value would stand under a wrong
        name. Raises ScriptNameError.
        """
        if len(values) != self.count:
            raise BrokenPeer("a request has %d values for %d keys" % (len(values), self.count))
        environ = self.template.copy()
        environ.update(zip(self.keys, values))
        path = values[PATH_INFO]
        if "%" in path:
            environ["PATH_INFO"] = decoded(path)
        if self.unusual:
            if not environ["REMOTE_PORT"]:
                del environ["REMOTE_PORT"]  # A number where there is one, as in Gunicorn.
            mount(environ)
        return environ


def decoded(path: str) -> str:
    """Percent-encoding off. Takes and gives bytes-as-latin-1; raw bytes stay what they are."""
    # unquote_to_bytes would encode text as UTF-8: raw bytes would come out twice encoded.
    return unquote_to_bytes(path.encode("latin-1")).decode("latin-1")


def mount(environ: dict[str, Any]) -> None:
    """Take SCRIPT_NAME off the front of PATH_INFO. Raises ScriptNameError."""
    script = decoded(environ["SCRIPT_NAME"]).rstrip("/")
    path = environ["PATH_INFO"]
    environ["SCRIPT_NAME"] = script
    if not script or path == "*":
        return
    rest = path[len(script) :]
    if not path.startswith(script) or rest[:1] not in ("", "/"):
        raise ScriptNameError(
            "the path '%s' does not begin with SCRIPT_NAME '%s': route such requests elsewhere, "
            "or correct SCRIPT_NAME" % (path, script)
        )
    environ["PATH_INFO"] = rest


def base_environ(
    *,
    software: str,
    multithread: bool,
    multiprocess: bool,
    errors: Any,
    script_name: Optional[str] = None,
) -> dict[str, Any]:
    """What is the same in all requests. `script_name` is by default the environment variable."""
    if script_name is None:
        script_name = os.fsencode(os.environ.get("SCRIPT_NAME", "")).decode("latin-1")
    return {
        "SCRIPT_NAME": script_name,
        "SERVER_SOFTWARE": software,
        "wsgi.version": (1, 0),
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.errors": errors,
        "wsgi.file_wrapper": FileWrapper,
    }


class ErrorStream(io.TextIOBase):
    """`wsgi.errors`: a text stream into the error log, line by line. Threads may share it."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._lock = allocate_lock()
        self._line = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What a text stream has; no bytes are made here."""
        return "utf-8"

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Log each whole line; keep the beginning of the next. Raises TypeError."""
        if not isinstance(text, str):
            raise TypeError("wsgi.errors takes str, not %s" % type(text).__name__)
        with self._lock:
            lines = (self._line + text).split("\n")
            self._line = lines.pop()
            if len(self._line) > MAX_LINE:
                lines.append(self._line)
                self._line = ""
        self._tell(lines)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        """`write` for each."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log what has no newline yet."""
        with self._lock:
            line, self._line = self._line, ""
        self._tell([line])

    def close(self) -> None:
        """The stream is everybody's: closing it is flushing it."""
        self.flush()

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            if line:
                self._log.error("%s", line)


class RequestView:
    """The `req` of hooks, with the attributes of Gunicorn's. Made only where there are hooks, which
    keep things of their own on it (the time when it began).
    """

    def __init__(self, values: list[str], environ: Mapping[str, Any]) -> None:
        """`values` as they came, the path as sent."""
        self.method, self.uri, self.path, self.query = values[:4]
        self.fragment = ""
        major, _, minor = (
            environ.get("SERVER_PROTOCOL", "HTTP/1.1").rpartition("/")[2].partition(".")
        )
        self.version = (int(major), int(minor or 0))
        self.headers = [
            (key.replace("HTTP_", "", 1).replace("_", "-"), value)
            for key, value in environ.items()
            if key.startswith("HTTP_") or key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        ]
        self.trailers: list[tuple[str, str]] = []
        self.body = environ["wsgi.input"]
        self.scheme = environ.get("wsgi.url_scheme", "http")
        host, port = environ["REMOTE_ADDR"], environ.get("REMOTE_PORT", "")
        # A unix socket's peer has neither.
        self.remote_addr = self.peer_addr = (host, int(port)) if port.isdigit() else host
        # As with Gunicorn's sync workers: the connection is the front's.
        self.req_number = 1
        self.proxy_protocol_info: Optional[dict[str, str]] = None
