"""Exact neighbors, audits, surfaces and studies on a Ray cluster: a task for each shard or run, partials joined as a tree, and
processes that hold a graph each.

Needs Ray (``pip install annatomy[ray]``), and this package on every node. Queries are put into the object store once and
read there by all tasks of a node. A task holds its block of rows, the queries and its partial (12 bytes per query and
neighbor). Ray runs the task of a lost worker again, and no other. Nothing but partials crosses the network, and rows where
the base is in the driver's memory, and graphs where they are: pass paths or URLs that every node can read.
"""

from __future__ import annotations

from typing import Any, Callable, Optional, Union

import numpy.typing as npt
import ray

from ._arrays import Float32, Int64, count
from ._audit import audit as audit_by
from ._audited import Audit
from ._distributed import Folder
from ._memory import trim, trimmed
from ._partial import Path, query_rows
from ._progress import Telling, telling
from ._shards import Base, Request, Shard, check_unchanged, join, shards_of
from ._study import StudyResults
from ._study import study as study_by
from ._surface import Surface
from ._surface import surface as surface_by
from ._surface_parts import Parts, Searched, cut
from ._surface_parts import Request as SurfaceRequest

#: Tasks submitted for each that the cluster can run at once.
TASKS_PER_PLACE = 2
#: Parts of a surface for each process that counts some.
PARTS_PER_PROCESS = 4


def exact_knn(
    X: Base,
    k: int,
    *,
    queries: Union[Path, npt.ArrayLike],
    metric: str = "l2",
    threads: int = 1,
    rows_per_task: Optional[int] = None,
    partials: Optional[Path] = None,
    retries: int = 3,
    progress: Telling = None,
) -> tuple[Int64, Float32]:
    """The exact ``k`` nearest rows of ``X`` for every query, by the tasks of a Ray cluster: as of one machine, bit for bit.

    Starts Ray on this machine where it is not running and no cluster is named by ``RAY_ADDRESS``.

    Parameters
    ----------
    X, k, queries, metric, rows_per_task
        As of :func:`annatomy.exact_knn`; queries are held out.
    threads : int
        Threads of each task, which asks Ray for as many CPUs.
    partials : path of a folder, optional
        The driver keeps the result of each task there as it comes; called again, it searches what is missing alone.
    retries : int
        How often Ray runs a task again whose worker or node was lost.
    progress : bool or callable, optional
        As of :func:`annatomy.exact_knn`.

    Returns
    -------
    ids : int64, q × k
    distances : float32, q × k

    Raises
    ------
    ValueError, OSError
        As of :func:`annatomy.exact_knn`.
    """
    executor = Executor(threads, retries)
    request = Request(count(k, "k"), metric, executor.threads)
    held_out = query_rows(queries)
    most = None if rows_per_task is None else count(rows_per_task, "rows_per_task")
    shards = shards_of(X, request.k, most)
    with telling(progress, "exact_knn") as tell:
        return executor.exact_knn(shards, held_out, request, partials, tell)


def audit(X: Base, index: Any = None, *, threads: int = 1, retries: int = 3, **settings: Any) -> Audit:
    """An audit whose exact neighbors the tasks of a Ray cluster find: that of one machine, figure for figure.

    Of answers over files nothing but digests, partials and the rows that the answers name come to the driver.

    Parameters
    ----------
    X, index
        As of :func:`annatomy.audit`; queries are held out.
    threads, retries
        As of :func:`exact_knn`. The driver measures on as many threads.
    **settings
        Any other of :func:`annatomy.audit`.
    """
    return audit_by(X, index, threads=threads, executor=Executor(threads, retries), **settings)


def study(X: Any = None, *, threads: int = 1, retries: int = 3, **settings: Any) -> StudyResults:
    """The published study with one task of a Ray cluster for each run: the figures of one machine.

    Parameters
    ----------
    X
        As of :func:`annatomy.study`; a file is one that every node can read.
    threads, retries
        As of :func:`exact_knn`.
    **settings
        Any other of :func:`annatomy.study`. With ``out`` and ``resume`` finished runs are kept, and the others computed.
    """
    return study_by(X, threads=threads, executor=Executor(threads, retries), **settings)


def surface(X: Any, index: Any, efs: Any, ks: Any, *, threads: int = 1, retries: int = 3, **settings: Any) -> Surface:
    """Fill and overlap at every (ef, k), by processes of a Ray cluster that hold the graph: as of one machine, bit for bit.

    Each process opens the graph once and counts the queries of one part after the other. One that is lost is started again,
    and counts its part again alone.

    Parameters
    ----------
    X, index, efs, ks
        As of :func:`annatomy.surface`. Paths are opened by the processes; what is in the driver's memory is put into the
        object store once.
    threads : int
        Threads of each process, which asks Ray for as many CPUs: with those of a node, it holds one graph.
    retries : int
        How often Ray starts a process again that was lost.
    **settings
        Any other of :func:`annatomy.surface`.
    """
    return surface_by(X, index, efs, ks, threads=threads, executor=Executor(threads, retries), **settings)


