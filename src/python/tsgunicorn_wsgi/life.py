"""A worker's life after its log is open: booting, ready, retiring, gone. One object owns the
channel, the board's slot, the hooks and the server; commands come as signals and as messages, and
the first that ends the worker does.

Threads: hooks of the boot and of the end run on the main thread; messages, beats and TERM are heard
on the control thread, so that a worker drains also while its main thread is in C code. It knows no
frame and no environ.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
from typing import Any, Callable, Dict, List, Mapping, Optional

from . import crash
from .aborted import Aborted
from .asked import Asked
from .board import Slot, resident
from .control import Control
from .ending import CLEAN_UP, end_forked, end_now, end_within, leave_bridge
from .facade import HookLog, facades_of
from .hooks import Hook, adapt_post_request, may
from .imports import Imports
from .ipc import Channel, Message
from .kept import Stolen, sleep, start_hidden
from .log import Log
from .serve import Server
from .signals import Signals, status_of

#: Seconds for hooks when the worker is told to end at once.
QUICK = 1.0
#: A worker without a master finishes what it can in this time.
ORPHAN = 1.5
_USUAL_INTERVAL = 1.0


class Life:
    """`phase`: booting, ready, retiring or gone; it never goes back."""

    def __init__(
        self, boot: Message, channel: Channel, signals: Signals, log: Log, hooks: Mapping[str, Hook]
    ) -> None:
        self.phase = "booting"
        self.boot = boot
        self.channel = channel
        self.hooks = hooks
        self.control = Control(log.logger, self._robbed)
        self._log = log
        self._signals = signals
        self._pid = os.getpid()
        self._aborted = Aborted(log.logger, self._hidden)
        self._slot = Slot(boot["board"], boot["slot"])
        self._listener: Optional[socket.socket] = None
        self._server: Optional[Server] = None
        self._recycling = False
        self._imports = Imports(channel.report) if boot["config"]["values"].get("reload") else None
        self._values: Dict[str, Any] = boot["config"]["values"]
        self._told: Dict[str, Callable[[Message], object]] = {
            "drain": lambda _: self.drain(),
            "reopen-logs": lambda _: log.reopen(),
            "ask": Asked(channel.send, self._hidden).heard,
        }
        self.worker, self.server = facades_of(
            boot, hooks, HookLog(log.logger.log), self._begun, self._dying
        )
        signals.heard = self.signalled
        os.register_at_fork(after_in_child=self._forked)

    def _dying(self) -> None:
        """A hook has set `worker.alive` to False, or the phase has changed: then it is no news."""
        self.control.call(lambda: self._recycle("hook", "worker.alive was set to False"))

    def _hidden(self) -> List[Optional[int]]:
        return [self.control.ident]

    def _begun(self) -> int:
        return self._server.begun() if self._server else 0

    def requests(self) -> int:
        """Finished since the start."""
        return self._server.requests() if self._server else 0

    def listen_to_master(self) -> None:
        """From now on messages, signals and beats are served by the control thread, whatever the
        main thread does.
        """
        control, timeout = self.control, float(self._values.get("timeout") or 0)
        control.register(self.channel, self._heard)
        control.register(self._signals, self._noticed)
        control.every(min(timeout / 2, _USUAL_INTERVAL) if timeout else _USUAL_INTERVAL, self._beat)
        control.call(self._beat)
        if self.channel.pending:
            control.call(self._heard)
        control.start()

    def serve(self, app: Any, listener: socket.socket, program: str) -> int:
        """Says `ready`, serves until it is drained, runs `worker_exit`; gives the exit status."""
        self._listener = listener
        self._server = server = self._make_server(app, listener)
        self.phase = "ready"
        self.worker.booted = True
        self.channel.send({"type": "ready", "shape": "wsgi", "program": program})
        self._beat()
        failed: Optional[BaseException] = None
        try:
            server.run()
        except BaseException as error:
            failed = error
        self.end_forked()
        return self._served(failed)

    def end_forked(self) -> None:
        """A child that the application forked, and that came back to us, is no worker."""
        end_forked(self._pid, self._log.logger)

    def _served(self, failed: Optional[BaseException]) -> int:
        if failed:
            self._log.logger.error("the worker stopped serving", exc_info=failed)
        elif self.phase == "ready":
            self._log.logger.error("the worker stopped serving and was not told to")
        status = 0 if self.phase == "retiring" and not failed else 1
        self.phase = "gone"
        self._exit_hook()
        self.leave()
        end_now(status)

    def _make_server(self, app: Any, listener: socket.socket) -> Server:
        python, hooks, post = self.boot["python"], self.hooks, self.hooks.get("post_request")
        pre = hooks.get("pre_request")
        return Server(
            app,
            control=self.control,
            listener=listener,
            token=self.boot["bridge"]["token"],
            threads=python["threads"],
            multiprocess=python["multiprocess"],
            software=python["software"],
            log=self._log.logger,
            timeout=float(self._values.get("timeout") or 0),
            # Gunicorn's own pre_request tells each request to the debug log.
            pre_request=pre or (_tell if self._values.get("loglevel") == "debug" else None),
            post_request=adapt_post_request(post) if post else None,
            hook_worker=self.worker,
            on_request=self._counted if self.boot.get("maxRequests") else None,
            on_overdue=self._overdue,
            on_drained=self._drained,
        )

    # The control thread.

    def _heard(self) -> None:
        messages = self.channel.receive()
        if messages is None:
            self.control.unregister(self.channel)
            self.orphaned()
            return
        for message in messages:
            act = self._told.get(str(message.get("type")))
            if act:
                act(message)

    def _noticed(self) -> None:
        for number in set(self._signals.numbers()):
            if number == signal.SIGTERM:
                self._asked()
            elif number == signal.SIGUSR1:
                self._log.reopen()
            elif number in (signal.SIGINT, signal.SIGQUIT, signal.SIGABRT):
                self._noticed_end(number)

    def _noticed_end(self, number: int) -> None:
        """The hooks run on the main thread, if it comes out of C code; of ABRT's the master judges
        how long.
        """
        if number == signal.SIGABRT:
            self._aborted.tell()
        elif self.phase == "booting":
            self.cut(status_of(number))
        else:
            end_within(QUICK, 0, self.leave)
        abort = self._aborted
        self._signals.rouse(number, lambda: self.phase == "gone" or abort.heard, self._unheard)

    def _unheard(self, number: int) -> None:
        """Native code keeps the main thread."""
        if number == signal.SIGABRT:
            self._aborted.tell_main()
            if self.phase == "booting":
                self.cut(1)

    def _beat(self) -> None:
        rss = resident()
        try:
            self._slot.beat(
                self.requests(), rss, "retiring" if self.phase == "gone" else self.phase
            )
            if self._server:
                self._slot.pace(*self._server.pace())
        except OSError as error:
            self._log.logger.error("the heartbeat could not be written: %s", error)
        if self._imports:
            self._imports.look()
        limit = self._values.get("max_worker_memory") or 0
        if 0 < limit < rss:
            self._recycle("max_worker_memory", f"{rss} bytes")

    def _asked(self) -> None:
        """TERM: the master is asked for a successor, and says when to drain. Whoever signals all
        processes of a server (systemd, timeout(1)) has signalled the master and the fronts, too,
        and the fronts still bring what they have.
        """
        if self.phase == "booting":
            self.cut(status_of(signal.SIGTERM))
        # A signal may be heard twice (signals.py); the master is asked once, and forgets nothing.
        if self.phase == "ready" and not self._recycling:
            self._recycling = True
            self.channel.send({"type": "recycle", "reason": "signal"})

    def drain(self) -> None:
        """The master's word: finish the requests in hand; `serve` then gives 0."""
        if self.phase == "booting":
            self.cut(0)
        if self.phase != "ready" or not self._server:
            return
        self.phase = "retiring"
        self.worker.alive = False
        self._say_exit()
        self._beat()
        self._server.drain()

    def orphaned(self) -> None:
        """The master is dead: nobody would replace this worker, and nobody is to find it left."""
        if self.phase == "booting":
            self.cut(0)
        self._log.logger.info("Parent changed, shutting down: worker")
        end_within(ORPHAN, 0, self.leave)
        self.drain()

    def _recycle(self, reason: str, why: str) -> None:
        """Asks to be replaced, once; it serves on until its successor is ready."""
        if self._recycling or self.phase != "ready":
            return
        self._recycling = True
        words = "Autorestarting worker after current request. (%s: %s)"
        self._log.logger.info(words, reason, why, extra={"reason": reason})
        self.channel.send({"type": "recycle", "reason": reason})

    def _robbed(self, what: Stolen) -> None:
        """Nothing of it can be had back, and what is written there may be in a file of the
        application's.
        """
        words = "The application closed %s. Worker exiting (pid: %d)"
        self._log.logger.critical(words, what, self._pid)
        self.cut(1)

    def _overdue(self, alone: bool) -> None:
        if alone:
            crash.abort_quietly()
        self.channel.send({"type": "overdue", "alone": alone})

    def blame(self, error: BaseException) -> None:
        """The boot failed: with `reload`, a change where it failed starts another."""
        if self._imports:
            self._imports.blame(error)

    def _drained(self) -> None:
        """`serve` goes on where the main thread is free; one that hangs in a request is not waited
        for.
        """

        def look() -> None:
            sleep(CLEAN_UP)
            if self.phase == "retiring":
                self._exit_hook()
                self.cut(0)

        start_hidden(look)

    # A thread of the server.

    def _counted(self, total: int) -> None:
        if total >= self.boot["maxRequests"] and not self._recycling:
            self.control.call(lambda: self._recycle("max_requests", f"{total} requests"))

    # The main thread.

    def signalled(self, number: int) -> None:
        """A signal's handler; what TERM and USR1 mean is done by the control thread."""
        if self.phase == "booting" and number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self.cut(status_of(number))
        elif number in (signal.SIGINT, signal.SIGQUIT):
            self._quit("worker_int", 0)
        elif number == signal.SIGABRT and not self._aborted.heard:
            self._aborted.heard = True
            self._aborted.tell()
            self._quit("worker_abort", 1)

    def _quit(self, hook: str, status: int) -> None:
        """The end at once, from within whatever the main thread was doing: it does not go back
        there.
        """
        if self.phase == "booting":
            self.cut(status)
        if self.phase == "gone":
            return
        exiting = self.phase == "ready"
        self.phase = "gone"
        if self._server:
            self._server.stop_watching()
        self.worker.alive = False
        self.worker.aborted = bool(status)
        if exiting:
            self._say_exit()
        may(hook, self.hooks, self.worker.log, self.worker)
        self._exit_hook()
        atexit._run_exitfuncs()
        self._log.flush()
        self.cut(status)

    def _say_exit(self) -> None:
        self._log.logger.info("Worker exiting (pid: %d)", self._pid)

    def _exit_hook(self) -> None:
        may("worker_exit", self.hooks, self.worker.log, self.server, self.worker)

    def cut(self, status: int) -> None:
        """The process ends here and now."""
        self.leave()
        os._exit(status)

    def leave(self) -> None:
        """Not for a child that the application forked."""
        if os.getpid() == self._pid:
            leave_bridge(self.boot, self.channel.gone)

    def _forked(self) -> None:
        """In a child that the application forked: nothing of the worker's is its business."""
        self.phase = "gone"
        self.channel.close()
        self._slot.close()
        if self._listener:
            self._listener.close()


def _tell(worker: Any, req: Any) -> None:
    worker.log.debug("%s %s", req.method, req.path)
