"""LID estimators against scikit-dimension and plain NumPy."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest
import skdim


@pytest.fixture(scope="module")
def distances(clustered):
    return an.exact_knn(clustered, 40)[1]


def test_maximum_likelihood_is_that_of_scikit_dimension(clustered, distances):
    """Its ``mean`` is Levina & Bickel's average, its ``mle`` MacKay & Ghahramani's."""
    near = (distances.astype(np.float64), None)
    for comb, estimator in [("mean", "mle"), ("mle", "mackay-ghahramani")]:
        theirs = skdim.id.MLE().fit(clustered, precomputed_knn_arrays=near, comb=comb)
        estimates = an.lid(distances, estimator)
        np.testing.assert_allclose(estimates, theirs.dimension_pw_, rtol=1e-6)
        assert an.lid_over_queries(estimates, estimator) == pytest.approx(theirs.dimension_, rel=1e-6)


def test_moments_are_those_of_scikit_dimension(clustered, distances):
    near = (distances.astype(np.float64), np.zeros(distances.shape, int))
    theirs = skdim.id.MOM().fit(clustered, precomputed_knn_arrays=near)
    np.testing.assert_allclose(an.lid(distances, "method-of-moments"), theirs.dimension_pw_, rtol=1e-6)


@pytest.mark.parametrize(
    "estimator, formula",
    [
        ("amsaleg", lambda d: 40 / np.log(d[:, -1:] / d).sum(1)),
        ("mackay-ghahramani", lambda d: 39 / np.log(d[:, -1:] / d).sum(1)),
        ("mom", lambda d: d.mean(1) / (d[:, -1] - d.mean(1))),
        ("twonn", lambda d: 1 / np.log(d[:, 1] / d[:, 0])),
    ],
)
def test_estimators_are_their_formulas(distances, estimator, formula):
    np.testing.assert_allclose(an.lid(distances, estimator), formula(distances.astype(np.float64)), rtol=1e-6)


def test_over_queries_as_the_authors_do(distances):
    mackay = an.lid(distances, "mackay-ghahramani")
    assert an.lid_over_queries(mackay, "mackay-ghahramani") == pytest.approx(1 / np.mean(1 / mackay))
    assert an.lid_over_queries([2.0, np.nan, 4.0]) == 3.0
    assert np.isnan(an.lid_over_queries([]))
    assert "two-nn" in an.lid_estimators()


def test_zeros_are_left_out_and_what_has_no_value_is_nan():
    found = an.lid([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 3.0]])
    assert found[0] == pytest.approx(1 / np.log(2)) and np.isnan(found[1:]).all()


@pytest.mark.parametrize("bad, message", [([[2.0, 1.0]], "ascend"), ([[-1.0, 1.0]], "negative"), ([[np.nan]], "NaN")])
def test_bad_distances_are_value_errors(bad, message):
    with pytest.raises(ValueError, match=message):
        an.lid(bad)
    with pytest.raises(ValueError, match="no LID estimator"):
        an.lid([[1.0, 2.0]], "hill")
