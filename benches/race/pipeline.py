"""The published pipeline's work for one condition and k, as its users would write it: FAISS, then NumPy row by row."""

from __future__ import annotations

import warnings
from typing import Callable, Iterator

import faiss
import numpy as np


def conditions() -> Iterator[tuple[int, Callable[[int], int]]]:
    """(ef_construction, ef of k) of the fourteen published conditions."""
    for ef in (25, 50, 75, 100):
        yield 200, lambda k, ef=ef: ef
    for ef_construction in (50, 100, 200, 300, 400):
        yield ef_construction, lambda k: 50
    for alpha in (0.25, 0.5, 1.0, 2.0, 4.0):
        yield 400, lambda k, alpha=alpha: max(2, int(alpha * k))


def measure(
    X: np.ndarray,
    graph: faiss.IndexHNSWFlat,
    exact: tuple[np.ndarray, np.ndarray],
    queries: int,
    k: int,
    ef: int,
) -> dict[str, float]:
    """Searches ``queries`` rows and measures overlap, distances, barycenter shift and LID in published conventions."""
    graph.hnsw.efSearch = ef
    returned_distances, returned = (table[:, 1:] for table in graph.search(X[:queries], k + 1))
    exact_distances, neighbors = (table[:queries, 1 : k + 1] for table in exact)
    overlap, shift = np.empty(queries), np.empty(queries)
    for query in range(queries):
        overlap[query] = len(np.intersect1d(neighbors[query], returned[query])) / k
        gap = X[neighbors[query]].mean(axis=0) - X[returned[query]].mean(axis=0)
        shift[query] = np.linalg.norm(gap) / exact_distances[query].mean()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # empty slots hold FLT_MAX and their sums overflow
        means = [table.mean(axis=1) for table in (exact_distances, returned_distances)]
        lids = [(-1 / np.log(t[:, :-1] / (t[:, -1:] + 1e-12) + 1e-12).mean(axis=1)).mean()
                for t in (exact_distances, returned_distances)]  # fmt: skip
    kept = np.isfinite(means[0]) & np.isfinite(means[1])
    return {
        "overlap": float(overlap.mean()),
        "exact_distance": float(means[0][kept].mean()),
        "returned_distance": float(means[1][kept].mean()),
        "barycenter_shift": float(shift.mean()),
        "lid_exact": float(lids[0]),
        "lid_returned": float(lids[1]),
    }
