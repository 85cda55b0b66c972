"""Intel SVS ``Vamana``: raises the search window to k; slots that it cannot fill hold id 0 at distance 0."""

from __future__ import annotations

from typing import Any

from .._arrays import Float32, Int64
from ._engine import Engine, behind_the_last, without


class Svs(Engine):
    """A Vamana index of ``svs`` over row numbers. Its search parameters are set for the search and restored."""

    package = "scalable-vs"
    effort = "search_window_size"
    empty = "id 0 at distance 0"
    engine_class = "raise"

    def __init__(self, index: Any) -> None:
        self.index = index

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        before = self.index.search_parameters
        self.index.search_window_size = ef
        try:
            ids, distances = self.index.search(queries, k)
        finally:
            self.index.search_parameters = before
        return without(ids, behind_the_last(ids, distances))
