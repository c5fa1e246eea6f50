"""The mold (`preload_app`): a process that has loaded the application once, and forks workers from
it.

It has one thread and one loop, as only the thread that forks lives on in the child; what the
application has in memory is shared copy-on-write. It serves nothing: a child becomes a worker by
the same steps as any other.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from importlib import import_module
from typing import Any, Dict, List, Optional, Tuple

from . import crash, ipc, privileges
from . import hooks as hooking
from .boot import Mold, await_boot, begin, end_early, failed, live, prepare, set_title
from .crash import Failure, describe, user_traceback
from .ending import end_forked
from .imports import Imports
from .ipc import Channel, Message
from .kept import fork, select, waitpid
from .loader import load
from .signals import Signals

_BLOCKED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT, signal.SIGUSR1)


def main() -> int:
    """Runs until it is retired and its last child is gone; in a child, until that worker ends.
    Gives the status.
    """
    channel = ipc.inherited()
    signals = Signals(end_early, extra=(signal.SIGCHLD,))
    channel.send({"type": "hello"})
    boot = await_boot(channel)
    if not boot:
        return 0
    try:
        keeper = Keeper(boot, channel, signals, _load(boot, channel))
    except Failure as failure:
        return failed(channel, failure)
    except Exception as error:
        return failed(
            channel,
            Failure(3, f"the mold could not boot: {describe(error)}", user_traceback(error)),
        )
    child = keeper.run()
    return keeper.become(child) if child else 0


def _load(boot: Message, channel: Channel) -> Mold:
    # What each worker needs is imported once, here, and while the standard library may be read.
    import_module(".life", __package__)
    log = begin(boot, "mold")
    set_title(f"tsgunicorn: mold [{boot['processName']}]")
    log.logger.info("Loading the application in a mold with pid: %d", os.getpid())
    cwd = prepare(boot)
    hooks = hooking.worker_hooks(boot["python"].get("conf"))
    # Before the application: what is imported is the same code, run by the same user, with
    # preload_app and without.
    privileges.drop(boot.get("privileges"))
    imports = Imports(channel.report if boot["config"]["values"].get("reload") else _nobody)
    pid = os.getpid()
    try:
        loaded = load(boot["python"]["spec"], cwd)
    except Failure as failure:
        imports.blame(failure)
        raise
    end_forked(pid, log.logger)
    imports.look()
    _warn_of_threads(log.logger.warning)
    # What is garbage goes, what is left is never looked at again: the collector would write to
    # shared pages.
    gc.collect()
    if sys.implementation.name == "cpython":
        # PyPy's collector has no such thing, and no need of it.
        gc.freeze()
    return Mold(log, hooks, loaded)


def _nobody(files: List[str], since: float) -> None:
    """Without `reload` nobody wants to know."""


def _warn_of_threads(warn: "hooking.Hook") -> None:
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others:
        names = ", ".join(repr(thread.name) for thread in others)
        warn(
            f"preload_app: the application started threads while it was loaded ({names}). They do "
            "not exist in workers: start them in the post_fork or post_worker_init "
            "hook, or leave preload_app off."
        )


class Keeper:
    """The loop of the mold. `phase`: serving (it forks), retiring (no more)."""

    def __init__(self, boot: Message, channel: Channel, signals: Signals, mold: Mold) -> None:
        self.phase = "serving"
        self._boot = boot
        self._channel = channel
        self._signals = signals
        self._mold = mold
        #: pid -> age
        self._children: Dict[int, int] = {}

    def run(self) -> Optional[Message]:
        """None when it is over; in a forked child, the boot message of the worker that it is."""
        self._signals.heard = _heard
        # An application that was imported may have taken them.
        self._signals.take()
        crash.watch(self._mold.log.fd)
        self._channel.send({"type": "ready", "shape": "wsgi", "program": self._mold.loaded.program})
        while self.phase == "serving" or self._children:
            watched: List[Any] = (
                [self._signals] if self._channel.gone else [self._signals, self._channel]
            )
            ready: List[Any] = (
                [self._channel] if self._channel.pending else select(watched, [], [])[0]
            )
            if self._signals in ready:
                self._noticed()
            if self._channel in ready:
                child = self._told()
                if child:
                    return child
        return None

    def become(self, boot: Message) -> int:
        """In the child: a worker from `post_fork` on. The mold's own signals and channel were let
        go by the fork.
        """
        signals = Signals(end_early)
        crash.watch(self._mold.log.fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
        bridge = boot["bridge"]
        try:
            channel = ipc.connect(
                os.path.join(bridge["folder"], "master.sock"), boot["age"], bridge["token"]
            )
        except OSError as error:
            self._mold.log.logger.error("the worker does not reach its master: %s", error)
            return 3
        return live(boot, channel, signals, self._mold)

    def _noticed(self) -> None:
        numbers = set(self._signals.numbers())
        if signal.SIGCHLD in numbers:
            self._reap()
        if signal.SIGUSR1 in numbers:
            self._mold.log.reopen()
        # The workers were told by whoever told us (a terminal tells all); their ends are still to
        # be reported.
        if numbers & {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT} and self.phase == "serving":
            self.phase = "retiring"
            self._channel.send({"type": "recycle", "reason": "signal"})

    def _told(self) -> Optional[Message]:
        messages = self._channel.receive()
        if messages is None:
            # Children notice the master's end themselves.
            self.phase = "retiring"
            return None
        for message in messages:
            kind = message.get("type")
            if kind == "fork":
                boot = self._fork(message["boot"])
                if boot:
                    return boot
            elif kind in ("retire", "drain"):
                self.phase = "retiring"
            elif kind == "reopen-logs":
                self._mold.log.reopen()
        return None

    def _fork(self, boot: Message) -> Optional[Message]:
        age = boot["age"]
        if self.phase != "serving":
            self._channel.send(
                {"type": "forked", "age": age, "pid": 0, "message": "the mold is retiring"}
            )
            return None
        # What the application printed and Python still holds would be printed by each child.
        self._mold.log.flush()
        # A signal to the child waits until the child has handlers of its own.
        signal.pthread_sigmask(signal.SIG_BLOCK, _BLOCKED)
        try:
            pid = fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
            self._channel.send(
                {"type": "forked", "age": age, "pid": 0, "message": f"fork failed: {error}"}
            )
            return None
        if pid == 0:
            self._channel.close()
            self._children.clear()
            return {**boot, "master": self._boot["master"]}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _BLOCKED)
        self._children[pid] = age
        self._channel.send({"type": "forked", "age": age, "pid": pid})
        return None

    def _reap(self) -> None:
        """Each by its pid: other children are the application's, which may wait for them itself."""
        for pid, age in list(self._children.items()):
            try:
                ended, status = waitpid(pid, os.WNOHANG)
                code, name = _outcome(status)
            except ChildProcessError:
                # The application waits for all children: nobody knows how this one ended.
                ended, code, name = pid, None, None
            if ended:
                del self._children[pid]
                self._channel.send({"type": "ended", "age": age, "code": code, "signal": name})


def _heard(number: int) -> None:
    """On the main thread; the loop hears the rest by the pipe."""
    if number == signal.SIGABRT:
        sys.stdout.flush()
        os._exit(1)


def _outcome(status: int) -> Tuple[Optional[int], Optional[str]]:
    """The exit status and the signal's name of a wait status; one of them is None."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code, None
    try:
        return None, signal.Signals(-code).name
    except ValueError:
        # Real-time signals have no names.
        return None, f"SIG{-code}"
