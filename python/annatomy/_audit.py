"""An audit: what happens in *your* system, why, and which effort mends it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Optional, TypedDict, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Float32, Int64, count, counts, matrix, optional_matrix, unsigned_seed
from ._audited import Audit, Prediction
from ._distributed import AtOnce, Executor
from ._elsewhere import Elsewhere, Search, whole
from ._hnsw import Hnsw
from ._ids import Slots, row_ids, slots
from ._live import ask, is_index, is_saved, saved_graph, saved_method, saved_segments, searcher
from ._partial import Path, is_path, query_rows
from ._progress import Telling, telling
from ._shards import Base, is_list_of_parts


class Wanted(TypedDict):
    """What the core is asked for."""

    name: str
    filter_rule: Optional[str]
    selectivities: list[float]
    growth: bool
    ks: Optional[list[int]]
    targets: list[str]
    efs: list[int]
    sample: Optional[int]
    until: Optional[float]
    numbers: Optional[list[int]]
    seed: int
    metric: Optional[str]
    preset: str
    m: int
    ef_construction: int
    graphs: int
    predictions: list[tuple[int, int, str]]
    requirements: list[str]
    one_graph: bool
    repair: bool
    threads: int
    budget_bytes: int


def audit(
    X: Union[Base, Hnsw, None] = None,
    index: Any = None,
    *,
    queries: Union[Path, npt.ArrayLike, None] = None,
    neighbors: Optional[npt.ArrayLike] = None,
    distances: Optional[npt.ArrayLike] = None,
    ids: Optional[npt.ArrayLike] = None,
    allowed: Optional[npt.ArrayLike] = None,
    groups: Optional[npt.ArrayLike] = None,
    filter_rule: Optional[str] = None,
    selectivity: Union[float, Sequence[float]] = (),
    growth: bool = False,
    k: Optional[Union[int, npt.ArrayLike]] = None,
    target: Union[str, Sequence[str]] = "overlap=0.99",
    efs: Union[int, Sequence[int]] = (),
    ef: Optional[int] = None,
    sample: Optional[int] = None,
    until: Optional[float] = None,
    seed: int = 42,
    metric: Optional[str] = None,
    arithmetic: Optional[str] = None,
    preset: str = "faiss",
    m: int = 32,
    ef_construction: int = 200,
    graphs: int = 3,
    predict: Sequence[Prediction] = (),
    require: Union[str, Sequence[str]] = (),
    one_graph: bool = False,
    repair: bool = False,
    threads: int = 0,
    memory_budget_bytes: int = 3 << 30,
    progress: Telling = None,
    executor: Optional[Executor] = None,
    rows_per_task: Optional[int] = None,
    partials: Optional[Path] = None,
) -> Audit:
    """Where a search stops returning the nearest neighbors, why, and the smallest effort that gets them back.

    * ``audit(X)``: graphs are built over the rows.
    * ``audit(X, index)`` with a live faiss ``IndexHNSWFlat`` or hnswlib index, or an :class:`annatomy.Hnsw`: that very
      graph is read and traversed, so that every figure is the engine's own. ``audit(index)`` does: it holds the rows. Rows
      that are marked deleted are searched through and never returned.
    * ``audit(X, index)`` with a live faiss index of scalar or product codes, an inverted file, or either behind transforms
      or a rerank (``IndexHNSWSQ``, ``IndexHNSWPQ``, ``IndexIVFFlat``, ``IndexIVFScalarQuantizer``, ``IndexIVFPQ``,
      ``IndexPreTransform``, ``IndexRefineFlat``, ``IndexIDMap``): it is read, searched in its own arithmetic, and
      ``method["stages"]`` says which stage lost each missing neighbor. Efforts are its ``nprobe`` or ``efSearch``.
    * ``audit(X, "folder/ann")`` with the path of what DiskANN's ``diskannpy.build_memory_index`` left, its graph next to
      ``ann.data``: read and searched as ``StaticMemoryIndex`` does, over float32, int8 and uint8. Efforts are its
      ``complexity``, L. Without ``ann_metadata.bin``, ``metric`` is needed. A saved index of codes, cells, transforms or a
      rerank can be named by its path too.
    * ``audit(X, [a, b, c])`` with several live faiss or hnswlib graphs, or several :class:`annatomy.Hnsw`: segments of one
      collection. Each is over the next slice of X, or names its rows by ids that no other has. Every ef is per segment, and
      the k nearest of all their answers are returned; ``segments`` says more.
    * ``audit(X, index)`` with a usearch index, an :class:`annatomy.engines.Engine`, any other faiss index, or a callable
      ``search(queries, k)`` that returns ids or (ids, distances): it is asked for the largest k, and its answers audited.
    * ``audit(X, neighbors=ids, distances=d)``: the answers of any engine. With an index that has a graph, the graph says
      which missing neighbors are unreachable.

    Rows of X are read where they lie; cosine copies them unless they are of unit length. An engine's graph comes as bytes
    that hold its vectors once more; these are dropped as soon as X is found to hold the same values.

    Parameters
    ----------
    X : array, n × d; path; or a list of arrays or of paths
        Files and lists are one base, as in :func:`annatomy.exact_knn`. Where answers alone are audited they stay where they are:
        tasks look at each row once, search them, and bring the rows that answers and exact lists name. Graphs are searched in
        memory, into which such a base is read whole.
    index : see above
    queries : array, q × d, or path, optional
        Held-out queries. Without them rows are queries, each itself left out by id. Files, lists and an ``executor`` need them.
    neighbors : int, q × K, optional
        What an engine returned to every query, or to every row of X: sentinels of any kind, ids from 0 or 1, with or without
        the query itself; sentinels are counted and never scored. A slot is a place: k is judged over the first k slots.
    distances : array, q × K, optional
        Of ``neighbors``; of any kind, which is detected.
    ids : int or str, n, optional
        Primary keys of the rows of X: integers of any width or text, all different; −1 and the empty text stand for an
        empty slot and name no row. ``neighbors`` and ``allowed`` name rows by them (text: an array of str, None in empty
        slots), and so do predictions, tables and reports. Ids that no row has are counted in ``answers["unknown_ids"]``.
    allowed : bool, n or q × n; or int ids, m or q × m, optional
        Rows that queries may be answered with, for all queries or one row per query (ids filled up with −1). Exact
        neighbors are those among the allowed; answers with other rows count as empty slots.
    groups : n or q values, optional
        A group of every query (class, language, tenant), by which ``groups`` splits the loss.
    filter_rule : {"count-all", "count-allowed", "after-search"}, optional
        How the engine searches under a filter: FAISS counts every row, hnswlib and usearch allowed ones, pgvector filters
        what a search found. By default as the graph's engine does.
    selectivity : float or floats
        Shares of the rows: the audit is repeated under filters that allow as many, drawn at random, and nearest to one that
        is drawn; :attr:`Audit.selectivity`. Without ``allowed``.
    growth : bool
        Whether the smallest ef is looked for over samples of 1/16, 1/8, … of the rows too, three of each, to see how it grows;
        :attr:`Audit.growth`. Takes the builds of some four graphs.
    k : int or ints, optional
        By default 10, 90 and 500, as far as there are rows.
    target : str or strings
        ``MEASURE=VALUE`` of overlap, overlap_p1, overlap_p5, overlap_p25, robust@δ (share of queries with overlap of at
        least δ), fill (at least), lid_bias, distance_error, barycenter_shift (at most).
    efs : ints
        Efforts at which all measures are taken, besides the index's own.
    ef : int, optional
        At which an engine's adapter is asked; a usearch index by default at its own.
    sample : int, optional
        Queries to draw; by default all up to 10,000 and 2,000 beyond. Intervals say so.
    until : float, optional
        Draw as many queries as give every mean overlap a 95 % interval of ± this, in the place of ``sample``: a pilot says
        how many, fresh ones are drawn; ``until["took"]`` has the numbers, ``until["widths"]`` what other widths take.
    seed : int
        Of the sample and of graphs built here.
    metric : {"l2", "cosine", "ip"}, optional
        By default the index's, or l2.
    arithmetic : str, optional
        Vector instructions and compiler by which the engine of ``index`` rounds its distances: plain, sse, avx, avx2,
        avx2-zen, avx2-clang, avx512, avx512-spr, avx512-zen4, avx512-zen5 or avx512-clang. By default the one that gives
        the distances of a few searches of ``index`` bit for bit; ``graphs["arithmetic"]`` says which.
    preset, m, ef_construction, graphs
        Of graphs built here: rules, M, efConstruction, how many (seeds ``seed``, ``seed`` + 1, …).
    predict : sequence of (ef, k, class)
        Ids to predict; see :attr:`Audit.predictions`. The k of a row that is a query counts the query itself.
    require : str or strings
        Conditions such as ``overlap@10>=0.95``, of the answers, or of the efforts looked at; :attr:`Audit.requirements`
        says whether each is shown: the worse end of its 95 % interval keeps the bound.
    one_graph : bool
        Whether one graph over the rows of all segments is built, as their engine builds, to compare what both return and
        cost: ``segments["one_graph"]``.
    repair : bool
        Whether to search bad rows of the answers again, exactly.
    threads, memory_budget_bytes : int
        See :func:`annatomy.exact_knn`.
    progress : bool or callable, optional
        Called with (stage, done, total) as work goes on; True draws a line on stderr, None does so in notebooks alone.
    executor : optional
        Anything with ``submit``, as in :func:`annatomy.exact_knn`: its tasks find the exact neighbors, of which the audit is that
        of one machine. See :mod:`annatomy.ray` for Ray.
    rows_per_task, partials
        As of :func:`annatomy.exact_knn`.

    Raises
    ------
    OSError
        If a file cannot be read.
    ValueError
        For arrays that contradict each other, an index over other rows or of a kind that cannot be read, or more than the
        data hold.

    >>> import annatomy as an, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32)
    >>> found = an.audit(X, k=10, graphs=1)
    >>> row = found.advice[0]
    >>> bool(row["ef"] >= 10 and row["reached"] >= 0.99)
    True
    """
    if index is None and is_index(X):
        X, index = None, X
    base: Optional[Base] = None if isinstance(X, Hnsw) else X
    in_parts = base is not None and (is_path(base) or is_list_of_parts(base))
    held_out = None if queries is None else query_rows(queries) if is_path(queries) else matrix(queries, "queries")
    elsewhere: Optional[Elsewhere] = None
    if in_parts or executor is not None:
        _check_parts(held_out, allowed)
    if base is not None and in_parts and not _is_read(index) and (neighbors is not None or index is not None):
        elsewhere, rows = Elsewhere(base, metric or "l2", executor), None
    else:
        rows = whole(base) if in_parts else optional_matrix(base, "X")  # type: ignore[arg-type]
    graph, method, search = _graph_or_search(index, rows, metric, ef, arithmetic)
    wanted = Wanted(
        name=_name(rows, graph, method, elsewhere),
        filter_rule=filter_rule,
        selectivities=[float(share) for share in np.atleast_1d(np.asarray(selectivity, dtype=np.float64))],
        growth=bool(growth),
        ks=None if k is None else counts(k, "k"),
        targets=[target] if isinstance(target, str) else list(target),
        efs=counts(efs, "efs") if np.size(efs) else [],
        sample=None if sample is None else count(sample, "sample"),
        until=None if until is None else float(until),
        numbers=None,
        seed=unsigned_seed(seed),
        metric=metric,
        preset=preset,
        m=count(m, "m", 0),
        ef_construction=count(ef_construction, "ef_construction", 0),
        graphs=count(graphs, "graphs"),
        predictions=[(count(ef, "ef"), count(k, "k"), str(kind)) for ef, k, kind in predict],
        requirements=[require] if isinstance(require, str) else list(require),
        one_graph=bool(one_graph),
        repair=bool(repair),
        threads=count(threads, "threads", 0),
        budget_bytes=count(memory_budget_bytes, "memory_budget_bytes", 0),
    )
    keys = row_ids(ids)
    answered = None if neighbors is None else slots(neighbors, "neighbors", keys)
    lengths = None if distances is None else matrix(distances, "distances")
    parts = None if groups is None else [str(name) for name in np.asarray(groups).ravel().tolist()]
    if method is not None:
        if executor is not None:
            raise ValueError("an index of this kind is searched with all rows in memory: executor is for graphs and answers")
        if answered is not None or repair or allowed is not None:
            raise ValueError("answers and allowed rows are audited without an index of this kind")
        with telling(progress, "audit") as tell:
            found = _core.audit_method(rows, held_out, method, keys, parts, arithmetic, wanted, tell)
        return Audit(found, wanted["predictions"])
    if search is not None:
        if answered is not None:
            raise ValueError("neighbors were given besides an index that is asked for them")
        available = len(rows) if rows is not None else None if elsewhere is None else elsewhere.shape[0]
        answered, lengths = _ask(search, available, rows if held_out is None else held_out, held_out is None, wanted)
    elif lengths is not None and answered is None:
        raise ValueError("distances were given without neighbors")
    mask, allowed_ids = _allowed(allowed, keys)
    core = None if graph is None else graph._core
    exact = None
    if executor is not None or elsewhere is not None:
        # Rows of a graph are in its own order.
        searched = [graph.X] if graph is not None else base if in_parts else rows
        tasks, most = max(wanted["threads"], 1), None if rows_per_task is None else count(rows_per_task, "rows_per_task")
        exact = Search(searched, executor or AtOnce(), tasks, most, partials)  # type: ignore[arg-type]
    elif rows_per_task is not None or partials is not None:
        raise ValueError("rows_per_task and partials are for an executor, or a base in parts")
    there = None if elsewhere is None else (elsewhere.facts, elsewhere.fetch)
    with telling(progress, "audit") as tell:
        found = _core.audit(
            rows, held_out, core, answered, lengths, keys, parts, mask, allowed_ids, wanted, there, exact, tell
        )
    return Audit(found, wanted["predictions"])


def _check_parts(held_out: Optional[Float32], allowed: Optional[npt.ArrayLike]) -> None:
    if held_out is None:
        raise ValueError("a base in files or in several arrays, and an executor, need queries=")
    if allowed is not None:
        raise ValueError("rows are allowed of one array, without executor")


def _is_read(index: Any) -> bool:
    """Whether this is read, with its rows, and not asked."""
    return isinstance(index, (list, tuple, Hnsw)) or is_path(index) or is_saved(index)


def _allowed(allowed: Optional[npt.ArrayLike], keys: Optional[_core.Ids]) -> tuple[Any, Optional[Slots]]:
    """A mask, or else ids, each with one row for all queries or one per query."""
    if allowed is None:
        return None, None
    values = np.asarray(allowed)
    if values.ndim not in (1, 2):
        raise ValueError(f"allowed has {values.ndim} dimensions: expected 1, for all queries, or 2, a row per query")
    values = np.atleast_2d(values)
    if values.dtype == np.bool_:
        return np.ascontiguousarray(values, dtype=np.uint8), None
    if keys is None and not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"allowed holds {values.dtype}: expected booleans or integers")
    return None, slots(values, "allowed", keys)


def _graph_or_search(
    index: Any, rows: Optional[Float32], metric: Optional[str], ef: Optional[int], arithmetic: Optional[str]
) -> Any:
    """The graph to read, or the index of more stages, or else the search to ask."""
    if index is None:
        return None, None, None
    if isinstance(index, (str, os.PathLike)):
        return None, _core.SavedMethod.read(os.fspath(index), metric), None
    if isinstance(index, (list, tuple)):
        return _segments(list(index), rows, metric, arithmetic), None, None
    if isinstance(index, Hnsw):
        index.check_rows(rows)
        return index, None, None
    saved = saved_graph(index, arithmetic)
    if saved is not None:
        return Hnsw._of_saved(*saved, rows, metric), None, None
    method = saved_method(index) if ef is None else None
    return None, method, searcher(index, ef) if method is None else None


def _segments(indexes: list[Any], rows: Optional[Float32], metric: Optional[str], arithmetic: Optional[str]) -> Hnsw:
    """One graph of all segments."""
    if not indexes:
        raise ValueError("no segments: index is empty")
    if all(isinstance(index, Hnsw) for index in indexes):
        if rows is None:
            rows = np.concatenate([np.asarray(index.X, dtype=np.float32) for index in indexes])
        return Hnsw._of_segments(indexes, rows)
    saved = saved_segments(indexes, arithmetic)
    if saved is None:
        kinds = ", ".join(sorted({type(index).__name__ for index in indexes}))
        raise ValueError(f"segments are faiss IndexHNSWFlat, hnswlib or annatomy.Hnsw graphs of one kind, not {kinds}")
    return Hnsw._of_saved(*saved, rows, metric)


def _name(
    rows: Optional[Float32],
    graph: Optional[Hnsw],
    method: Optional[_core.SavedMethod],
    elsewhere: Optional[Elsewhere],
) -> str:
    shape = method.shape() if method is not None else elsewhere.shape if elsewhere is not None else (0, 0)
    shape = graph.X.shape if graph is not None else rows.shape if rows is not None else shape
    return f"array of {shape[0]} × {shape[1]}"


def _ask(
    search: Any, rows: Optional[int], queries: Optional[Float32], are_rows: bool, wanted: Wanted
) -> tuple[Int64, Optional[Float32]]:
    """Asks for the queries that will be measured, and one more neighbor where each may come back itself."""
    if rows is None or queries is None:
        raise ValueError("X is needed: an index whose graph is not read does not say its rows")
    available = rows - are_rows
    numbers = wanted["numbers"] = _core.audit_queries(wanted, len(queries))
    ks = wanted["ks"] or [k for k in _core.audit_default_ks() if k <= available] or [available]
    wanted["ks"] = ks
    asked = queries if len(numbers) == len(queries) else queries[numbers]
    return ask(search, asked, max(ks) + are_rows)
