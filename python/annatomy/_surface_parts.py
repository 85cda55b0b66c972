"""A surface by tasks of an executor: each counts some of the queries, and the counts add up.

Enters: a graph, or the paths of an index and of its rows, queries, an executor. Leaves: the counts of all queries: integers, so the
same in any order and at any number of tasks. A task opens the graph, finds the exact neighbors of its queries and searches them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Callable, Optional, Union

import numpy as np

from . import _core
from ._arrays import Float32
from ._distributed import ARRAYS_PER_WORKER, Executor
from ._hnsw import Hnsw
from ._partial import query_rows

#: What tasks return, each with the first of its queries and their end.
Parts = Generator[tuple[Any, tuple[int, int]], None, None]
Tell = Optional[Callable[[str, int, int], None]]

#: The fewest queries of a task by default.
LEAST_QUERIES = 16


@dataclass(frozen=True)
class Searched:
    """A graph, or where it is read from."""

    index: Union[Hnsw, str]
    #: The rows of an index file: an array, or their own file; None for what it holds itself.
    rows: Union[Float32, str, None] = None
    metric: Optional[str] = None
    arithmetic: Optional[str] = None

    def open(self) -> Hnsw:
        """The graph, in memory."""
        if isinstance(self.index, Hnsw):
            return self.index
        rows = mapped(self.rows) if isinstance(self.rows, str) else self.rows
        return Hnsw.of(self.index, rows, metric=self.metric, arithmetic=self.arithmetic)


@dataclass(frozen=True)
class Request:
    """What is asked of every query."""

    efs: list[int]
    ks: list[int]
    #: None: the rule of the engine whose graph it is.
    engine: Optional[str]
    threads: int
    budget: int

    def count(self, graph: Hnsw, queries: Optional[Float32], part: tuple[int, int], tell: Tell = None) -> _core.SurfacePart:
        """What the queries of these numbers count; without ``queries`` all rows are."""
        wanted: _core._WantedSurface = {
            "efs": self.efs,
            "ks": self.ks,
            "engine": graph.rule(self.engine),
            "threads": self.threads,
            "budget_bytes": self.budget,
        }
        return graph._core.surface_part(queries, part, wanted, tell)


def mapped(path: str) -> Float32:
    """Rows of a file: a .npy of float32 where it lies, so that processes of one machine share them; others are read."""
    if path.endswith(".npy"):
        rows = np.load(path, mmap_mode="r")
        if rows.ndim == 2 and rows.dtype == np.float32 and rows.flags.c_contiguous:
            return np.asarray(rows)
    return query_rows(path)


def cut(queries: int, tasks: int, most: Optional[int]) -> list[tuple[int, int]]:
    """Ranges of nearly equal length: of at most ``most`` queries, or so that there are ``tasks``."""
    most = most or max(-(-queries // tasks), LEAST_QUERIES)
    parts = max(-(-queries // most), 1)
    return [(queries * part // parts, queries * (part + 1) // parts) for part in range(parts)]


def surface_by(
    executor: Executor,
    searched: Searched,
    queries: Optional[Float32],
    count: int,
    request: Request,
    most: Optional[int],
    tell: Tell,
) -> _core.SurfacePart:
    """The counts of all of ``count`` queries; without ``queries`` all rows are."""
    own_places = getattr(executor, "surface_parts", None)
    if own_places is not None:
        # Its tasks keep the graph from part to part.
        found: Parts = own_places(searched, queries, count, request, most)
    else:
        workers = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
        found = _submitted(executor, searched, queries, cut(count, workers, most), request, workers)
    merged: Optional[_core.SurfacePart] = None
    with closing(found):
        for part, (start, end) in found:
            if not isinstance(part, _core.SurfacePart):
                raise ValueError(f"a task returned {type(part).__name__} for queries {start}:{end}, no part of a surface")
            if part.queries != end - start:
                raise ValueError(f"a task returned a part of {part.queries} queries for queries {start}:{end}")
            merged = part if merged is None else merged.merge(part)
            if tell is not None:
                tell("queries by part", merged.queries, count)
    assert merged is not None, "at least one part"
    return merged


def count_part(
    searched: Searched, queries: Optional[Float32], part: tuple[int, int], request: Request
) -> _core.SurfacePart:
    """What a task does."""
    if queries is not None:
        # What came over a network may lie at an odd address.
        queries = np.require(queries, dtype=np.float32, requirements=["C", "A"])
    return request.count(searched.open(), queries, part)


def _submitted(
    executor: Executor,
    searched: Searched,
    queries: Optional[Float32],
    parts: list[tuple[int, int]],
    request: Request,
    workers: int,
) -> Parts:
    """Parts in their order, each with its queries."""
    # A graph in memory travels with each task: few are under way at a time.
    most = ARRAYS_PER_WORKER * workers if isinstance(searched.index, Hnsw) else len(parts)
    running: deque[tuple[Any, tuple[int, int]]] = deque()
    try:
        for part in parts:
            running.append((executor.submit(count_part, searched, queries, part, request), part))
            if len(running) >= most:
                yield running[0][0].result(), running[0][1]
                running.popleft()
        while running:
            yield running[0][0].result(), running[0][1]
            running.popleft()
    finally:
        for future, _ in running:
            future.cancel()
