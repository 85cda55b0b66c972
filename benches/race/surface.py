"""Every (ef ≤ 2000, k ≤ 500) from one traversal, against one plain search at ef = 2000."""

from __future__ import annotations

import annatomy as an
import numpy as np

from . import data
from .record import Table, ratio_text
from .timing import Timing, in_turn, ratio

EF, K, QUERIES, ROUNDS = 2_000, 500, 1_000, 9


def run(command: str, threads: int) -> list[Table]:
    table = Table(
        f"The surface: {EF:,} × {K} cells from one traversal, {QUERIES:,} queries",
        ["base", "plain search at ef = 2,000", "exact neighbors", "surface, these included", "ratio without them"],
    )
    efs, ks = np.arange(1, EF + 1), np.arange(1, K + 1)
    for name, X, queries in [
        ("100,000 × 128", data.clustered(100_000, 128), data.clustered(QUERIES, 128, seed=1)),
        ("10,000 × 2,048", features := data.features(command), features[:QUERIES] * np.float32(0.999)),
    ]:
        index = an.Hnsw(X, threads=threads)
        timings, results = in_turn(
            {
                "plain": lambda: index.search(queries, K, EF, threads=threads)[0],
                "exact": lambda: an.exact_knn(X, K, queries=queries, threads=threads)[0],
                "surface": lambda: an.surface(X, index, efs, ks, queries=queries, threads=threads),
            },
            ROUNDS,
        )
        overlap = np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(results["plain"], results["exact"])])
        assert abs(results["surface"].overlap[-1, -1] - overlap) < 1e-9, "the last cell is the plain search"
        alone = Timing([whole - exact for whole, exact in zip(timings["surface"].seconds, timings["exact"].seconds)])
        of_plain = ratio(alone, timings["plain"])
        table.add(name, timings["plain"], timings["exact"], timings["surface"], ratio_text(of_plain))
    return [table]
