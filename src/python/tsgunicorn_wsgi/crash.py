"""What failed, in words: the error that ends a boot, tracebacks without our own frames, and stacks
of hung processes.

It knows no log and no channel.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import traceback
from itertools import dropwhile
from types import FrameType
from typing import Any, Collection, Dict, List, Optional, Tuple

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORTLIB = os.path.join("importlib", "__init__.py")


class Failure(Exception):
    """The process cannot boot. `status` is its exit status: 3, or 4 when the application itself is
    not one.

    `detail` is printed below the message: a traceback.
    """

    def __init__(self, status: int, message: str, detail: Optional[str] = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail


def describe(error: BaseException) -> str:
    """`NameError: name 'x' is not defined`, as the last line of a traceback; without notes."""
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    try:
        # The place that a SyntaxError adds is said better by who reports it.
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:
        text = "(its words cannot be printed)"
    return f"{name}: {text}" if text else name


def user_traceback(error: BaseException) -> str:
    """The traceback as Python prints it, without the frames of ours above the user's, and without
    importlib's.

    An error with no frame of the user's keeps what it has: it may be ours.
    """
    try:
        whole = traceback.TracebackException(type(error), error, error.__traceback__)
        _trim(whole, set())
        if isinstance(error, (ImportError, SyntaxError)) and all(map(_is_inner, whole.stack)):
            # Nobody's code but ours, who asked for the module: the words of the error say all.
            whole.stack[:] = []
        return "".join(whole.format()).rstrip("\n")
    except RecursionError:
        # Raised again while a very deep traceback is put into words.
        return describe(error)


def _trim(part: Optional[traceback.TracebackException], seen: set[int]) -> None:
    if part is None or id(part) in seen:
        return
    seen.add(id(part))
    frames = [frame for frame in part.stack if not _is_importlib(frame.filename)]
    first = next((at for at, frame in enumerate(frames) if not is_ours(frame.filename)), None)
    part.stack[:] = frames[first or 0 :]
    _trim(part.__cause__, seen)
    _trim(part.__context__, seen)


def stack_of(ident: int) -> str:
    """The Python stack of a thread, innermost call last, from where the user's code begins."""
    frame: Any = sys._current_frames().get(ident)
    if frame is None:
        return "(no stack)"
    stack = _from_ours(frame)
    return _formatted(_users(stack) or stack)


def stacks_besides(idents: Collection[Optional[int]]) -> List[Tuple[str, str]]:
    """Name and stack of each other thread that is in the user's code.

    Whoever calls this holds Python's lock: no frame moves while it is read. faulthandler, which
    does not wait for that lock, may crash on frames of threads that run.
    """
    names, found = thread_names(), []
    for ident, frame in sys._current_frames().items():
        users = _users(_from_ours(frame))
        if users and ident not in idents:
            found.append((names.get(ident, str(ident)), _formatted(users)))
    return found


def thread_names() -> Dict[int, str]:
    """Of the threads that `threading` knows. A copy: others begin and end meanwhile."""
    active: Dict[Any, Any] = getattr(threading, "_active", {})
    return {ident: str(thread.name) for ident, thread in list(active.items())}


def _from_ours(frame: FrameType) -> List[traceback.FrameSummary]:
    """Without what Python itself has above our first frame; whole where there is none of ours."""
    stack = traceback.extract_stack(frame)
    return stack[next((at for at, one in enumerate(stack) if is_ours(one.filename)), 0) :]


def _users(stack: List[traceback.FrameSummary]) -> List[traceback.FrameSummary]:
    return list(dropwhile(_is_inner, stack))


def _formatted(stack: List[traceback.FrameSummary]) -> str:
    return "".join(traceback.format_list(stack)).rstrip("\n")


def is_ours(file: str) -> bool:
    """The file belongs to this package."""
    return file.startswith(_HERE)


def _is_inner(frame: traceback.FrameSummary) -> bool:
    return is_ours(frame.filename) or _is_importlib(frame.filename)


def _is_importlib(file: str) -> bool:
    # PyPy's are `<builtin>/frozen importlib._bootstrap`.
    return file.startswith(("<frozen importlib", "<builtin>/frozen importlib")) or file.endswith(
        _IMPORTLIB
    )


def watch(fd: int) -> None:
    """Crashes below Python (SIGSEGV, abort(3) and their like) and SIGABRT write the stack of the
    thread that they come to, SIGUSR2 those of all threads, to `fd`.

    Nothing here waits for Python's lock, and whoever reads frames of threads that run may crash:
    SIGUSR2 is for a process in which native code holds the lock, `stacks_besides` for all others.
    To be called when the Python handler of SIGABRT stands, and again whenever it was set anew:
    faulthandler then writes, and hands the signal on to it. The descriptor must stay what it is; a
    log that is reopened keeps its number.
    """
    # Enabled already, it would leave the handlers that stand as they are.
    faulthandler.disable()
    faulthandler.enable(file=fd, all_threads=False)
    faulthandler.register(signal.SIGUSR2, file=fd, all_threads=True, chain=False)


def abort_quietly() -> None:
    """The stack was logged, and SIGABRT is to end this process: faulthandler would log it again."""
    faulthandler.disable()
