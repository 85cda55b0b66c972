"""The graph, and what engines would answer from it."""

from __future__ import annotations

import os
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, Int64, Stored, count, optional_matrix, stored_matrix, unsigned_seed
from ._live import Live, saved_graph
from ._partial import is_path
from ._progress import Telling, telling

#: How engines treat k > ef; see :meth:`Hnsw.search`.
ENGINES = ("stop-early", "raise", "row-cap", "refuse", "beam-is-k")


class Hnsw:
    """An HNSW graph (Malkov & Yashunin 2018) over the rows of ``X``, built to be looked into.

    The same seed gives the same graph at any number of threads. Pickles, rows and all.

    Parameters
    ----------
    X : array, n × d
        float32 or float16 in C order is kept as it is (not copied, and not to be changed while the graph is in use);
        anything else is copied, with a :class:`ConversionWarning`. float16 takes half the memory and gives the graph and
        the answers of the same values in float32. Cosine keeps a float32 copy of the rows at unit length; L2 a sketch of
        them, one byte a value, from which building and searching tell that most rows are too far to be read.
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
    progress : bool or callable, optional
        See :func:`annatomy.exact_knn`.

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
        progress: Telling = None,
    ) -> None:
        self.seed: Optional[int] = unsigned_seed(seed)
        self.preset: Optional[str] = preset
        rows = stored_matrix(X, "X")
        with telling(progress, "Hnsw") as tell:
            self._core = _core.Hnsw(
                rows,
                count(m, "m", 0),
                count(ef_construction, "ef_construction", 0),
                self.seed,
                preset,
                metric,
                count(threads, "threads", 0),
                count(memory_budget_bytes, "memory_budget_bytes", 0),
                tell,
            )

    @classmethod
    def of(
        cls,
        index: Any,
        X: Optional[npt.ArrayLike] = None,
        *,
        metric: Optional[str] = None,
        arithmetic: Optional[str] = None,
    ) -> Hnsw:
        """The graph of a faiss ``IndexHNSWFlat`` (an ``IndexIDMap`` around one too), hnswlib or usearch index, live or saved.

        It is searched in that engine's own arithmetic, so that its answers are the engine's, id for id. The graph is a copy
        as the index stands now.

        Parameters
        ----------
        index : faiss, hnswlib or usearch index, or the path of one that was saved
            Of usearch one of f32 under l2sq or ip, without removed rows.
        X : array, n × d, optional
            The vectors that were added, in the order of their ids. Where they hold the very values that the index holds,
            its copy of them is dropped.
        metric : {"l2", "cosine", "ip"}, optional
            By default the index's; a file of hnswlib does not say it (default: l2).
        arithmetic : str, optional
            See :func:`annatomy.audit`. A file is not searched: by default that of this machine.

        Raises
        ------
        ValueError
            For an index that holds no such graph, is empty or has deleted rows, or was built from other vectors than X.
        OSError
            For a file that cannot be read.
        """
        saved = saved_graph(index, arithmetic)
        if saved is None:
            raise ValueError(f"{type(index).__name__} is no faiss IndexHNSWFlat, no hnswlib index and no usearch index of f32 under l2sq or ip: it has no graph to read")
        try:
            graph = cls._of_saved(*saved, optional_matrix(X, "X"), metric)
        except ValueError as error:
            raise (ValueError(f"{os.fspath(index)}: {error}") if is_path(index) else error) from None
        if deleted := graph._core.deleted_rows:
            raise ValueError(f"{deleted} of the index's rows are marked deleted: annatomy.audit(X, index) leaves them out")
        return graph

    @classmethod
    def _of_saved(
        cls,
        saved: Union[npt.NDArray[np.uint8], list[npt.NDArray[np.uint8]]],
        live: Live,
        rows: Optional[Float32],
        metric: Optional[str],
    ) -> Hnsw:
        graph = cls.__new__(cls)
        graph.seed, graph.preset = None, None
        parts = saved if isinstance(saved, list) else [saved]
        graph._core = _core.Hnsw.of_engine(parts, rows, {**live, "metric": live["metric"] or metric})
        return graph

    @classmethod
    def _of_segments(cls, segments: list[Hnsw], rows: Float32) -> Hnsw:
        graph = cls.__new__(cls)
        graph.seed, graph.preset = None, None
        graph._core = _core.Hnsw.of_segments([segment._core for segment in segments], rows)
        return graph

    @property
    def X(self) -> Stored:
        """The rows, n × d: the array given, where it needed no conversion and is no engine's own."""
        return self._core.rows

    @property
    def m(self) -> int:
        """Links per node on upper layers."""
        return self._core.facts[0]

    @property
    def ef_construction(self) -> int:
        """Beam width while inserting."""
        return self._core.facts[1]

    @property
    def ef_search(self) -> Optional[int]:
        """The effort that an engine's index was set to; None for a graph built here."""
        return self._core.facts[2]

    @property
    def metric(self) -> str:
        """What it was built for."""
        return self._core.facts[3]

    @property
    def arithmetic(self) -> Optional[str]:
        """The arithmetic of the engine in which its graph is searched, as :func:`annatomy.audit` names it; None: our own."""
        return self._core.facts[6]

    @property
    def engine_class(self) -> str:
        """What the engine of this graph does when k exceeds ef; see :meth:`search`."""
        return self._core.facts[4]

    @property
    def source(self) -> str:
        """Where the graph comes from."""
        return self._core.facts[5]

    @property
    def labels(self) -> Optional[Int64]:
        """What the engine calls each row, where that is not its number."""
        return self._core.labels

    def check_rows(self, X: Optional[npt.ArrayLike]) -> None:
        """Raises ``ValueError`` if ``X`` is not what the graph is over; an engine may have scaled its rows."""
        if X is None or X is self.X:
            return
        rows = stored_matrix(X, "X", stacklevel=4)
        scaled = self.preset is None and rows.shape == self.X.shape
        if not (scaled and (self.metric == "cosine" or self.labels is not None)) and not np.array_equal(rows, self.X):
            raise ValueError("X is not the array that the index was built from")

    def search(
        self,
        queries: Optional[npt.ArrayLike],
        k: int,
        ef: int,
        *,
        engine: Optional[str] = None,
        threads: int = 0,
        progress: Telling = None,
    ) -> tuple[Int64, Float32]:
        """What an engine returns when ``k`` neighbors are asked of search effort ``ef``.

        Parameters
        ----------
        queries : array, q × d, or None
            None: every row is a query, itself left out by id (the engine is asked for k + 1).
        k, ef : int
        engine : str, optional
            By default "stop-early", or the rule of the engine whose graph this is. "stop-early" (FAISS: searches at ef
            whatever k is), "raise" (hnswlib, usearch, Qdrant: ef ← max(ef, k)), "row-cap" (pgvector: at most ef rows),
            "refuse" (Milvus: k > ef is an error), "beam-is-k" (Lucene: ef ← k).
        threads : int
        progress : bool or callable, optional
            See :func:`annatomy.exact_knn`.

        Returns
        -------
        ids : int64, q × k
            As the engine names its rows, nearest first; −1 in a slot that the engine cannot fill.
        distances : float32, q × k
            Not squared; infinite in an empty slot.

        Raises
        ------
        ValueError
            For k or ef of 0, queries of another length, values that are not finite, or k > ef with "refuse".
        """
        held_out = optional_matrix(queries, "queries")
        rule = self.rule(engine)
        with telling(progress, "search") as tell:
            ids, distances = self._core.search(
                held_out, count(k, "k"), count(ef, "ef"), rule, count(threads, "threads", 0), tell
            )
        if self.labels is not None:
            ids = np.where(ids < 0, -1, self.labels[ids])
        return ids, distances

    def rule(self, engine: Optional[str]) -> str:
        """``engine``, or by default the rule of the engine whose graph this is; "stop-early" for one built here."""
        return engine or (self.engine_class if self.preset is None else "stop-early")

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
        if self.preset is None:
            return f"Hnsw({n} × {d}, {self.source}, m={self.m}, ef_construction={self.ef_construction})"
        return (
            f"Hnsw({n} × {d}, m={self.m}, ef_construction={self.ef_construction}, seed={self.seed}, "
            f"preset={self.preset!r}, metric={self.metric!r})"
        )
