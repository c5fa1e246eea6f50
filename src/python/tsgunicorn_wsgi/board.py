"""The board: one file that all processes of an instance share, a slot for each worker
(src/system/board.ts).

A worker writes its own slot by one pwrite(2): nothing is sent, nothing waits for the master.
"""

from __future__ import annotations

import os
import struct
from typing import Union

from .kept import Stolen, identity, monotonic

#: Where slots begin, and the bytes of each. A worker writes the beat that a slot begins with, and
#: behind it the numbers that it knows (src/metrics/slot.ts), of which there are 56.
_HEAD, _PLACE = 4096, 512
#: rate, p50, p95: the first of a slot's gauges, behind 40 counters.
_PACE, _PACE_AT = struct.Struct("=ddd"), 64 + 40 * 8
#: beat f64 | requests f64 | rss f64 | connections u32 | pid u32 | phase u32 | 20 unused | beat f64;
#: little-endian.
_SLOT = struct.Struct("<dddIII20xd")
_PHASES = {"empty": 0, "booting": 1, "ready": 2, "retiring": 3}
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Slot:
    """A worker's place. `board`: the descriptor, or a path to open it by (OSError)."""

    __slots__ = ("_at", "_fd", "_file")

    def __init__(self, board: Union[int, str], index: int) -> None:
        self._fd = os.open(board, os.O_RDWR) if isinstance(board, str) else board
        self._file = identity(self._fd)
        self._at = _HEAD + index * _PLACE
        os.set_inheritable(self._fd, False)

    def beat(self, requests: int, rss: int, phase: str) -> None:
        """Says that this process lives. Phases: empty, booting, ready, retiring. Raises Stolen,
        and what write(2) raises.
        """
        if identity(self._fd) != self._file:
            raise Stolen("the descriptor of the heartbeat")
        # CLOCK_MONOTONIC in milliseconds, the clock of Node's process.hrtime.
        now = monotonic() * 1000.0
        os.pwrite(
            self._fd, _SLOT.pack(now, requests, rss, 0, os.getpid(), _PHASES[phase], now), self._at
        )

    def pace(self, rate: float, median: float, most: float) -> None:
        """Requests a second, and the seconds that half, and 95 of 100, took at most. Raises as
        `beat`, which is called before it.
        """
        os.pwrite(self._fd, _PACE.pack(rate, median, most), self._at + _PACE_AT)

    def close(self) -> None:
        """For children that the application forks: they are not this worker. Twice is harmless."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def resident() -> int:
    """Bytes of memory that this process has in use (RSS); its peak where there is no /proc, or no
    descriptor left to read it by.
    """
    try:
        with open("/proc/self/statm", "rb", buffering=0) as statm:
            return int(statm.read(128).split()[1]) * _PAGE
    except OSError:
        import resource
        import sys

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
