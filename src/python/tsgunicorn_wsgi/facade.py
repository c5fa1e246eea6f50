"""What hooks of gunicorn.conf.py are given: `worker`, `server`, `cfg` and `log`, with Gunicorn's
names.

What Gunicorn has there and we do not says so in words. Hooks may keep things of their own on the
objects, as they do in Gunicorn. Used by workers and by the side process that runs the master's
hooks.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from typing import Any, Callable, Dict, List, Mapping, NoReturn, Optional

#: Settings that may have no value; they travel only when they have one.
_OPTIONAL = frozenset(
    "accesslog admin_bind admin_token agent_check_bind ca_certs certfile ciphers config "
    "control_socket group keyfile logconfig logconfig_dict logconfig_json logger_class paste "
    "pidfile proc_name python pythonpath statsd_host syslog_prefix tmp_upload_dir user "
    "worker_tmp_dir wsgi_app".split()
)
HOOKS = (
    "on_starting on_reload when_ready pre_fork post_fork post_worker_init worker_int "
    "worker_abort pre_exec pre_request post_request child_exit worker_exit nworkers_changed "
    "on_exit ssl_context"
).split()


def _nothing(*_: Any) -> None:
    """A hook that the configuration does not have."""


class HookLog:
    """`server.log`, `worker.log`: Gunicorn's logger, as far as hooks use it."""

    def __init__(self, say: Callable[..., None]) -> None:
        # say(level, message, *args, **options of logging)
        self._say = say

    def critical(self, message: Any, *args: Any, **more: Any) -> None:
        """Level critical; `message % args`, as all that follow."""
        self._say(logging.CRITICAL, message, *args, **more)

    def error(self, message: Any, *args: Any, **more: Any) -> None:
        """Level error."""
        self._say(logging.ERROR, message, *args, **more)

    def warning(self, message: Any, *args: Any, **more: Any) -> None:
        """Level warning."""
        self._say(logging.WARNING, message, *args, **more)

    def info(self, message: Any, *args: Any, **more: Any) -> None:
        """Level info."""
        self._say(logging.INFO, message, *args, **more)

    def debug(self, message: Any, *args: Any, **more: Any) -> None:
        """Level debug."""
        self._say(logging.DEBUG, message, *args, **more)

    def exception(self, message: Any, *args: Any, **more: Any) -> None:
        """Level error, with the traceback of the exception that is being handled."""
        self._say(logging.ERROR, message, *args, **{"exc_info": True, **more})

    def log(self, level: Any, message: Any, *args: Any, **more: Any) -> None:
        """A level by its number or its name."""
        number = (
            level if isinstance(level, int) else getattr(logging, str(level).upper(), logging.INFO)
        )
        self._say(number, message, *args, **more)

    def __getattr__(self, name: str) -> Any:
        if name in ("error_log", "access_log"):
            return logging.getLogger(f"gunicorn.{name[: -len('_log')]}")
        raise AttributeError(
            f"log.{name}: there are critical, error, warning, info, debug, exception and log."
        )


class Cfg:
    """The settings as attributes, `None` for those without a value; hooks are functions."""

    def __init__(
        self, values: Mapping[str, Any], hooks: Optional[Mapping[str, Callable[..., Any]]] = None
    ) -> None:
        self.__dict__.update(values)
        self.__dict__["_hooks"] = hooks or {}

    def __getattr__(self, name: str) -> Any:
        if name in HOOKS:
            return self.__dict__["_hooks"].get(name, _nothing)
        derived = _DERIVED.get(name)
        if derived:
            return derived(self)
        if name in _OPTIONAL:
            return None
        raise AttributeError(f"cfg.{name}: no setting has this name in tsgunicorn.")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"cfg.{name}: settings are read at start and on HUP, a hook cannot change them."
        )

    def set(self, name: str, value: Any) -> NoReturn:
        """Gunicorn's way to change a setting; here it raises AttributeError."""
        raise AttributeError(
            f"cfg.set({name!r}): settings are read at start and on HUP, a hook cannot change them."
        )


def _environment(cfg: Cfg) -> Dict[str, str]:
    return dict(pair.split("=", 1) for pair in getattr(cfg, "raw_env", ()) if "=" in pair)


def _listed(bind: Any) -> List[str]:
    return [bind] if isinstance(bind, str) else list(bind)


def _address(text: str) -> Any:
    """As Gunicorn's `cfg.address`: (host, port), a unix socket's path, or a descriptor's number."""
    scheme, sign, rest = text.partition("://")
    text = rest if sign and scheme in ("tcp", "http", "https") else text
    if text.startswith("unix:"):
        return re.sub(r"^unix:(?://)?", "", text)
    if text.startswith("fd://"):
        number = text[len("fd://") :]
        return int(number) if number.isdigit() else text
    host, sign, port = text.rpartition(":")
    if not sign or text.endswith("]"):
        host, port = text, "8000"
    return (host.strip("[]").lower() or "0.0.0.0", int(port)) if port.isdigit() else text


