"""gunicorn.conf.py as Python runs it, and its hooks, called as Gunicorn calls them.

It knows no process: workers run their hooks by it, the side process (conf.py) those of the master.
"""

from __future__ import annotations

import inspect
import linecache
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from .crash import Failure, describe, user_traceback
from .facade import HOOKS

Hook = Callable[..., Any]

MODULE = "__config__"


def run_source(source: str, file: str, name: Optional[str] = None) -> Dict[str, Any]:
    """Runs a configuration as the module `name` (`__config__` unless it is one) and gives its
    names. Raises whatever it raises.
    """
    module = ModuleType(name or MODULE)
    module.__file__ = file
    # As importlib makes it: a relative import says what is wrong instead of failing oddly.
    module.__spec__ = ModuleSpec(module.__name__, None, origin=file)
    module.__package__ = name.rpartition(".")[0] if name else ""
    if module.__package__:
        import_module(module.__package__)
    sys.modules[module.__name__] = module
    # Tracebacks show the lines that run, though the file may have changed meanwhile.
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def worker_hooks(conf: Optional[Mapping[str, Any]]) -> Dict[str, Hook]:
    """The hooks of `{file, source[, module]}`; none without. Raises Failure 3 with the traceback
    when it does not run.
    """
    if not conf:
        return {}
    file = str(conf["file"])
    try:
        return find_hooks(run_source(str(conf["source"]), file, conf.get("module")))
    except (Exception, SystemExit) as error:
        raise Failure(3, f"{file}: {describe(error)}", user_traceback(error)) from error


def find_hooks(names: Mapping[str, Any]) -> Dict[str, Hook]:
    """The hooks among a configuration's names.

    Raises what the import of one that is named by a text raises; AttributeError when it is not
    there.
    """
    found = {}
    for name in HOOKS:
        value = find_hook(name, names.get(name))
        if callable(value):
            found[name] = value
    return found


def find_hook(name: str, value: Any) -> Any:
    """`value`, or what it names when `name` is a hook's: a text `package.module.function` is
    imported, as in Gunicorn. Raises ImportError, AttributeError, or ValueError for another text.
    """
    if name not in HOOKS or not isinstance(value, str):
        return value
    module, _, function = value.rpartition(".")
    if not module:
        raise ValueError(f"{value!r} names no function. Use package.module.function.")
    return getattr(import_module(module), function)


_ARGUMENTS: Dict[str, Tuple[str, ...]] = {
    "pre_fork": ("server, worker",),
    "post_fork": ("server, worker",),
    "child_exit": ("server, worker",),
    "worker_exit": ("server, worker",),
    "post_worker_init": ("worker",),
    "worker_int": ("worker",),
    "worker_abort": ("worker",),
    "pre_request": ("worker, req",),
    "post_request": ("worker, req, environ, resp", "worker, req, environ", "worker, req"),
    "nworkers_changed": ("server, new_value, old_value",),
    "ssl_context": ("config, default_ssl_context_factory",),
}


def fault_of(name: str, hook: Any) -> Optional[str]:
    """Why a hook can not be called as it will be; None when it can, or does not say."""
    if name not in HOOKS or hook is None:
        return None
    if not callable(hook):
        return f"{hook!r} can not be called"
    forms = _ARGUMENTS.get(name, ("server",))
    try:
        signature = inspect.signature(hook)
    except (TypeError, ValueError):
        return None
    for form in forms:
        try:
            signature.bind(*form.split(", "))
            return None
        except TypeError:
            continue
    return f"it is called with ({forms[0]}), and takes {signature}"


def adapt_post_request(hook: Hook) -> Hook:
    """Older hooks take (worker, req) or (worker, req, environ) only."""
    count = _positional(hook)
    if count == 2:
        return lambda worker, req, environ, resp: hook(worker, req)
    if count == 3:
        return lambda worker, req, environ, resp: hook(worker, req, environ)
    return hook


def _positional(hook: Hook) -> Optional[int]:
    """How many arguments a hook takes; None when it takes any number, or does not say."""
    try:
        parameters = inspect.signature(hook).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return None
    return sum(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD) for one in parameters)


def must(name: str, hooks: Mapping[str, Hook], *args: Any) -> None:
    """Calls a hook of the boot, if there is one. Raises Failure 3 with its traceback."""
    hook = hooks.get(name)
    if not hook:
        return
    try:
        hook(*args)
    except (Exception, SystemExit) as error:
        raise Failure(3, f"{name}: {describe(error)}", user_traceback(error)) from error


def may(name: str, hooks: Mapping[str, Hook], log: Any, *args: Any) -> None:
    """Calls a hook of the end, if there is one; an error is logged, and stops nothing."""
    hook = hooks.get(name)
    if not hook:
        return
    try:
        hook(*args)
    except (Exception, SystemExit):
        log.exception(f"Exception in {name} hook")
