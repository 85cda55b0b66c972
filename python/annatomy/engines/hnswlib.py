"""hnswlib ``Index``: raises ef to k, and refuses where it cannot fill every slot."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import Float32, Int64
from ._engine import Engine


class Hnswlib(Engine):
    """An hnswlib index. Its ``ef`` is set for the search and restored."""

    package = "hnswlib"
    effort = "ef"
    empty = "none: raises RuntimeError"
    engine_class = "raise"

    def __init__(self, index: Any) -> None:
        self.index = index

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        before = self.index.ef
        self.index.set_ef(ef)
        try:
            ids, _ = self.index.knn_query(queries, k)
        finally:
            self.index.set_ef(before)
        return np.asarray(ids).astype(np.int64)
