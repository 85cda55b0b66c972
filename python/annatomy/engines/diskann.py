"""DiskANN ``StaticMemoryIndex``: raises the complexity to k; slots that it cannot fill are left as they were in memory."""

from __future__ import annotations

import warnings
from typing import Any

from .._arrays import Float32, Int64
from ._engine import Engine, behind_the_last, without


class DiskAnn(Engine):
    """An in-memory index of ``diskannpy`` without tags, so that ids are row numbers."""

    package = "diskannpy"
    effort = "complexity"
    empty = "what stood in memory"
    engine_class = "raise"

    def __init__(self, index: Any, threads: int = 1) -> None:
        self.index = index
        self.threads = threads

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        with warnings.catch_warnings():
            # It says where it raises the complexity to k.
            warnings.simplefilter("ignore", UserWarning)
            found = self.index.batch_search(queries, k, ef, self.threads)
        return without(found.identifiers, behind_the_last(found.identifiers, found.distances))
