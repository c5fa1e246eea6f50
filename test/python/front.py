"""A small blocking front, over unix sockets, that drives a worker in the same process. For tests
alone.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterable, NamedTuple, Optional

SOURCE = Path(__file__).resolve().parents[2] / "src" / "python"
if str(SOURCE) not in sys.path:
    sys.path.insert(0, str(SOURCE))

from tsgunicorn_wsgi import frames  # noqa: E402
from tsgunicorn_wsgi.control import Control  # noqa: E402
from tsgunicorn_wsgi.environ import LEADING  # noqa: E402
from tsgunicorn_wsgi.serve import Server  # noqa: E402

TOKEN = "0123456789abcdef0123456789abcdef"
PATIENCE = 30.0  # machines may be busy; what is there in time waits for nothing
CONSTANTS = [
    ("SERVER_PROTOCOL", "HTTP/1.1"),
    ("SERVER_NAME", "example.org"),
    ("SERVER_PORT", "80"),
    ("wsgi.url_scheme", "http"),
]


class Frame(NamedTuple):
    kind: int
    flags: int
    short: int
    ident: int
    text: bytes
    body: bytes


class Answer(NamedTuple):
    """A response as a client would see it. `ending`: whole, cut, or error."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    ending: str
    frames: list[Frame]

    def header(self, name: str) -> Optional[str]:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None


def eventually(probe: Callable[[], Any], what: str = "") -> Any:
    """The first truthy answer of `probe`, asked until the tests' patience ends."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = probe()
        if found:
            return found
        time.sleep(0.002)
    raise AssertionError("never: %s" % (what or probe))


def split_text(text: bytes) -> tuple[str, list[tuple[str, str]]]:
    reason, *items = text.decode("latin-1").split("\n")
    return reason, list(zip(items[::2], items[1::2]))


class Wire:
    """Frames over a blocking socket."""

    def __init__(self, path: str, *, token: str = TOKEN, flags: int = 0, version: int = 1) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        try:
            self.sock.connect(path)
        except OSError:
            self.sock.close()
            raise
        self.held = b""
        self.send(frames.frame(frames.HELLO, text=token.encode(), short=version, flags=flags))

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> Frame:
        """The next frame. Raises EOFError at the end of the channel."""
        length, kind, flags, short, ident, size = frames.HEADER.unpack(self._exactly(16))
        data = self._exactly(length)
        return Frame(kind, flags, short, ident, data[:size], data[size:])

    def ended(self) -> bool:
        """Wait for the end of the channel; whatever comes before is dropped."""
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionResetError):
            return True

    def close(self) -> None:
        self.sock.close()

    def _exactly(self, size: int) -> bytes:
        parts = [self.held]
        have = len(self.held)
        while have < size:
            data = self.sock.recv(262144)
            if not data:
                raise EOFError("the channel ended")
            parts.append(data)
            have += len(data)
        data = b"".join(parts)
        self.held = data[size:]
        return data[:size]


class DataChannel(Wire):
    """A data channel, and requests on it."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(path, **options)
        self.greeting = self.receive()
        self.ident = 0
        self.shapes: dict[tuple[str, ...], int] = {}

    def pack(
        self,
        method: str = "GET",
        uri: str = "/",
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        streamed: bool = False,
        remote: str = "127.0.0.1",
        extra: Iterable[tuple[str, str]] = (),
    ) -> bytes:
        """The frames of a request, with its SHAPE where it is new; its id is `self.ident`. `extra`:
        raw keys.
        """
        pairs = [(_key(name), value) for name, value in headers]
        if body and not streamed:
            pairs.append(("CONTENT_LENGTH", str(len(body))))
        pairs.extend(extra)
        keys = tuple(LEADING + [key for key, _ in pairs])
        data = b""
        if keys not in self.shapes:
            self.shapes[keys] = len(self.shapes)
            text = frames.shape_text(CONSTANTS, keys).encode("latin-1")
            data = frames.frame(frames.SHAPE, text=text, short=self.shapes[keys])
        self.ident += 1
        path, _, query = uri.partition("?")
        values = [method, uri, path, query, remote, "54321", *(value for _, value in pairs)]
        return data + frames.frame(
            frames.REQ,
            self.ident,
            "\0".join(values).encode("latin-1"),
            body,
            short=self.shapes[keys],
            flags=1 if streamed else 0,
        )

    def request(self, *args: Any, **options: Any) -> Answer:
        self.send(self.pack(*args, **options))
        return self.answer()

    def upload(self, pieces: Iterable[bytes], *args: Any, failing: Optional[str] = None,
               **options: Any) -> Answer:  # fmt: skip
        """A request whose body is sent as it is wanted; `failing` says why it then breaks off."""
        self.send(self.pack(*args, streamed=True, **options))
        data = iter(pieces)
        rest, done, seen = b"", False, []
        while True:
            frame = self.receive()
            if frame.kind != frames.WANT:
                return self.answer([*seen, frame])
            seen.append(frame)
            credit = struct.unpack("<I", frame.body)[0]
            while credit and not done:
                while not rest and not done:
                    piece = next(data, None)
                    done, rest = piece is None, piece or b""
                part, rest = rest[: min(credit, 65536)], rest[min(credit, 65536) :]
                if part:
                    self.send(frames.frame(frames.BODY, self.ident, body=part))
                    credit -= len(part)
            if done:
                words = (failing or "").encode()
                flags = 1 if failing is not None else 0
                self.send(frames.frame(frames.BODYEND, self.ident, words, flags=flags))

    def answer(self, seen: Iterable[Frame] = ()) -> Answer:
        """The next whole response. Files are taken as the front does."""
        got = list(seen)
        status, reason, headers, body = 0, "", [], []
        waiting = list(got)
        while True:
            frame = waiting.pop(0) if waiting else self.receive()
            if frame not in got:
                got.append(frame)
            if frame.kind in (frames.FULL, frames.HEAD, frames.FILE):
                status = frame.short
                reason, headers = split_text(frame.text)
            if frame.kind == frames.FULL:
                return Answer(status, reason, headers, frame.body, "whole", got)
            if frame.kind in (frames.HEAD, frames.CHUNK):
                body.append(frame.body)
            elif frame.kind == frames.END:
                ending = "cut" if frame.flags & 1 else "whole"
                return Answer(status, reason, headers, b"".join(body), ending, got)
            elif frame.kind == frames.ERROR:
                return Answer(frame.short, "", [], b"", "error", got)
            elif frame.kind == frames.FILE:
                data = _read_region(frame.body)
                self.send(frames.frame(frames.FILEOK, frame.ident))
                return Answer(status, reason, headers, data, "whole", got)


