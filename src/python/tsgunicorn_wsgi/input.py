"""`wsgi.input` of a request whose body is still with its client: it is asked for piece by piece.

Knows nothing of the response. Bodies of up to 64 KB come with their request and are `io.BytesIO`;
this is for the others, and holds at most 1 MB of them however long they are.
"""

from __future__ import annotations

import io
from collections import deque
from typing import TYPE_CHECKING, Any, Optional, Union

from . import frames

if TYPE_CHECKING:
    from .channel import Channel

FIRST_CREDIT = 64 * 1024
MOST_CREDIT = 1024 * 1024
BUFFER = 64 * 1024


class ClientGone(ConnectionResetError):
    """The client left: what the application sees of it on read() and write()."""


class BodyFailed(OSError):
    """The body did not arrive whole: cut short, malformed, too large, too slow; the front says."""


class Body(io.RawIOBase):
    """The raw reader: asks its channel for more when it has none. Read by the serving thread."""

    def __init__(self, channel: Channel, ident: int) -> None:
        self._channel = channel
        self._ident = ident
        self._pieces: deque[Union[bytes, bytearray]] = deque()
        self._at = 0  # how much of the first piece was read
        self._credit = 0  # bytes that were asked for and have not come
        self._step = FIRST_CREDIT
        self._phase = "open"  # -> whole | failed; whoever receives sets it
        self._words = ""

    def buffered(self) -> io.BufferedReader:
        """What the application gets: read, readline, readlines, iteration."""
        return io.BufferedReader(self, BUFFER)

    # Told by the channel, under its lock.

    def arrived(self, piece: Union[bytes, bytearray]) -> None:
        """A piece. Raises BrokenPeer when it was not asked for."""
        if len(piece) > self._credit:
            raise frames.BrokenPeer("a front sent more of a body than was asked for")
        self._credit -= len(piece)
        if piece:
            self._pieces.append(piece)

    def ended(self, words: Optional[str]) -> None:
        """No more will come: all of it is here, or `words` say why not."""
        self._phase = "whole" if words is None else "failed"
        self._words = words or ""

    # Asked by the application.

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """At least one byte, 0 at the end. Raises ClientGone and BodyFailed (both OSError)."""
        if not self._pieces and not self._more():
            return 0
        piece = self._pieces[0]
        at = self._at
        count = min(len(buffer), len(piece) - at)
        buffer[:count] = memoryview(piece)[at : at + count]
        self._moved(piece, at + count)
        return count

    def readall(self) -> bytes:
        """All that is left: an application that calls read() without a size wants it in memory."""
        parts = []
        while self._pieces or self._more():
            piece = self._pieces[0]
            parts.append(piece[self._at :] if self._at else piece)
            self._moved(piece, len(piece))
        return b"".join(parts)

    def _moved(self, piece: Union[bytes, bytearray], at: int) -> None:
        if at == len(piece):
            self._pieces.popleft()
            self._at = 0
        else:
            self._at = at

    def _more(self) -> bool:
        """Wait for a piece. False at the end of the body."""
        if self._channel.running is None or self._channel.running[2] != self._ident:
            raise ClientGone("wsgi.input was read after the end of its request")
        if self._phase == "open" and not self._credit:
            self._ask()
        self._channel.wait_for_client(self._news)
        if self._pieces:
            return True
        if self._phase == "failed":
            raise BodyFailed("the request body did not arrive whole: " + self._words)
        if self._phase == "open":
            raise ClientGone("the client left while its request was being read")
        return False

    def _news(self) -> bool:
        return bool(self._pieces) or self._phase != "open" or self._ident in self._channel.aborted

    def _ask(self) -> None:
        self._credit = self._step
        self._step = min(self._step * 4, MOST_CREDIT)
        self._channel.out.append(frames.want(self._ident, self._credit))
        self._channel.flush()
