"""What exact neighbors take on several nodes, before any of it is run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, count, counts
from ._frames import Table
from ._partial import Path, query_rows

#: Numbers of nodes by default.
DOUBLINGS = (1, 2, 4, 8, 16, 32, 64)


def plan_knn(
    X: Path,
    k: int,
    *,
    queries: Union[Path, npt.ArrayLike, None] = None,
    nodes: Union[int, Sequence[int]] = DOUBLINGS,
    metric: str = "l2",
    threads: int = 0,
    memory_budget_bytes: int = MEMORY_BUDGET_BYTES,
) -> Table:
    """Time, memory and partial of each node, if as many nodes search a part of the rows each.

    A block of the file is searched here for some of the queries; the rest is counted. Time is that of this machine and disk.

    Parameters
    ----------
    X : path
        The base.
    k : int
    queries : array, q × d, or path, optional
        Held-out queries. Without them every base row is a query.
    nodes : int or ints
        Numbers of nodes; more than there are rows have no row in the table.
    metric, threads, memory_budget_bytes
        As of :func:`exact_knn`.

    Returns
    -------
    table : one row for each number of nodes
        nodes, rows (of a node), seconds, memory_bytes, partial_bytes.

    Raises
    ------
    ValueError, OSError
        As of :func:`exact_knn`.
    """
    wanted = counts(nodes, "nodes")
    if not wanted or min(wanted) < 1:
        raise ValueError(f"nodes holds {wanted}: numbers of nodes from 1 on are needed")
    held_out = None if queries is None else query_rows(queries)
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    found = _core.plan_of_file(
        os.fspath(X), held_out, count(k, "k"), wanted, metric, count(threads, "threads", 0), budget
    )
    names = ["nodes", "rows", "seconds", "memory_bytes", "partial_bytes"]
    return Table({name: np.array([node[place] for node in found]) for place, name in enumerate(names)})
