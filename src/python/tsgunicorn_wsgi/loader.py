"""From `MODULE[:EXPR]`, or a path, to the WSGI application; told apart from what is none, with
words on what to do.

Gunicorn's grammar, and more: dotted attributes, paths, `app` when there is no `application`.
Statuses are Gunicorn's: 3 when the module does not load, 4 when it loads and the application is not
in it.
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from .crash import Failure, describe, user_traceback
from .heritage import Inherited, places

Application = Callable[..., Any]

_DEFAULTS = ("application", "app")
_FACTORIES = ("create_app", "make_app", "get_app")
#: Names of a module that are listed when the one that was asked for is missing.
_LISTED = 12


class Loaded(NamedTuple):
    """An application, and the file of the module that it was found in (empty for one without a
    file).
    """

    app: Application
    program: str


class Expression(NamedTuple):
    """What stands behind the colon: a dotted name, and the arguments when it is a call."""

    path: Tuple[str, ...]
    call: Optional[Tuple[List[Any], Dict[str, Any]]]


def prepare_path(values: Mapping[str, Any], inherited: Optional[Inherited] = None) -> str:
    """Puts the working directory, what gunicorn.conf.py has added, and `pythonpath` on sys.path, in
    Gunicorn's order; gives the directory.
    """
    cwd = os.getcwd()
    chdir = values.get("chdir")
    # As it is written: a symbolic link in it is a link to what is deployed next.
    place = chdir if isinstance(chdir, str) and _same(chdir, cwd) else cwd
    first, last = places(inherited)
    for entry in (place, *reversed(first)):
        if entry not in sys.path:
            sys.path.insert(0, entry)
    sys.path.extend(entry for entry in last if entry not in sys.path)
    for entry in str(values.get("pythonpath") or "").split(","):
        path = os.path.abspath(entry.strip())
        if entry.strip() and path not in sys.path:
            sys.path.insert(0, path)
    importlib.invalidate_caches()
    return place


def _same(path: str, other: str) -> bool:
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def load(spec: str, cwd: str) -> Loaded:
    """Imports the module and finds the application. Raises Failure with status 3 or 4 and the
    user's traceback.
    """
    target, _, text = spec.partition(":")
    expression = parse(text) if text.strip() else None
    module = _import(target, cwd)
    if expression is None:
        app = _default(module)
    else:
        app = _find(module, expression.path)
        if expression.call is not None:
            app = _call(app, text, *expression.call)
    _judge(app, spec if expression else f"{spec}:{_default_name(module)}")
    return Loaded(
        app, os.path.abspath(getattr(module, "__file__", None) or "") if _has_file(module) else ""
    )


def parse(text: str) -> Expression:
    """Reads `attr`, `dotted.attr` and `factory("x", key=1)`. Raises Failure 4 for anything else."""
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise _unreadable(text) from None
    call = None
    if isinstance(node, ast.Call):
        try:
            if any(keyword.arg is None for keyword in node.keywords):
                raise ValueError("** in a call")
            named = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
            call = ([ast.literal_eval(argument) for argument in node.args], named)
        except ValueError:
            words = f"Failed to parse arguments as literal values: {text!r}."
            raise Failure(4, words) from None
        node = node.func
    names: List[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        raise _unreadable(text)
    return Expression((node.id, *reversed(names)), call)


def _unreadable(text: str) -> Failure:
    words = f"Failed to parse {text!r} as an attribute name or function call."
    return Failure(4, f"{words} Use MODULE:NAME or MODULE:FACTORY().")


def _import(target: str, cwd: str) -> ModuleType:
    file = _file_of(target, cwd)
    name = _module_name(file, cwd) if file else target
    try:
        if file and name is None:
            return _import_file(file)
        return importlib.import_module(name or "")
    except SystemExit as error:
        words = f"{target!r} called sys.exit({error.code!r}) while it was imported."
        raise Failure(
            3, f"{words} A module that serves must not end the process.", user_traceback(error)
        ) from error
    except ModuleNotFoundError as error:
        raise Failure(
            3, f"{describe(error)}. {_where(error, name or target, cwd)}", user_traceback(error)
        ) from error
    except BaseException as error:
        raise Failure(
            3, f"{target!r} could not be imported: {describe(error)}", user_traceback(error)
        ) from error


def _where(error: ModuleNotFoundError, wanted: str, cwd: str) -> str:
    """The application's module is missing, or what it needs: two different mistakes."""
    if error.name and (wanted == error.name or wanted.startswith(f"{error.name}.")):
        return f"Name a module that can be imported from {cwd}, or set chdir or pythonpath."
    python = f"{sys.executable} (Python {sys.version.split()[0]})"
    return f"The interpreter is {python}: install it there, or set 'python'."


def _file_of(target: str, cwd: str) -> Optional[str]:
    """The absolute path when the target is one: it has a slash, or it is a file `x.py` that is
    there.
    """
    if "/" not in target and not target.endswith(".py"):
        return None
    path = os.path.normpath(os.path.join(cwd, target))
    for candidate in (path, f"{path}.py", os.path.join(path, "__init__.py")):
        if os.path.isfile(candidate):
            return candidate
    if "/" not in target:
        return None
    raise Failure(
        3, f"{target!r} does not exist: there is no file {path}. Name a module or a Python file."
    )


