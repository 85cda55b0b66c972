"""Exact neighbors by tasks of an executor: anything with ``submit``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Callable, Optional, Protocol

from . import _core
from ._arrays import Float32, Int64
from ._partial import Path
from ._shards import Request, Shard, check_unchanged, join

#: Tasks in flight with arrays of their own, for each worker; tasks over files carry nothing.
ARRAYS_PER_WORKER = 2


class Executor(Protocol):
    """``concurrent.futures``' executors, Dask's ``Client.get_executor()`` and their like."""

    def submit(self, task: Callable[..., Any], /, *arguments: Any) -> Any:
        """A future of ``task(*arguments)``."""


class AtOnce:
    """An executor that does each task as it is submitted."""

    _max_workers = 1

    def submit(self, task: Callable[..., Any], /, *arguments: Any) -> Any:
        """A future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(task(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class Folder:
    """Partials on disk, by the key of their search: what is there is not searched again."""

    def __init__(self, folder: Optional[Path], shards: list[Shard], queries: Float32, request: Request) -> None:
        self.paths: list[str] = []
        if folder is not None:
            os.makedirs(folder, exist_ok=True)
            checksum = bytes(_core.checksum_of_queries(queries))
            keys = [shard.key(checksum, request) for shard in shards]
            self.paths = [os.path.join(folder, f"{key}.partial") for key in keys]

    def load(self, place: int) -> Optional[_core.Partial]:
        """The partial of a shard, if it is there whole."""
        if not self.paths or not os.path.exists(self.paths[place]):
            return None
        try:
            return _core.Partial.read(self.paths[place])
        except ValueError:
            # Damaged: it is computed again.
            return None

    def save(self, place: int, partial: _core.Partial) -> None:
        """Keeps the partial of a shard."""
        if self.paths:
            partial.write(self.paths[place])


class Reduction:
    """Partials of neighboring shards, joined as they arrive: never more than every other one is kept."""

    def __init__(self) -> None:
        self.starting: dict[int, tuple[int, _core.Partial]] = {}
        self.ending: dict[int, int] = {}

    def add(self, place: int, partial: _core.Partial) -> None:
        """Joins the partial of shard ``place`` with its neighbors."""
        start, end = place, place + 1
        if end in self.starting:
            end, after = self.starting.pop(end)
            del self.ending[end]
            partial = join(partial, after)
        if start in self.ending:
            start = self.ending.pop(start)
            _, before = self.starting.pop(start)
            partial = join(before, partial)
        self.starting[start] = (end, partial)
        self.ending[end] = start

    def finish(self) -> tuple[Int64, Float32]:
        """Ids and distances, once every shard has been added."""
        ((_, whole),) = self.starting.values()
        return whole.finish()


def exact_knn_by(
    executor: Executor,
    shards: list[Shard],
    queries: Float32,
    request: Request,
    folder: Optional[Path],
    tell: Optional[Callable[[str, int, int], None]],
) -> tuple[Int64, Float32]:
    """Neighbors among all shards, one task for each, of one state of each file."""
    own_search = getattr(executor, "exact_knn", None)
    if own_search is not None:
        # It joins the results of its tasks where they are.
        joined: tuple[Int64, Float32] = own_search(shards, queries, request, folder, tell)
        return joined
    kept, reduction, done = Folder(folder, shards, queries, request), Reduction(), 0

    def found(place: int, partial: _core.Partial) -> None:
        nonlocal done
        reduction.add(place, partial)
        done += 1
        if tell is not None:
            tell("exact neighbors by shard", done, len(shards))

    missing = []
    for place in range(len(shards)):
        partial = kept.load(place)
        if partial is None:
            missing.append(place)
        else:
            found(place, partial)
    for place, partial in _searched(executor, shards, missing, queries, request):
        check_unchanged(shards[place])
        kept.save(place, partial)
        found(place, partial)
    return reduction.finish()


def search(shard: Shard, queries: Float32, request: Request) -> _core.Partial:
    """What a task does."""
    return shard.search(queries, request)


def _searched(
    executor: Executor, shards: list[Shard], places: list[int], queries: Float32, request: Request
) -> Iterator[tuple[int, _core.Partial]]:
    """Partials as they are done."""
    workers = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    arrays_in_flight = ARRAYS_PER_WORKER * workers
    running: dict[Any, int] = {}
    try:
        for place in places:
            running[executor.submit(search, shards[place], queries, request)] = place
            carries_rows = not isinstance(shards[place].source, str)
            while len(running) >= arrays_in_flight and (carries_rows or isinstance(executor, AtOnce)):
                yield from _some_done(running, shards)
        while running:
            yield from _some_done(running, shards)
    finally:
        for future in running:
            future.cancel()


def _some_done(running: dict[Any, int], shards: list[Shard]) -> Iterator[tuple[int, _core.Partial]]:
    """Those that are done, at least one, taken off ``running``."""
    if all(isinstance(future, Future) for future in running):
        done = wait(running, return_when=FIRST_COMPLETED).done
    else:
        # Other kinds of futures know how to be waited for one by one.
        done = {next(iter(running))}
    for future in done:
        place = running.pop(future)
        try:
            partial = future.result()
        except (OSError, ValueError) as error:
            # Errors of other kinds may not be made of one message.
            raise shards[place].named(error) from error
        yield place, partial
