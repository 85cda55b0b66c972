"""Overlap graded by rank and by distance, against NumPy and the package rbo."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest

K = 12


@pytest.fixture(scope="module")
def case():
    """Rows, answers of which some rows are wrong, shifted or lacking, and the exact neighbors."""
    generator = np.random.default_rng(14)
    rows = generator.normal(size=(300, 6)).astype(np.float32)
    deep, _ = an.exact_knn(rows, 30)
    answers = np.full((300, K), -1, dtype=np.int64)
    for query in range(300):
        kept = np.sort(generator.choice(20, generator.integers(6, K + 1), replace=False))
        answers[query, : len(kept)] = deep[query, kept]
    return rows, answers, deep[:, :K]


def measured(case):
    rows, answers, _ = case
    table = an.audit(rows, neighbors=answers, k=K).per_query
    return table if isinstance(table, dict) else {name: table[name].to_numpy() for name in table.column_names}


def distances(rows, query, ids):
    return np.sqrt(((rows[ids].astype(np.float64) - rows[query]) ** 2).sum(axis=1))


def test_measures_by_distance_are_those_of_numpy(case):
    rows, answers, exact = case
    table = measured(case)
    for query in range(300):
        own = distances(rows, query, answers[query][answers[query] >= 0])
        best = distances(rows, query, exact[query])
        near = (own <= best[-1] * 1.01).sum() / K
        assert abs(table["epsilon_recall"][query] - near) < 1e-12
        ratio = (own / best[: len(own)]).mean()
        assert abs(table["inverse_ratio"][query] - 1 / ratio) < 1e-5


def test_measures_by_rank_are_those_of_numpy_and_rbo(case):
    _, answers, exact = case
    table = measured(case)
    rbo = pytest.importorskip("rbo")
    for query in range(300):
        own = answers[query][answers[query] >= 0].tolist()
        best = exact[query].tolist()
        shifts = [abs(slot - best.index(row)) for slot, row in enumerate(own) if row in best]
        assert abs(table["displacement"][query] - np.mean(shifts) / K) < 1e-12
        # An empty slot is a row that the other list does not have.
        filled = own + [-2 - slot for slot in range(K - len(own))]
        expected = rbo.RankingSimilarity(best, filled).rbo_ext(p=0.9)
        assert abs(table["rank_biased_overlap"][query] - expected) < 1e-9


def test_chance_is_taken_off(case):
    rows, answers, _ = case
    cell = an.audit(rows, neighbors=answers, k=K).cells[0]
    assert abs(cell["overlap"] - cell["lcmc"] - K / 299) < 1e-12
