"""Exact neighbors against scikit-learn, faiss and a float64 brute force; subsets against NumPy."""

from __future__ import annotations

import annatomy as an
import faiss
import numpy as np
import pytest
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors


def brute_force(rows: np.ndarray, others: np.ndarray, k: int, metric: str) -> tuple[np.ndarray, np.ndarray]:
    x, y = others.astype(np.float64), rows.astype(np.float64)
    distances = {
        "l2": lambda: np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1)),
        "cosine": lambda: pairwise_distances(x, y, metric="cosine"),
        "ip": lambda: -x @ y.T,
    }[metric]()
    if others is rows:
        np.fill_diagonal(distances, np.inf)
    ids = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return ids, np.take_along_axis(distances, ids, 1)


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
@pytest.mark.parametrize("budget", [0, 1 << 30])
def test_neighbors_are_those_of_a_brute_force(clustered, queries, metric, budget):
    ids, distances = an.exact_knn(clustered, 20, metric=metric, memory_budget_bytes=budget)
    expected, at = brute_force(clustered, clustered, 20, metric)
    np.testing.assert_array_equal(ids, expected)
    np.testing.assert_allclose(distances, at, rtol=1e-5, atol=1e-6)
    ids, distances = an.exact_knn(clustered, 20, queries=queries, metric=metric)
    expected, at = brute_force(clustered, queries, 20, metric)
    np.testing.assert_array_equal(ids, expected)
    assert ids.dtype == np.int64 and distances.dtype == np.float32


def test_neighbors_agree_with_scikit_learn_and_faiss(clustered):
    ids, distances = an.exact_knn(clustered, 15)
    theirs = NearestNeighbors(n_neighbors=15, algorithm="brute").fit(clustered.astype(np.float64))
    at, expected = theirs.kneighbors()
    np.testing.assert_array_equal(ids, expected)
    np.testing.assert_allclose(distances, at, rtol=1e-5)
    flat = faiss.IndexFlatL2(clustered.shape[1])
    flat.add(clustered)
    squared, found = flat.search(clustered, 16)
    assert (found[:, 1:] == ids).mean() > 0.999
    np.testing.assert_allclose(np.sqrt(squared[:, 1:]), distances, rtol=1e-3)


def test_a_file_is_read_whole_where_its_rows_are_the_queries(tmp_path, clustered):
    np.save(tmp_path / "rows.npy", clustered)
    for name in (tmp_path / "rows.npy", str(tmp_path / "rows.npy")):
        for found, wanted in zip(an.exact_knn(name, 7), an.exact_knn(clustered, 7)):
            np.testing.assert_array_equal(found, wanted)


def test_threads_change_nothing(clustered):
    one, two = (an.exact_knn(clustered, 9, threads=threads) for threads in (1, 2))
    assert (one[0] == two[0]).all() and (one[1] == two[1]).all()


@pytest.mark.parametrize("n, size", [(100, 5), (20_000, 3_000), (20_000, 10), (7, 7), (5, 0)])
@pytest.mark.parametrize("seed", [0, 42, 2**64 - 1])
def test_subsets_are_those_of_numpy(n, size, seed):
    expected = np.random.default_rng(seed).choice(n, size, replace=False)
    np.testing.assert_array_equal(an.subset(n, size, seed), expected)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda X: an.exact_knn(X, 800), "k = 800 neighbors out of 799 rows"),
        (lambda X: an.exact_knn(X, 0), "k = 0"),
        (lambda X: an.exact_knn(X, 3, metric="l3"), "unknown metric"),
        (lambda X: an.exact_knn(X, 3, queries=X[:, :3].copy()), "queries have 3 columns"),
        (lambda X: an.exact_knn(X[0], 3), "X has 1 dimensions"),
        (lambda X: an.exact_knn(np.full((9, 2), np.nan, np.float32), 3), "NaN or infinite"),
        (lambda X: an.exact_knn(np.zeros((9, 2), np.float32), 3, metric="cosine"), "zero vectors"),
        (lambda X: an.exact_knn([["a"]], 1), "real numbers are needed"),
        (lambda X: an.subset(3, 4, 0), "a subset of 4 rows cannot be drawn from 3"),
        (lambda X: an.subset(3, 2, -1), "seed = -1"),
        (lambda X: an.subset(3, 2, 2**64), "at most 2"),
    ],
)
def test_bad_input_is_a_value_error_with_the_numbers(clustered, call, message):
    with pytest.raises(ValueError, match=message):
        call(clustered)
