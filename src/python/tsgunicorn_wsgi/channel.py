"""One data channel: the socket between a front and a serving thread, and what waits at either end.

Knows frames, not what a response is. Three parties touch it: the serving thread (all of it), the
control thread (`give_back`, `doom`), and whoever asks what runs. What keeps them apart:

- `reading` is held around recv and parsing, so that bytes are never split between two readers. The
  serving thread holds it while it waits in recv, and looks again at what it waits for once it has
  it.
- `pending` is a deque: `popleft` by the serving thread and `pop` by the control thread are atomic,
  so that each request is either started or given back, never both, and starting one costs no lock.
- `sending` is held around taking from `out` and send, so that answers leave in order whoever sends
  them.
- `verdict` is held while the control thread decides that the running request is overdue. The
  serving thread sets `running`, then reads `doomed`; the control thread sets `doomed`, then reads
  `running`: one sees the other.
"""

from __future__ import annotations

import socket
from collections import deque
from typing import Any, Callable, Optional, Tuple, Union

from . import frames
from .frames import HEADER_SIZE, BrokenPeer
from .input import Body
from .kept import allocate_lock, monotonic

RECEIVE = 98304  # a whole BODY, and less than what malloc asks the system for each time
BULKY = 65536  # from so many bytes on, buffers are sent as they are rather than joined
BATCH = 0.001  # seconds of work whose answers may be held back
VECTOR = 512  # buffers in one sendmsg; IOV_MAX is 1024
PATIENCE = 0.005  # how long the control thread waits for a thread that is parsing

MSG_DONTWAIT = socket.MSG_DONTWAIT

Bytes = Union[bytes, bytearray]
# shape, flags, id, values joined by NUL, body
Item = Tuple[int, int, int, str, Union[bytes, Body]]

_unpack = frames.HEADER.unpack_from


