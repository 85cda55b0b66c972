"""pgvector over PostgreSQL's wire protocol (psycopg): at most hnsw.ef_search rows, unless it may scan iteratively."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from .._arrays import Float32, Int64
from ._engine import Engine, padded


class PgVector(Engine):
    """A table with an hnsw index on ``column``; ``key`` holds row numbers; ``operator`` is the index's (``<->`` for L2).

    With ``hnsw.iterative_scan`` off (pgvector's default) LIMIT k returns at most ef_search rows; with strict_order or
    relaxed_order it searches on until it has k. Settings hold within one transaction; the session's stay.
    """

    package = "pgvector"
    effort = "hnsw.ef_search"
    empty = "the rows end"

    def __init__(
        self,
        connection: Any,
        table: str,
        column: str = "vector",
        key: str = "id",
        operator: str = "<->",
        iterative_scan: str = "off",
    ) -> None:
        self.connection = connection
        self.iterative_scan = iterative_scan
        self.engine_class = "row-cap" if iterative_scan == "off" else "iterate"
        self.statement = sql.SQL("SELECT {key} FROM {table} ORDER BY {column} {operator} %s::vector LIMIT %s").format(
            key=sql.Identifier(key),
            table=sql.Identifier(table),
            column=sql.Identifier(column),
            operator=sql.SQL(operator),
        )

    def version(self) -> str:
        found = self.connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
        return str(found[0])

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        with self.connection.transaction():
            for name, value in self._settings(ef):
                self.connection.execute("SELECT set_config(%s, %s, true)", (name, value))
            return padded([self._ask(query, k) for query in queries], k)

    def _settings(self, ef: int) -> list[tuple[str, str]]:
        return [
            ("hnsw.ef_search", str(ef)),
            ("hnsw.iterative_scan", self.iterative_scan),
            # Small tables would be read sequentially and sorted.
            ("enable_seqscan", "off"),
        ]

    def _ask(self, query: Float32, k: int) -> list[int]:
        return [int(row[0]) for row in self.connection.execute(self.statement, (as_text(query), k))]


def as_text(vector: Float32) -> str:
    """A vector as pgvector reads it."""
    return f"[{','.join(map(repr, vector.tolist()))}]"
