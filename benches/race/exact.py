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
    X = data.features(command)
    flat = faiss.IndexFlatL2(X.shape[1])
    flat.add(X)
    faiss.omp_set_num_threads(threads)
    table = Table(
        f"Exact neighbors, k = {K}, base {X.shape[0]:,} × {X.shape[1]:,}",
        ["queries", "annatomy, certified", "faiss IndexFlatL2", "ratio", "sets that agree", "of sgemm's rate"],
    )
    held_out = X[:2000] * np.float32(0.999)
    # A copy: of an array with itself NumPy computes one half, and would seem twice as fast.
    Y = X.copy()
    product = lambda: Y @ X.T  # noqa: E731
    for name, contestants in {
        "all rows": (lambda: an.exact_knn(X, K, threads=threads)[0], lambda: flat.search(X, K + 1)[1], product),
        "2,000 held out": (
            lambda: an.exact_knn(X, K, queries=held_out, threads=threads)[0],
            lambda: flat.search(held_out, K)[1],
            lambda: held_out @ X.T,
        ),
    }.items():
        timings, results = in_turn(dict(zip(["annatomy", "faiss", "sgemm"], contestants)), ROUNDS)
        agreement = agree(results["annatomy"], results["faiss"], name == "all rows")
        assert agreement > 0.9995, f"{name}: only {agreement:.5f} of the neighbors agree"
        # All rows against all rows are symmetric: half of the products answer them.
        share = timings["sgemm"].median / timings["annatomy"].median / (2 if name == "all rows" else 1)
        table.add(
            name, timings["annatomy"], timings["faiss"],
            ratio_text(ratio(timings["annatomy"], timings["faiss"])), f"{agreement:.6f}", f"{share:.2f}",
        )  # fmt: skip
    return [table]


def agree(ours: np.ndarray, theirs: np.ndarray, own: bool) -> float:
    """Share of our neighbors that FAISS names too, each query itself left out of its answer."""
    common = 0
    for query, (mine, other) in enumerate(zip(ours, theirs)):
        common += len(np.intersect1d(mine, other[other != query] if own else other))
    return common / ours.size
