"""Exact k-NN, certified, against FAISS ``IndexFlatL2``."""

from __future__ import annotations

import annatomy as an
import faiss
import numpy as np

from . import data
from .record import Table, ratio_text
from .timing import in_turn, ratio

K = 500
ROUNDS = 5


def run(command: str, threads: int) -> list[Table]:
    faiss.omp_set_num_threads(threads)
    features = data.features(command)
    # A copy: of an array with itself NumPy computes one half, and would seem twice as fast.
    copy = features.copy()
    held_out = features[:2000] * np.float32(0.999)
    large, large_queries = data.clustered(200_000, 384), data.clustered(2_000, 384, seed=1)
    return [
        race("all rows", features, None, copy, K, threads),
        race("2,000 held out", features, held_out, held_out, K, threads),
        race("2,000 held out", features, held_out, held_out, 100, threads),
        race("2,000 held out", large, large_queries, large_queries, 100, threads),
    ]


def race(name: str, X, queries, factor, k: int, threads: int) -> Table:
    """One row: ``queries`` or, if ``None``, all rows; ``factor`` is what sgemm multiplies with the base."""
    flat = faiss.IndexFlatL2(X.shape[1])
    flat.add(X)
    own = queries is None
    timings, results = in_turn(
        {
            "annatomy": lambda: an.exact_knn(X, k, queries=queries, threads=threads)[0],
            "faiss": lambda: flat.search(X if own else queries, k + own)[1],
            "sgemm": lambda: factor @ X.T,
        },
        ROUNDS,
    )
    agreement = agree(results["annatomy"], results["faiss"], own)
    assert agreement > 0.9995, f"{name}: only {agreement:.5f} of the neighbors agree"
    # All rows against all rows are symmetric: half of the products answer them.
    share = timings["sgemm"].median / timings["annatomy"].median / (2 if own else 1)
    table = Table(
        f"Exact neighbors, k = {k}, base {X.shape[0]:,} × {X.shape[1]:,}",
        ["queries", "annatomy, certified", "faiss IndexFlatL2", "ratio", "sets that agree", "of sgemm's rate"],
    )
    table.add(
        name, timings["annatomy"], timings["faiss"],
        ratio_text(ratio(timings["annatomy"], timings["faiss"])), f"{agreement:.6f}", f"{share:.2f}",
    )  # fmt: skip
    return table


def agree(ours: np.ndarray, theirs: np.ndarray, own: bool) -> float:
    """Share of our neighbors that FAISS names too, each query itself left out of its answer."""
    common = 0
    for query, (mine, other) in enumerate(zip(ours, theirs)):
        common += len(np.intersect1d(mine, other[other != query] if own else other))
    return common / ours.size
