"""Milvus Lite: an HNSW of FAISS beneath, which searches at ef whatever the limit is (a Milvus server refuses limit > ef)."""

from __future__ import annotations

from typing import Any

from .._arrays import Float32, Int64
from ._engine import Engine, padded

#: Queries in one request.
_BATCH = 500


class MilvusLite(Engine):
    """A loaded collection of a ``MilvusClient`` over a local file; its primary key holds row numbers.

    A collection that was just filled is searched exactly until its index is built.
    """

    package = "milvus-lite"
    effort = "ef"
    empty = "the rows end"
    engine_class = "stop-early"

    def __init__(self, client: Any, collection: str, field: str = "vector", key: str = "id") -> None:
        self.client = client
        self.collection = collection
        self.field = field
        self.key = key

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        batches = (queries[first : first + _BATCH] for first in range(0, len(queries), _BATCH))
        return padded([row for batch in batches for row in self._ask(batch, k, ef)], k)

    def _ask(self, queries: Float32, k: int, ef: int) -> list[list[int]]:
        answers = self.client.search(
            self.collection,
            data=queries.tolist(),
            anns_field=self.field,
            limit=k,
            search_params={"params": {"ef": ef}},
        )
        return [[int(hit[self.key]) for hit in hits] for hits in answers]
