"""The wire between a front and a worker: numbers, headers, and how frames are put together.

Knows no socket and no WSGI. The contract is `src/front/README.md`: a header of 16 bytes,
little-endian (`u32 length of text and body | u8 type | u8 flags | u16 shape, status or index | u32
id | u32 length of text`), then text, then body.
"""

from __future__ import annotations

import struct
from typing import Iterable, Sequence

HEADER = struct.Struct("<IBBHII")
HEADER_SIZE = HEADER.size
VERSION = 1

# Front to worker.
HELLO = 1
SHAPE = 2
REQ = 3
BODY = 4
BODYEND = 5
ABORT = 6
FILEOK = 7
POKE = 8
SCAN = 9

# Worker to front.
GREET = 65
FULL = 66
HEAD = 67
CHUNK = 68
END = 69
FILE = 70
INFORM = 71
ERROR = 72
WANT = 73
GOAWAY = 74
RETURNED = 75
TIMEOUT = 76

# Flags; the same bit says another thing in each type.
CONTROL = 1  # HELLO: a control channel
STREAMED = 1  # REQ: the body comes by WANT
FAILED = 1  # BODYEND: the body is not whole. END: the response is not whole
REFUSED = 1  # FILEOK: the worker sends the file itself

MAX_FRAME = 16 * 1024 * 1024  # a longer text and body is a broken peer
MAX_WHOLE = 1024 * 1024  # bytes of body that go as one FULL
MAX_CHUNK = 256 * 1024  # bytes of body in a HEAD or CHUNK
CONTROL_THREAD = 65535  # the "thread" of a control channel


class BrokenPeer(ValueError):
    """Bytes that no front sends: the channel they came on is closed."""


def check(length: int, text_size: int) -> None:
    """Whether a header's sizes, bytes, can be those of a frame. Raises BrokenPeer."""
    if length > MAX_FRAME:
        raise BrokenPeer("a frame of %d bytes is longer than any may be" % length)
    if text_size > length:
        raise BrokenPeer("a frame of %d bytes cannot have a text of %d" % (length, text_size))


def frame(
    kind: int,
    ident: int = 0,
    text: bytes = b"",
    body: bytes = b"",
    *,
    short: int = 0,
    flags: int = 0,
) -> bytes:
    """One whole frame. `short` is the u16 of the header: shape, status, thread or version."""
    head = HEADER.pack(len(text) + len(body), kind, flags, short, ident, len(text))
    return head + text + body


def head_only(
    kind: int, ident: int, size: int, text_size: int, *, short: int = 0, flags: int = 0
) -> bytes:
    """The 16 bytes in front of `size` bytes of text and body that the caller sends itself."""
    return HEADER.pack(size, kind, flags, short, ident, text_size)


def returned(thread: int, idents: Sequence[int]) -> bytes:
    """RETURNED: what a thread has not started and never will."""
    return frame(RETURNED, body=struct.pack("<%dI" % len(idents), *idents), short=thread)


def want(ident: int, size: int) -> bytes:
    """WANT: `size` more bytes of a streamed body."""
    return frame(WANT, ident, body=struct.pack("<I", size))


def split_shape(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The constants and the keys of a SHAPE's text. Raises BrokenPeer."""
    items = text.split("\0")
    if not items[0].isdigit() or len(items) < 1 + 2 * int(items[0]):
        raise BrokenPeer("a SHAPE counts more constants than it has")
    end = 1 + 2 * int(items[0])
    return list(zip(items[1:end:2], items[2:end:2])), items[end:]


def shape_text(constants: Iterable[tuple[str, str]], keys: Iterable[str]) -> str:
    """What `split_shape` reads; the front's side of it, for tests and for measurements."""
    pairs = list(constants)
    return "\0".join([str(len(pairs)), *(item for pair in pairs for item in pair), *keys])


def greeting(thread: int, pid: int) -> bytes:
    """The worker's HELLO: this thread serves the channel from now on."""
    return frame(GREET, pid, short=thread)
