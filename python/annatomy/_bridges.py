"""Exact neighbors in the forms that other packages take."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from ._arrays import Float32, Int64, matrix
from ._neighbors import exact_knn
from ._progress import Telling

#: Which package's form; see :func:`precomputed_knn`.
FORMS = ("umap", "opentsne")


def precomputed_knn(
    X: npt.ArrayLike,
    k: int,
    *,
    form: str = "umap",
    metric: str = "l2",
    threads: int = 0,
    progress: Telling = None,
) -> tuple[Int64, Float32]:
    """Exact neighbors of every row of ``X`` in the form that UMAP or openTSNE takes.

    * ``umap.UMAP(n_neighbors=k, precomputed_knn=an.precomputed_knn(X, k))``: k columns, the row itself first at
      distance 0, even where another row equals it.
    * ``openTSNE.nearest_neighbors.PrecomputedNeighbors(*an.precomputed_knn(X, k, form="opentsne"))``: k columns, the
      row itself left out; for perplexity p take k = 3 p.

    Parameters
    ----------
    X : array, n × d
    k : int
        Columns.
    form : {"umap", "opentsne"}
    metric : {"l2", "cosine"}
    threads : int
    progress : bool or callable, optional
        See :func:`annatomy.exact_knn`.

    Returns
    -------
    indices : int64, n × k
    distances : float32, n × k

    Raises
    ------
    ValueError
        As :func:`annatomy.exact_knn`, or for an unknown form.
    """
    if form not in FORMS:
        raise ValueError(f"no form {form!r}; known: {', '.join(FORMS)}")
    rows = matrix(X, "X")
    if form == "opentsne":
        return exact_knn(rows, k, metric=metric, threads=threads, progress=progress)
    own = np.arange(len(rows), dtype=np.int64)[:, None]
    zero = np.zeros((len(rows), 1), dtype=np.float32)
    if k == 1:
        return own, zero
    ids, distances = exact_knn(rows, k - 1, metric=metric, threads=threads, progress=progress)
    return np.hstack([own, ids]), np.hstack([zero, distances])


