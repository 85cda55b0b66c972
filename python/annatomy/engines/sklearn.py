"""scikit-learn ``NearestNeighbors``: exact, without effort; refuses k > n."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import Float32, Int64
from ._engine import Engine


class ScikitLearn(Engine):
    """A fitted ``NearestNeighbors`` of any algorithm."""

    package = "scikit-learn"
    effort = "none"
    empty = "none: raises ValueError"
    engine_class = "exact"

    def __init__(self, index: Any) -> None:
        self.index = index

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        ids = self.index.kneighbors(queries, k, return_distance=False)
        return np.asarray(ids).astype(np.int64)
