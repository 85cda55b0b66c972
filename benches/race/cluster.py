"""Exact neighbors on a Ray cluster of nodes on this machine: the bytes of one process, whatever is lost on the way; time, memory, a model.

Enters: 1,000,000 rows of 128 in ten Parquet files, 2,000 queries. Leaves: four tables.
1. Ids and distances are the command's, byte for byte: undisturbed, with a worker killed, with a node removed, with a driver killed.
2. Two workers of one thread next to one process of two, in turn.
3. The model of docs/guides/billion.md: its constants, and what it says next to what 1, 2 and 4 workers took.
4. What it says of 16 nodes.

A worker's memory is its resident set less what it maps of the object store (VmRSS − RssShmem of /proc), looked at every 10 ms. Processor time is
that of the driver and of every process that it started: raylets, the global control store and workers.
"""

from __future__ import annotations

import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

import annatomy as an
import numpy as np

from . import data
from .record import Table
from .timing import Timing, ratio

ROWS, COLUMNS, QUERIES, FILES, GROUP_ROWS = 1_000_000, 128, 2_000, 10, 25_000
KS = (10, 100)
ROUNDS = 5
#: What a node's object store may take.
STORE_BYTES = 200 << 20
#: What a worker may take on top of its block and the queries.
ALLOWED_BYTES = 200 << 20
#: Nodes, their cores and network of the forecast.
NODES, CORES, NETWORK_BYTES = 16, 8, 1.25e9

DRIVER = """
import os, signal, sys
import annatomy.ray as on_ray
address, queries, k, kept, half, *files = sys.argv[1:]
on_ray.ray.init(address=address, log_to_driver=False)
def die(stage, done, total):
    if done == int(half):
        os.kill(os.getpid(), signal.SIGKILL)
on_ray.exact_knn(files, int(k), queries=queries, partials=kept, progress=die)
"""


def run(command: str, threads: int) -> list[Table]:
    paths = Inputs.written(command)
    losses = lost_on_the_way(paths)
    turns = workers_and_threads(paths)
    constants = Constants.measured(paths)
    return [losses, turns, constants.table(), against_measured(constants, paths), forecast(constants)]


@dataclass(frozen=True)
class Inputs:
    """Files of the base and of the queries, and what one process of the command finds."""

    files: list[str]
    queries: str
    expected: dict[int, tuple[np.ndarray, np.ndarray]]

    @staticmethod
    def written(command: str) -> Inputs:
        folder = data.FOLDER / "cluster"
        folder.mkdir(parents=True, exist_ok=True)
        base, queries = folder.absolute() / "base.npy", folder.absolute() / "queries.npy"
        rows = data.clustered(ROWS, COLUMNS)
        np.save(base, rows)
        np.save(queries, data.clustered(QUERIES, COLUMNS, seed=1))
        files = [str(folder.absolute() / f"{part}.parquet") for part in range(FILES)]
        for path, part in zip(files, np.array_split(rows, FILES)):
            write_parquet(path, part)
        expected = {}
        for k in KS:
            ids, distances = folder / f"{k}.npy", folder / f"{k}.distances.npy"
            line = [command, "knn", base, "--queries", queries, "--k", k, "--out", ids, "--distances", distances]
            subprocess.run([str(word) for word in line], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            expected[k] = np.load(ids).astype(np.int64), np.load(distances)
        base.unlink()
        return Inputs(files, str(queries), expected)

    def check(self, k: int, found: tuple[np.ndarray, np.ndarray]) -> None:
        """Fails unless ids and distances are those of one process, byte for byte."""
        for name, one, other in zip(("ids", "distances"), found, self.expected[k]):
            assert one.tobytes() == other.astype(one.dtype).tobytes(), f"{name} differ from one process's, k = {k}"


def write_parquet(path: str, rows: np.ndarray) -> None:
    import pyarrow
    from pyarrow import parquet

    lists = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.ravel()), rows.shape[1])
    parquet.write_table(pyarrow.table({"embedding": lists}), path, row_group_size=GROUP_ROWS)


@contextmanager
def cluster_of(nodes: int) -> Iterator[Any]:
    """A cluster of as many nodes of one core on this machine, its workers warm: each has the package loaded."""
    os.environ["RAY_AUTH_MODE"] = "disabled"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    each = {"num_cpus": 1, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args={**each, "include_dashboard": False})
    for _ in range(nodes - 1):
        cluster.add_node(**each)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        warm_up(nodes)
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