def limits_of(cfg: Cfg) -> Dict[str, Any]:
    """A worker's own, as Gunicorn's arbiter gives them: `timeout` is half of the setting there."""
    return {
        "timeout": (getattr(cfg, "timeout", None) or 0) / 2,
        "max_requests": getattr(cfg, "max_requests", 0) or sys.maxsize,
    }


#: What Gunicorn computes from settings.
_DERIVED: Dict[str, Callable[[Cfg], Any]] = {
    "uid": lambda cfg: os.geteuid(),
    "gid": lambda cfg: os.getegid(),
    "env": _environment,
    "address": lambda cfg: [_address(text) for text in _listed(getattr(cfg, "bind", ()))],
    "is_ssl": lambda cfg: bool(cfg.certfile or cfg.keyfile),
    "worker_class_str": lambda cfg: "gthread" if getattr(cfg, "threads", 1) > 1 else "sync",
}


class Facade:
    """A thing that hooks see: it has the attributes it was given, those that the hooks add, and
    words for others.
    """

    def __init__(self, kind: str, known: Mapping[str, Any]) -> None:
        self.__dict__["_kind"] = kind
        self.__dict__["_known"] = sorted(known)
        self.__dict__.update(known)

    def __getattr__(self, name: str) -> Any:
        kind, known = self.__dict__.get("_kind", "it"), self.__dict__.get("_known", [])
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"{kind}.{name}: not in tsgunicorn, where HTTP and sockets belong to other processes. "
            f"{kind} has {', '.join(known)}."
        )

    def __repr__(self) -> str:
        return f"<{self.__dict__['_kind'].capitalize()} {self.__dict__.get('pid', '')}>"

    def kept(self) -> Dict[str, Any]:
        """What hooks have put there."""
        known = {"_kind", "_known", "_requests", "_dying", *self.__dict__["_known"]}
        return {name: value for name, value in self.__dict__.items() if name not in known}

    def keep(self, kept: Mapping[str, Any]) -> None:
        """What hooks in another process have put on it."""
        self.__dict__.update(kept)

    def update(self, known: Mapping[str, Any]) -> None:
        """New values of what it was given; what hooks have put there stays."""
        self.__dict__["_known"] = sorted({*self.__dict__["_known"], *known})
        self.__dict__.update(known)


class WorkerFacade(Facade):
    """A worker as its own hooks see it: `nr` and `alive` are what they are now.

    A hook that sets `alive` to False has the worker replaced, as in Gunicorn: `dying` is called.
    """

    booted: bool
    aborted: bool
    wsgi: Any

    def __init__(
        self,
        known: Mapping[str, Any],
        requests: Callable[[], int],
        dying: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__("worker", {**known, "nr": 0, "alive": True})
        del self.__dict__["nr"]
        self.__dict__["_requests"] = requests
        self.__dict__["_dying"] = dying

    @property
    def alive(self) -> bool:
        """Until it is to end."""
        return bool(self.__dict__["alive"])

    @alive.setter
    def alive(self, value: bool) -> None:
        self.__dict__["alive"] = value
        if not value:
            self.__dict__["_dying"]()

    @property
    def nr(self) -> int:
        """Requests this worker has finished."""
        return int(self.__dict__["_requests"]())


def facades_of(
    boot: Mapping[str, Any],
    hooks: Mapping[str, Callable[..., Any]],
    log: HookLog,
    begun: Callable[[], int],
    dying: Callable[[], None],
) -> tuple[WorkerFacade, Facade]:
    """`worker` and `server` as the hooks of a worker see them, from its boot message. `begun`: how
    many requests it was given; `dying`: called when a hook has set `worker.alive` to False.
    """
    values: Mapping[str, Any] = boot["config"]["values"]
    cfg, kept = Cfg(values, hooks), boot["python"].get("inherited") or {}
    common = {"cfg": cfg, "log": log}
    vital = {"booted": False, "aborted": False, "wsgi": None}
    numbers = {
        "age": boot["age"],
        "generation": boot["generation"],
        "pid": os.getpid(),
        "ppid": boot["master"],
    }
    limits = limits_of(cfg)
    if boot.get("maxRequests"):
        limits["max_requests"] = boot["maxRequests"]
    master = {
        "pid": boot["master"],
        "proc_name": boot["processName"],
        "num_workers": boot["python"].get("workers", 0),
        "address": cfg.address,
        "timeout": values.get("timeout"),
        "WORKERS": {},
    }
    worker = WorkerFacade({**numbers, **vital, **limits, **common}, begun, dying)
    server = Facade("server", {**master, **common})
    worker.keep(kept.get("worker") or {})
    server.keep(kept.get("server") or {})
    return worker, server
