"""The graph, and what engines would answer from it."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, Int64, count, matrix, optional_matrix

#: How engines treat k > ef; see :meth:`Hnsw.search`.
ENGINES = ("stop-early", "raise", "row-cap", "refuse", "beam-is-k")


class Hnsw:
    """An HNSW graph (Malkov & Yashunin 2018) over the rows of ``X``, built to be looked into.

    The same seed gives the same graph at any number of threads.

    Parameters
    ----------
    X : array, n × d
        float32 in C order is kept as it is (not copied, and not to be changed while the graph is in use); anything else
        is copied, with a :class:`ConversionWarning`. Cosine keeps a copy of the rows at unit length.
    m : int
        Links per node on upper layers; twice as many on layer 0.
    ef_construction : int
        Beam width while inserting.
    seed : int
        Of levels and order of insertion.
    preset : {"faiss", "hnswlib", "paper"}
        Whose graph: engines differ in links of a new node, order of insertion and treatment of short lists.
    metric : {"l2", "cosine", "ip"}
        See :func:`annatomy.exact_knn`.
    threads : int
        0 for as many as the machine has.
    memory_budget_bytes : int
        Where tables of all pairs (6 n² bytes) fit, the graph is built from ranks, which is faster.

    Raises
    ------
    ValueError
        For values that are not finite, an unknown preset or metric, m < 2 or ef_construction < 1.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    >>> ids, distances = an.Hnsw(X, m=8).search(X[:3], k=2, ef=20)
    >>> ids[:, 0].tolist()
    [0, 1, 2]
    """

    def __init__(
        self,
        X: npt.ArrayLike,
        m: int = 32,
        ef_construction: int = 200,
        seed: int = 0,
        preset: str = "faiss",
        *,
        metric: str = "l2",
        threads: int = 0,
        memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    ) -> None:
        self.m = count(m, "m", 0)
        self.ef_construction = count(ef_construction, "ef_construction", 0)
        self.seed = count(seed, "seed", 0)
        self.preset = preset
        self.metric = metric
        self._core = _core.Hnsw(
            matrix(X, "X"),
            self.m,
            self.ef_construction,
            self.seed,
            preset,
            metric,
            count(threads, "threads", 0),
            count(memory_budget_bytes, "memory_budget_bytes", 0),
        )

    @property
    def X(self) -> Float32:
        """The rows, n × d: the array given, where it needed no conversion."""
        return self._core.rows

    def search(
        self,
        queries: Optional[npt.ArrayLike],
        k: int,
        ef: int,
        *,
        engine: str = "stop-early",
        threads: int = 0,
    ) -> tuple[Int64, Float32]:
        """What an engine returns when ``k`` neighbors are asked of search effort ``ef``.

        Parameters
        ----------
        queries : array, q × d, or None
            None: every row is a query, itself left out by id (the engine is asked for k + 1).
        k, ef : int
        engine : str
            "stop-early" (FAISS: searches at ef whatever k is), "raise" (hnswlib, usearch, Qdrant: ef ← max(ef, k)),
            "row-cap" (pgvector: at most ef rows), "refuse" (Milvus: k > ef is an error), "beam-is-k" (Lucene: ef ← k).
        threads : int

        Returns
        -------
        ids : int64, q × k
            Nearest first; −1 in a slot that the engine cannot fill.
        distances : float32, q × k
            Not squared; infinite in an empty slot.

        Raises
        ------
        ValueError
            For k or ef of 0, queries of another length, values that are not finite, or k > ef with "refuse".
        """
        return self._core.search(
            optional_matrix(queries, "queries"), count(k, "k"), count(ef, "ef"), engine, count(threads, "threads", 0)
        )

    def links(self, node: int, level: int = 0) -> Int64:
        """The ids that ``node`` links to on ``level``. Raises ``IndexError`` where it is not on that layer."""
        return np.asarray(self._core.links(node, level), dtype=np.int64)

    def reachable(self) -> npt.NDArray[np.bool_]:
        """Per node, whether a path leads to it from the entry point: what no effort can find is False."""
        return self._core.reachable()

    @property
    def entry_point(self) -> Optional[int]:
        """Where searches start; None for a graph of no rows."""
        return self._core.entry_point

    @property
    def layer_sizes(self) -> list[int]:
        """Nodes on each layer, layer 0 first."""
        return self._core.layer_sizes

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        n, d = self.X.shape
        return (
            f"Hnsw({n} × {d}, m={self.m}, ef_construction={self.ef_construction}, seed={self.seed}, "
            f"preset={self.preset!r}, metric={self.metric!r})"
        )
