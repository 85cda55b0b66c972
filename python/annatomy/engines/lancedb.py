"""LanceDB tables with an ``IVF_HNSW_*`` index: an ef below k is an error, and beyond what is there rows end."""

from __future__ import annotations

from typing import Any

from .._arrays import Float32, Int64
from ._engine import Engine, padded


class LanceDb(Engine):
    """A LanceDB table whose column ``key`` holds row numbers; ``nprobes`` partitions are searched.

    Left to itself (no ef) LanceDB chooses an ef above k, and answers.
    """

    package = "lancedb"
    effort = "ef"
    empty = "the rows end"
    engine_class = "refuse"

    def __init__(self, table: Any, column: str = "vector", key: str = "id", nprobes: int = 1) -> None:
        self.table = table
        self.column = column
        self.key = key
        self.nprobes = nprobes

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        return padded([self._ask(query, k, ef) for query in queries], k)

    def _ask(self, query: Float32, k: int, ef: int) -> list[int]:
        asked = self.table.search(query, vector_column_name=self.column).limit(k).ef(ef).nprobes(self.nprobes)
        found: list[int] = asked.select([self.key, "_distance"]).to_arrow()[self.key].to_pylist()
        return found
