"""faiss ``IndexHNSW*``: searches at efSearch whatever k is, unless its queue is unbounded."""

from __future__ import annotations

from typing import Any

import faiss

from .._arrays import Float32, Int64
from ._engine import Engine, without


class Faiss(Engine):
    """A faiss HNSW index.

    With its default bounded queue it stops early; with ``index.hnsw.search_bounded_queue = False`` it raises the effort
    to k. The effort is passed with each search, the index's own ``efSearch`` is left alone.
    """

    package = "faiss-cpu"
    effort = "efSearch"
    empty = "id -1 at FLT_MAX"

    def __init__(self, index: Any) -> None:
        self.index = index
        self.bounded_queue = bool(index.hnsw.search_bounded_queue)
        self.engine_class = "stop-early" if self.bounded_queue else "raise"

    def version(self) -> str:
        return str(faiss.__version__)

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        parameters = faiss.SearchParametersHNSW(efSearch=ef)
        parameters.bounded_queue = self.bounded_queue
        _, ids = self.index.search(queries, k, params=parameters)
        return without(ids, ids < 0)
