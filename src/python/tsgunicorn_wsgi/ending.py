"""The end of a process, bounded: threads and exit handlers of the application may not keep it."""

from __future__ import annotations

import os
import threading
import time
from typing import Callable, Optional

#: Seconds for the interpreter's own end.
CLEAN_UP = 2.0


def end_within(seconds: float, status: int, before: Optional[Callable[[], None]] = None) -> None:
    """Ends the process after so many seconds, unless it has ended by then."""

    def end() -> None:
        time.sleep(seconds)
        try:
            if before:
                before()
        finally:
            os._exit(status)

    threading.Thread(target=end, name="tsgunicorn-end", daemon=True).start()


def unlink_if_present(path: str) -> None:
    """Forgives that it is gone, or that its folder is, or belongs to another; nothing else."""
    try:
        os.unlink(path)
    except (FileNotFoundError, PermissionError):
        return
