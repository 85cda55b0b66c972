"""pynndescent ``NNDescent``: the beam is k, widened by epsilon; it has no ef."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._arrays import Float32, Int64
from ._engine import Engine, without


class Pynndescent(Engine):
    """A pynndescent index; ``epsilon`` (its only effort) is fixed here."""

    package = "pynndescent"
    effort = "none"
    empty = "some row at infinity"
    engine_class = "beam-is-k"

    def __init__(self, index: Any, epsilon: float = 0.1) -> None:
        self.index = index
        self.epsilon = epsilon

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        ids, distances = self.index.query(queries, k, epsilon=self.epsilon)
        return without(ids, ~np.isfinite(distances))