class Channel:
    """A data channel whose HELLO was good. `make_shape` turns the text of a SHAPE into a shape."""

    __slots__ = (
        "sock", "peer", "thread", "shapes", "pending", "out", "running", "started", "batch", "gone",
        "doomed", "broken", "aborted", "fileok", "bodies", "blocked", "slack", "bulky",
        "_make_shape", "_reading", "_sending", "_verdict", "_rest", "_filled",
    )  # fmt: skip

    def __init__(
        self, sock: socket.socket, thread: int, make_shape: Callable[[str], Any], peer: int = 0
    ) -> None:
        self.sock = sock
        self.peer = peer  # who is at the other end; control channels of others have no say here
        self.thread = thread
        self.shapes: dict[int, Any] = {}
        self.pending: deque[Item] = deque()
        self.out: deque[Any] = deque()  # answers held back: bytes and memoryviews
        self.running: Optional[Item] = None
        self.started = 0.0  # when `running` was, monotonic seconds
        self.batch = 0.0  # since when answers may have been held back
        self.gone = False  # no front at the other end any more
        self.doomed = False
        self.broken: Optional[str] = None  # why what came is not a front's
        self.aborted: set[int] = set()
        self.fileok: Optional[bool] = None
        self.bodies: dict[int, Body] = {}
        self.blocked = 0.0  # since when it waits for the client: to read, or to send its body
        self.slack = 0.0  # seconds so spent in this request
        self.bulky = False
        self._make_shape = make_shape
        self._reading = allocate_lock()
        self._sending = allocate_lock()
        self._verdict = allocate_lock()
        self._rest: Optional[bytearray] = None  # a frame, or its header, that came in part
        self._filled = 0  # how much of it came

    # Receiving: the serving thread.

    def wait_request(self) -> bool:
        """Wait until `pending` may hold something. False when the channel has ended."""
        with self._reading:
            while not self.pending:
                if self.aborted:
                    self.aborted.clear()  # All of them were of requests that are over.
                if self.gone or not self._receive(0):
                    return False
        return True

    def wait_until(self, ready: Callable[[], bool]) -> bool:
        """Receive until `ready()`. False when the channel has ended first."""
        with self._reading:
            while not ready():
                if self.gone or not self._receive(0):
                    return False
        return True

    def wait_for_client(self, ready: Callable[[], bool]) -> bool:
        """The same, for what the client sends: the front bounds that, `timeout` does not."""
        since = self.blocked = monotonic()
        try:
            return self.wait_until(ready)
        finally:
            self._unblocked(since)

    def client_gone(self, ident: int) -> bool:
        """Whether the client of this request has left, by all that has arrived. One system call."""
        if self._reading.acquire(blocking=False):
            try:
                self._receive_all()
            finally:
                self._reading.release()
        return self.gone or self.doomed or ident in self.aborted

    def _receive(self, flags: int) -> bool:
        rest = self._rest
        data: Bytes = b""
        try:
            if rest is None:
                data = self.sock.recv(RECEIVE, flags)
                count = len(data)
            else:
                count = self.sock.recv_into(memoryview(rest)[self._filled :], 0, flags)
        except BlockingIOError:
            return False
        except OSError:
            count = 0
        if not count:
            self.gone = True
            return False
        if rest is not None:
            self._filled += count
            if self._filled < len(rest):
                return True
            self._rest = None
            # The body of a REQ has to be bytes; a BODY is not copied more often than it must.
            data = bytes(rest) if rest[4] == frames.REQ else rest
        try:
            self._take_in(data)
        except (BrokenPeer, UnicodeDecodeError) as error:
            self.broken = str(error)
            self.gone = True
            return False
        return True

    def _receive_all(self) -> None:
        while not self.gone and self._receive(MSG_DONTWAIT):
            pass

    def _take_in(self, data: Bytes) -> None:
        """Take apart what came; make room for all of what is not whole. Raises BrokenPeer."""
        at, size = 0, len(data)
        text: Optional[str] = None
        body: Any  # bytes or Body: what has a REQ in it came as bytes
        while size - at >= HEADER_SIZE:
            length, kind, flags, short, ident, text_size = _unpack(data, at)
            start = at + HEADER_SIZE
            end = start + length
            if end > size or text_size > length:
                frames.check(length, text_size)
                break
            middle = start + text_size
            if kind == 3:  # REQ
                if text is None:
                    text = data.decode("latin-1")
                if flags:
                    self.bodies[ident] = body = Body(self, ident)
                else:
                    body = data[middle:end]
                self.pending.append((short, flags, ident, text[start:middle], body))
            else:
                handle = _OTHERS.get(kind)
                if handle is None:
                    raise BrokenPeer("no front sends frames of type %d to a worker" % kind)
                handle(self, flags, short, ident, data[start:middle], data[middle:end])
            at = end
        if at < size:
            self._filled = size - at
            self._rest = bytearray(HEADER_SIZE if size - at < HEADER_SIZE else end - at)
            self._rest[: self._filled] = memoryview(data)[at:]

    def _on_shape(self, flags: int, short: int, ident: int, text: Bytes, body: Bytes) -> None:
        self.shapes[short] = self._make_shape(text.decode("latin-1"))

    def _on_body(self, flags: int, short: int, ident: int, text: Bytes, body: Bytes) -> None:
        if ident in self.bodies:  # else of a request that is over: nobody wants it any more
            self.bodies[ident].arrived(body)

    def _on_bodyend(self, flags: int, short: int, ident: int, text: Bytes, body: Bytes) -> None:
        if ident in self.bodies:
            words = text.decode("utf-8", "replace") or "it was cut short"
            self.bodies[ident].ended(words if flags & frames.FAILED else None)

    def _on_abort(self, flags: int, short: int, ident: int, text: Bytes, body: Bytes) -> None:
        self.aborted.add(ident)

    def _on_fileok(self, flags: int, short: int, ident: int, text: Bytes, body: Bytes) -> None:
        running = self.running
        if running is not None and running[2] == ident:
            self.fileok = not flags & frames.REFUSED

    # Sending: the serving thread.

    def settle(self, now: float) -> None:
        """Send what is held back, but while more requests wait and less than `BATCH` went by."""
        if not self.pending or now - self.batch > BATCH:
            self.flush()
            self.batch = now

    def flush(self) -> None:
        """Send all that is held back; waits for a slow front. Sets `gone`, raises nothing."""
        if self.gone or (self.doomed and self.is_doomed()):
            self.out.clear()
            return
        with self._sending:
            out = self.out
            if not out:
                return
            try:
                if self.bulky:
                    self.bulky = False
                    while out:
                        self._send_vector([out.popleft() for _ in range(min(len(out), VECTOR))])
                else:
                    data = out[0] if len(out) == 1 else b"".join(out)
                    out.clear()
                    self._send(data)
            except OSError:
                self.gone = True
                out.clear()

    def put_body(self, head: bytes, body: Any) -> None:
        """Hold back a frame whose body is too large to copy."""
        self.out.append(head)
        self.out.append(body)
        self.bulky = True

    def _send(self, data: Any) -> None:
        try:
            sent = self.sock.send(data, MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self._send_slowly(memoryview(data)[sent:])

    def _send_vector(self, buffers: list[Any]) -> None:
        try:
            sent = self.sock.sendmsg(buffers, [], MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        for buffer in buffers:
            if sent < len(buffer):
                self._send_slowly(memoryview(buffer)[sent:])
            sent = max(0, sent - len(buffer))

    def _send_slowly(self, rest: memoryview) -> None:
        """The front does not read, so the client does not: that time is not the application's."""
        since = self.blocked = monotonic()
        try:
            while rest:
                rest = rest[self.sock.send(rest) :]
        finally:
            self._unblocked(since)

    def _unblocked(self, since: float) -> None:
        # In this order: who asks for the age in between counts the time twice, not never.
        self.slack += monotonic() - since
        self.blocked = 0.0

    def disown(self) -> None:
        """In a child that the application forked: this channel is its parent's. Takes no lock."""
        self.gone = True
        self.sock.close()

    # The control thread.

    def give_back(self) -> list[int]:
        """Take away what was not started, also out of the socket, and send what is held back.

        The ids in the order in which they came. Called by the control thread alone.
        """
        # A thread that waits in recv keeps the lock: then nothing is here to give back.
        if self._reading.acquire(timeout=PATIENCE):
            try:
                self._receive_all()
            finally:
                self._reading.release()
        idents = []
        while True:
            try:
                item = self.pending.pop()
            except IndexError:
                break
            self.bodies.pop(item[2], None)
            idents.append(item[2])
        idents.reverse()
        self._flush_held()
        return idents

    def _flush_held(self) -> None:
        """Answers that are held back behind a request that turned out to be slow. Never waits."""
        if not self._sending.acquire(blocking=False):
            return  # The serving thread is sending them.
        try:
            while self.out and not self.gone:
                data = self.out.popleft()
                try:
                    sent = self.sock.send(data, MSG_DONTWAIT)
                except OSError:
                    sent = 0  # Full, or ended: the serving thread will find out.
                if sent < len(data):
                    self.out.appendleft(memoryview(data)[sent:])
                    break
        finally:
            self._sending.release()

    def age(self, now: float) -> float:
        """Seconds that the running request took, without those that it waited for its client."""
        blocked = self.blocked
        return now - self.started - self.slack - (now - blocked if blocked else 0.0)

    def doom(self, item: Item) -> bool:
        """If `item` still runs, nothing that this thread sends counts any more. Whether so."""
        with self._verdict:
            self.doomed = True
            if self.running is not item:
                self.doomed = False
            return self.doomed

    def is_doomed(self) -> bool:
        """The verdict, waited for. Ask when `doomed` is seen."""
        with self._verdict:
            return self.doomed


_OTHERS: dict[int, Callable[..., None]] = {
    frames.SHAPE: Channel._on_shape,
    frames.BODY: Channel._on_body,
    frames.BODYEND: Channel._on_bodyend,
    frames.ABORT: Channel._on_abort,
    frames.FILEOK: Channel._on_fileok,
}
