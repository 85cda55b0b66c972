"""The base of an audit where it lies in parts: what its tasks find there, and the rows that the audit asks for.

Enters: a base as a path, URLs, or a list of either or of arrays, and an executor. Leaves, to the core: what one pass over each shard
found; rows by number; the exact neighbors of the queries that are measured. Cost here: 16 bytes for each row of the base once, and
the rows that answers and exact lists name; a task holds a block of its shard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Optional

import numpy as np

from . import _core
from ._arrays import Float32, Int64
from ._distributed import AtOnce, Executor, exact_knn_by
from ._gather import in_tasks, rows_at
from ._partial import Path
from ._shards import Base, Request, Shard, check_unchanged, fetched, is_remote, shards_of

#: Rows, columns, largest value, unit length?, digests as they are and scaled.
Facts = tuple[int, int, float, bool, bytes, bytes]


@dataclass(frozen=True)
class Search:
    """Exact neighbors by tasks, as the core asks for them."""

    base: Base
    executor: Executor
    threads: int
    rows_per_task: Optional[int]
    partials: Optional[Path]

    def __call__(self, queries: Float32, k: int, metric: str, scaled: bool) -> Int64:
        """Ids of the ``k`` nearest of every query."""
        shards = shards_of(self.base, k, self.rows_per_task)
        request = Request(k, metric, self.threads, scaled)
        return exact_knn_by(self.executor, shards, queries, request, self.partials, _core.tick)[0]


class Elsewhere:
    """Rows that no one process holds."""

    def __init__(self, base: Base, metric: str, executor: Optional[Executor]) -> None:
        self.executor = executor or AtOnce()
        self.shards = shards_of(base, 1, None)
        found = in_tasks(self.executor, facts_of, [(shard, (shard, metric)) for shard in self.shards])
        self.facts: list[Facts] = [facts for of_shard in found for facts in of_shard]
        lengths = [sum(facts[0] for facts in of_shard) for of_shard in found]
        self.starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self._check_columns(found)

    def _check_columns(self, found: list[list[Facts]]) -> None:
        expected = found[0][0][1]
        for shard, of_shard in zip(self.shards, found):
            for _, columns, *_ in of_shard:
                if columns != expected:
                    raise ValueError(
                        f"{shard.name} has {columns} columns, and {self.shards[0].name} has {expected}"
                    )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.starts[-1]), self.facts[0][1]

    def fetch(self, numbers: Int64) -> Float32:
        """Rows of these numbers, ascending."""
        wanted = []
        for shard, start, end in zip(self.shards, self.starts, self.starts[1:]):
            inside = numbers[(numbers >= start) & (numbers < end)] - start
            if len(inside):
                wanted.append((shard, (shard, inside)))
        parts = in_tasks(self.executor, rows_at, wanted)
        check_unchanged(*self.shards)
        return np.ascontiguousarray(np.concatenate(parts), dtype=np.float32)


def facts_of(shard: Shard, metric: str) -> list[Facts]:
    """What a task does: one pass over a shard, a block in memory at a time."""
    return [_core.shard_facts(block, metric) for block in blocks(shard)]


def blocks(shard: Shard) -> Iterator[Float32]:
    """Rows of a shard, some at a time."""
    if not isinstance(shard.source, str):
        yield np.require(shard.source, dtype=np.float32, requirements=["C", "A"])
    elif is_remote(shard.source):
        with fetched(shard.source) as local:
            yield from shard.blocks(local)
    else:
        yield from shard.blocks(shard.source)


def whole(base: Any) -> Float32:
    """All rows of a base in parts, read here."""
    shards = shards_of(base, 1, None)
    parts = [block for shard in shards for block in blocks(shard)]
    check_unchanged(*shards)
    return np.concatenate(parts)
