"""Exact k-NN, certified, against FAISS ``IndexFlatL2``."""

from __future__ import annotations

from statistics import median
from time import perf_counter

import annatomy as an
import faiss
import numpy as np

from . import data
from .growth import out, saved
from .process import gib, timed
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
        all_of_many(threads),
        race("2,000 held out", features, held_out, held_out, K, threads),
        race("2,000 held out", features, held_out, held_out, 100, threads),
        race("2,000 held out", large, large_queries, large_queries, 100, threads),
        from_disk(command, threads),
    ]


def all_of_many(threads: int) -> Table:
    """Ten neighbors of each row: where integer products of all pairs are cheaper than float32 products of half of them."""
    rows = data.clustered(40_000, 384)
    return race("all rows", rows, None, rows.copy(), 10, threads)


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


def from_disk(command: str, threads: int) -> Table:
    """The command, reading its files, next to FAISS and sgemm over rows that are in memory; FAISS searches once."""
    rows, columns, k = 1_000_000, 384, 100
    X, queries = data.clustered(rows, columns), data.clustered(10_000, columns, seed=1)
    ids = out("knn.npy")
    arguments = [command, "knn", saved(X, "base"), "--queries", saved(queries, "queries"), "--k", str(k), "--out", ids,
                 "--threads", str(threads)]  # fmt: skip
    ours = [timed(arguments) for _ in range(3)]
    seconds = median(run.seconds for run in ours)
    flat = faiss.IndexFlatL2(columns)
    flat.add(X)
    start = perf_counter()
    theirs = flat.search(queries, k)[1]
    faiss_seconds = perf_counter() - start
    products = 0.0
    for first in range(0, rows, 50_000):
        block = X[first : first + 50_000].T
        start = perf_counter()
        queries @ block
        products += perf_counter() - start
    agreement = agree(np.load(ids), theirs, False)
    assert agreement > 0.9995, f"only {agreement:.5f} of the neighbors agree"
    table = Table(
        f"Exact neighbors from disk, k = {k}, {len(queries):,} queries, base {rows:,} × {columns}",
        ["annatomy knn, a process", "peak memory", "faiss IndexFlatL2", "ratio", "sets that agree", "of sgemm's rate"],
    )
    peak = max(run.peak_bytes for run in ours)
    table.add(
        f"{seconds:.1f} s", gib(peak), f"{faiss_seconds:.1f} s", ratio_text(seconds / faiss_seconds),
        f"{agreement:.6f}", f"{products / seconds:.2f}",
    )  # fmt: skip
    return table


def agree(ours: np.ndarray, theirs: np.ndarray, own: bool) -> float:
    """Share of our neighbors that FAISS names too, each query itself left out of its answer."""
    common = 0
    for query, (mine, other) in enumerate(zip(ours, theirs)):
        common += len(np.intersect1d(mine, other[other != query] if own else other))
    return common / ours.size
