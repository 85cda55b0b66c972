"""The (ef, k) surface of a graph."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, count, counts, optional_matrix
from ._distributed import Executor
from ._frames import Columns, Figure, Tabular, html_table
from ._hnsw import Hnsw
from ._partial import Path, is_path, query_rows
from ._progress import Telling, telling
from ._surface_parts import Request, Searched, mapped, surface_by

Float64 = npt.NDArray[np.float64]
Counts = Union[Sequence[int], npt.NDArray[Any], range]


@dataclass(frozen=True)
class Surface(Tabular):
    """Means over queries at every (ef, k).

    Attributes
    ----------
    efs, ks : int64
        The grid, ascending.
    fill, overlap : float64, efs × ks
        Filled slots over k; exact neighbors returned (by id) over k. NaN where the engine refuses.
    visited : float64, efs
        V(ef), rows that a search of effort ef visits: slots go empty at k > V(ef).
    required_ef : float64, ks × 3
        The smallest ef that finds all k neighbors of half, 90 % and 99 % of the queries; NaN beyond the traversals.
    tied : int64, efs × ks
        The queries whose queue ends among rows of equal distance, as their records show; at the largest ef a record may miss some.
    engine : str
        Whose rule.
    notes : list of str
        Where such rows are more than 5 % of the queues: at which ef most, and which figures may say more than the engine finds.
    """

    efs: npt.NDArray[np.int64]
    ks: npt.NDArray[np.int64]
    fill: Float64
    overlap: Float64
    visited: Float64
    required_ef: Float64
    tied: npt.NDArray[np.int64]
    engine: str
    notes: list[str]
    svg: Optional[str] = field(default=None, repr=False)

    def figure(self) -> Optional[Figure]:
        """Overlap as color over (ef, k), with the edge of fill = 1 and the line ef = k."""
        if self.svg is None:
            return None
        caption = f"Every (ef, k) under the {self.engine} rule, from one traversal per query."
        return Figure("surface_overlap", "Overlap over ef_search and k", caption, self.svg)

    def to_columns(self) -> Columns:
        """One row per (ef, k): ef, k, fill, overlap, visited."""
        return {
            "ef": np.repeat(self.efs, len(self.ks)),
            "k": np.tile(self.ks, len(self.efs)),
            "fill": self.fill.ravel(),
            "overlap": self.overlap.ravel(),
            "visited": np.repeat(self.visited, len(self.ks)),
        }

    def _repr_html_(self) -> str:
        return self.svg if self.svg is not None else html_table(self.to_columns())


def surface(
    X: Union[Path, npt.ArrayLike, None],
    index: Any,
    efs: Counts,
    ks: Counts,
    *,
    queries: Union[Path, npt.ArrayLike, None] = None,
    engine: Optional[str] = None,
    metric: Optional[str] = None,
    arithmetic: Optional[str] = None,
    threads: int = 0,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    progress: Telling = None,
    executor: Optional[Executor] = None,
    queries_per_task: Optional[int] = None,
) -> Surface:
    """Fill and overlap at every (ef, k) from one traversal a query.

    The order in which HNSW visits rows depends on neither ef nor k, only the moment of stopping does; so one record per
    query to the largest effort answers every cell. Where rows are equally far (bits, few levels) the queue of an engine
    decides: the graph of one is then searched with its queue at each ef of a grid of up to 1,024 cells. A denser one, and one
    of a graph that annatomy built, is read from the records, which can say more than the engine finds: where more than 5 % of
    the queues are tied at their end, a warning says at which ef most, and of how many queries.

    Parameters
    ----------
    X : array, n × d, or path
        The rows that ``index`` was built from. A .npy of float32 is mapped, any other file read. None for an index that holds
        them itself.
    index : Hnsw; a live faiss ``IndexHNSWFlat``, hnswlib or usearch index; or the path of one that was saved
        Of an engine's the graph itself is read and searched in the engine's own arithmetic: the surface is the engine's.
    efs, ks : sequences of int
        Ascending, from 1.
    queries : array, q × d, or path, optional
        Held-out queries. Without them every row is a query, itself left out by id.
    engine : str, optional
        Whose rule for k > ef; see :meth:`annatomy.Hnsw.search`. By default that of the engine whose graph it is.
    metric, arithmetic : str, optional
        Of an engine's index; see :meth:`annatomy.Hnsw.of`.
    threads, memory_budget_bytes : int
        See :func:`annatomy.exact_knn`; tables of all pairs take 6 n² bytes.
    progress : bool or callable, optional
        See :func:`annatomy.exact_knn`.
    executor : optional
        Anything with ``submit``, as in :func:`annatomy.exact_knn`: each task counts some of the queries, on ``threads`` threads
        (0: one), and the surface is that of one machine, bit for bit. A task opens the index: what is given as a path is read
        where the task runs, and what is in memory travels with it. See :mod:`annatomy.ray` for Ray, whose tasks keep it.
    queries_per_task : int, optional
        Most queries of a task; by default as many as make a task for each worker. Where all rows are queries and tables of
        all pairs fit into the budget, which is fastest, there is one task.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        If X is not the index's, a grid does not ascend, or k exceeds the rows that can be neighbors; if tasks searched in
        the arithmetic of different machines, which ``arithmetic`` settles.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    >>> an.surface(X, an.Hnsw(X), efs=[1, 200], ks=[10]).fill[-1].tolist()
    [1.0]
    """
    threads = count(threads, "threads", 0)
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    request = Request(
        counts(efs, "efs"), counts(ks, "ks"), engine, threads if executor is None else max(threads, 1), budget
    )
    most = None if queries_per_task is None else count(queries_per_task, "queries_per_task")
    held_out = None if queries is None else query_rows(queries)
    rows = mapped(os.fspath(X)) if is_path(X) and not is_path(index) else X
    searched = _searched(rows, index, metric, arithmetic)
    if isinstance(searched.index, Hnsw):
        searched.index.check_rows(rows)  # type: ignore[arg-type]
    with telling(progress, "surface") as tell:
        if executor is None:
            if most is not None:
                raise ValueError("queries_per_task is for an executor")
            graph = searched.open()
            whole = request.count(graph, held_out, (0, len(graph) if held_out is None else len(held_out)), tell)
        else:
            number, is_one = _queries(searched, held_out, request)
            whole = surface_by(executor, searched, held_out, number, request, max(number, 1) if is_one else most, tell)
    grid = np.asarray(request.efs, dtype=np.int64), np.asarray(request.ks, dtype=np.int64)
    found = Surface(*grid, engine=whole.engine, notes=whole.notes(), **whole.finish())
    if not whole.follows_a_queue:
        for note in found.notes:
            warnings.warn(note, stacklevel=2)
    return found


def _searched(
    X: Union[Path, npt.ArrayLike, None], index: Any, metric: Optional[str], arithmetic: Optional[str]
) -> Searched:
    """The graph, over these rows; an index file stays where it is."""
    if is_path(index):
        rows = os.fspath(X) if is_path(X) else optional_matrix(X, "X", 5)
        return Searched(os.fspath(index), rows, metric, arithmetic)
    if not isinstance(index, Hnsw):
        return Searched(Hnsw.of(index, optional_matrix(X, "X", 5), metric=metric, arithmetic=arithmetic))  # type: ignore[arg-type]
    if metric not in (None, index.metric) or arithmetic not in (None, index.arithmetic):
        raise ValueError(f"metric and arithmetic are those of the graph: {index.metric}, {index.arithmetic or 'our own'}")
    return Searched(index)


def _queries(searched: Searched, held_out: Optional[Float32], request: Request) -> tuple[int, bool]:
    """How many there are, and whether one task must count them all."""
    if held_out is not None:
        return len(held_out), False
    if isinstance(searched.index, Hnsw):
        is_tabled = searched.index._core.surface_is_tabled(max(request.ks, default=1), request.budget)
        return len(searched.index), is_tabled
    if searched.rows is None:
        raise ValueError("X or queries are needed: tasks are parts of them, and an index in a file is not opened here")
    if isinstance(searched.rows, str):
        return int(_core.file_facts(searched.rows)[0]), False
    return len(searched.rows), False
