"""`wsgi.file_wrapper`: files that the front can send itself, and how to know one.

Knows no channel. Only a file whose bytes are those that the application would read may go past it:
a gzip file has a descriptor, too, and is something else.
"""

from __future__ import annotations

import io
import os
import stat
from typing import Any, Iterator, NamedTuple, Optional

BLOCK = 8192
DESCRIPTORS = "/proc/%d/fd/%d"
CAN_NAME_DESCRIPTORS = os.path.isdir("/proc/self/fd")


class FileWrapper:
    """A file-like object as an iterable (PEP 3333, "Optional Platform-Specific File Handling")."""

    def __init__(self, filelike: Any, blksize: int = BLOCK) -> None:
        """`blksize` is the number of bytes to read at a time."""
        self.filelike = filelike
        self.blksize = blksize

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data: bytes = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self.filelike, "close", None)
        if close is not None:
            close()


class Region(NamedTuple):
    """A part of a regular file that this process has open. Sizes in bytes."""

    path: str
    offset: int
    size: int
    device: int
    inode: int

    def text(self, size: int) -> bytes:
        """The body of a FILE frame that sends `size` bytes of it."""
        words = (self.path, self.offset, size, self.device, self.inode)
        return "\n".join(map(str, words)).encode()


def region_of(wrapper: FileWrapper) -> Optional[Region]:
    """From where the file stands to its end, if others can open it. None: read it here."""
    if not CAN_NAME_DESCRIPTORS:
        return None
    file = plain_file(wrapper.filelike)
    if file is None:
        return None
    try:
        if file.writable():
            file.flush()
        descriptor, offset = file.fileno(), file.tell()
        status = os.fstat(descriptor)
    except (OSError, ValueError):
        return None  # Closed, or a pipe that has no position: reading it says what is wrong.
    # Files of /proc are regular, too, and 0 bytes long until they are read.
    if not stat.S_ISREG(status.st_mode) or status.st_size <= offset:
        return None
    path = DESCRIPTORS % (os.getpid(), descriptor)
    return Region(path, offset, status.st_size - offset, status.st_dev, status.st_ino)


def plain_file(filelike: Any) -> Any:
    """The file of the operating system whose bytes `filelike` gives as they are, or None."""
    for _ in range(3):
        kind = type(filelike)
        if kind is io.FileIO:
            return filelike
        if kind in (io.BufferedReader, io.BufferedRandom):
            return filelike if type(filelike.raw) is io.FileIO else None
        inner = getattr(filelike, "file", None)
        if inner is None or not _reads_through(filelike, inner):
            return None
        filelike = inner
    return None


def _reads_through(outer: Any, inner: Any) -> bool:
    """Whether `outer` (a temporary file, Django's File) only hands on what `inner` reads."""
    read = getattr(outer, "read", None)
    # By name: importing tempfile would cost each worker milliseconds.
    if type(outer).__module__ == "tempfile":
        read = getattr(read, "__wrapped__", read)
    return bool(read == getattr(inner, "read", False))
