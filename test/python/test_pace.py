"""How quick requests were lately."""

from __future__ import annotations

import unittest
from collections import deque
from typing import Deque, List

import front  # noqa: F401  puts src/python on the path
from tsgunicorn_wsgi.pace import SAMPLE, Pace


def times(*values: float) -> List[Deque[float]]:
    return [deque(values, maxlen=SAMPLE)]


class PaceTest(unittest.TestCase):
    def test_nothing_is_known_at_first(self) -> None:
        self.assertEqual(Pace().look(5.0, 0, times()), (0.0, 0.0, 0.0))

    def test_the_rate_is_of_ten_seconds_and_quantiles_are_of_a_minute(self) -> None:
        pace, finished = Pace(), 0
        for second in range(100):
            pace.look(float(second), finished, times(*[0.001] * 50))
            finished += 50
        rate, median, most = pace.look(100.0, finished, times(*[0.001] * 50))
        self.assertAlmostEqual(rate, 50)
        self.assertEqual((median, most), (0.001, 0.001))
        for second in range(101, 170):
            finished += 10
            rate, median, most = pace.look(float(second), finished, times(*[0.2] * 10))
        self.assertAlmostEqual(rate, 10)
        self.assertEqual((median, most), (0.2, 0.2))

    def test_the_95th_percentile_is_not_the_median(self) -> None:
        _, median, most = Pace().look(1.0, 20, times(*([0.01] * 18 + [1.0] * 2)))
        self.assertEqual((median, most), (0.01, 1.0))

    def test_of_many_a_sample_counts_and_all_are_taken(self) -> None:
        left = [deque([0.5] * SAMPLE, maxlen=SAMPLE) for _ in range(8)]
        self.assertEqual(Pace().look(1.0, 9999, left)[1:], (0.5, 0.5))
        self.assertEqual([len(one) for one in left], [0] * 8)


if __name__ == "__main__":
    unittest.main()
