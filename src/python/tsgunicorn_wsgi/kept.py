"""What the server needs of the standard library, as it was before the application was imported.

Applications patch it: gevent makes threads and locks into greenlets, others put their own JSON in
the place of Python's. A server that called the patched ones would wait for a loop that nobody runs.
Descriptors are told apart here, too: an application may close those that are not its own, and what
it opens next has their numbers.
"""

from __future__ import annotations

import os
import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from json import JSONDecoder, JSONEncoder
from os import waitpid
from select import select
from selectors import DefaultSelector
from socket import socket as Socket
from time import monotonic, sleep
from typing import Any, Callable, List, Optional, Tuple

__all__ = [
    "Change", "DefaultSelector", "Socket", "Stolen", "accept", "allocate_lock", "fork", "from_json",
    "get_ident", "identity", "monotonic", "select", "sleep", "start_hidden", "start_thread",
    "to_json", "waitpid",
]  # fmt: skip

to_json: Callable[[Any], str] = JSONEncoder(separators=(",", ":")).encode
from_json: Callable[[str], Any] = JSONDecoder().decode

_Thread = threading.Thread


def _makings() -> List[Any]:
    """What threads are made of; names differ between versions of Python."""
    names = ("Thread", "Event", "Lock", "_start_new_thread", "_start_joinable_thread")
    return [getattr(threading, name, None) for name in names]


_MAKINGS = _makings()


def start_hidden(target: Callable[[], Any]) -> None:
    """Runs `target()` on a thread that `threading` knows nothing of: gevent patches a process only
    when it has one thread. Raises RuntimeError when there can be no more.
    """
    start_new_thread(target, ())


def start_thread(target: Callable[..., Any], name: str, *args: Any) -> None:
    """Runs `target(*args)` on a daemon thread of the system, for code of the application. Raises
    RuntimeError when there can be no more.
    """
    if all(map(lambda one, other: one is other, _makings(), _MAKINGS)):
        _Thread(target=target, name=name, args=args, daemon=True).start()
    else:
        # Without a name: `threading` would give it a greenlet.
        start_new_thread(target, args)


_fork = os.fork


def fork() -> int:
    """As os.fork. gevent's own would have its loop wait for the child, and nobody runs that."""
    pid = _fork()
    gevent = sys.modules.get("gevent")
    if pid == 0 and gevent is not None and hasattr(gevent, "reinit"):
        # Its loop, and what it waits with, are the parent's until then.
        gevent.reinit()
    return pid


def accept(listener: Socket) -> Socket:
    """The next connection. Raises as socket.accept, which would make it of a patched class."""
    fd, _ = listener._accept()  # type: ignore[attr-defined]
    return Socket(listener.family, listener.type, listener.proto, fileno=fd)


class Change:
    """A lock, and waiting for what changes under it: `threading.Condition` in small."""

    __slots__ = ("_lock", "_waiters")

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._waiters: List[Any] = []

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait_for(self, predicate: Callable[[], Any]) -> None:
        """Until `predicate()`, which is asked under the lock. Signals are handled meanwhile."""
        while not predicate():
            waiter = allocate_lock()
            waiter.acquire()
            self._waiters.append(waiter)
            self._lock.release()
            try:
                waiter.acquire()
            finally:
                self._lock.acquire()

    def notify_all(self) -> None:
        """Under the lock: all who wait ask again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.release()


class Stolen(Exception):
    """The application closed what is the server's, and perhaps has a file of its own there by now:
    `str()` says what.
    """


def identity(fd: int) -> Optional[Tuple[int, int]]:
    """What a descriptor stands for: it is another file when this is another. None: nothing."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino
