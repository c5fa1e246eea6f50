"""The control thread: one selector loop for all that must never wait for the application.

Knows no frame and no request. What it runs must be short: it stands between the front and a busy
thread.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
from collections import deque
from selectors import EVENT_READ, SelectorKey
from typing import Any, Callable, Optional

from .kept import DefaultSelector, Stolen, get_ident, monotonic, start_hidden

Callback = Callable[[], object]


class Control:
    """A loop on a daemon thread of its own. Make it after the fork: neither part survives one.

    `register`, `unregister` and `every` may be called from any thread; `call` from signal handlers
    too. A callback that raises is logged, and stays. `stolen` is told on this thread what the
    application has closed that the loop cannot be without, and ends the process.
    """

    def __init__(
        self,
        log: Optional[logging.Logger] = None,
        stolen: Optional[Callable[[Stolen], object]] = None,
    ) -> None:
        self._log = log or logging.getLogger("tsgunicorn")
        self._stolen = stolen or self._end
        self._selector = DefaultSelector()
        self._soon: deque[Callback] = deque()
        self._timers: list[tuple[float, int, float, Callback]] = []
        self._order = itertools.count()
        self._thread: Optional[int] = None
        self._hear, self._wake = os.pipe()
        os.set_blocking(self._hear, False)
        os.set_blocking(self._wake, False)
        self._selector.register(self._hear, EVENT_READ, self._awake)

    @property
    def ident(self) -> Optional[int]:
        """Of its thread, once that runs."""
        return self._thread

    def start(self) -> None:
        """Start the thread. What was registered before is served from now on."""
        # Until it runs, others may find that it is not theirs.
        self._thread = 0
        start_hidden(self._run)

    def register(self, fileobj: Any, callback: Callback) -> None:
        """Call `callback()` whenever `fileobj` (a descriptor, or with fileno()) is readable."""
        self._here(lambda: self._selector.register(fileobj, EVENT_READ, callback))

    def unregister(self, fileobj: Any) -> None:
        """The end of `register`; unknown ones are forgiven. Call it before `fileobj` is closed."""
        self._here(lambda: self._forget(fileobj))

    def every(self, seconds: float, callback: Callback) -> None:
        """Call `callback()` every so many seconds, first after as many."""
        entry = (monotonic() + seconds, next(self._order), seconds, callback)
        self._here(lambda: heapq.heappush(self._timers, entry))

    def call(self, callback: Callback) -> None:
        """Run `callback()` soon on the control thread. No lock: signal handlers may call it."""
        self._soon.append(callback)
        try:
            os.write(self._wake, b"\0")
        except BlockingIOError:
            pass  # The pipe is full of wake-ups already.

    def _here(self, action: Callback) -> None:
        """Now when nothing else can run beside it, else on the control thread."""
        if self._thread is None or self._thread == get_ident():
            action()
        else:
            self.call(action)

    def _forget(self, fileobj: Any) -> None:
        try:
            self._selector.unregister(fileobj)
        except (KeyError, ValueError):
            pass  # Not registered, or closed already: forgotten either way.

    def _awake(self) -> None:
        try:
            os.read(self._hear, 4096)
        except BlockingIOError:
            pass  # Woken for something else.
        for _ in range(len(self._soon)):
            self._guarded(self._soon.popleft())

    def _run(self) -> None:
        self._thread = get_ident()
        while True:
            patience = max(0.0, self._timers[0][0] - monotonic()) if self._timers else None
            for key, _ in self._select(patience):
                # One callback of this round may have unregistered what another was for.
                if self._selector.get_map().get(key.fileobj) is key:
                    self._guarded(key.data)
            self._ring()
            if self._soon:
                self._awake()

    def _select(self, patience: Optional[float]) -> list[tuple[SelectorKey, int]]:
        try:
            return self._selector.select(patience)
        except OSError as error:
            self._stolen(Stolen(f"the selector of the server ({error})"))
            raise

    def _end(self, what: Stolen) -> None:
        self._log.critical("the application closed %s; the process ends", what)
        os._exit(1)

    def _ring(self) -> None:
        now = monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, order, seconds, callback = heapq.heappop(self._timers)
            # From now, not from when it was due: after a machine was suspended, one call will do.
            heapq.heappush(self._timers, (now + seconds, order, seconds, callback))
            self._guarded(callback)

    def _guarded(self, callback: Callback) -> None:
        try:
            callback()
        except Stolen as what:
            self._stolen(what)
        except Exception:
            self._log.exception("control: a callback failed; the loop goes on")
