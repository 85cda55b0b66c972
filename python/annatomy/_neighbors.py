"""Exact neighbors, and subsets as NumPy draws them."""

from __future__ import annotations

from typing import Optional

import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, Int64, count, matrix, optional_matrix, unsigned_seed
from ._progress import Telling, telling


def exact_knn(
    X: npt.ArrayLike,
    k: int,
    *,
    queries: Optional[npt.ArrayLike] = None,
    metric: str = "l2",
    threads: int = 0,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
    progress: Telling = None,
) -> tuple[Int64, Float32]:
    """The exact ``k`` nearest rows of ``X`` for every query.

    Ids equal a float64 brute force, ties by id: float32 products are certified against their rounding bound (Higham
    2002, §3.3) and contested ones evaluated in float64. The result does not depend on ``threads``.

    Parameters
    ----------
    X : array, n × d
        float32 in C order is read where it lies; anything else is copied, with a :class:`ConversionWarning`.
        Do not write to it while the call runs: other threads may, since the interpreter's lock is released.
    k : int
        Neighbors per query.
    queries : array, q × d, optional
        Held-out queries. Without them every row of ``X`` is a query, itself left out by id.
    metric : {"l2", "cosine", "ip"}
        ‖x − y‖, 1 − cos(x, y), or −⟨x, y⟩.
    threads : int
        0 for as many as the machine has.
    memory_budget_bytes : int
        Most bytes that one more copy of the rows and the candidates (about n (4 d + 16 k)) may take where all rows are
        queries; above, rows are streamed in blocks, with twice the products.
    progress : bool or callable, optional
        None: a bar in notebooks only. True: a bar, by tqdm where installed. A callable receives (stage, done, total).

    Returns
    -------
    ids : int64, q × k
        Nearest first.
    distances : float32, q × k
        In the metric's own unit, not squared.

    Raises
    ------
    ValueError
        If k exceeds the rows that can be neighbors, shapes differ, or values are not finite (for cosine: a zero row).

    >>> import annatomy as an, numpy as np
    >>> ids, distances = an.exact_knn(np.array([[0, 0], [3, 4], [6, 8]], dtype=np.float32), 1)
    >>> ids.tolist(), distances.tolist()
    ([[1], [0], [1]], [[5.0], [5.0], [5.0]])
    """
    rows, held_out = matrix(X, "X"), optional_matrix(queries, "queries")
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    with telling(progress, "exact_knn") as tell:
        return _core.exact_knn(rows, held_out, count(k, "k"), metric, count(threads, "threads", 0), budget, tell)


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
