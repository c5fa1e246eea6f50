"""Who comes in: HELLO and its token are checked first of all; control channels are answered.

Runs on the control thread alone and never waits: a peer that does not take its answers is cut off.
"""

from __future__ import annotations

import hmac
import logging
import os
import socket
import struct
from functools import partial
from typing import Callable, Optional

from . import frames
from .control import Control
from .frames import HEADER, HEADER_SIZE
from .kept import accept, monotonic

HELLO_TIMEOUT = 10.0  # seconds
_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Visitor:
    """A connection on the control thread: a stranger first, then perhaps a control channel."""

    __slots__ = ("sock", "since", "held", "peer")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.since = monotonic()
        self.held = b""
        self.peer = peer_of(sock)


class Doorway:
    """The listening socket and the control channels.

    `admit(sock, peer)` takes a data channel whose HELLO was good; `give_back(thread, peer)` answers
    POKE with ids. `peer` is the process id of the front where the system tells it, else 0.
    """

    def __init__(
        self,
        control: Control,
        listener: socket.socket,
        token: str,
        log: logging.Logger,
        admit: Callable[[socket.socket, int], None],
        give_back: Callable[[int, int], list[int]],
    ) -> None:
        self._control = control
        self._listener = listener
        self._hello_size = HEADER_SIZE + len(token)
        self._token = token.encode("latin-1")
        self._log = log
        self._admit = admit
        self._give_back = give_back
        self._strangers: set[Visitor] = set()
        self._controls: set[Visitor] = set()
        self._phase = "open"  # <-> paused, -> closed
        self._told = False  # that nobody can be let in
        listener.setblocking(False)
        control.register(listener, self._accept)
        control.every(1.0, self._tick)

    def close(self) -> None:
        """GOAWAY to all fronts; nobody comes in any more. Control channels stay."""
        if self._phase == "closed":
            return
        self._control.unregister(self._listener)
        self._phase = "closed"
        self._listener.close()
        for visitor in list(self._controls):
            self._send(visitor, frames.frame(frames.GOAWAY))

    def tell(self, peer: int, data: bytes) -> None:
        """Send to the control channels of one front."""
        for visitor in [one for one in self._controls if one.peer == peer]:
            self._send(visitor, data)

    def disown(self) -> None:
        """In a child that the application forked: close its copies of what is the worker's."""
        for visitor in [*self._controls, *self._strangers]:
            visitor.sock.close()
        self._listener.close()

    def _accept(self) -> None:
        while self._phase == "open":
            try:
                sock = accept(self._listener)
            except BlockingIOError:
                return
            except OSError as error:
                # An application that leaks descriptors. The loop would spin: the front still waits.
                if not self._told:
                    self._log.error("a front cannot be let in: %s; trying again each second", error)
                self._told = True
                self._control.unregister(self._listener)
                self._phase = "paused"
                return
            self._told = False
            sock.setblocking(False)
            visitor = Visitor(sock)
            self._strangers.add(visitor)
            self._control.register(sock, partial(self._greet, visitor))

    def _greet(self, visitor: Visitor) -> None:
        """Read HELLO, and not a byte more: what follows is for whoever gets the channel."""
        data = self._receive(visitor, self._hello_size - len(visitor.held))
        if data is None:
            return
        visitor.held += data
        if len(visitor.held) >= HEADER_SIZE and not self._is_hello(visitor.held):
            self._log.warning("a connection that did not say HELLO was closed")
            self._part(visitor)
        elif len(visitor.held) == self._hello_size:
            self._judge(visitor)

    def _is_hello(self, held: bytes) -> bool:
        length, kind, flags, version, _, text_size = HEADER.unpack_from(held)
        size = self._hello_size - HEADER_SIZE
        return bool(kind == frames.HELLO and length == text_size == size and flags <= 1)

    def _judge(self, visitor: Visitor) -> None:
        _, _, flags, version, _, _ = HEADER.unpack_from(visitor.held)
        token, visitor.held = visitor.held[HEADER_SIZE:], b""
        if not hmac.compare_digest(token, self._token):
            self._log.warning("a connection without the right token was closed")
            self._part(visitor)
        elif version != frames.VERSION:
            self._log.error(
                "a front of protocol version %d was refused: this worker speaks %d",
                version,
                frames.VERSION,
            )
            self._part(visitor)
        else:
            self._welcome(visitor, flags)

    def _welcome(self, visitor: Visitor, flags: int) -> None:
        self._strangers.discard(visitor)
        self._control.unregister(visitor.sock)
        if not flags & frames.CONTROL:
            visitor.sock.setblocking(True)
            self._admit(visitor.sock, visitor.peer)
            return
        self._controls.add(visitor)
        self._control.register(visitor.sock, partial(self._hear, visitor))
        self._send(visitor, frames.greeting(frames.CONTROL_THREAD, os.getpid()))
        if self._phase == "closed":
            self._send(visitor, frames.frame(frames.GOAWAY))

    def _hear(self, visitor: Visitor) -> None:
        """What a front says on its control channel."""
        data = self._receive(visitor, 4096)
        if data is None:
            return
        held = visitor.held + data
        while len(held) >= HEADER_SIZE:
            length, kind, _, short, _, _ = HEADER.unpack_from(held)
            if length or kind not in (frames.POKE, frames.SCAN):
                self._log.error("a control channel was closed: no front sends type %d on it", kind)
                self._part(visitor)
                return
            held = held[HEADER_SIZE:]
            if kind == frames.POKE:
                idents = self._give_back(short, visitor.peer)
                self._send(visitor, frames.returned(short, idents))
        visitor.held = held

    def _receive(self, visitor: Visitor, size: int) -> Optional[bytes]:
        """Some bytes; None when there are none now, or never will be."""
        try:
            data = visitor.sock.recv(size)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self._part(visitor)
            return None
        return data

    def _send(self, visitor: Visitor, data: bytes) -> None:
        try:
            sent = visitor.sock.send(data)
        except OSError:
            sent = 0
        if sent < len(data):
            self._part(visitor)

    def _part(self, visitor: Visitor) -> None:
        self._strangers.discard(visitor)
        self._controls.discard(visitor)
        self._control.unregister(visitor.sock)
        visitor.sock.close()

    def _tick(self) -> None:
        """Close connections that never said HELLO; try accepting again."""
        if self._phase == "paused":
            self._phase = "open"
            self._control.register(self._listener, self._accept)
        now = monotonic()
        for visitor in list(self._strangers):
            if now - visitor.since > HELLO_TIMEOUT:
                self._part(visitor)


def peer_of(sock: socket.socket) -> int:
    """The process id at the other end, where the system tells it; else 0."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return 0
    return int(_PEER.unpack(sock.getsockopt(socket.SOL_SOCKET, option, _PEER.size))[0])
