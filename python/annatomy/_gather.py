"""Some rows of a base that no one machine holds: gathered from its shards, and ids renumbered to them.

Enters: a base as a path, URLs, or a list of either or of arrays, and tables of ids. Leaves: the rows that the tables name, in the order of
the base, the last row of the base always among them, and the tables in their numbers. Each shard that holds one is read once, by one
task; what a task returns are the rows that are wanted of it.
"""

from __future__ import annotations

from typing import Any, Callable, Optional

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Float32, Int64
from ._distributed import AtOnce, Executor
from ._shards import Base, Shard, fetched, is_remote, shards_of


def gathered(base: Base, tables: list[Int64], executor: Optional[Executor]) -> tuple[Float32, list[Int64]]:
    """The rows named by ``tables``, of which the first is exact, and the tables renumbered; an id that no row has becomes −1."""
    executor = executor or AtOnce()
    shards = shards_of(base, 1, None)
    lengths = _lengths(shards, executor)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    count = int(starts[-1])
    _check_exact(tables[0], count)
    rows_of = [table[(table >= 0) & (table < count)] for table in tables]
    wanted = np.unique(np.concatenate([*rows_of, [count - 1]]))
    named = []
    for shard, start, end in zip(shards, starts, starts[1:]):
        inside = wanted[(wanted >= start) & (wanted < end)] - start
        if len(inside):
            named.append((shard, (shard, inside)))
    parts = in_tasks(executor, rows_at, named)
    first, columns = named[0][0].name, parts[0].shape[1]
    for (shard, _), part in zip(named, parts):
        if part.shape[1] != columns:
            raise ValueError(f"{shard.name} has {part.shape[1]} columns, and {first} has {columns}")
    rows = np.concatenate(parts)
    return rows, [_renumbered(table, wanted, count) for table in tables]


def _check_exact(exact: Int64, count: int) -> None:
    """Refuses exact ids that are no row, while their numbers are those of the base."""
    wrong = np.argwhere((exact < 0) | (exact >= count))
    if len(wrong):
        row, slot = wrong[0]
        raise ValueError(
            f"the exact table holds id {exact[row, slot]} in row {row}: ids lie between 0 and {count - 1}"
        )


def rows_at(shard: Shard, numbers: Int64) -> Float32:
    """What a task does: rows of one shard, numbered from its first."""
    if not isinstance(shard.source, str):
        return shard.source[numbers]
    if not is_remote(shard.source):
        start, end = shard.rows or (0, _core.file_facts(shard.source)[0])
        first, last = int(numbers[0]), int(numbers[-1])
        return _core.read_rows(shard.source, start + first, min(start + last + 1, end))[numbers - first]
    with fetched(shard.source) as local:
        return _core.read_rows(local, 0, int(numbers[-1]) + 1)[numbers]


def length(shard: Shard) -> int:
    """Rows of a shard; of a URL, once it has been fetched."""
    if not isinstance(shard.source, str):
        return len(shard.source)
    if shard.rows is not None:
        return shard.rows[1] - shard.rows[0]
    with fetched(shard.source) as local:
        return int(_core.file_facts(local)[0])


def _lengths(shards: list[Shard], executor: Executor) -> npt.NDArray[np.int64]:
    is_unknown = [isinstance(shard.source, str) and shard.rows is None for shard in shards]
    unknown = [shard for shard, asked in zip(shards, is_unknown) if asked]
    asked_for = iter(in_tasks(executor, length, [(shard, (shard,)) for shard in unknown]))
    found = [next(asked_for) if asked else length(shard) for shard, asked in zip(shards, is_unknown)]
    return np.asarray(found, dtype=np.int64)


def in_tasks(executor: Executor, task: Callable[..., Any], calls: list[tuple[Shard, tuple[Any, ...]]]) -> list[Any]:
    """Results of a task for each shard, in their order; the first error ends those that have not begun."""
    running = [(shard, executor.submit(task, *arguments)) for shard, arguments in calls]
    try:
        return [_result(shard, future) for shard, future in running]
    except BaseException:
        for _, future in running:
            future.cancel()
        raise


def _result(shard: Shard, future: Any) -> Any:
    try:
        return future.result()
    except (OSError, ValueError) as error:
        raise shard.named(error) from error


def _renumbered(table: Int64, wanted: Int64, count: int) -> Int64:
    is_row = (table >= 0) & (table < count)
    places = np.searchsorted(wanted, np.where(is_row, table, count - 1))
    return np.where(is_row, places, -1).astype(np.int64)
