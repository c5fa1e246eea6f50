"""The channel to the master: JSON objects, one a line, in the envelope that Node takes for an
internal message.

It knows no message: the types are those of src/ipc/messages.ts. The end of the channel is the
master's death.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from typing import Any, Deque, Dict, List, Optional

from .kept import Socket, Stolen, allocate_lock, from_json, identity, to_json

Message = Dict[str, Any]

_COMMAND = "NODE_TSGUNICORN"
#: What the master says in the environment to Node and to later masters; none of the application's.
_MARKS = (
    "NODE_CHANNEL_SERIALIZATION_MODE",
    "NODE_APP_INSTANCE",
    "TSGUNICORN_MASTER",
    "TSGUNICORN_DAEMON",
    "WATCH_REPORT_DEPENDENCIES",
)
_CHUNK = 1 << 18
#: A master that writes no end of line is not ours.
_LONGEST = 64 << 20


class Channel:
    """Both directions of one stream socket. `fd` is owned from here on, and is hidden from programs
    started by exec.

    Reading is for one thread at a time, sending for any.
    """

    __slots__ = ("_fd", "_file", "_gone", "_heard", "_lock", "_rest")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._file = identity(fd)
        self._gone = False
        self._heard: Deque[Message] = deque()
        self._lock = allocate_lock()
        self._rest = bytearray()
        os.set_inheritable(fd, False)
        os.set_blocking(fd, True)
        # A child that the application forks speaks for nobody, and its life is not ours.
        os.register_at_fork(after_in_child=self.close)

    def fileno(self) -> int:
        """The descriptor, for a selector; -1 when it was closed."""
        return self._fd

    @property
    def gone(self) -> bool:
        """The master ended, or closed the channel."""
        return self._gone

    def send(self, body: Message) -> bool:
        """Writes one message whole, waiting for room. False when the master is gone. Not for signal
        handlers. Raises Stolen.
        """
        return self._write({"cmd": _COMMAND, "body": body})

    def report(self, files: List[str], since: float) -> bool:
        """Says as Node does under WATCH_REPORT_DEPENDENCIES from which files the code comes; and
        that they were read after `since` (seconds of the wall clock), for Node tells at once.
        """
        return self._write({"watch:import": files, "since": round(since * 1000)})

    def _write(self, message: Message) -> bool:
        line = to_json(message).encode() + b"\n"
        with self._lock:
            if self._fd >= 0 and identity(self._fd) != self._file:
                raise Stolen("the channel to the master")
            try:
                rest = memoryview(line)
                while rest:
                    rest = rest[os.write(self._fd, rest) :]
            except (BrokenPipeError, ConnectionResetError):
                self._gone = True
            except OSError:
                # Closed on this side, as in a child that the application forked.
                if self._fd >= 0:
                    raise
                self._gone = True
        return not self._gone

    def receive(self) -> Optional[List[Message]]:
        """Reads once (it waits when nothing is there) and gives the messages so far; None when the
        master is gone.
        """
        if not self._heard and not self._read():
            return None
        heard = list(self._heard)
        self._heard.clear()
        return heard

    def wait(self) -> Optional[Message]:
        """The next message alone; None when the master is gone."""
        while not self._heard:
            if not self._read():
                return None
        return self._heard.popleft()

    @property
    def pending(self) -> bool:
        """Messages were read and not given out: a selector would not tell of them."""
        return bool(self._heard)

    def close(self) -> None:
        """Twice is harmless."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _read(self) -> bool:
        try:
            chunk = os.read(self._fd, _CHUNK)
        except ConnectionResetError:
            chunk = b""
        if not chunk or len(self._rest) > _LONGEST:
            self._gone = True
            return False
        self._rest += chunk
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            self._take(bytes(line))
        return True

    def _take(self, line: bytes) -> None:
        """Other lines are Node's own talk, as NODE_HANDLE_ACK."""
        try:
            envelope = from_json(line.decode("utf-8", "replace"))
        except ValueError:
            return
        if not isinstance(envelope, dict) or envelope.get("cmd") != _COMMAND:
            return
        body = envelope.get("body")
        if isinstance(body, dict):
            self._heard.append(body)


def inherited() -> Channel:
    """The channel that Node gave this process; the environment says no more of it. Raises
    RuntimeError without one.
    """
    number = os.environ.pop("NODE_CHANNEL_FD", "")
    for name in _MARKS:
        os.environ.pop(name, None)
    if not number.isdigit():
        raise RuntimeError(
            "NODE_CHANNEL_FD is not set: this program is started by tsgunicorn, not by hand."
        )
    return Channel(int(number))


def connect(path: str, age: int, token: str) -> Channel:
    """The channel of a worker that a mold forked: its hello is said. Raises OSError when the master
    is not there.
    """
    with Socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(path)
        channel = Channel(sock.detach())
    channel.send({"type": "hello", "age": age, "token": token})
    return channel