class Executor:
    """Tasks of a Ray cluster, for every function that takes an ``executor``.

    Starts Ray on this machine where it is not running and no cluster is named by ``RAY_ADDRESS``.

    Parameters
    ----------
    threads : int
        CPUs that each task asks for.
    retries : int
        How often Ray runs a task again whose worker or node was lost.
    """

    def __init__(self, threads: int = 1, retries: int = 3) -> None:
        self.threads = count(threads, "threads")
        self.retries = count(retries, "retries", 0)
        if not ray.is_initialized():
            ray.init()

    def submit(self, task: Callable[..., Any], /, *arguments: Any) -> _Future:
        """A future of ``task(*arguments)``."""
        remote = ray.remote(num_cpus=self.threads, max_retries=self.retries)(trimmed(task))
        return _Future(remote.remote(*arguments))

    def exact_knn(
        self,
        shards: list[Shard],
        queries: Float32,
        request: Request,
        folder: Optional[Path],
        tell: Optional[Callable[[str, int, int], None]],
    ) -> tuple[Int64, Float32]:
        """Neighbors among all shards, joined as a tree where they are."""
        kept = Folder(folder, shards, queries, request)
        search = ray.remote(num_cpus=self.threads, max_retries=self.retries)(trimmed(_search))
        tree = _Tree(self.retries)
        at_once = max(1, int(ray.cluster_resources().get("CPU", 1)) // self.threads) * TASKS_PER_PLACE
        running: dict[Any, int] = {}
        done = 0
        put = ray.put(queries)

        def wait() -> None:
            nonlocal done
            (finished,), _ = ray.wait(list(running), num_returns=1, fetch_local=False)
            place = running.pop(finished)
            check_unchanged(shards[place])
            if kept.paths:
                kept.save(place, _result(finished))
            done += 1
            if tell is not None:
                tell("exact neighbors by shard", done, len(shards))

        try:
            for place, shard in enumerate(shards):
                partial = kept.load(place)
                if partial is None:
                    result = search.remote(shard, put, request)
                    running[result] = place
                else:
                    result = ray.put(partial)
                    done += 1
                tree.add(result)
                del result
                while len(running) >= at_once:
                    wait()
            while running:
                wait()
        finally:
            for result in running:
                ray.cancel(result)
        whole = _result(tree.root())
        # Tasks of a lost worker ran again.
        check_unchanged(*shards)
        return whole.finish()  # type: ignore[no-any-return]

    def surface_parts(
        self,
        searched: Searched,
        queries: Optional[Float32],
        count: int,
        request: SurfaceRequest,
        most: Optional[int],
    ) -> Parts:
        """Parts of a surface as they are done, by processes that hold the graph."""
        cpus = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        processes = max(1, sum(of_node // self.threads for of_node in cpus))
        parts = cut(count, processes * PARTS_PER_PROCESS, most)
        holder = ray.remote(num_cpus=self.threads, max_restarts=self.retries, max_task_retries=self.retries)(_Holder)
        # Named with each call, for a holder that was started again; within a list, so that Ray fetches them where asked alone.
        held = [ray.put(searched), ray.put(queries)]
        holders = [holder.remote() for _ in range(min(processes, len(parts)))]
        waiting, left = iter(parts), len(parts)
        # A holder counts once it has opened the graph: one for which there is no room yet keeps no other waiting.
        running: dict[Any, Any] = {of.open.remote(held): (of, None) for of in holders}
        try:
            while left:
                (finished,), _ = ray.wait(list(running), num_returns=1)
                of, part = running.pop(finished)
                found = _result(finished)
                following = next(waiting, None)
                if following is not None:
                    running[of.count.remote(held, following, request)] = (of, following)
                else:
                    # Its CPUs are for one that was lost, and has to be started again.
                    ray.kill(of)
                if part is not None:
                    left -= 1
                    yield found, part
        finally:
            for of in holders:
                ray.kill(of)


class _Holder:
    """A graph and the queries, kept from part to part."""

    graph: Any = None

    def open(self, held: list[Any]) -> None:
        """Opens the graph, which one that was started again has not."""
        if self.graph is None:
            searched, self.queries = ray.get(held)
            self.graph = searched.open()
            trim()

    def count(self, held: list[Any], part: tuple[int, int], request: SurfaceRequest) -> Any:
        """What the queries of these numbers count."""
        self.open(held)
        return request.count(self.graph, self.queries, part)


class _Future:
    """What a task will give."""

    def __init__(self, reference: Any) -> None:
        self.reference = reference

    def result(self) -> Any:
        """It, or the task's own error."""
        return _result(self.reference)

    def cancel(self) -> None:
        """Ends the task, if it has not."""
        ray.cancel(self.reference)


def _search(shard: Any, queries: Float32, request: Request) -> Any:
    try:
        return shard.search(queries, request)
    except (OSError, ValueError) as error:
        raise shard.named(error) from None


def _result(reference: Any) -> Any:
    """What a task gives, or its own error."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, (OSError, ValueError)):
            raise error.cause from None
        raise


class _Tree:
    """Joins of results that follow one another, pairs of pairs: of n results log₂ n are held."""

    def __init__(self, retries: int) -> None:
        self.join = ray.remote(num_cpus=1, max_retries=retries)(trimmed(join))
        #: Results of 2^height shards each, the heights falling.
        self.waiting: list[tuple[int, Any]] = []

    def add(self, result: Any) -> None:
        """Adds the result of the next shard."""
        height = 0
        while self.waiting and self.waiting[-1][0] == height:
            _, before = self.waiting.pop()
            result = self.join.remote(before, result)
            height += 1
        self.waiting.append((height, result))

    def root(self) -> Any:
        """The join of all."""
        _, result = self.waiting.pop()
        while self.waiting:
            _, before = self.waiting.pop()
            result = self.join.remote(before, result)
        return result
