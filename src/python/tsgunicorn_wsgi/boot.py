"""How a worker boots, in Gunicorn's order: title, log, `post_fork` (still the master's user),
privileges, its socket, the application, `post_worker_init`, listening, ready. Whatever fails is
told to the master, with its exit status.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from importlib import import_module
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

from . import crash, ipc
from .crash import Failure, describe, user_traceback
from .ending import end_now, unlink_if_present
from .heritage import take_environment
from .ipc import Channel, Message
from .loader import Loaded, load, prepare_path
from .log import Log, open_log
from .signals import Signals, status_of

#: Fronts that connect at the same time.
_BACKLOG = 128
_COMM_BYTES = 15


class Mold(NamedTuple):
    """What a forked worker has already."""

    log: Log
    hooks: Mapping[str, Callable[..., Any]]
    loaded: Loaded


def main(arguments: List[str]) -> int:
    """Runs the process that `arguments` names; gives the exit status."""
    programs: Dict[str, Callable[[], int]] = {"worker": _worker, "mold": _mold, "conf": _conf}
    program = programs.get(arguments[0] if len(arguments) == 1 else "")
    if not program:
        sys.stderr.write(
            "This program is started by tsgunicorn: PYTHON .../tsgunicorn_wsgi worker|mold|conf\n"
        )
        return 2
    return program()


def _mold() -> int:
    from . import mold

    return mold.main()


def _conf() -> int:
    from . import conf

    return conf.main()


def _worker() -> int:
    channel = ipc.inherited()
    signals = Signals(end_early)
    channel.send({"type": "hello"})
    boot = await_boot(channel)
    return live(boot, channel, signals) if boot else 0


def end_early(number: int) -> None:
    """A signal before there is a worker: nothing was begun that could be lost."""
    if number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        os._exit(status_of(number))
    if number == signal.SIGABRT:
        os._exit(1)


def await_boot(channel: Channel) -> Optional[Message]:
    """The answer to `hello`, with the master's pid in it as `master`; None when there is no work
    any more.
    """
    while True:
        message = channel.wait()
        if message is None or message.get("type") in ("drain", "retire"):
            return None
        if message.get("type") == "boot":
            return {**message, "master": os.getppid()}


def live(boot: Message, channel: Channel, signals: Signals, mold: Optional[Mold] = None) -> int:
    """A worker from its boot message to its end; gives the exit status."""
    try:
        return _live(boot, channel, signals, mold)
    except Failure as failure:
        return failed(channel, failure)
    except Exception as error:
        words = f"the worker could not boot: {describe(error)}"
        return failed(channel, Failure(3, words, user_traceback(error)))


def failed(channel: Channel, failure: Failure) -> int:
    """Tells the master, which logs it, and gives the exit status."""
    detail = {"detail": failure.detail} if failure.detail else {}
    channel.send({"type": "failed", "exit": failure.status, "message": failure.message, **detail})
    end_now(failure.status)


def _live(boot: Message, channel: Channel, signals: Signals, mold: Optional[Mold]) -> int:
    from . import hooks as hooking
    from . import privileges
    from .life import Life

    log = mold.log if mold else begin(boot, "worker")
    if boot.get("proof"):
        return _prove(boot)
    set_title(f"tsgunicorn: worker [{boot['processName']}]")
    log.logger.info("Booting worker with pid: %d", os.getpid(), extra={"age": boot["age"]})
    cwd = prepare(boot)
    hooks = mold.hooks if mold else hooking.worker_hooks(boot["python"].get("conf"))
    life = Life(boot, channel, signals, log, hooks)
    hooking.must("post_fork", hooks, life.server, life.worker)
    privileges.drop(boot.get("privileges"))
    listener = bind(boot["python"]["socket"])
    try:
        life.listen_to_master()
        loaded = mold.loaded if mold else load(boot["python"]["spec"], cwd)
        life.end_forked()
        life.worker.wsgi = loaded.app
        hooking.must("post_worker_init", hooks, life.worker)
        life.end_forked()
        listener.listen(_BACKLOG)
        return life.serve(loaded.app, listener, loaded.program)
    except BaseException as error:
        life.leave()
        life.blame(error)
        raise


def prepare(boot: Message) -> str:
    """Environment and path, with what gunicorn.conf.py made of them; gives the working folder."""
    values, inherited = boot["config"]["values"], boot["python"].get("inherited")
    # As Gunicorn does: applications ask it whether they run below one.
    os.environ["SERVER_SOFTWARE"] = boot["python"]["software"]
    take_environment(inherited, values.get("raw_env") or ())
    return prepare_path(values, inherited)


def begin(boot: Message, role: str) -> Log:
    """Command line and log of a process that is told its boot message. Raises Failure 3."""
    values = boot["config"]["values"]
    sys.argv[:] = ["tsgunicorn", boot["python"]["spec"], *boot["appArguments"]]
    # Who asks whether a configuration is right is told on the terminal; no log file comes into
    # being by it.
    terminal = bool(
        boot.get("proof") and (values.get("check_config") or values.get("print_config"))
    )
    log = open_log(
        values, role=role, name=boot["processName"], owner=boot.get("privileges"), terminal=terminal
    )
    crash.watch(log.fd)
    return log


def _prove(boot: Message) -> int:
    """`check_config`: the application loads, as the user that it would run as."""
    from . import privileges

    cwd = prepare(boot)
    privileges.drop(boot.get("privileges"))
    load(boot["python"]["spec"], cwd)
    end_now(0)


def bind(path: str) -> socket.socket:
    """A unix socket of ours alone, bound and not listening yet. Raises Failure 3."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o077)
    try:
        unlink_if_present(path)
        sock.bind(path)
    except OSError as error:
        sock.close()
        raise Failure(3, f"the worker's socket {path!r} cannot be made: {error}") from error
    finally:
        os.umask(mask)
    return sock


def set_title(title: str) -> None:
    """The name in process lists: by setproctitle where the application's environment has it, else
    what top(1) shows.
    """
    try:
        set_name: Callable[[str], None] = import_module("setproctitle").setproctitle
    except ImportError:
        set_name = _set_comm
    set_name(title)


def _set_comm(title: str) -> None:
    try:
        with open("/proc/self/comm", "wb", buffering=0) as comm:
            comm.write(title.encode("utf-8", "replace")[:_COMM_BYTES])
    except OSError:
        # No /proc, or not ours to write: a name is not worth a failure.
        return
