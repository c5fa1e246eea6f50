"""What Gunicorn's workers inherit by fork(2) from the process that ran gunicorn.conf.py and the
hooks before them, as far as it can be told to a process of another parent: changes of the
environment and of sys.path, and plain data that hooks put on `server` and `worker`.

The side process tells, a worker or a mold takes. Monkey patches, open files and threads do not
travel.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

#: {"env": {name: value or None}, "first": [path], "last": [path], "server": {...}, "worker": {...}}
Inherited = Mapping[str, Any]


class Ancestor:
    """The environment and the path of the side process, as they were before user code ran."""

    def __init__(self) -> None:
        self._environ = dict(os.environ)
        self._path = list(sys.path)
        #: Of the names in `raw_env`: what they had before.
        self._covered: Dict[str, Optional[str]] = {}

    def lay(self, pairs: Iterable[str]) -> None:
        """`raw_env` over the environment, as in Gunicorn's master; the one before is taken back."""
        for name, value in self._covered.items():
            _put(name, value)
        self._covered.clear()
        for name, value in _pairs(pairs):
            self._covered.setdefault(name, os.environ.get(name))
            os.environ[name] = value

    def changes(self) -> Dict[str, Any]:
        """`env`, `first` and `last` of what is inherited."""
        before, now = self._environ, dict(os.environ)
        env: Dict[str, Optional[str]] = {
            name: value for name, value in now.items() if before.get(name) != value
        }
        env.update({name: None for name in before if name not in now})
        return {"env": env, **self._places()}

    def _places(self) -> Dict[str, List[str]]:
        known = set(self._path)
        at = next((at for at, place in enumerate(sys.path) if place in known), len(sys.path))
        new = [
            (index < at, str(place)) for index, place in enumerate(sys.path) if place not in known
        ]
        return {
            "first": [place for leads, place in new if leads],
            "last": [place for leads, place in new if not leads],
        }


def take_environment(inherited: Optional[Inherited], raw_env: Iterable[str]) -> None:
    """Before anything of the user's runs. `raw_env` has the last word."""
    own = {name for name, _ in _pairs(raw_env)}
    for name, value in (inherited or {}).get("env", {}).items():
        if name not in own:
            _put(name, value)


def places(inherited: Optional[Inherited]) -> Tuple[List[str], List[str]]:
    """What belongs before and behind the working directory on sys.path."""
    given = inherited or {}
    return list(given.get("first", ())), list(given.get("last", ()))


def _pairs(pairs: Iterable[str]) -> List[Tuple[str, str]]:
    split = (pair.partition("=") for pair in pairs)
    return [(name, value) for name, sign, value in split if sign]


def _put(name: str, value: Optional[str]) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
