"""Live indexes of other packages: recognized without importing any of them, and their graphs as bytes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Optional, TypedDict, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Float32, Int64
from ._partial import is_path

#: Queries, ids, distances: q × d, q × k, q × k.
Probe = tuple[Float32, Int64, Float32]

#: Rows of an index out of which queries are made, and neighbors asked for, to find its arithmetic.
PROBED_ROWS, PROBED_NEIGHBORS = 65, 10

#: ``search(queries, k)``: ids of q × k, or ids and distances.
Search = Callable[[Float32, int], Union[npt.ArrayLike, tuple[npt.ArrayLike, npt.ArrayLike]]]


class Live(TypedDict):
    """What an index says of itself that its bytes do not; None where the bytes say it."""

    metric: Optional[str]
    engine: Optional[str]
    ef_search: Optional[int]
    #: Vector instructions and compiler by which its distances are rounded, where the caller names them.
    arithmetic: Optional[str]
    #: Queries, and the ids and distances that the index returns, by which they are found.
    probe: Optional[Probe]


def saved_graph(index: Any, arithmetic: Optional[str] = None) -> Optional[tuple[npt.NDArray[np.uint8], Live]]:
    """The bytes of a faiss, hnswlib or usearch graph over float32 rows and what they leave out; None for anything else.

    Unless ``arithmetic`` names it, the index is searched a few times: its distances tell in which arithmetic it sums.
    """
    if is_path(index):
        return _of_file(os.fspath(index), arithmetic)
    index = bare(index)
    if _package(index) == "hnswlib":
        saved, live = _of_hnswlib(index)
        probe = _probe_hnswlib
    elif _package(index) == "faiss" and _is_flat_hnsw(index):
        saved, live = _of_faiss(index)
        probe = _probe_faiss
    elif _package(index) == "usearch" and _is_flat_usearch(index) and (whole := _usearch_bytes(index)) is not None:
        saved, live = whole, _live_of_usearch(index)
        probe = _probe_usearch
    else:
        return None
    if arithmetic is None:
        live["probe"] = probe(index)
    live["arithmetic"] = arithmetic
    return saved, live


def saved_segments(
    indexes: list[Any], arithmetic: Optional[str] = None
) -> Optional[tuple[list[npt.NDArray[np.uint8]], Live]]:
    """The bytes of several faiss or hnswlib graphs, and what the first says of itself; None unless all are such graphs."""
    found = [saved_graph(index, arithmetic) for index in indexes[:1]]
    found += [saved_graph(index, arithmetic or "plain") for index in indexes[1:]]
    graphs = [graph for graph in found if graph is not None]
    if len(graphs) < len(found):
        return None
    live = graphs[0][1]
    for number, (_, other) in enumerate(graphs):
        for name in ("metric", "engine"):
            if other[name] != live[name]:
                raise ValueError(f"segment {number} is {other[name]}, and the first {live[name]}")
    if any(other["ef_search"] != live["ef_search"] for _, other in graphs):
        live["ef_search"] = None
    return [saved for saved, _ in graphs], live


def is_saved(index: Any) -> bool:
    """Whether an index is one of those that are read rather than asked, by its package."""
    inner = bare(index)
    return _package(inner) in ("faiss", "hnswlib", "usearch")


def saved_method(index: Any) -> Optional[_core.SavedMethod]:
    """A faiss index of codes, cells, transforms or a rerank, or a usearch index of codes or under cos, read.

    None for anything else, and for kinds that are not read.
    """
    index = bare(index)
    if _package(index) == "usearch" and (whole := _usearch_bytes(index)) is not None:
        try:
            return _core.SavedMethod(whole, int(index.expansion_search))
        except ValueError:  # a kind that is not read
            return None
    if _package(index) != "faiss":
        return None
    import faiss

    try:
        return _core.SavedMethod(np.asarray(faiss.serialize_index(index)))
    except (RuntimeError, ValueError):  # a kind that faiss does not save, or that is not read
        return None


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


def is_index(given: Any) -> bool:
    """Whether this is an index, or a list of indexes, and no array of rows."""
    from ._hnsw import Hnsw
    from .engines import Engine

    if isinstance(given, (list, tuple)):
        return bool(given) and all(is_index(part) for part in given)
    return isinstance(given, (Hnsw, Engine)) or _package(given) in ("faiss", "hnswlib", "usearch")


def ask(search: Search, queries: Float32, k: int) -> tuple[Int64, Optional[Float32]]:
    """What ``search`` returns, as tables of q × k: slots that are not there hold −1 at infinity.

    Raises ``ValueError`` where it returns no table of ids, one row per query.
    """
    found = search(queries, k)
    ids, distances = found if isinstance(found, tuple) else (found, None)
    _check_whole(ids)
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


def _of_file(path: str, arithmetic: Optional[str]) -> tuple[npt.NDArray[np.uint8], Live]:
    saved = np.asarray(np.memmap(path, dtype=np.uint8, mode="r")) if os.path.getsize(path) else np.zeros(0, np.uint8)
    return saved, Live(metric=None, engine=None, ef_search=None, arithmetic=arithmetic, probe=None)


def _of_faiss(index: Any) -> tuple[npt.NDArray[np.uint8], Live]:
    import faiss

    bounded = bool(_within(index).hnsw.search_bounded_queue)
    live = Live(metric=None, engine="stop-early" if bounded else "raise", ef_search=None, arithmetic=None, probe=None)
    return np.asarray(faiss.serialize_index(index)), live


def _is_flat_usearch(index: Any) -> bool:
    return index.dtype.name == "F32" and index.metric_kind.name in ("L2sq", "IP")


def _usearch_bytes(index: Any) -> Optional[npt.NDArray[np.uint8]]:
    """A usearch index as it saves itself; None where the file would not be all of it.

    Removed rows, several of a key, or a metric of the caller's own.
    """
    if index.jit or index.multi or len(index) == 0:
        return None
    saved = np.frombuffer(index.save(), dtype=np.uint8)
    rows, size = saved[:8].view("<u4").tolist()
    return saved if rows == len(index) and size > 0 else None


def _live_of_usearch(index: Any) -> Live:
    return Live(metric=None, engine=None, ef_search=int(index.expansion_search), arithmetic=None, probe=None)


def _of_hnswlib(index: Any) -> tuple[npt.NDArray[np.uint8], Live]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        index.save_index(str(path))
        saved = np.fromfile(path, dtype=np.uint8)
    live = Live(metric=str(index.space), engine=None, ef_search=int(index.ef), arithmetic=None, probe=None)
    return saved, live


def _probe_faiss(index: Any) -> Optional[Probe]:
    rows = min(int(index.ntotal), PROBED_ROWS)
    if rows == 0:
        return None
    queries = _between(_within(index).reconstruct_n(0, rows))
    distances, ids = index.search(queries, min(int(index.ntotal), PROBED_NEIGHBORS))
    return queries, ids, distances


def _probe_hnswlib(index: Any) -> Optional[Probe]:
    rows = []
    for label in index.get_ids_list():
        try:
            rows.append(index.get_items([label])[0])
        except RuntimeError:  # a deleted row
            continue
        if len(rows) == PROBED_ROWS:
            break
    if not rows:
        return None
    queries = _between(rows)
    try:
        ids, distances = index.knn_query(queries, min(int(index.element_count), PROBED_NEIGHBORS))
    except RuntimeError:  # fewer rows than asked for can be reached
        ids, distances = index.knn_query(queries, 1)
    return queries, ids.astype(np.int64), distances


def _probe_usearch(index: Any) -> Optional[Probe]:
    if len(index) < 2:  # one query has no table of answers
        return None
    keys = np.asarray(index.keys[:PROBED_ROWS])
    queries = _between(index.get(keys))
    matches = index.search(queries, min(len(index), PROBED_NEIGHBORS))
    empty = np.arange(matches.keys.shape[1]) >= np.asarray(matches.counts)[:, None]
    return queries, np.where(empty, -1, matches.keys.astype(np.int64)), matches.distances.astype(np.float32)


def _between(rows: npt.ArrayLike) -> Float32:
    """Queries halfway between neighboring rows, so that no distance is zero and each bit of a sum counts."""
    rows = np.asarray(rows, dtype=np.float32)
    return np.ascontiguousarray((rows + np.roll(rows, 1, axis=0)) / 2 + rows / 7, dtype=np.float32)


def _check_whole(ids: npt.ArrayLike) -> None:
    """Raises ``ValueError`` for ids that a conversion would cut."""
    given = np.asarray(ids)
    if given.dtype.kind != "f":
        return
    broken = ~(np.isfinite(given) & (given == np.trunc(given)))
    if broken.any():
        place = tuple(int(axis) for axis in np.argwhere(broken)[0])
        raise ValueError(f"search returned the id {given[place]} at {place}: ids are integers, -1 in an empty slot")


def _table(values: npt.ArrayLike, rows: int, columns: int, empty: float, kind: Any) -> npt.NDArray[Any]:
    given = np.asarray(values)
    if given.ndim != 2 or len(given) != rows or given.dtype.kind not in "iuf":
        raise ValueError(f"search returned {given.dtype} of shape {given.shape}: a row per query ({rows}) is needed")
    table = np.full((rows, columns), empty, dtype=kind)
    width = min(columns, given.shape[1])
    table[:, :width] = given[:, :width]
    return table
