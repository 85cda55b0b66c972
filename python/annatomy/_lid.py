"""Local intrinsic dimensionality."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import matrix

_SHORT = {"mle": "maximum-likelihood", "mom": "method-of-moments", "twonn": "two-nn"}


def lid_estimators() -> list[str]:
    """The names that :func:`lid` knows, "mle", "mom" and "twonn" being short for three of them."""
    return _core.lid_estimators()


def lid(distances: npt.ArrayLike, estimator: str = "mle") -> npt.NDArray[np.float64]:
    """One estimate of local intrinsic dimensionality per row of distances.

    Parameters
    ----------
    distances : array, q × k
        True distances (not squared: those would halve it) to each query's neighbors, itself left out, ascending.
    estimator : str
        "maximum-likelihood" or "mle" (Levina & Bickel 2004, eq. 8; ELKI's Hill), "amsaleg" (Amsaleg et al. 2015),
        "mackay-ghahramani" (2005; differs in :func:`lid_over_queries`), "method-of-moments" or "mom" (Amsaleg et al.
        2018), "two-nn" or "twonn" (Facco et al. 2017).

    Returns
    -------
    estimates : float64, q
        Zero distances are left out. NaN with fewer than two positive distances or all of them equal.

    Raises
    ------
    ValueError
        For an unknown estimator, distances that are negative or NaN, or rows that do not ascend.

    >>> import annatomy as an
    >>> round(float(an.lid([[1.0, 2.0, 4.0]])[0]), 4)
    0.9618
    """
    rows = matrix(distances, "distances")
    if not (rows >= 0).all():
        raise ValueError("distances hold a negative value or NaN")
    if rows.shape[1] > 1 and not (rows[:, 1:] >= rows[:, :-1]).all():
        raise ValueError("distances do not ascend in every row")
    return _core.lid(rows, _SHORT.get(estimator, estimator))


def lid_over_queries(estimates: npt.ArrayLike, estimator: str = "mle") -> float:
    """One figure from many queries' estimates: their mean, or for "mackay-ghahramani" and "two-nn" the inverse of the
    mean of their inverses. NaN estimates are left out; NaN without any."""
    values = np.asarray(estimates, dtype=np.float64).ravel()
    return _core.lid_over_queries(values[~np.isnan(values)].tolist(), _SHORT.get(estimator, estimator))
