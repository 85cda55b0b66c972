"""The map of an audit next to umap-learn's layout of the same neighbors: trustworthiness, and neighbors kept."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest

NEIGHBORS = 15


def kept(X: np.ndarray, layout: np.ndarray) -> float:
    """The share of the 15 nearest rows that are among the 15 nearest of the layout."""
    near, _ = an.exact_knn(X, NEIGHBORS)
    drawn, _ = an.exact_knn(np.ascontiguousarray(layout, dtype=np.float32), NEIGHBORS)
    return float(np.mean([len(set(a) & set(b)) for a, b in zip(near.tolist(), drawn.tolist())])) / NEIGHBORS


def digits() -> np.ndarray:
    return pytest.importorskip("sklearn.datasets").load_digits().data.astype(np.float32)


def waves() -> np.ndarray:
    """1,500 × 64: points of a curved sheet of three dimensions, with noise."""
    random = np.random.default_rng(5)
    sheet = random.uniform(-2, 2, size=(1500, 3))
    return (np.sin(sheet @ random.normal(size=(3, 64)) + random.uniform(size=64)) + random.normal(scale=0.05, size=(1500, 64))).astype(np.float32)


@pytest.mark.parametrize("make", [digits, waves])
def test_the_map_is_as_faithful_as_that_of_umap_learn(make):
    umap = pytest.importorskip("umap")
    X = make()
    ours = an.audit(X, k=NEIGHBORS, graphs=1, m=8, ef_construction=40).map
    theirs = umap.UMAP(n_neighbors=NEIGHBORS, random_state=0, n_jobs=1).fit_transform(X)
    near = [(an.trustworthiness(X, an.exact_knn(np.ascontiguousarray(each, dtype=np.float32), NEIGHBORS)[0], NEIGHBORS), kept(X, each)) for each in (ours, theirs)]
    print(near)
    for figure in range(2):
        assert near[0][figure] >= near[1][figure] - 0.01, near


def test_no_thread_changes_the_map(clustered):
    maps = [an.audit(clustered, k=5, graphs=1, threads=threads).map for threads in (1, 3)]
    assert np.array_equal(*maps)
