"""From which files the user's code was imported: what `reload` watches, and configurations."""

from __future__ import annotations

import os
import sys
import sysconfig
import time
import traceback
from typing import Any, Callable, List, Optional, Set

from .crash import is_ours

_INSTALLED = tuple(
    os.path.join(path, "")
    for path in {
        sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    if path
)


def source_of(module: Any) -> Optional[str]:
    """The absolute path of a module's file; None for one without."""
    file = getattr(module, "__file__", None)
    return os.path.abspath(file) if isinstance(file, str) else None


def is_users(file: str) -> bool:
    """Neither of the standard library, nor installed, nor ours, nor made up (`<string>`)."""
    installed = f"{os.sep}site-packages{os.sep}" in file or f"{os.sep}dist-packages{os.sep}" in file
    return not (installed or file.startswith((*_INSTALLED, "<")) or is_ours(file))


#: A chain of causes may be a ring.
_CAUSES = 20


class Imports:
    """Tells of each file of the user's once, and since when it may have been read: who changes it
    later than that changes what is running.
    """

    def __init__(self, tell: Callable[[List[str], float], object]) -> None:
        """`tell(files, since)`: absolute paths; seconds of the wall clock."""
        self._tell = tell
        self._began = self._since = time.time()
        self._seen = 0
        self._told: Set[str] = set()

    def look(self) -> None:
        """Tells of the modules that were imported since the last look."""
        since, self._since = self._since, time.time()
        if len(sys.modules) == self._seen:
            return
        modules = list(sys.modules.values())
        self._seen = len(modules)
        self._add([file for file in map(source_of, modules) if file], since)

    def blame(self, error: BaseException) -> None:
        """Also the files that an import failed in: no modules, and what will be mended. They may
        have been read long before the last look, which did not see them.
        """
        self.look()
        files: List[str] = []
        cause: Optional[BaseException] = error
        for _ in range(_CAUSES):
            if cause is None:
                break
            files += [frame.filename for frame in traceback.extract_tb(cause.__traceback__)]
            if isinstance(cause, SyntaxError) and cause.filename:
                files.append(cause.filename)
            cause = cause.__cause__ or cause.__context__
        self._add(files, self._began)

    def _add(self, files: List[str], since: float) -> None:
        fresh = {os.path.abspath(file) for file in files if is_users(file)} - self._told
        if fresh:
            self._told |= fresh
            self._tell(sorted(fresh), since)
