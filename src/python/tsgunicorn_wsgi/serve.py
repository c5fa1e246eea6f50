"""A worker's server: it takes channels from fronts, and gives each to a thread that answers what
comes on it.

Knows the application as something to call, and processes, signals and settings not at all (boot.py
does). Two kinds of thread: the control thread accepts, answers control channels and looks for
overdue requests (doorway.py, overdue.py); a serving thread has one data channel at a time and does
nothing else.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from typing import Any, Callable, Optional, Tuple

from . import frames
from .channel import Channel, Item
from .control import Control
from .doorway import Doorway
from .ending import end_forked
from .environ import ErrorStream, Shape, base_environ
from .exchange import Site, run
from .frames import BrokenPeer
from .kept import Change, get_ident, monotonic, start_thread
from .overdue import Watch
from .pace import SAMPLE, Pace

# thread, method, uri, age in seconds, threading ident
InFlight = Tuple[int, str, str, float, int]


class Lane:
    """What a serving thread is seen by."""

    __slots__ = ("index", "done", "channel", "ident", "times")

    def __init__(self, index: int) -> None:
        self.index = index
        self.done = 0  # requests answered
        self.channel: Optional[Channel] = None
        self.ident = 0
        self.times: deque[float] = deque(maxlen=SAMPLE)  # seconds each took (pace.py)


class Server:
    """Serves one application on one listening unix socket, with as many threads as channels at a
    time.

    `listener` is bound and listening; `token` what fronts must show; `timeout` seconds a request
    may take, 0 for as long as it likes. `pre_request(worker, request)` and `post_request(worker,
    request, environ, response)` get `hook_worker`. `on_request(total)` is called by serving threads
    after each request, `on_overdue(alone)` and `on_drained()` by the control thread; `alone` says
    that no other thread serves.
    """

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        control: Control,
        listener: socket.socket,
        token: str,
        threads: int,
        multiprocess: bool,
        software: str,
        log: logging.Logger,
        timeout: float,
        pre_request: Optional[Callable[..., Any]] = None,
        post_request: Optional[Callable[..., Any]] = None,
        hook_worker: Any = None,
        on_request: Optional[Callable[[int], object]] = None,
        on_overdue: Optional[Callable[[bool], object]] = None,
        on_drained: Optional[Callable[[], object]] = None,
    ) -> None:
        self._site = Site(app, log, pre_request, post_request, hook_worker)
        self._base = base_environ(
            software=software,
            multithread=threads > 1,
            multiprocess=multiprocess,
            errors=ErrorStream(log),
        )
        self._control = control
        self._log = log
        self._on_request = on_request
        self._on_drained = on_drained
        self.lanes = [Lane(index) for index in range(threads)]
        self._change = Change()  # of the four below
        self._waiting: deque[tuple[socket.socket, int]] = deque()  # data channels for a free thread
        self._active: set[Channel] = set()  # with a front that is still to be answered
        self._phase = "serving"  # -> draining -> drained
        self._doorway = Doorway(control, listener, token, log, self._admit, self.give_back)
        self._pace = Pace()
        self._watch = Watch(self, self._doorway, log, timeout, on_overdue)
        if timeout > 0:
            control.every(min(timeout / 4, 1.0), self._watch.look)
        self._pid = os.getpid()
        os.register_at_fork(after_in_child=self._disown)

    # Asked from outside.

    def run(self) -> None:
        """Serve until drained: on the calling thread if there is but one, else on others."""
        if len(self.lanes) == 1:
            self._serve_lane(self.lanes[0])
            return
        for lane in self.lanes:
            start_thread(self._serve_lane, "wsgi-%d" % lane.index, lane)
        with self._change:
            # A thread that hangs in an overdue request is not waited for.
            self._change.wait_for(lambda: self._phase == "drained")

    def drain(self) -> None:
        """Take no more channels; `run` returns when all are closed. Signal handlers may call it."""
        self._control.call(self._begin_drain)

    def stop_watching(self) -> None:
        """The process ends: what takes too long from now on is nobody's news."""
        self._watch.stop()

    def requests(self) -> int:
        """How many requests were answered since the start."""
        return sum(lane.done for lane in self.lanes)

    def pace(self) -> Tuple[float, float, float]:
        """Requests a second, and the seconds that half, and 95 of 100, took lately. The control
        thread asks, about once a second.
        """
        return self._pace.look(monotonic(), self.requests(), [lane.times for lane in self.lanes])

    def begun(self) -> int:
        """The same, with those that run: what hooks are told."""
        return max(self.requests(), self._site.number)

    def inflight(self) -> list[InFlight]:
        """The requests that run now: thread, method, uri, age in seconds, threading ident."""
        now, found = monotonic(), []
        for lane in self.lanes:
            channel = lane.channel
            item = channel.running if channel is not None else None
            if channel is not None and item is not None:
                method, uri = item[3].split("\0", 2)[:2]
                found.append((lane.index, method, uri, now - channel.started, lane.ident))
        return found

    # The control thread.

    def give_back(self, thread: int, peer: int) -> list[int]:
        """Ids of what `thread` has not started for this front, and never will."""
        channel = self.lanes[thread].channel if thread < len(self.lanes) else None
        return channel.give_back() if channel is not None and channel.peer == peer else []

    def abandon(self, channel: Channel) -> None:
        """Count a channel whose thread hangs as ended: a drain must not wait for it."""
        self._leave(channel)

    def _admit(self, sock: socket.socket, peer: int) -> None:
        with self._change:
            if self._phase == "serving":
                self._waiting.append((sock, peer))
                self._change.notify_all()
                return
        sock.close()

    def _begin_drain(self) -> None:
        self._doorway.close()
        with self._change:
            if self._phase != "serving":
                return
            self._phase = "draining"
            while self._waiting:
                self._waiting.popleft()[0].close()  # No thread has said HELLO on it yet.
            self._change.notify_all()
            self._judge_drained()

    def _judge_drained(self) -> None:
        """Under `_change`."""
        if self._phase == "draining" and not self._active:
            self._phase = "drained"
            self._change.notify_all()
            if self._on_drained is not None:
                self._control.call(self._on_drained)

    # Serving threads.

    def _serve_lane(self, lane: Lane) -> None:
        lane.ident = get_ident()
        while True:
            channel = self._next_channel(lane)
            if channel is None:
                return
            lane.channel = channel
            try:
                self._serve(lane, channel)
            except BrokenPeer as error:
                channel.broken = str(error)
            except Exception:
                # Ours, or a hook's of boot.py: the thread must live to serve the next front.
                self._log.exception("the channel of a front was closed")
            finally:
                self._end(lane, channel)

    def _end(self, lane: Lane, channel: Channel) -> None:
        end_forked(self._pid, self._log)
        lane.channel = None
        try:
            channel.sock.close()
        except OSError as error:
            self._log.error("somebody closed the channel of a front: %s", error)
        self._leave(channel)
        if channel.broken:
            self._log.error("the channel of a front was closed: %s", channel.broken)

    def _disown(self) -> None:
        """A child that the application forked must not speak on channels, nor keep them open."""
        for lane in self.lanes:
            if lane.channel is not None:
                lane.channel.disown()
        for sock, _ in self._waiting:
            sock.close()
        self._doorway.disown()

    def _next_channel(self, lane: Lane) -> Optional[Channel]:
        with self._change:
            self._change.wait_for(lambda: self._waiting or self._phase != "serving")
            if self._phase != "serving":
                return None
            sock, peer = self._waiting.popleft()
            channel = Channel(sock, lane.index, self._make_shape, peer)
            self._active.add(channel)
            return channel

    def _make_shape(self, text: str) -> Shape:
        return Shape(self._base, text)

    def _leave(self, channel: Channel) -> None:
        with self._change:
            self._active.discard(channel)
            self._judge_drained()

    def _serve(self, lane: Lane, channel: Channel) -> None:
        """Answer all that comes on a channel until it ends. Raises BrokenPeer."""
        channel.out.append(frames.greeting(lane.index, os.getpid()))
        channel.flush()
        site, on_request, take = self._site, self._on_request, channel.pending.popleft
        note = lane.times.append
        while channel.wait_request():
            now = channel.batch = monotonic()
            while True:
                try:
                    item = take()
                except IndexError:
                    break  # All is answered, or was given back.
                channel.started = now
                channel.slack = 0.0
                channel.running = item
                if channel.doomed and channel.is_doomed():
                    return
                if channel.aborted and item[2] in channel.aborted:
                    self._skip(channel, item)
                else:
                    began = now
                    now = run(site, channel, item)
                    note(now - began)
                    lane.done += 1
                    if on_request is not None:
                        on_request(self.requests())
                if channel.gone:
                    return
            channel.running = None

    def _skip(self, channel: Channel, item: Item) -> None:
        """Its client left before it was started; the front still counts on an answer."""
        self._log.debug("the client of %s %s left", *item[3].split("\0", 2)[:2])
        channel.bodies.pop(item[2], None)
        channel.out.append(frames.frame(frames.ERROR, item[2], short=500))
        channel.settle(monotonic())
