"""Exact neighbors, and subsets as NumPy draws them."""

from __future__ import annotations

import os
from typing import Optional, Union

import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, Int64, count, matrix, unsigned_seed
from ._device import exact_knn_on, opened
from ._distributed import AtOnce, Executor, exact_knn_by
from ._partial import Path, is_path, query_rows
from ._progress import Telling, telling
from ._shards import Base, Request, is_list_of_parts, is_remote, shards_of


def exact_knn(
    X: Base,
    k: int,
    *,
    queries: Union[Path, npt.ArrayLike, None] = None,
    metric: str = "l2",
    threads: int = 0,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    progress: Telling = None,
    executor: Optional[Executor] = None,
    rows_per_task: Optional[int] = None,
    partials: Optional[Path] = None,
    device: Optional[str] = None,
) -> tuple[Int64, Float32]:
    """The exact ``k`` nearest rows of ``X`` for every query.

    Ids equal a float64 brute force, ties by id: float32 products are certified against their rounding bound (Higham
    2002, §3.3) and contested ones evaluated in float64. The result does not depend on ``threads``.

    Parameters
    ----------
    X : array, n × d; path; or a list of arrays or of paths
        float32 in C order is read where it lies; anything else is copied, with a :class:`ConversionWarning`.
        Do not write to it while the call runs: other threads may, since the interpreter's lock is released. Files
        (.npy, .fbin, .bvecs, .parquet, …; ``s3://…`` and other URLs by fsspec, where installed) are read part by part. A list
        is one base, its rows numbered through.
    k : int
        Neighbors per query.
    queries : array, q × d, or path, optional
        Held-out queries. Without them every row of ``X`` is a query, itself left out by id: of one array, or of one local
        file, which is then read whole. A list, a URL and an ``executor`` need them.
    metric : {"l2", "cosine", "ip"}
        ‖x − y‖, 1 − cos(x, y), or −⟨x, y⟩.
    threads : int
        0 for as many as the machine has.
    memory_budget_bytes : int
        Most bytes that one more copy of the rows and the candidates (about n (4 d + 16 k)) may take where all rows are
        queries; above, rows are streamed in blocks, with twice the products.
    progress : bool or callable, optional
        None: a bar in notebooks only. True: a bar, by tqdm where installed. A callable receives (stage, done, total).
    executor : optional
        Anything with ``submit``: executors of ``concurrent.futures``, Dask's ``Client.get_executor()``. Each task searches
        some rows, on ``threads`` threads (0: one); the result is that of one machine. See :mod:`annatomy.ray` for Ray.
    rows_per_task : int, optional
        Most rows of a task; by default as many as 128 MB hold, and at least 100 k. A file elsewhere is one task.
    partials : path of a folder, optional
        Keeps the result of each task there; a second call searches what is missing alone.
    device : str, optional
        "cuda" or "cuda:1": products there, in float32 or TF32, by PyTorch where it is installed, else by CuPy.
        Ids are the same: the processor settles candidates in float64, and searches itself for queries whose neighbors the
        device's rounding leaves open. Rows are read whole, and cross to the device in blocks.

    Returns
    -------
    ids : int64, q × k
        Nearest first.
    distances : float32, q × k
        In the metric's own unit, not squared: float32 sums. With ``executor`` or ``device``, rounded from float64.

    Raises
    ------
    ImportError
        If ``device`` is given, and neither PyTorch nor CuPy is installed.
    OSError
        If a file cannot be read; what is elsewhere is asked for four times.
    ValueError
        If k exceeds the rows that can be neighbors, shapes differ, or values are not finite (for cosine: a zero row).

    >>> import annatomy as an, numpy as np
    >>> ids, distances = an.exact_knn(np.array([[0, 0], [3, 4], [6, 8]], dtype=np.float32), 1)
    >>> ids.tolist(), distances.tolist()
    ([[1], [0], [1]], [[5.0], [5.0], [5.0]])
    """
    in_tasks = executor is not None or rows_per_task is not None or partials is not None
    if device is not None:
        if in_tasks or is_list_of_parts(X):
            raise ValueError("device= is for one array or file, without executor, rows_per_task and partials")
        found_by = opened(device)
        rows = query_rows(X) if is_path(X) else matrix(X, "X")  # type: ignore[arg-type]
        held_out = None if queries is None else query_rows(queries)
        with telling(progress, "exact_knn") as tell:
            return exact_knn_on(
                found_by, rows, held_out, count(k, "k"), metric, count(threads, "threads", 0), tell
            )
    if is_path(X) and queries is None and not in_tasks and not is_remote(os.fspath(X)):
        rows = query_rows(X)
    elif executor is not None or is_path(X) or is_list_of_parts(X):
        return _by_tasks(X, k, queries, metric, threads, progress, executor, rows_per_task, partials)
    elif in_tasks:
        raise ValueError("rows_per_task and partials are for an executor, or a base in parts")
    else:
        rows = matrix(X, "X")  # type: ignore[arg-type]
    held_out = None if queries is None else query_rows(queries)
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    with telling(progress, "exact_knn") as tell:
        return _core.exact_knn(rows, held_out, count(k, "k"), metric, count(threads, "threads", 0), budget, tell)


def _by_tasks(
    base: Base,
    k: int,
    queries: Union[Path, npt.ArrayLike, None],
    metric: str,
    threads: int,
    progress: Telling,
    executor: Optional[Executor],
    rows_per_task: Optional[int],
    partials: Optional[Path],
) -> tuple[Int64, Float32]:
    if queries is None:
        raise ValueError(
            "queries= is needed: every row is a query only of one array or of one local file, without executor, "
            "rows_per_task and partials"
        )
    held_out = query_rows(queries)
    threads = count(threads, "threads", 0)
    request = Request(count(k, "k"), metric, threads if executor is None else max(threads, 1))
    most = None if rows_per_task is None else count(rows_per_task, "rows_per_task")
    shards = shards_of(base, request.k, most)
    with telling(progress, "exact_knn") as tell:
        return exact_knn_by(executor or AtOnce(), shards, held_out, request, partials, tell)


def subset(n: int, size: int, seed: int) -> Int64:
    """The rows that ``numpy.random.default_rng(seed).choice(n, size, replace=False)`` draws, in its order.

    Drawn by the core's own restatement of NumPy's generator: a study in Rust and one in Python see the same rows.

    Parameters
    ----------
    n, size : int
        Population (below 2³²) and sample.
    seed : int
        Between 0 and 2⁶⁴ − 1.

    Returns
    -------
    rows : int64, size

    Raises
    ------
    ValueError
        If size exceeds n.

    >>> import annatomy as an
    >>> an.subset(100, 5, 42).tolist()
    [75, 43, 64, 8, 99]
    """
    return _core.subset(count(n, "n", 0), count(size, "size", 0), unsigned_seed(seed))
