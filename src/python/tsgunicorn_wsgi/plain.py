"""Python's values as JSON says them, and what a module's public names are. It knows no setting."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, Dict, List, Mapping, Tuple

from .hooks import fault_of, find_hook


class NotPlain(Exception):
    """The value is one that JSON cannot say."""


def sort_names(names: Mapping[str, Any]) -> Dict[str, Any]:
    """Public names as `values` (plain data), `hooks` (what can be called, but for classes; also a
    hook that is named by a text), `objects` (the rest), and `faults`: why a hook can not be called.
    """
    values: Dict[str, Any] = {}
    objects: Dict[str, str] = {}
    hooks: List[str] = []
    faults: Dict[str, str] = {}
    for name, value in names.items():
        if name.startswith("_"):
            continue
        try:
            value = find_hook(name, value)
            fault = fault_of(name, value)
        except (ImportError, AttributeError, ValueError) as error:
            fault = f"{type(error).__name__}: {error}"
        if fault:
            faults[name] = fault
        elif callable(value) and not isinstance(value, type):
            hooks.append(name)
        else:
            _put(name, value, values, objects)
    return {"values": values, "hooks": hooks, "objects": objects, "faults": faults}


def _put(name: str, value: Any, values: Dict[str, Any], objects: Dict[str, str]) -> None:
    try:
        values[name] = plain(value)
    except NotPlain:
        objects[name] = _what(value)


def plain_part(names: Mapping[str, Any]) -> Dict[str, Any]:
    """Those that JSON can say, also private ones."""
    found: Dict[str, Any] = {}
    for name, value in names.items():
        _put(name, value, found, {})
    return found


def plain(value: Any, within: Tuple[int, ...] = ()) -> Any:
    """The value as JSON says it. Raises NotPlain."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        # Members of enumerations are what they stand for.
        return str.__str__(value) if isinstance(value, str) else int(value)
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise NotPlain
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("latin-1")
    if isinstance(value, os.PathLike):
        return os.fsdecode(os.fspath(value))
    if id(value) in within:
        raise NotPlain
    inner = (*within, id(value))
    if isinstance(value, dict):
        return {_key(key): plain(item, inner) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, inner) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item, inner) for item in value]
    raise NotPlain


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        return str(int(key))
    raise NotPlain


def _what(value: Any) -> str:
    if isinstance(value, type):
        return f"class '{value.__module__}.{value.__qualname__}'"
    if isinstance(value, ModuleType):
        return f"module '{value.__name__}'"
    return f"object of class '{type(value).__module__}.{type(value).__qualname__}'"
