"""How quick the requests of this worker were lately: the rate of the last ten seconds, the median
and the 95th percentile of the last minute.

Serving threads leave the time of each request in a deque, which costs them less than 0.1 us; the
control thread sorts them out about once a second. Of more requests than a deque holds, the last
count: a sample. (src/metrics/trend.ts does the same from buckets.)
"""

from __future__ import annotations

from collections import deque
from typing import Deque, Iterable, List, Tuple

#: Times that a serving thread leaves between two looks at most, and those that a look keeps: a
#: minute of them is sorted each second.
SAMPLE = 512
_KEPT = 64
_RATE_SPAN = 10.0
_SPAN = 60.0

# When it was looked, requests finished by then, some of the times they took, in seconds.
_Look = Tuple[float, int, List[float]]


class Pace:
    """Asked by one thread alone. Times are monotonic seconds."""

    __slots__ = ("_looks",)

    def __init__(self) -> None:
        self._looks: Deque[_Look] = deque()

    def look(
        self, now: float, finished: int, times: Iterable[Deque[float]]
    ) -> Tuple[float, float, float]:
        """Rate, median, 95th percentile. `times` are emptied."""
        looks = self._looks
        looks.append((now, finished, _taken(times)))
        # The one that spans the minute stays.
        while len(looks) > 1 and looks[1][0] <= now - _SPAN:
            looks.popleft()
        since = next((one for one in reversed(looks) if one[0] <= now - _RATE_SPAN), looks[0])
        elapsed = now - since[0]
        rate = (finished - since[1]) / elapsed if elapsed > 0 else 0.0
        recent = sorted(time for one in looks if one[0] > now - _SPAN for time in one[2])
        return rate, _share(recent, 0.5), _share(recent, 0.95)


def _taken(times: Iterable[Deque[float]]) -> List[float]:
    taken: List[float] = []
    for one in times:
        try:
            while True:
                taken.append(one.popleft())
        except IndexError:
            continue
    return taken[:: -(-len(taken) // _KEPT)] if len(taken) > _KEPT else taken


def _share(ordered: List[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
