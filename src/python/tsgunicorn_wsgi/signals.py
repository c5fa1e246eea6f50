"""The signals of a worker or a mold, heard twice: on the main thread, where Python runs handlers,
and, also while the main thread is in C code, by whoever watches the pipe that Python writes their
numbers into.

It knows what a signal is, not what it means: that is `heard` and `noticed` of the owner. None is
ignored by SIG_IGN, which programs that the application starts would inherit.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Callable, Optional, Set, Tuple

from .kept import get_ident, sleep, start_hidden

HANDLED: Tuple[signal.Signals, ...] = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGABRT,
    signal.SIGUSR1,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGWINCH,
)

#: Those that the main thread has something to do for.
_WAKING = (signal.SIGINT, signal.SIGQUIT, signal.SIGABRT)

#: Seconds between signals to a thread that sleeps, and how many there are.
_PAUSE = 0.05
_MOST = 20
#: The turn at which a signal is late.
_LATE = 3

Heard = Callable[[int], None]


def status_of(number: int) -> int:
    """The exit status that says which signal ended a process, as shells give it: the thread that
    hears it cannot always die by the signal itself.
    """
    return 128 + number


class Signals:
    """Takes the process's signals for `heard`, on the main thread, which is to make it. `extra`:
    more of them (SIGCHLD of a mold).
    """

    def __init__(self, heard: Heard, extra: Tuple[signal.Signals, ...] = ()) -> None:
        self.heard = heard
        self._main = get_ident()
        self._taken = (*HANDLED, *extra)
        self._rousing: Set[int] = set()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self.take()
        os.register_at_fork(after_in_child=self.let_go)

    def take(self) -> None:
        """Takes them, again where somebody else has them by now."""
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in self._taken:
            signal.signal(number, self._handle)
            # The main thread is woken for its own; C code need not know of the others.
            signal.siginterrupt(number, number in _WAKING)

    def fileno(self) -> int:
        """Readable when signals came: then call `numbers`."""
        return self._reader

    def numbers(self) -> bytes:
        """The numbers of signals that came since the last call, some perhaps twice."""
        try:
            return os.read(self._reader, 256)
        except BlockingIOError:
            return b""

    def rouse(self, number: int, heard: Callable[[], bool], late: Callable[[int], object]) -> None:
        """Sends one of ours to the main thread until it was heard, a second long: what the system
        gave to another thread, or gave just before this one went to sleep there, has not woken it
        (signal(7), pthread_kill(3)). `late(number)` is called once when that takes long. What it
        sends is noticed, too, and rouses nobody again.
        """
        if number in self._rousing:
            return
        self._rousing.add(number)

        def again() -> None:
            for turn in range(_MOST):
                sleep(_PAUSE)
                if heard() or signal.getsignal(number) != self._handle:
                    return
                if turn == _LATE:
                    late(number)
                signal.pthread_kill(self._main, number)

        start_hidden(again)

    def let_go(self) -> None:
        """In a child that was forked: its signals are its own, and must not reach this process by
        the pipe.
        """
        if self._reader < 0:
            return
        signal.set_wakeup_fd(-1)
        for number in self._taken:
            # One that the application has taken meanwhile is the application's.
            if signal.getsignal(number) == self._handle:
                signal.signal(number, signal.SIG_DFL)
        os.close(self._reader)
        os.close(self._writer)
        self._reader = self._writer = -1

    def _handle(self, number: int, frame: Optional[FrameType]) -> None:
        try:
            # Again: an event loop of the application may have taken the place that Python writes
            # to.
            os.write(self._writer, bytes((number,)))
        except BlockingIOError:
            # Full: nobody reads yet, and what is in it wakes the reader.
            pass
        self.heard(number)