def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key


def _read_region(body: bytes) -> bytes:
    path, offset, size, device, inode = body.decode().split("\n")
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if (status.st_dev, status.st_ino) != (int(device), int(inode)):
            raise AssertionError("another file")
        file.seek(int(offset))
        return file.read(int(size))


class Records(logging.Handler):
    """The log of a worker, kept."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def of(self, level: str) -> list[str]:
        return [line for line in self.lines if line.startswith(level)]

    @property
    def troubles(self) -> list[str]:
        """All but debug and info."""
        return [line for line in self.lines if not line.startswith(("DEBUG", "INFO"))]


class Worker:
    """A server on threads of this process, with a socket of its own. A context manager."""

    def __init__(self, app: Callable[..., Any], *, threads: int = 1, **options: Any) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tsg")
        self.path = os.path.join(self.folder.name, "w.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(16)
        self.records = Records()
        self.log = logging.Logger("worker", logging.DEBUG)
        self.log.addHandler(self.records)
        self.control = Control(self.log)
        self.drained = threading.Event()
        self.wires: list[Wire] = []
        self.server = Server(
            app,
            control=self.control,
            listener=listener,
            token=TOKEN,
            threads=threads,
            log=self.log,
            on_drained=self.drained.set,
            **{
                "multiprocess": False,
                "software": "tsgunicorn/test",
                "timeout": 0,
                **options,
            },
        )
        self.control.start()
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def connect(self, **options: Any) -> DataChannel:
        channel = DataChannel(self.path, **options)
        self.wires.append(channel)
        return channel

    def control_channel(self) -> Wire:
        wire = Wire(self.path, flags=frames.CONTROL)
        self.wires.append(wire)
        greeting = wire.receive()
        if (greeting.kind, greeting.short) != (frames.GREET, frames.CONTROL_THREAD):
            raise AssertionError(greeting)
        return wire

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        for wire in self.wires:
            wire.close()
        self.server.drain()
        self.thread.join(PATIENCE)
        self.folder.cleanup()
        if self.thread.is_alive():
            raise AssertionError("the server did not end")
