"""What UMAP, openTSNE and scikit-learn make of exact neighbors."""

from __future__ import annotations

from unittest import SkipTest

import annatomy as an
import numpy as np
import pytest
from annatomy.sklearn import ExactNeighborsTransformer
from sklearn.cluster import DBSCAN
from sklearn.manifold import TSNE
from sklearn.neighbors import KNeighborsTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator


def test_umap_takes_them(clustered):
    umap = pytest.importorskip("umap")
    near = an.precomputed_knn(clustered, 10)
    assert (near[0][:, 0] == np.arange(800)).all() and (near[1][:, 0] == 0).all()
    layout = umap.UMAP(n_neighbors=10, precomputed_knn=near, n_epochs=20, init="random", random_state=0)
    assert layout.fit_transform(clustered).shape == (800, 2)
    assert layout.graph_.nnz > 800 * 9


def test_opentsne_takes_them(clustered):
    opentsne = pytest.importorskip("openTSNE")
    near = an.precomputed_knn(clustered, 30, form="opentsne")
    assert (near[0] != np.arange(800)[:, None]).all()
    affinities = opentsne.affinity.PerplexityBasedNN(
        perplexity=10, knn_index=opentsne.nearest_neighbors.PrecomputedNeighbors(*near)
    )
    assert affinities.P.shape == (800, 800)


def test_self_is_first_even_among_duplicates():
    rows = np.zeros((6, 3), np.float32)
    ids, distances = an.precomputed_knn(rows, 4)
    assert (ids[:, 0] == np.arange(6)).all() and (distances == 0).all()
    assert an.precomputed_knn(rows, 1)[0].shape == (6, 1)
    with pytest.raises(ValueError, match="no form"):
        an.precomputed_knn(rows, 2, form="tsne")


@pytest.mark.parametrize("mode", ["distance", "connectivity"])
def test_the_transformer_takes_the_place_of_scikit_learns(clustered, queries, mode):
    ours = ExactNeighborsTransformer(mode=mode, n_neighbors=7)
    theirs = KNeighborsTransformer(mode=mode, n_neighbors=7, algorithm="brute")
    for give in (lambda t: t.fit_transform(clustered), lambda t: t.fit(clustered).transform(queries)):
        a, b = give(ours), give(theirs)
        assert a.shape == b.shape and a.nnz == b.nnz
        np.testing.assert_allclose(a.toarray(), b.toarray(), atol=2e-3)


def test_pipelines_run_on_it(clustered):
    near = ExactNeighborsTransformer(n_neighbors=31)
    embedding = TSNE(metric="precomputed", perplexity=10, init="random", max_iter=250)
    assert make_pipeline(near, embedding).fit_transform(clustered).shape == (800, 2)
    labels = make_pipeline(near, DBSCAN(eps=4.5, metric="precomputed")).fit_predict(clustered)
    assert labels.shape == (800,)


def test_scikit_learns_checks_pass():
    failed = []
    for estimator, check in estimator_checks_generator(ExactNeighborsTransformer()):
        try:
            check(estimator)
        except SkipTest:  # what the environment does not ask for
            pass
        except Exception as error:  # noqa: BLE001
            failed.append((check.func.__name__, repr(error)[:300]))
    assert not failed, failed
