"""How faithful any engine's answers are to the exact ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import count, counts, id_table, matrix
from ._distributed import Executor
from ._frames import Columns, Tabular, html_table
from ._gather import gathered
from ._ids import row_ids, slots
from ._neighbors import exact_knn
from ._partial import Path, is_path, query_rows
from ._shards import Base, is_list_of_parts

Measures = dict[str, npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Fidelity(Tabular):
    """Every measure per query and k, in both conventions.

    Attributes
    ----------
    ks : int64
        Neighbor counts, ascending.
    corrected : dict of float64, q × ks
        fill, overlap (tie-aware), overlap_strict (by id), mean_exact_distance, mean_returned_distance,
        relative_distance_error, barycenter_shift (over the radius of the exact neighbors), lid_exact, lid_returned,
        zero_exact, zero_returned. True distances, geometry over filled slots only; NaN where a figure has no value.
    published : dict of float64, q × ks
        overlap, exact_dist, ann_dist, barycenter_shift, lid_exact, lid_ann, empty_slots: the arithmetic of Cooper &
        Busch (J. Imaging 2026, 12, 55), squared distances and empty slots as FLT_MAX.
    figures : dict of float64, ks
        The study's own means under its key names, rows dropped as it drops them, and counts of the artefacts.
    """

    ks: npt.NDArray[np.int64]
    corrected: Measures
    published: Measures
    figures: Measures

    @property
    def mean(self) -> Measures:
        """Corrected means over queries per k, queries without a value left out; NaN where none has one."""
        return {name: _mean(values) for name, values in self.corrected.items()}

    def to_columns(self) -> Columns:
        """One row per (query, k), corrected conventions; the published ones follow as published_*."""
        queries = len(self.corrected["fill"])
        columns: Columns = {
            "query": np.repeat(np.arange(queries), len(self.ks)),
            "k": np.tile(self.ks, queries),
        }
        columns.update({name: values.ravel() for name, values in self.corrected.items()})
        columns.update({f"published_{name}": values.ravel() for name, values in self.published.items()})
        return columns

    def __repr__(self) -> str:
        overlap = ", ".join(f"{k}: {value:.4f}" for k, value in zip(self.ks, self.mean["overlap"]))
        return f"Fidelity({len(self.corrected['fill'])} queries, mean overlap at k {overlap})"

    def _repr_html_(self) -> str:
        both: Columns = {"k": self.ks, **self.mean}
        return html_table(both) + "<p>As published:</p>" + html_table({"k": self.ks, **self.figures})


def fidelity(
    X: Base,
    exact: npt.ArrayLike,
    returned: npt.ArrayLike,
    *,
    ks: Optional[Union[int, npt.ArrayLike]] = None,
    queries: Union[Path, npt.ArrayLike, None] = None,
    ids: Optional[npt.ArrayLike] = None,
    metric: str = "l2",
    threads: int = 0,
    executor: Optional[Executor] = None,
) -> Fidelity:
    """Every measure of both conventions for the answers of any engine.

    Distances are taken from ``X`` in float64; nothing depends on what the engine reports.

    Parameters
    ----------
    X : array, n × d; path; or a list of arrays or of paths
        Files and lists are one base, as in :func:`annatomy.exact_knn`: the rows that the tables name are gathered from them, and no
        others are kept.
    exact : int, q × K
        Exact neighbors, as :func:`annatomy.exact_knn` gives them.
    returned : int, q × R
        What the engine returned. A slot is a place: k is judged over the first k slots, and a repeat, a negative id or an
        id that no row has is an empty slot. Where rows are queries, ask it for k + 1: a query is left out by id wherever
        it stands. In published conventions column 0 is dropped instead, of each table in which some row holds
        its own id.
    ks : int or ints, optional
        Neighbor counts, ascending; the width of ``exact``, less one if it holds the queries themselves, by default.
    queries : array, q × d, optional
        Held-out queries. Without them row i of both tables belongs to row i of ``X``, which is one array then.
    ids : int or str, n, optional
        Primary keys of the rows of ``X``, by which both tables name them; as in :func:`annatomy.audit`.
    metric : {"l2", "cosine"}
        Geometry under cosine is over the chord ‖x/‖x‖ − y/‖y‖‖.
    threads : int
    executor : optional
        Anything with ``submit``: each task gathers rows of one shard. The result is that of one array.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        For exact ids that are no row, tables of other lengths, exact lists shorter than k, or values that are not finite.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    >>> exact, _ = an.exact_knn(X, 10)
    >>> returned, _ = an.Hnsw(X).search(None, k=10, ef=50)
    >>> bool(an.fidelity(X, exact, returned).mean["overlap"][0] > 0.9)
    True
    """
    keys = row_ids(ids)
    if executor is not None or is_path(X) or is_list_of_parts(X):
        if queries is None or keys is not None:
            raise ValueError("a base in files or in several arrays takes queries=, and no ids=")
        truth, answers = id_table(exact, "exact"), id_table(returned, "returned")
        X, (truth, answers) = gathered(X, [truth, answers], executor)
        queries = query_rows(queries)
    elif keys is None:
        truth, answers = id_table(exact, "exact"), id_table(returned, "returned")
    elif len(keys) != len(X):  # type: ignore[arg-type]
        raise ValueError(f"{len(keys)} ids of {len(X)} rows")  # type: ignore[arg-type]
    else:
        truth = keys.rows(slots(exact, "exact", keys))
        answers = keys.rows(slots(returned, "returned", keys))
    found = _core.fidelity(
        matrix(X, "X"),  # type: ignore[arg-type]
        None if queries is None else query_rows(queries),
        truth,
        answers,
        _neighbor_counts(ks, truth, queries is None),
        metric,
        count(threads, "threads", 0),
    )
    ks = np.asarray(_neighbor_counts(ks, truth, queries is None), dtype=np.int64)
    figures = {name: np.asarray(values) for name, values in found["figures"].items()}
    return Fidelity(ks, found["corrected"], found["published"], figures)


def trustworthiness(
    X: npt.ArrayLike, returned: npt.ArrayLike, k: int, *, metric: str = "l2", threads: int = 0
) -> float:
    """Trustworthiness of what was returned for every row of ``X`` (Venna & Kaski 2001, eq. 2); 1 if all are neighbors.

    Parameters
    ----------
    X : array, n × d
    returned : int, n × R
        Negative ids, repeats and ids that no row has are empty slots, which add nothing; a query itself is left out by id.
    k : int
        Below n/2.
    metric : {"l2", "cosine", "ip"}
    threads : int

    Raises
    ------
    ValueError
        For k out of range, or another number of rows than there are in ``X``.
    """
    return _core.trustworthiness(
        matrix(X, "X"), id_table(returned, "returned"), count(k, "k"), metric, count(threads, "threads", 0)
    )


def continuity(
    X: npt.ArrayLike, Y: npt.ArrayLike, k: int, *, metric: str = "l2", threads: int = 0
) -> float:
    """Continuity of ``Y``, the same rows in another space (Venna & Kaski 2006, eq. 3); 1 if no neighbor in ``X`` is torn away.

    That is the trustworthiness of ``X``'s neighbors in ``Y``.

    Parameters
    ----------
    X : array, n × d
    Y : array, n × c
        Row i stands for row i of ``X``: a reduced, coded or embedded copy.
    k : int
        Below n/2.
    metric : {"l2", "cosine", "ip"}
        In both spaces.
    threads : int

    Raises
    ------
    ValueError
        For k out of range, or another number of rows.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    >>> an.continuity(X, 2 * X, 10)
    1.0
    """
    rows, others = matrix(X, "X"), matrix(Y, "Y")
    if len(rows) != len(others):
        raise ValueError(f"Y has {len(others)} rows, X {len(rows)}")
    near, _ = exact_knn(rows, count(k, "k"), metric=metric, threads=threads)
    return trustworthiness(others, near, k, metric=metric, threads=threads)


def _neighbor_counts(ks: Any, exact: npt.NDArray[np.int64], own: bool) -> list[int]:
    if ks is not None:
        return counts(ks, "ks")
    holds_self = own and bool((exact == np.arange(len(exact))[:, None]).any())
    return [exact.shape[1] - holds_self]


def _mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        result: npt.NDArray[np.float64] = total / present.sum(axis=0)
    return result
