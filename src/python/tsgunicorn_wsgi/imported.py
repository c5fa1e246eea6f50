"""Which files a process has imported that are the user's: neither Python's own, nor installed, nor ours.

`reload` watches them; a configuration is made of them.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from typing import Any, Dict, List, Optional, Set

from .crash import is_ours

_INSTALLED = tuple(
    os.path.join(path, "")
    for path in {
        sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    if path
)


def source_of(module: Any) -> Optional[str]:
    """Absolute; None for a module without a file."""
    file = getattr(module, "__file__", None)
    return os.path.abspath(file) if isinstance(file, str) else None


def is_users(file: str) -> bool:
    """Neither of the standard library, nor installed, nor ours."""
    installed = f"{os.sep}site-packages{os.sep}" in file or f"{os.sep}dist-packages{os.sep}" in file
    return not (installed or file.startswith(_INSTALLED) or is_ours(file))


class Imported:
    """What is new since it was asked last. One thread asks."""

    def __init__(self) -> None:
        self._told: Set[str] = set()
        self._modules = 0

    def fresh(self) -> List[str]:
        """Absolute files of modules that came since the last call, sorted."""
        # A module that is imported in another's place, with nothing else in between, waits for the next.
        if len(sys.modules) == self._modules:
            return []
        modules: Dict[str, Any] = dict(sys.modules)
        self._modules = len(modules)
        return self._new({file for file in map(source_of, modules.values()) if file})

    def failed(self, error: Optional[BaseException]) -> List[str]:
        """With those whose import ended by an error: they are not among the modules any more."""
        files: Set[str] = set()
        for _ in range(10):
            if error is None:
                break
            files.update(frame.filename for frame in traceback.extract_tb(error.__traceback__))
            if isinstance(error, SyntaxError) and error.filename:
                files.add(error.filename)
            error = error.__cause__ or error.__context__
        more = self._new({os.path.abspath(file) for file in files if not file.startswith("<")})
        return sorted({*self.fresh(), *more})

    def _new(self, files: Set[str]) -> List[str]:
        new = sorted(file for file in files - self._told if is_users(file))
        self._told.update(files)
        return new
