"""The (ef, k) surface of a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from ._arrays import MEMORY_BUDGET_BYTES, count, counts, matrix, optional_matrix
from ._frames import Columns, Figure, Tabular, html_table
from ._hnsw import Hnsw
from ._progress import Telling, telling

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
    engine : str
        Whose rule.
    """

    efs: npt.NDArray[np.int64]
    ks: npt.NDArray[np.int64]
    fill: Float64
    overlap: Float64
    visited: Float64
    required_ef: Float64
    engine: str
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
    X: npt.ArrayLike,
    index: Any,
    efs: Counts,
    ks: Counts,
    *,
    queries: Optional[npt.ArrayLike] = None,
    engine: Optional[str] = None,
    threads: int = 0,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    progress: Telling = None,
) -> Surface:
    """Fill and overlap at every (ef, k) from one traversal a query.

    The order in which HNSW visits rows depends on neither ef nor k, only the moment of stopping does; so one record per
    query to the largest effort answers every cell.

    Parameters
    ----------
    X : array, n × d
        The rows that ``index`` was built from.
    index : Hnsw, or a live faiss ``IndexHNSWFlat`` or hnswlib index
        Of the latter the graph itself is read and searched in the engine's own arithmetic: the surface is the engine's.
    efs, ks : sequences of int
        Ascending, from 1.
    queries : array, q × d, optional
        Held-out queries. Without them every row is a query, itself left out by id.
    engine : str, optional
        Whose rule for k > ef; see :meth:`annatomy.Hnsw.search`. By default that of the engine whose graph it is.
    threads, memory_budget_bytes : int
        See :func:`annatomy.exact_knn`; tables of all pairs take 6 n² bytes.
    progress : bool or callable, optional
        See :func:`annatomy.exact_knn`.

    Raises
    ------
    ValueError
        If X is not the index's, a grid does not ascend, or k exceeds the rows that can be neighbors.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    >>> an.surface(X, an.Hnsw(X), efs=[1, 200], ks=[10]).fill[-1].tolist()
    [1.0]
    """
    graph = index if isinstance(index, Hnsw) else Hnsw.of(index, matrix(X, "X"))
    graph.check_rows(X)
    rule = graph.rule(engine)
    efs, ks = counts(efs, "efs"), counts(ks, "ks")
    held_out = optional_matrix(queries, "queries")
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    with telling(progress, "surface") as tell:
        found = graph._core.surface(held_out, efs, ks, rule, count(threads, "threads", 0), budget, tell)
    return Surface(np.asarray(efs, dtype=np.int64), np.asarray(ks, dtype=np.int64), engine=rule, **found)
