"""What SIGABRT leaves in the log beside the stack that faulthandler has written by then: where the
other threads are.

faulthandler tells of the thread that the signal came to, the main one unless that has others to
hear: whatever it reads of threads that run may crash it. Here Python's lock is held.
"""

from __future__ import annotations

import faulthandler
import logging
import os
from typing import Callable, List, Optional

from .crash import stack_of, stacks_besides
from .kept import allocate_lock, get_ident

#: Seconds that it waits for what another thread writes.
_WRITING = 1.0


class Aborted:
    """To be made on the main thread. `hidden()` gives the threads that are the server's own.
    Nothing is told when the stack was logged by whoever asked for the end (crash.abort_quietly).
    """

    def __init__(self, log: logging.Logger, hidden: Callable[[], List[Optional[int]]]) -> None:
        self._log = log
        self._hidden = hidden
        self._main = get_ident()
        self._told = False
        #: The main thread has come to its handler: whatever it is sent from then on is no news.
        self.heard = False
        self._telling = allocate_lock()

    def tell(self) -> None:
        """The threads besides the main one that are in the user's code, once. Any thread; the main
        one is to call it before it ends the process.
        """
        if not faulthandler.is_enabled() or not self._telling.acquire(timeout=_WRITING):
            return
        try:
            if self._told:
                return
            self._told = True
            for name, stack in stacks_besides((self._main, *self._hidden())):
                self._say("thread %s was here when it was aborted", name, stack)
        finally:
            self._telling.release()

    def tell_main(self) -> None:
        """The main thread, which does not come to its handler: faulthandler may have told of
        another.
        """
        if faulthandler.is_enabled():
            stack = stack_of(self._main)
            self._say("the %s thread has not heard SIGABRT; it is here", "main", stack)

    def _say(self, what: str, name: str, stack: str) -> None:
        self._log.critical(f"Worker (pid:%d): {what}:\n%s", os.getpid(), name, stack)
