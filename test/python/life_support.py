"""A master and a front, as far as the tests of Python processes need them: both ends of the channel, boot messages,
one channel of frames. Everything is bounded: what does not come within some seconds fails the test.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

SOURCES = Path(__file__).resolve().parents[2] / "src" / "python"
PACKAGE = SOURCES / "tsgunicorn_wsgi"
if str(SOURCES) not in sys.path:
    sys.path.insert(0, str(SOURCES))

PATIENCE = 30.0  # machines may be busy; what is there in time waits for nothing
TOKEN = "0123456789abcdef" * 2

HELLO_APP = """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""

# How these tests find the package is no business of the processes that they start.
_ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def eventually(ask: Callable[[], Any], what: str = "it") -> Any:
    """What `ask` gives as soon as that is true."""
    end = time.monotonic() + PATIENCE
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not happen within {PATIENCE:.0f} s")
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Line:
    """The master's end of a channel."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.file = sock.makefile("rb")

    def tell(self, body: Dict[str, Any]) -> None:
        self.sock.sendall(json.dumps({"cmd": "NODE_TSGUNICORN", "body": body}).encode() + b"\n")

    def hear(self) -> Optional[Dict[str, Any]]:
        """The next message; None at the end."""
        line = self.file.readline()
        return json.loads(line)["body"] if line else None

    def expect(self, kind: str) -> Dict[str, Any]:
        message = self.hear()
        if not message or message.get("type") != kind:
            raise AssertionError(f"expected {kind!r}, got {message!r}")
        return message

    def close(self) -> None:
        self.file.close()
        self.sock.close()


class Case(unittest.TestCase):
    """A folder for the application, one for the sockets, and a master in this process."""

    def setUp(self) -> None:
        self.cwd = os.path.realpath(tempfile.mkdtemp(prefix="tsg-life-"))
        self.folder = tempfile.mkdtemp(prefix="tsg-sock-")
        self.log = os.path.join(self.cwd, "error.log")
        self.board = os.open(os.path.join(self.cwd, "board"), os.O_RDWR | os.O_CREAT, 0o600)
        self.children: List[subprocess.Popen[bytes]] = []
        self.lines: List[Line] = []
        self.addCleanup(self.clean)

    def clean(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        for line in self.lines:
            line.close()
        os.close(self.board)
        shutil.rmtree(self.cwd, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.cwd, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def logged(self) -> str:
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def await_log(self, text: str) -> None:
        eventually(
            lambda: os.path.exists(self.log) and text in self.logged(), f"{text!r} in the log"
        )

    def start(
        self, role: str, env: Optional[Dict[str, str]] = None
    ) -> "tuple[subprocess.Popen[bytes], Line]":
        ours, theirs = socket.socketpair()
        with theirs:
            child = subprocess.Popen(
                [sys.executable, str(PACKAGE), role],
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None,
                env={**_ENVIRON, "NODE_CHANNEL_FD": str(theirs.fileno()), **(env or {})},
                pass_fds=(theirs.fileno(), self.board),
            )
        self.children.append(child)
        line = Line(ours)
        self.lines.append(line)
        return child, line

    def boot(self, spec: str = "app", age: int = 1, conf: str = "", **more: Any) -> Dict[str, Any]:
        values = {
            "errorlog": self.log,
            "loglevel": "info",
            "timeout": 30,
            "workers": 2,
            **more.pop("values", {}),
        }
        python = {
            "spec": spec,
            "socket": os.path.join(self.folder, f"worker-{age}.sock"),
            "threads": more.pop("threads", 1),
            "multiprocess": True,
            "software": "tsgunicorn/0.0.0",
            **(
                {"conf": {"file": self.write("gunicorn.conf.py", conf), "source": conf}}
                if conf
                else {}
            ),
        }
        return {
            "type": "boot",
            "role": "worker",
            "bridge": {"folder": self.folder, "token": TOKEN},
            "python": python,
            "age": age,
            "generation": 1,
            "slot": age - 1,
            "config": {"values": values, "functions": []},
            "listeners": [{"fd": 5, "name": "http://127.0.0.1:8000", "address": "127.0.0.1"}],
            "board": self.board,
            "appArguments": [],
            "processName": "test",
            "maxRequests": 0,
            "proof": False,
            **more,
        }

    def worker(self, spec: str = "app", **more: Any) -> "tuple[subprocess.Popen[bytes], Line]":
        """A worker that is ready."""
        env = more.pop("env", None)
        child, line = self.start("worker", env)
        line.expect("hello")
        line.tell(self.boot(spec, **more))
        line.expect("ready")
        return child, line

    def ends(self, child: "subprocess.Popen[bytes]") -> int:
        return child.wait(PATIENCE)

    def pace(self) -> "tuple[float, ...]":
        """Rate, median and 95th percentile in the first slot (src/metrics/slot.ts)."""
        return struct.unpack("=ddd", os.pread(self.board, 24, 4096 + 64 + 40 * 8))

    def slot(self, index: int = 0) -> "tuple[Any, ...]":
        """beat, requests, rss, connections, pid, phase, beat again."""
        data = os.pread(self.board, 64, 4096 + index * 512)
        return struct.unpack("<dddIII20xd", data) if len(data) == 64 else (0.0,) * 7


class Front:
    """One data channel to a worker."""

    HEADER = struct.Struct("<IBBHII")

    def __init__(self, path: str) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(path)
        self.send(1, 1, 0, TOKEN)
        self.receive()
        constants = [
            "SERVER_PROTOCOL",
            "HTTP/1.1",
            "SERVER_NAME",
            "localhost",
            "SERVER_PORT",
            "80",
            "wsgi.url_scheme",
            "http",
        ]
        keys = [
            "REQUEST_METHOD",
            "RAW_URI",
            "PATH_INFO",
            "QUERY_STRING",
            "REMOTE_ADDR",
            "REMOTE_PORT",
        ]
        self.send(2, 1, 0, "\0".join(["4", *constants, *keys]))
        self.last = 0

    def send(self, kind: int, short: int, ident: int, text: str) -> None:
        data = text.encode("latin-1")
        self.sock.sendall(self.HEADER.pack(len(data), kind, 0, short, ident, len(data)) + data)

    def ask(self, path: str = "/") -> None:
        self.last += 1
        self.send(3, 1, self.last, "\0".join(["GET", path, path, "", "127.0.0.1", "1234"]))

    def receive(self) -> "tuple[int, int, bytes]":
        """Type, status, body."""
        length, kind, _, short, _, text = self.HEADER.unpack(self._exactly(16))
        return kind, short, self._exactly(length)[text:]

    def get(self, path: str = "/") -> "tuple[int, int, bytes]":
        self.ask(path)
        return self.receive()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise EOFError("the worker closed the channel")
            data += more
        return data

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> "Front":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def terminate(pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(pid, number)
