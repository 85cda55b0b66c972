"""Qdrant's engine in process (qdrant-edge-py): raises hnsw_ef to k; beyond what is there rows end."""

from __future__ import annotations

from typing import Any

from qdrant_edge import Query, QueryRequest, SearchParams

from .._arrays import Float32, Int64
from ._engine import Engine, padded


class QdrantEdge(Engine):
    """An ``EdgeShard`` whose point ids are row numbers, asked of its named vector ``using``, in indexed segments alone."""

    package = "qdrant-edge-py"
    effort = "hnsw_ef"
    empty = "the rows end"
    engine_class = "raise"

    def __init__(self, shard: Any, using: str = "") -> None:
        self.shard = shard
        self.using = using

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        return padded([self._ask(query, k, ef) for query in queries], k)

    def _ask(self, query: Float32, k: int, ef: int) -> list[int]:
        nearest = Query.Nearest(query.tolist(), using=self.using)
        parameters = SearchParams(hnsw_ef=ef, indexed_only=True)
        return [int(point.id) for point in self.shard.query(QueryRequest(limit=k, query=nearest, params=parameters))]
