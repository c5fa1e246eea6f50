"""The end of a process, bounded: threads and exit handlers of the application may not keep it."""

from __future__ import annotations

import logging
import os
from typing import Callable, Optional

from .kept import sleep, start_thread

#: Seconds for the interpreter's own end.
CLEAN_UP = 2.0


def end_within(seconds: float, status: int, before: Optional[Callable[[], None]] = None) -> None:
    """Ends the process after so many seconds, unless it has ended by then."""

    def end() -> None:
        sleep(seconds)
        try:
            if before:
                before()
        finally:
            os._exit(status)

    start_thread(end, "tsgunicorn-end")


def end_forked(worker: int, log: logging.Logger) -> None:
    """Ends this process if it is not `worker` (a pid), but a child that the application forked and
    that comes back from the application: it would go on as the worker, beside its parent.
    """
    pid = os.getpid()
    if pid != worker:
        words = "a child (pid:%d) that the application of worker (pid:%d) forked returned; it was ended"
        log.error(words, pid, worker)
        os._exit(0)


def unlink_if_present(path: str) -> None:
    """Forgives that it is gone, or that its folder is, or belongs to another; nothing else."""
    try:
        os.unlink(path)
    except (FileNotFoundError, PermissionError):
        return
