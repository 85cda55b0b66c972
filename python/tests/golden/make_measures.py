#!/usr/bin/env python3
"""Figures of packages that cannot be installed next to the others, or are needed for one figure alone.

    pip install inequality rbo scikit-learn zadu
    python make_measures.py    # writes measures.json next to itself

rbo: rank-biased overlap of every query. ZADU: LCMC, trustworthiness and continuity of the nearest rows in the first two
columns. inequality: Schutz's distance, which is the Robin Hood index, of the k-occurrences.
"""

from __future__ import annotations

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
K, PERSISTENCE = 12, 0.9


def rows_and_answers():
    """300 rows, and answers out of the 20 nearest of which some are lacking: −1 at the end."""
    generator = np.random.default_rng(14)
    rows = generator.normal(size=(300, 6)).astype(np.float32)
    squares = ((rows[:, None].astype(np.float64) - rows) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    deep = np.argsort(squares, axis=1, kind="stable")[:, :30]
    answers = np.full((300, K), -1, dtype=np.int64)
    for query in range(300):
        kept = np.sort(generator.choice(20, generator.integers(6, K + 1), replace=False))
        answers[query, : len(kept)] = deep[query, kept]
    return rows, answers, deep[:, :K]


def make():
    import pandas as pd
    import rbo
    from inequality.schutz import Schutz
    from zadu.measures import local_continuity_meta_criteria, trustworthiness_continuity

    rows, answers, exact = rows_and_answers()
    agreement = []
    for own, best in zip(answers, exact):
        # An empty slot is a row that the other list does not have.
        filled = [int(row) if row >= 0 else -2 - slot for slot, row in enumerate(own)]
        agreement.append(float(rbo.RankingSimilarity(best.tolist(), filled).rbo_ext(p=PERSISTENCE)))
    wide, flat = rows.astype(np.float64), rows[:, :2].astype(np.float64)
    both = trustworthiness_continuity.measure(wide, flat, k=K)
    occurrences = np.bincount(exact.ravel(), minlength=len(rows)).astype(np.float64)
    document = {
        "rank_biased_overlap": agreement,
        "lcmc": local_continuity_meta_criteria.measure(wide, flat, k=K)["lcmc"],
        "trustworthiness": both["trustworthiness"],
        "continuity": both["continuity"],
        "robin_hood": float(Schutz(pd.DataFrame({"count": occurrences}), "count").distance),
    }
    (HERE / "measures.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    make()
