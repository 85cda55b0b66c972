"""ScaNN: scans the nearest leaves of its tree, whatever k is; slots that it cannot fill hold id 0 at NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import Float32, Int64
from ._engine import Engine, without


class Scann(Engine):
    """A searcher of ``scann_ops_pybind`` with a tree; the effort is the number of its leaves that are scanned."""

    package = "scann"
    effort = "leaves_to_search"
    empty = "id 0 at NaN"
    engine_class = "stop-early"

    def __init__(self, searcher: Any, leaves: int) -> None:
        self.searcher = searcher
        self.leaves = leaves

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        leaves = min(ef, self.leaves)
        ids, distances = self.searcher.search_batched(queries, final_num_neighbors=k, leaves_to_search=leaves)
        return without(ids, np.isnan(distances))
