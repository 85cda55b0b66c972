"""Live indexes of other packages: told apart without importing any of them, and their graphs as bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, TypedDict, Union

import numpy as np
import numpy.typing as npt

from ._arrays import Float32, Int64

#: ``search(queries, k)``: ids of q × k, or ids and distances.
Search = Callable[[Float32, int], Union[npt.ArrayLike, tuple[npt.ArrayLike, npt.ArrayLike]]]


class Live(TypedDict):
    """What an index says of itself that its bytes do not; None where the bytes say it."""

    metric: Optional[str]
    engine: Optional[str]
    ef_search: Optional[int]


def saved_graph(index: Any) -> Optional[tuple[npt.NDArray[np.uint8], Live]]:
    """The bytes of a faiss or hnswlib graph and what they leave out; None for anything else."""
    index = bare(index)
    if _package(index) == "hnswlib":
        return _of_hnswlib(index)
    return _of_faiss(index) if _package(index) == "faiss" and _is_flat_hnsw(index) else None


def searcher(index: Any, ef: Optional[int] = None) -> Search:
    """How ``index`` is asked: an adapter at ``ef``, a usearch or faiss index, or a callable as it is.

    Raises ``ValueError`` for anything else, or an adapter without ``ef``.
    """
    from .engines import Engine

    if _package(index) == "usearch":
        from .engines.usearch import Usearch

        ef = ef or int(index.expansion_search)
        index = Usearch(index)
    if isinstance(index, Engine):
        effort = ef or getattr(index, "ef", None)
        if effort is None and index.effort != "none":
            raise ValueError(f"{type(index).__name__} is asked at an effort: pass ef")
        return lambda queries, k: index.search(queries, k, effort or k)
    if _package(index) == "faiss":
        return lambda queries, k: index.search(queries, k)[::-1]
    if callable(index):
        search: Search = index
        return search
    raise ValueError(
        f"{type(index).__name__} is no index that can be read or asked: pass a faiss, hnswlib or usearch index, "
        "an annatomy.Hnsw, an annatomy.engines.Engine, or a callable search(queries, k)"
    )


def ask(search: Search, queries: Float32, k: int) -> tuple[Int64, Optional[Float32]]:
    """What ``search`` returns, as tables of q × k: slots that are not there hold −1 at infinity.

    Raises ``ValueError`` where it returns no table of ids, one row per query.
    """
    found = search(queries, k)
    ids, distances = found if isinstance(found, tuple) else (found, None)
    table = _table(ids, len(queries), k, -1, np.int64)
    return table, None if distances is None else _table(distances, len(queries), k, np.inf, np.float32)


def bare(index: Any) -> Any:
    """The index within an adapter of faiss or hnswlib."""
    inner = getattr(index, "index", None)
    own = type(index).__module__.startswith("annatomy.engines")
    return inner if own and _package(inner) in ("faiss", "hnswlib") else index


def _package(index: Any) -> str:
    return type(index).__module__.split(".")[0]


def _is_flat_hnsw(index: Any) -> bool:
    return type(_within(index)).__name__ == "IndexHNSWFlat"


def _within(index: Any) -> Any:
    """The index that a faiss ``IndexIDMap`` wraps."""
    if not type(index).__name__.startswith("IndexIDMap"):
        return index
    import faiss

    return faiss.downcast_index(index.index)


def _of_faiss(index: Any) -> tuple[npt.NDArray[np.uint8], Live]:
    import faiss

    bounded = bool(_within(index).hnsw.search_bounded_queue)
    live = Live(metric=None, engine="stop-early" if bounded else "raise", ef_search=None)
    return np.asarray(faiss.serialize_index(index)), live


def _of_hnswlib(index: Any) -> tuple[npt.NDArray[np.uint8], Live]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index.save_index(str(path))
        saved = np.fromfile(path, dtype=np.uint8)
    return saved, Live(metric=str(index.space), engine=None, ef_search=int(index.ef))


def _table(values: npt.ArrayLike, rows: int, columns: int, empty: float, kind: Any) -> npt.NDArray[Any]:
    given = np.asarray(values)
    if given.ndim != 2 or len(given) != rows or given.dtype.kind not in "iuf":
        raise ValueError(f"search returned {given.dtype} of shape {given.shape}: a row per query ({rows}) is needed")
    table = np.full((rows, columns), empty, dtype=kind)
    width = min(columns, given.shape[1])
    table[:, :width] = given[:, :width]
    return table
