"""The pieces of body that an application gives (PEP 3333: byte strings), before they are frames."""

from __future__ import annotations

from typing import Any, Iterable, Iterator

from .channel import BULKY


def check_piece(piece: Any) -> None:
    """Raises TypeError for what is no piece."""
    if not isinstance(piece, bytes):
        raise TypeError(
            "a WSGI application gives an iterable of bytes; here came %s" % type(piece).__name__
        )


def slabs(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, small pieces put together: a million lines are not a million system calls."""
    small: list[bytes] = []
    size = 0
    for piece in pieces:
        if len(piece) < BULKY:
            small.append(piece)
            size += len(piece)
        if size >= BULKY or (small and len(piece) >= BULKY):
            yield b"".join(small)
            small, size = [], 0
        if len(piece) >= BULKY:
            yield piece
    if small:
        yield b"".join(small)
