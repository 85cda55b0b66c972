"""usearch ``Index``: raises expansion_search to k; slots beyond its ``counts`` hold key 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import Float32, Int64
from ._engine import Engine, without


class Usearch(Engine):
    """A usearch index whose keys are row numbers. Its ``expansion_search`` is set for the search and restored."""

    package = "usearch"
    effort = "expansion_search"
    empty = "key 0 at NaN, beyond counts"
    engine_class = "raise"

    def __init__(self, index: Any) -> None:
        self.index = index

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        before = self.index.expansion_search
        self.index.expansion_search = ef
        try:
            found = self.index.search(np.atleast_2d(queries), k)
        finally:
            self.index.expansion_search = before
        keys = np.asarray(found.keys)
        if keys.ndim == 1:  # one query: usearch gives as many slots as it filled
            return np.pad(keys.astype(np.int64), (0, k - len(keys)), constant_values=-1)[None]
        return without(keys, np.arange(k) >= np.asarray(found.counts)[:, None])