def _module_name(file: str, cwd: str) -> Optional[str]:
    """The dotted name by the file's place under the working directory; None when it has none."""
    relative = os.path.relpath(file, cwd)
    stem = relative[: -len(".py")] if relative.endswith(".py") else relative
    parts = stem.split(os.sep)
    if parts[-1] == "__init__" and len(parts) > 1:
        del parts[-1]
    if not relative.endswith(".py") or not all(part.isidentifier() for part in parts):
        return None
    return ".".join(parts)


def _import_file(file: str) -> ModuleType:
    """A file that no dotted name leads to; its folder is put on the path, for its neighbours."""
    folder, base = os.path.split(file)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = base[: -len(".py")] if base.endswith(".py") else base
    loader = importlib.machinery.SourceFileLoader(name, file)
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    if spec is None:
        raise ImportError(f"{file} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def _has_file(module: ModuleType) -> bool:
    return bool(getattr(module, "__file__", None))


def _default_name(module: ModuleType) -> str:
    return next((name for name in _DEFAULTS if hasattr(module, name)), _DEFAULTS[0])


def _default(module: ModuleType) -> Any:
    if any(hasattr(module, name) for name in _DEFAULTS):
        return getattr(module, _default_name(module))
    first, second = _DEFAULTS
    found = f"Failed to find attribute {first!r} in {module.__name__!r}, nor {second!r}."
    raise Failure(4, f"{found} {_callables(module)}")


def _find(module: ModuleType, path: Tuple[str, ...]) -> Any:
    found: Any = module
    for name in path:
        try:
            found = getattr(found, name)
        except AttributeError as error:
            where = getattr(found, "__name__", None) or type(found).__name__
            advice = _callables(module) if found is module else ""
            words = f"Failed to find attribute {name!r} in {where!r}. {advice}".strip()
            # A property of the user's may have raised it.
            detail = (
                user_traceback(error)
                if error.__traceback__ and error.__traceback__.tb_next
                else None
            )
            raise Failure(4, words, detail) from error
    return found


def _callables(module: ModuleType) -> str:
    """What is there that could be meant: functions and objects of this module first, not what it
    imported.
    """
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and callable(value)
        and not (isinstance(value, type) and value.__module__ != module.__name__)
        and not (inspect.isfunction(value) and value.__module__ != module.__name__)
    ]
    if not own:
        return "Nothing in it can be called."
    more = " ..." if len(own) > _LISTED else ""
    listed = f"What can be called there: {', '.join(own[:_LISTED])}{more}."
    factory = next((name for name in own if name in _FACTORIES), None)
    if not factory:
        return listed
    advice = f"There is a factory: use {module.__name__ + ':' + factory + '()'!r}."
    return advice if len(own) == 1 else f"{listed} {advice}"


def _call(factory: Any, text: str, positional: List[Any], named: Dict[str, Any]) -> Any:
    if not callable(factory):
        raise Failure(4, f"{text!r}: {_kind(factory)} cannot be called as a factory.")
    try:
        return factory(*positional, **named)
    except SystemExit as error:
        raise Failure(
            3, f"{text!r} called sys.exit({error.code!r}).", user_traceback(error)
        ) from error
    except BaseException as error:
        # Raised by the call itself, not within: the arguments do not fit, and no traceback says
        # more.
        frame = error.__traceback__.tb_next if error.__traceback__ else None
        if isinstance(error, TypeError) and frame is None:
            raise Failure(4, f"{text!r}: {describe(error)}") from error
        raise Failure(3, f"{text!r} failed: {describe(error)}", user_traceback(error)) from error


def _judge(app: Any, spec: str) -> None:
    if app is None:
        raise Failure(
            4,
            f"Failed to find application object: {spec!r} is None. A factory returns it.",
        )
    if is_asgi(app):
        raise Failure(
            4,
            f"{spec!r} is an ASGI application, and WSGI is served here. Use its WSGI entry "
            "(Django: PROJECT.wsgi), or an ASGI server (uvicorn; Gunicorn's asgi worker).",
        )
    if not callable(app):
        raise Failure(4, f"Application object must be callable. {spec!r} is {_kind(app)}.")


def _kind(value: Any) -> str:
    return (
        f"of type {type(value).__name__!r}"
        if not inspect.ismodule(value)
        else f"the module {value.__name__!r}"
    )


def is_asgi(app: Any) -> bool:
    """A coroutine function, or one that takes (scope, receive, send): ASGI 3, as FastAPI, Starlette
    and Quart give.
    """
    while isinstance(app, functools.partial):
        app = app.func
    called = (
        app
        if inspect.isroutine(app) or inspect.isclass(app)
        else getattr(type(app), "__call__", None)  # noqa: B004 (what it is, not whether)
    )
    if called is None or inspect.isclass(called):
        return False
    if inspect.iscoroutinefunction(inspect.unwrap(called)):
        return True
    try:
        names = [name for name in inspect.signature(called).parameters if name != "self"]
    except (TypeError, ValueError):
        return False
    return names[:3] == ["scope", "receive", "send"]
