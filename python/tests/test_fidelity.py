"""Both conventions against plain NumPy restatements; trustworthiness against scikit-learn."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest
from sklearn.manifold import trustworthiness

FLT_MAX = np.finfo(np.float32).max
KS = [5, 30]


@pytest.fixture(scope="module")
def tables(clustered):
    """Exact neighbors, and answers that run out of visited rows, the query itself included in both."""
    exact, _ = an.exact_knn(clustered, 31)
    own = np.arange(len(clustered))[:, None]
    returned, _ = an.Hnsw(clustered, m=4, ef_construction=10).search(clustered, 31, 3)
    return np.hstack([own, exact[:, :30]]), returned


def published(X, exact, returned, k):
    """The study's notebook, step by step."""
    def squared(ids):
        found = ((X[:, None].astype(np.float64) - X[ids].astype(np.float64)) ** 2).sum(-1).astype(np.float32)
        found[ids < 0] = FLT_MAX
        return found

    def lid(distances):
        ratios = distances[:, :-1] / (distances[:, -1:] + np.float32(1e-12)) + np.float32(1e-12)
        return -1 / np.log(ratios).mean(axis=1)

    e, a = exact[:, 1 : k + 1], returned[:, 1 : k + 1]
    de, da = squared(e), squared(a)
    with np.errstate(over="ignore"):
        exact_mean, returned_mean = de.mean(axis=1), da.mean(axis=1)
    kept = np.isfinite(exact_mean) & np.isfinite(returned_mean)
    shift = np.linalg.norm(X[e].mean(1) - X[a].mean(1), axis=1) / exact_mean
    return {
        "mean_overlap": np.mean([len(np.intersect1d(x, y)) / k for x, y in zip(e, a)]),
        "mean_exact_dist": exact_mean[kept].mean(),
        "mean_ann_dist": returned_mean[kept].mean(),
        "mean_barycenter_shift": shift.mean(),
        "mean_lid_exact": lid(de).mean(),
        "mean_lid_ann": lid(da).mean(),
        "rows_dropped": (~kept).sum(),
        "empty_slots": (a < 0).sum(),
        "rows_with_one_empty_slot": ((a < 0).sum(1) == 1).sum(),
        "self_not_first": (returned[:, 0] != np.arange(len(X))).sum(),
    }


def test_published_figures_are_those_of_a_numpy_restatement(clustered, tables):
    found = an.fidelity(clustered, *tables, ks=KS)
    for place, k in enumerate(KS):
        for name, value in published(clustered, *tables, k).items():
            assert found.figures[name][place] == pytest.approx(value, rel=2e-5), (name, k)
    assert found.figures["empty_slots"][1] > 0


def test_corrected_measures_are_those_of_a_numpy_restatement(clustered, tables):
    exact, returned = tables
    found = an.fidelity(clustered, exact, returned, ks=KS).corrected
    X = clustered.astype(np.float64)
    for query in range(0, 800, 37):
        others = [i for i in returned[query] if i >= 0 and i != query]
        for place, k in enumerate(KS):
            e, a = exact[query, 1 : k + 1], np.array(others[:k])
            de, da = (np.linalg.norm(X[ids] - X[query], axis=1) for ids in (e, a))
            center = X[e].mean(0)
            radius = np.sqrt(((X[e] - center) ** 2).sum(1).mean())
            expected = {
                "fill": len(a) / k,
                "overlap_strict": len(np.intersect1d(e, a)) / k,
                "mean_exact_distance": de.mean(),
                "mean_returned_distance": da.mean(),
                "relative_distance_error": (da / de[: len(a)]).mean() - 1,
                "barycenter_shift": np.linalg.norm(center - X[a].mean(0)) / radius,
                "lid_exact": (k - 1) / np.log(de[-1] / de).sum(),
                "lid_returned": (len(a) - 1) / np.log(da[-1] / da).sum(),
            }
            for name, value in expected.items():
                assert found[name][query, place] == pytest.approx(value, rel=1e-5, abs=1e-6), (name, query, k)


def test_self_may_stand_anywhere_or_nowhere(clustered):
    exact, _ = an.exact_knn(clustered, 12)
    with_self = np.hstack([exact[:, :3], np.arange(800)[:, None], exact[:, 3:]])
    for truth in (exact, with_self):
        for answer in (exact, with_self):
            mean = an.fidelity(clustered, truth, answer).mean
            assert mean["overlap"][0] == 1 and mean["barycenter_shift"][0] == 0


def test_held_out_queries_and_cosine(clustered, queries):
    exact, _ = an.exact_knn(clustered, 8, queries=queries, metric="cosine")
    found = an.fidelity(clustered, exact, exact, queries=queries, metric="cosine")
    assert found.ks.tolist() == [8] and found.mean["overlap"][0] == 1
    assert found.to_pandas().shape == (60, 2 + 11 + 7)
    assert "published" in found._repr_html_() and "mean overlap" in repr(found)


def test_an_answer_of_nothing_has_no_geometry(clustered):
    exact, _ = an.exact_knn(clustered, 4)
    mean = an.fidelity(clustered, exact, np.full((800, 4), -1)).mean
    assert mean["fill"][0] == 0 and np.isnan(mean["mean_returned_distance"][0])


@pytest.mark.parametrize("k", [1, 5, 40])
def test_trustworthiness_is_that_of_scikit_learn(clustered, k):
    embedded = clustered[:, :2]
    returned, _ = an.exact_knn(embedded.copy(), k)
    expected = trustworthiness(clustered.astype(np.float64), embedded.astype(np.float64), n_neighbors=k)
    assert an.trustworthiness(clustered, returned, k) == pytest.approx(expected, abs=1e-12)


def test_trustworthiness_has_its_bounds(clustered):
    ids, _ = an.exact_knn(clustered, 3)
    with pytest.raises(ValueError, match="k = 400 of 800 rows"):
        an.trustworthiness(clustered, ids, 400)
    with pytest.raises(ValueError, match="NaN or infinite"):
        an.trustworthiness(np.full_like(clustered, np.inf), ids, 3)


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(returned=np.zeros((799, 3), int)), "has 799 rows for 800 queries"),
        (dict(returned=np.zeros((800, 3))), "ids are integers"),
        (dict(exact=np.full((800, 3), -1)), "the exact table holds id -1"),
        (dict(exact=np.full((800, 3), 7)), "holds an id twice"),
        (dict(ks=5), "k = 5, but row 0 of the exact table holds 3"),
        (dict(ks=[2, 1]), "ks must ascend"),
        (dict(metric="ip"), "no geometry"),
    ],
)
def test_bad_tables_are_value_errors(clustered, change, message):
    ids, _ = an.exact_knn(clustered, 3)
    with pytest.raises(ValueError, match=message):
        an.fidelity(clustered, **{"exact": ids, "returned": ids, **change})
