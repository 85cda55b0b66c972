"""A scikit-learn transformer to a graph of exact neighbors: takes the place of ``KNeighborsTransformer``.

Needs scikit-learn (``pip install annatomy[sklearn]``).
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._arrays import count
from ._neighbors import exact_knn

_METRICS = {"euclidean": "l2", "l2": "l2", "cosine": "cosine"}


class ExactNeighborsTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Rows to their weighted graph of exact nearest neighbors among the fitted rows.

    As :class:`sklearn.neighbors.KNeighborsTransformer`, for pipelines of estimators with ``metric="precomputed"``.

    Parameters
    ----------
    mode : {"distance", "connectivity"}
        Distances (and then ``n_neighbors`` + 1 neighbors, as scikit-learn gives them), or ones.
    n_neighbors : int
        Neighbors per row.
    metric : {"euclidean", "l2", "cosine"}
    n_jobs : int, optional
        Threads; None or −1 for as many as the machine has.

    Attributes
    ----------
    n_features_in_ : int
    n_samples_fit_ : int
    """

    def __init__(
        self,
        *,
        mode: str = "distance",
        n_neighbors: int = 5,
        metric: str = "euclidean",
        n_jobs: Optional[int] = None,
    ) -> None:
        self.mode = mode
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X: npt.ArrayLike, y: Any = None) -> ExactNeighborsTransformer:
        """Keeps the rows; float32 in C order without a copy."""
        self._rows = validate_data(self, X, dtype=np.float32, order="C")
        self.n_samples_fit_ = len(self._rows)
        self._n_features_out = self.n_samples_fit_
        self._check_parameters()
        return self

    def transform(self, X: npt.ArrayLike) -> csr_matrix:
        """The graph from rows of ``X`` to the fitted rows, q × n_samples_fit_; a fitted row finds itself first."""
        check_is_fitted(self, "n_samples_fit_")
        queries = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        return self._graph(queries, own=False)

    def fit_transform(self, X: npt.ArrayLike, y: Any = None, **_: Any) -> csr_matrix:
        """The graph of the fitted rows; each row is its own first neighbor, even where another equals it."""
        return self.fit(X)._graph(self._rows, own=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _graph(self, queries: npt.NDArray[np.float32], own: bool) -> csr_matrix:
        k = self.n_neighbors + (self.mode == "distance")
        ids, distances = self._neighbors(queries, k, own)
        values = distances if self.mode == "distance" else np.ones_like(distances)
        starts = np.arange(0, ids.size + 1, k)
        return csr_matrix((values.ravel(), ids.ravel(), starts), shape=(len(queries), self.n_samples_fit_))

    def _neighbors(
        self, queries: npt.NDArray[np.float32], k: int, own: bool
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        threads = self.n_jobs if self.n_jobs is not None and self.n_jobs > 0 else 0
        metric = _METRICS[self.metric]
        if not own:
            return exact_knn(self._rows, k, queries=queries, metric=metric, threads=threads)
        if k > len(self._rows):
            raise ValueError(f"n_neighbors = {self.n_neighbors} needs {k} rows, n_samples = {len(self._rows)}")
        itself = np.arange(len(queries))[:, None]
        nothing = np.zeros((len(queries), 1), dtype=np.float32)
        if k == 1:
            return itself, nothing
        ids, distances = exact_knn(self._rows, k - 1, metric=metric, threads=threads)
        return np.hstack([itself, ids]), np.hstack([nothing, distances])

    def _check_parameters(self) -> None:
        if self.mode not in ("distance", "connectivity"):
            raise ValueError(f"mode = {self.mode!r}: distance or connectivity")
        if self.metric not in _METRICS:
            raise ValueError(f"metric = {self.metric!r}: {', '.join(_METRICS)}")
        count(self.n_neighbors, "n_neighbors")