def warm_up(nodes: int) -> None:
    from annatomy import ray as on_ray

    few = np.zeros((64 * nodes, 8), np.float32)
    for _ in range(2):
        on_ray.exact_knn(few, 1, queries=few[:2], rows_per_task=8)


def on_cluster(inputs: Inputs, k: int, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    from annatomy import ray as on_ray

    return on_ray.exact_knn(inputs.files, k, queries=inputs.queries, **options)


def lost_on_the_way(inputs: Inputs) -> Table:
    table = Table(
        f"{QUERIES:,} queries among {ROWS:,} × {COLUMNS} in {FILES} Parquet files, three nodes of one core on this machine",
        ["", "k", "seconds", "ids and distances of one process", "peak memory of a worker", "less its block and the queries"],
    )
    own = 4 * COLUMNS * (ROWS // FILES + QUERIES)

    def add(what: str, k: int, search: Callable[[], Any]) -> None:
        with Peak() as peak:
            start = time.perf_counter()
            found = search()
            seconds = time.perf_counter() - start
        inputs.check(k, found)
        assert peak.bytes - own <= ALLOWED_BYTES, f"{what}: a worker took {mb(peak.bytes)}"
        table.add(what, k, f"{seconds:.1f}", "the same bytes", mb(peak.bytes), mb(peak.bytes - own))

    with cluster_of(3) as cluster:
        for k in KS:
            add("undisturbed", k, lambda: on_cluster(inputs, k))
            add("a worker killed half way", k, lambda: on_cluster(inputs, k, progress=Once(kill_a_worker)))
            extra = cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
            cluster.wait_for_nodes()
            remove = Once(lambda: cluster.remove_node(extra))
            add("a fourth node removed half way", k, lambda: on_cluster(inputs, k, progress=remove))
            kept = data.FOLDER.absolute() / "cluster" / "kept"
            shutil.rmtree(kept, ignore_errors=True)
            die_half_way(cluster, inputs, k, kept)
            searched: list[int] = []
            add("a driver killed half way, the call repeated", k,
                lambda: on_cluster(inputs, k, partials=kept, progress=lambda *step: searched.append(step[1])))  # fmt: skip
            assert len(searched) == FILES - FILES // 2, f"{len(searched)} shards were searched again"
    return table


class Once:
    """Called with progress: does it once, half way."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Optional[Callable[[], object]] = act

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self.act is not None and done >= total // 2:
            act, self.act = self.act, None
            act()


def kill_a_worker() -> None:
    """SIGKILL to a worker that runs a task."""
    busy = [pid for pid, name in workers() if "IDLE" not in name]
    assert busy, "no worker runs a task"
    os.kill(busy[0], signal.SIGKILL)


def die_half_way(cluster: Any, inputs: Inputs, k: int, kept: Path) -> None:
    line = [sys.executable, "-c", DRIVER, cluster.address, inputs.queries, str(k), str(kept), str(FILES // 2), *inputs.files]
    ended = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    assert ended.returncode == -signal.SIGKILL, f"the driver ended with {ended.returncode}"
    assert len(list(kept.glob("*.partial"))) == FILES // 2


def workers_and_threads(inputs: Inputs) -> Table:
    table = Table(
        f"Two Ray workers of one thread, and one process of two: {QUERIES:,} queries among {ROWS:,} × {COLUMNS} in {FILES} Parquet files, in turn",
        ["k", "one process", "two workers", "efficiency", "processor time of one process", "of two workers", "efficiency by it"],
    )
    with cluster_of(2):
        for k in KS:
            contestants = {
                "process": lambda: an.exact_knn(inputs.files, k, queries=inputs.queries, threads=2),
                "workers": lambda: on_cluster(inputs, k),
            }
            wall: dict[str, list[float]] = {name: [] for name in contestants}
            busy: dict[str, list[float]] = {name: [] for name in contestants}
            for turn in range(ROUNDS):
                for name in sorted(contestants, reverse=turn % 2 == 1):
                    before, start = processor_seconds(), time.perf_counter()
                    found = contestants[name]()
                    wall[name].append(time.perf_counter() - start)
                    busy[name].append(processor_seconds() - before)
                    inputs.check(k, found)
            one, two = Timing(wall["process"]), Timing(wall["workers"])
            by_one, by_two = Timing(busy["process"]), Timing(busy["workers"])
            table.add(k, one, two, f"{ratio(one, two):.2f}", by_one, by_two, f"{ratio(by_one, by_two):.2f}")
    return table


@dataclass(frozen=True)
class Constants:
    """What stages take on one core of this machine, in processor time."""

    #: Of a row, whatever the queries: reading, checks, panels.
    a_row: float
    #: Of a row and a query.
    a_pair: float
    #: Of a byte of two partials that are joined: pickled, merged, pickled again.
    a_joined_byte: float
    #: Of a task, Ray's own.
    a_task: float

    K = 100

    @staticmethod
    def measured(inputs: Inputs) -> Constants:
        queries = np.load(inputs.queries)
        rows = ROWS // FILES
        few, all_of_them = (
            least(lambda: an.partial_knn(inputs.files[0], Constants.K, queries=queries[:count], threads=1))
            for count in (QUERIES // 4, QUERIES)
        )
        a_query = (all_of_them - few) / (QUERIES - QUERIES // 4)
        joined = least(Join(queries, Constants.K))
        with cluster_of(1):
            import ray

            nothing = ray.remote(num_cpus=1)(lambda given: None)
            given = ray.put(queries)
            before = processor_seconds()
            ray.get([nothing.remote(given) for _ in range(200)])
            a_task = (processor_seconds() - before) / 200
        return Constants(
            (few - QUERIES // 4 * a_query) / rows, a_query / rows, joined / (24 * QUERIES * Constants.K), a_task
        )

    def search(self, rows: float, queries: int) -> float:
        return rows * (self.a_row + queries * self.a_pair) + self.a_task

    def join(self, queries: int, k: int) -> float:
        return 24 * queries * k * self.a_joined_byte + self.a_task

    def a_worker(self, tasks: int, workers: int, rows: float, queries: int, k: int) -> float:
        """Seconds of the worker with most tasks, joins shared out; the last ones follow one another."""
        most = -(-tasks // workers)
        joins = (tasks - 1) / workers
        return most * self.search(rows, queries) + joins * self.join(queries, k)

    def table(self) -> Table:
        table = Table(f"Constants of one core, in processor time, k = {self.K}, {COLUMNS} columns, Parquet", ["of", "takes"])
        table.add("a row, whatever the queries", f"{1e6 * self.a_row:.2f} µs")
        table.add("a row and a query", f"{1e9 * self.a_pair:.3f} ns")
        table.add("a byte of two partials joined", f"{1e9 * self.a_joined_byte:.2f} ns")
        table.add("a task, Ray's own", f"{1e3 * self.a_task:.2f} ms")
        return table


class Join:
    """What a task of the tree does."""

    def __init__(self, queries: np.ndarray, k: int) -> None:
        import pickle

        rows = data.clustered(2 * k, COLUMNS)
        parts = [an.partial_knn(half, k, queries=queries)._core for half in (rows[:k], rows[k:])]
        self.parts = [pickle.dumps(part.numbered(0, None), protocol=5) for part in parts]

    def __call__(self) -> None:
        import pickle

        from annatomy._shards import join

        pickle.dumps(join(*(pickle.loads(part) for part in self.parts)), protocol=5)


def against_measured(constants: Constants, inputs: Inputs) -> Table:
    table = Table(
        f"The model and what was measured: {FILES} tasks of {ROWS // FILES:,} rows, {QUERIES:,} queries, k = {Constants.K}",
        ["workers", "tasks of the busiest", "its processor time by the model", "as measured", "measured over model", "elapsed"],
    )
    for count in (1, 2, 4):
        taken, elapsed = [], []
        with cluster_of(count):
            for _ in range(3):
                before, start = seconds_of_nodes(), time.perf_counter()
                inputs.check(Constants.K, on_cluster(inputs, Constants.K))
                elapsed.append(time.perf_counter() - start)
                after = seconds_of_nodes()
                taken.append(max(after[node] - before.get(node, 0.0) for node in after))
        model = constants.a_worker(FILES, count, ROWS / FILES, QUERIES, Constants.K)
        found = statistics.median(taken)
        table.add(count, -(-FILES // count), f"{model:.2f} s", f"{found:.2f} s", f"{found / model:.2f}", Timing(elapsed))
    return table


def forecast(constants: Constants) -> Table:
    queries, k = 10_000, Constants.K
    partial = 12 * queries * k
    table = Table(
        f"What the model says of {NODES} nodes of {CORES} such cores and a network of 10 Gbit/s: 10,000 queries, k = {k}, {COLUMNS} columns",
        ["", "10⁸ rows", "10⁹ rows", "10⁹ rows, rows_per_task 4,000,000"],
    )
    cases = [(1e8, 262_144), (1e9, 262_144), (1e9, 4_000_000)]
    tasks = [int(-(-rows // most)) for rows, most in cases]
    seconds = [constants.a_worker(n, NODES * CORES, rows / n, queries, k) for n, (rows, _) in zip(tasks, cases)]
    levels = [int(np.ceil(np.log2(n))) for n in tasks]
    table.add("tasks", *(f"{n:,}" for n in tasks))
    table.add("search", *(clock(-(-n // (NODES * CORES)) * constants.search(rows / n, queries))
                          for n, (rows, _) in zip(tasks, cases)))  # fmt: skip
    table.add("joins, shared out", *(clock((n - 1) / (NODES * CORES) * constants.join(queries, k)) for n in tasks))
    table.add("joins after the last task, one after another",
              *(clock(level * (constants.join(queries, k) + partial / NETWORK_BYTES)) for level in levels))  # fmt: skip
    table.add("rows into a node", *(clock(4 * COLUMNS * rows / NODES / NETWORK_BYTES) for rows, _ in cases))
    table.add("partials into a node", *(clock(n * partial / NODES / NETWORK_BYTES) for n in tasks))
    table.add("with partials=, all of them into the driver", *(clock(n * partial / NETWORK_BYTES) for n in tasks))
    table.add("whole", *(clock(s + level * (constants.join(queries, k) + partial / NETWORK_BYTES))
                         for s, level in zip(seconds, levels)))  # fmt: skip
    table.add("partials in a node's object store, at most",
              *(mb((2 * n / NODES if n < NODES * CORES else 2 * CORES + np.log2(n)) * partial) for n in tasks))  # fmt: skip
    return table


def clock(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"


def least(act: Callable[[], object]) -> float:
    """Processor seconds of the fastest of five."""
    taken = []
    for _ in range(5):
        before = time.process_time()
        act()
        taken.append(time.process_time() - before)
    return min(taken)


class Peak:
    """Most of a worker's own memory while the block runs."""

    def __enter__(self) -> Peak:
        self.bytes = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def look(self) -> None:
        looked = 0
        while not self.ended.wait(0.01):
            if looked % 20 == 0:
                pids = [pid for pid, _ in workers()]
            looked += 1
            self.bytes = max([self.bytes, *map(own_bytes, pids)])


def own_bytes(pid: int) -> int:
    """The resident set less what is mapped of shared memory."""
    fields = {}
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            name, _, value = line.partition(":")
            fields[name] = value.split()
    except OSError:
        return 0
    if "VmRSS" not in fields:
        return 0
    return 1024 * (int(fields["VmRSS"][0]) - int(fields["RssShmem"][0]))


@dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    seconds: float


def processes() -> dict[int, Process]:
    """All processes, with their processor time and that of the children they have waited for."""
    found, tick = {}, os.sysconf("SC_CLK_TCK")
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(folder.name)
        found[pid] = Process(pid, int(fields[1]), sum(map(int, fields[11:15])) / tick)
    return found


def ours() -> dict[int, Process]:
    """This process and all that it started."""
    every = processes()
    of = {os.getpid(): every[os.getpid()]}
    while True:
        more = {pid: process for pid, process in every.items() if process.parent in of and pid not in of}
        if not more:
            return of
        of.update(more)


def processor_seconds() -> float:
    return sum(process.seconds for process in ours().values())


def workers() -> list[tuple[int, str]]:
    """Processes that run tasks, with the names that Ray gives them."""
    found = []
    for pid in ours():
        try:
            name = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
        except OSError:
            continue
        if name.startswith("ray::") and not name.endswith("Agent"):
            found.append((pid, name))
    return found


def seconds_of_nodes() -> dict[int, float]:
    """Processor time of each node's workers, by its raylet."""
    every, nodes = processes(), {}
    for pid, _ in workers():
        if pid in every:
            parent = every[pid].parent
            nodes[parent] = nodes.get(parent, 0.0) + every[pid].seconds
    return nodes
