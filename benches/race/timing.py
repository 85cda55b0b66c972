"""Contestants in turn: what a noisy machine does to one round it does to all of them."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Timing:
    """Seconds of one contestant, round by round."""

    seconds: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.3g} s ({min(self.seconds):.3g}–{max(self.seconds):.3g}, n = {len(self.seconds)})"


# Threads of OpenBLAS and OpenMP wait busily after a call, and would slow whoever comes next: .30 s after an sgemm, .25 s
# after a pause.
PAUSE_SECONDS = 0.3


def in_turn(contestants: dict[str, Callable[[], object]], rounds: int) -> tuple[dict[str, Timing], dict[str, object]]:
    """Runs every contestant once a round, each round beginning with another, after a pause; the timings and the last results."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    results: dict[str, object] = {}
    names = list(contestants)
    for first in range(rounds):
        for place in range(len(names)):
            name = names[(first + place) % len(names)]
            time.sleep(PAUSE_SECONDS)
            start = time.perf_counter()
            results[name] = contestants[name]()
            seconds[name].append(time.perf_counter() - start)
    return {name: Timing(values) for name, values in seconds.items()}, results


def ratio(ours: Timing, theirs: Timing) -> float:
    """The median over rounds of our time by theirs, taken round by round."""
    return statistics.median(a / b for a, b in zip(ours.seconds, theirs.seconds))
