"""The end of a process, bounded: threads and exit handlers of the application may not keep it."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
from typing import Any, Callable, Dict, NoReturn, Optional

from .kept import sleep, start_hidden

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

    start_hidden(end)


def end_now(status: int) -> NoReturn:
    """The end of a worker that has nothing more to do: threads that the application waits for, exit
    handlers, what was printed; all of that for `CLEAN_UP` at most.

    What Python would do beyond that, taking the modules apart, frees nothing that the system does
    not free, and is where extensions crash and hang.
    """
    end_within(CLEAN_UP, status)
    for step in (_join_threads, atexit._run_exitfuncs, _flush_output, _flush_errors):
        try:
            step()
        except BaseException:
            # An exit handler has told so itself; streams may be anything by now.
            continue
    os._exit(status)


def _join_threads() -> None:
    """Those that are no daemons, and executors."""
    threading._shutdown()  # type: ignore[attr-defined]


def _flush_output() -> None:
    sys.stdout.flush()


def _flush_errors() -> None:
    sys.stderr.flush()


def end_forked(worker: int, log: logging.Logger) -> None:
    """Ends this process if it is not `worker` (a pid), but a child that the application forked and
    that comes back from the application: it would go on as the worker, beside its parent.
    """
    pid = os.getpid()
    if pid != worker:
        words = (
            "a child (pid:%d) that the application of worker (pid:%d) forked returned; it was ended"
        )
        log.error(words, pid, worker)
        os._exit(0)


def unlink_if_present(path: str) -> None:
    """Forgives that it is gone, or that its folder is, or belongs to another; nothing else."""
    try:
        os.unlink(path)
    except (FileNotFoundError, PermissionError):
        return


def leave_bridge(boot: Dict[str, Any], orphaned: bool) -> None:
    """Takes the worker's socket out of the folder of the bridge; whoever is last behind a dead
    master takes the folder, too.
    """
    folder = boot["bridge"]["folder"]
    unlink_if_present(boot["python"]["socket"])
    if not orphaned:
        return
    unlink_if_present(os.path.join(folder, "master.sock"))
    try:
        os.rmdir(folder)
    except OSError:
        # Others are still in it, or it belongs to another user: the last of them, or the next
        # start, removes it.
        return
