"""NGT ``Index``: the search is for k rows, widened by epsilon; it has no ef."""

from __future__ import annotations

from typing import Any

from .._arrays import Float32, Int64
from ._engine import Engine, padded


class Ngt(Engine):
    """An index of ``ngtpy``; ``epsilon`` (its only effort) is fixed here."""

    package = "ngt"
    effort = "none"
    empty = "the rows end"
    engine_class = "beam-is-k"

    def __init__(self, index: Any, epsilon: float = 0.1) -> None:
        self.index = index
        self.epsilon = epsilon

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        rows = [self.index.search(query, k, epsilon=self.epsilon, with_distance=False) for query in queries]
        return padded([row.tolist() for row in rows], k)
