"""Requests that take longer than `timeout`: found, logged with their stack, given up.

Runs on the control thread. Nothing can stop a thread of Python: its channel is dead from then on,
the front answers 504, and what becomes of the worker is its owner's to say.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Callable, Optional

from . import frames
from .crash import stack_of
from .doorway import Doorway
from .kept import monotonic

if TYPE_CHECKING:
    from .channel import Channel, Item
    from .serve import Lane, Server


class Watch:
    """Looks at what runs. Waiting counts as running, but for a client: one that does not read, or
    does not send the body that the application reads.
    """

    def __init__(
        self,
        server: Server,
        doorway: Doorway,
        log: logging.Logger,
        timeout: float,
        on_overdue: Optional[Callable[[bool], object]],
    ) -> None:
        self._server = server
        self._doorway = doorway
        self._log = log
        self._timeout = timeout
        self._on_overdue = on_overdue
        self._looked = monotonic()

    def stop(self) -> None:
        """Nothing is overdue any more: the process is being ended, perhaps for just that."""
        self._timeout = float("inf")

    def look(self) -> None:
        """Give up each request that is older than `timeout`, once."""
        now = monotonic()
        held_up, self._looked = now - self._looked > self._timeout / 2, now
        if held_up:
            # By native code that kept Python's lock: the master has seen that, too, and what it
            # does about it is on its way. If not, there is a next look.
            return
        for lane in self._server.lanes:
            channel = lane.channel
            item = channel.running if channel is not None else None
            if channel is None or item is None or channel.doomed:
                continue
            age = channel.age(now)
            if age > self._timeout and channel.doom(item):
                self._give_up(lane, channel, item, age)

    def _give_up(self, lane: Lane, channel: Channel, item: Item, age: float) -> None:
        method, uri = item[3].split("\0", 2)[:2]
        self._log.critical(
            "WORKER TIMEOUT (pid:%d): %s %s runs for %.1f s in thread %d\n%s",
            os.getpid(), method, uri, age, lane.index, stack_of(lane.ident),
        )  # fmt: skip
        idents = channel.give_back()
        self._doorway.tell(channel.peer, frames.returned(lane.index, idents))
        self._doorway.tell(channel.peer, frames.frame(frames.TIMEOUT, item[2], short=lane.index))
        self._server.abandon(channel)
        if self._on_overdue is not None:
            self._on_overdue(len(self._server.lanes) == 1)
