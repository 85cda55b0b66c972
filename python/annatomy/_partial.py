"""Partial exact neighbors: of some base rows, on any machine, to be merged into those of all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Optional, Union

import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, Int64, count, matrix
from ._progress import Telling, telling

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Path = Union[str, "os.PathLike[str]"]


class Partial:
    """Neighbors of every query among some base rows: what :func:`partial_knn` gives and :func:`merge` takes.

    Pickles as some 12 bytes per query and neighbor.
    """

    def __init__(self, core: _core.Partial) -> None:
        self._core = core

    @staticmethod
    def load(path: Path) -> Partial:
        """What :meth:`save` or ``annatomy knn --partial`` wrote.

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is no partial, or was damaged since it was written.
        """
        return Partial(_core.Partial.read(os.fspath(path)))

    def save(self, path: Path) -> None:
        """Writes it, whole or not at all."""
        self._core.write(os.fspath(path))

    @property
    def rows(self) -> tuple[int, int]:
        """First base row, and the end."""
        return self._core.facts[:2]

    @property
    def k(self) -> int:
        """Neighbors asked for."""
        return self._core.facts[2]

    @property
    def queries(self) -> int:
        """Number of queries."""
        return self._core.facts[3]

    @property
    def metric(self) -> str:
        """l2, cosine or ip."""
        return self._core.facts[5]

    def __repr__(self) -> str:
        start, end = self.rows
        return f"Partial({self.queries} queries × {self.k} neighbors by {self.metric} among rows {start}:{end})"

    def __reduce__(self) -> tuple[type[Partial], tuple[_core.Partial]]:
        return Partial, (self._core,)


def partial_knn(
    X: Union[Path, npt.ArrayLike],
    k: int,
    *,
    queries: Union[Path, npt.ArrayLike, None] = None,
    rows: Optional[tuple[int, int]] = None,
    metric: str = "l2",
    threads: int = 0,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    progress: Telling = None,
) -> Partial:
    """The exact ``k`` nearest of the base rows ``rows`` for every query, to be merged with those of the other rows.

    Each row of the base must be in one partial, all of the same queries, k and metric. :func:`merge` then gives the ids
    and distances of one run over all rows, bit for bit.

    Parameters
    ----------
    X : array, n × d, or path
        The whole base. Of a file (.npy, .fbin, .bvecs, .parquet, …) only these rows are read, 128 MB or 100 k of them at a
        time.
    k : int
    queries : array, q × d, or path, optional
        Held-out queries. Without them every base row is a query, itself left out, and all are read.
    rows : (int, int), optional
        First row and end; all by default.
    metric : {"l2", "cosine", "ip"}
    threads, memory_budget_bytes, progress
        As of :func:`exact_knn`.

    Raises
    ------
    ValueError, OSError
        As of :func:`exact_knn`; and if there are no such rows, or a file cannot be read.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
    >>> partials = [an.partial_knn(X, 10, rows=rows) for rows in [(0, 200), (200, 500)]]
    >>> partials[1]
    Partial(500 queries × 10 neighbors by l2 among rows 200:500)
    >>> ids, distances = an.merge(partials)
    >>> bool((ids == an.exact_knn(X, 10)[0]).all())
    True
    """
    k, threads = count(k, "k"), count(threads, "threads", 0)
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    held_out = None if queries is None else query_rows(queries)
    part = None if rows is None else (count(rows[0], "rows", 0), count(rows[1], "rows", 0))
    with telling(progress, "partial_knn") as tell:
        if is_path(X):
            path = os.fspath(X)
            return Partial(_core.partial_of_file(path, held_out, part, k, metric, True, threads, budget, tell))
        base = matrix(X, "X")
        identity = (len(base), _core.checksum_of_array(base))
        part = part or (0, len(base))
        return Partial(_core.partial_of_rows(base, held_out, part, k, metric, identity, threads, budget, tell))


def merge(partials: Iterable[Union[Partial, Path]]) -> tuple[Int64, Float32]:
    """Ids and distances of all rows from partials of all rows, in any order: those of one run, bit for bit.

    Distances are rounded from float64; :func:`exact_knn` gives float32 sums, which may differ in their last digits. Files are read one at a time.

    Raises
    ------
    ValueError
        If rows are missing, are there twice, or ranges overlap (the message names them); if partials are of different
        queries, bases, k or metrics; for damaged files.
    OSError
        If a file cannot be read.

    >>> import annatomy as an, numpy as np
    >>> X = np.float32([[0, 0], [3, 4], [6, 8]])
    >>> an.merge([an.partial_knn(X, 1, rows=(2, 3))])
    Traceback (most recent call last):
    ...
    ValueError: rows 0:2 are missing
    """
    given = list(partials)
    if all(isinstance(partial, Partial) for partial in given):
        order = _core.merge_order([partial._core for partial in given if isinstance(partial, Partial)])
    elif all(is_path(partial) for partial in given):
        order = _core.merge_order_of_files([os.fspath(path) for path in given if is_path(path)])
    else:
        raise ValueError("partials or their files are needed, not both")
    merged: Optional[_core.Partial] = None
    for place in order:
        partial = given[place]
        core = partial._core if isinstance(partial, Partial) else _core.Partial.read(os.fspath(partial))
        merged = core if merged is None else merged.merge(core)
    assert merged is not None, "an order of none is an error"
    return merged.finish()


def query_rows(queries: Union[Path, npt.ArrayLike]) -> Float32:
    """Queries as float32, from memory or from a file."""
    return _core.read_queries(os.fspath(queries)) if is_path(queries) else matrix(queries, "queries", 4)


def is_path(value: object) -> TypeIs[Path]:
    """Whether this names a file."""
    return isinstance(value, (str, os.PathLike))
