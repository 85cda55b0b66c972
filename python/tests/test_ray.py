"""Exact neighbors on a local Ray cluster of three nodes: those of one machine, with workers and nodes that are lost, too."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
from pathlib import Path

import annatomy as an
import numpy as np
import pytest

ray = pytest.importorskip("ray")

from annatomy import ray as on_ray  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    before = os.environ.get("RAY_AUTH_MODE")
    os.environ["RAY_AUTH_MODE"] = "disabled"
    nodes = {"num_cpus": 1, "object_store_memory": 100 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**nodes, "include_dashboard": False})
    for _ in range(2):
        cluster.add_node(**nodes)
    ray.init(address=cluster.address, log_to_driver=False)
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    if before is None:
        del os.environ["RAY_AUTH_MODE"]


@pytest.fixture(scope="module")
def base(clustered):
    return np.concatenate([clustered, clustered[::3], np.round(clustered[:200])]) + np.float32(1)


@pytest.fixture(scope="module")
def files(tmp_path_factory, base):
    folder = tmp_path_factory.mktemp("shards")
    paths = [folder / f"{part}.npy" for part in range(5)]
    for path, rows in zip(paths, np.array_split(base, [100, 101, 700, 900])):
        np.save(path, rows)
    return paths


def workers(kind: bytes = b"ray::") -> list[int]:
    """Processes that run tasks of this test's cluster: grandchildren that Ray names, but for its agents."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "cmdline").read_bytes().split(b"\0")[0]
            node = parent(folder)
            is_ours = parent(node) == Path("/proc", str(os.getpid()))
        except OSError:
            continue
        if is_ours and name.startswith(kind) and not name.endswith(b"Agent"):
            found.append(int(folder.name))
    return found


def parent(folder: Path) -> Path:
    status = (folder / "status").read_text()
    return Path("/proc", status.split("PPid:")[1].split()[0])


@pytest.mark.parametrize("kind", ["array", "arrays", "paths"])
@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_a_cluster_finds_what_one_machine_finds(assert_same, cluster, base, files, queries, kind, metric):
    given = {"array": base, "arrays": np.array_split(base, 3), "paths": files}[kind]
    news = []
    found = on_ray.exact_knn(
        given, 150, queries=queries, metric=metric, rows_per_task=150, progress=lambda *step: news.append(step)
    )
    assert_same(found, an.exact_knn(base, 150, queries=queries, metric=metric))
    assert len(news) > 3 and news[-1][1] == news[-1][2] == len(news)


def test_a_worker_that_is_killed_half_way_costs_nothing_but_time(assert_same, cluster, base, files, queries):
    killed = []

    def kill(stage, done, total):
        if done == 3:
            for worker in workers():
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    found = on_ray.exact_knn(files, 40, queries=queries, rows_per_task=100, progress=kill)
    assert killed, "there was a worker to kill"
    assert_same(found, an.exact_knn(base, 40, queries=queries))


def test_a_node_that_is_lost_half_way_costs_nothing_but_time(assert_same, cluster, base, files, queries):
    node = cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    cluster.wait_for_nodes()
    lost = []

    def lose(stage, done, total):
        if done == 4 and not lost:
            cluster.remove_node(node)
            lost.append(node)

    found = on_ray.exact_knn(files, 40, queries=queries, rows_per_task=50, progress=lose)
    assert lost
    assert_same(found, an.exact_knn(base, 40, queries=queries))


def test_a_driver_that_begins_again_searches_what_is_missing_alone(assert_same, cluster, tmp_path, base, files, queries):
    class Died(Exception):
        pass

    def die(stage, done, total):
        if done == 5:
            raise Died

    options = {"queries": queries, "rows_per_task": 100, "partials": tmp_path / "kept"}
    with pytest.raises(Died):
        on_ray.exact_knn(files, 40, progress=die, **options)
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()}
    assert len(kept) == 5
    found = on_ray.exact_knn(files, 40, **options)
    assert_same(found, an.exact_knn(base, 40, queries=queries))
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())


def test_audits_and_fidelity_by_tasks_are_those_of_one_machine(cluster, base, files, queries):
    returned, _ = an.exact_knn(base[:700], 10, queries=queries)
    for metric in ("l2", "cosine"):
        options = {"queries": queries, "neighbors": returned, "metric": metric, "k": [5, 10]}
        found, expected = on_ray.audit(files, rows_per_task=100, **options), an.audit(base, **options)
        assert figures(found) == figures(expected)
    graphs = [an.Hnsw(part, m=6) for part in np.array_split(base, 3)]
    found = on_ray.audit(base, graphs, queries=queries, k=5, efs=[10])
    assert figures(found) == figures(an.audit(base, graphs, queries=queries, k=5, efs=[10]))
    exact, _ = an.exact_knn(base, 10, queries=queries)
    found = an.fidelity(files, exact, returned, queries=queries, executor=on_ray.Executor())
    expected = an.fidelity(base, exact, returned, queries=queries)
    for name, values in expected.corrected.items():
        np.testing.assert_array_equal(found.corrected[name], values, err_msg=name)


def figures(found):
    results = json.loads(found._core.json())
    del results["seconds"]
    return json.dumps(results)


def test_a_study_with_a_task_for_each_run_is_that_of_one_machine(cluster):
    settings = {"subset": 300, "ks": [10, 20], "runs": 3, "studies": ["ef"]}
    found = on_ray.study("resnet50-like", **settings)
    assert found._core.csv() == an.study("resnet50-like", **settings)._core.csv()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another allocator than glibc's")
def test_a_worker_gives_back_what_its_task_freed(cluster):
    def task(own_bytes):
        """Leaves 63 MiB free between pieces that are held."""
        libc = ctypes.CDLL(None)
        libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
        pieces = [libc.malloc(64 << 10) for _ in range(1024)]
        for piece in pieces:
            ctypes.memset(piece, 1, 64 << 10)
        for place, piece in enumerate(pieces):
            if place % 64:
                libc.free(piece)
        return os.getpid(), own_bytes("self")

    def own_bytes(process):
        return 1024 * int(Path(f"/proc/{process}/status").read_text().split("RssAnon:")[1].split()[0])

    worker, taken = on_ray.Executor().submit(task, own_bytes).result()
    assert own_bytes(worker) < taken - (48 << 20)


def test_errors_of_tasks_are_ordinary_and_name_the_shard(cluster, tmp_path, files, queries):
    bad = tmp_path / "bad.npy"
    np.save(bad, np.full((5, 24), np.nan, np.float32))
    with pytest.raises(ValueError, match="bad.npy: .*NaN"):
        on_ray.exact_knn([*files, bad], 3, queries=queries)
    with pytest.raises(ValueError, match="k = 5000 neighbors out of"):
        on_ray.exact_knn(files, 5000, queries=queries)


EFS, KS = [3, 10, 40], [1, 5, 30]


@pytest.fixture(scope="module", params=["faiss", "hnswlib", "ours"])
def index(request, base):
    """A graph of each class, and the arguments of a file of it."""
    if request.param == "ours":
        return an.Hnsw(base, m=6, metric="cosine"), None
    engine = pytest.importorskip(request.param)
    if request.param == "faiss":
        index = engine.IndexHNSWFlat(base.shape[1], 6)
        index.add(base)
        return index, lambda path: engine.write_index(index, path)
    index = engine.Index(space="l2", dim=base.shape[1])
    index.init_index(len(base), M=6)
    index.add_items(base, num_threads=1)
    return index, index.save_index


def assert_same_surface(found, expected):
    for name in ("fill", "overlap", "visited", "required_ef", "tied"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert (found.svg, found.engine, found.notes) == (expected.svg, expected.engine, expected.notes)


def test_surfaces_of_a_cluster_are_those_of_one_machine(cluster, tmp_path, base, queries, index):
    live, save = index
    news = []
    expected = an.surface(base, live, EFS, KS, queries=queries)
    found = on_ray.surface(
        base, live, EFS, KS, queries=queries, queries_per_task=7, progress=lambda *step: news.append(step)
    )
    assert_same_surface(found, expected)
    assert len(news) == 9 and news[-1][1:] == (60, 60)
    budget = {"memory_budget_bytes": 0}
    rows = an.surface(base, live, EFS, KS, **budget)
    assert_same_surface(on_ray.surface(base, live, EFS, KS, **budget), rows)
    # By tables of all pairs, in one task.
    assert_same_surface(on_ray.surface(base, live, EFS, KS, queries_per_task=7), an.surface(base, live, EFS, KS))
    if save is not None:
        np.save(tmp_path / "base.npy", base)
        np.save(tmp_path / "queries.npy", queries)
        save(str(tmp_path / "index"))
        paths, arithmetic = (tmp_path / "base.npy", tmp_path / "index"), an.Hnsw.of(live).arithmetic
        found = on_ray.surface(*paths, EFS, KS, queries=tmp_path / "queries.npy", arithmetic=arithmetic)
        assert_same_surface(found, expected)
        assert_same_surface(on_ray.surface(*paths, EFS, KS, arithmetic=arithmetic), rows)


def await_holders(count: int) -> list[int]:
    """Processes that hold graphs, once there are ``count``."""
    until = time.monotonic() + 60
    while len(found := workers(b"ray::_Holder")) != count:
        assert time.monotonic() < until, f"{len(found)} holders"
        time.sleep(0.1)
    return found


def test_holders_of_a_graph_that_are_killed_half_way_cost_their_parts_alone(cluster, base, queries):
    killed = []

    def kill(stage, done, total):
        if done > 20 and not killed:
            killed.extend(await_holders(3))
            for holder in killed:
                os.kill(holder, signal.SIGKILL)

    graph = an.Hnsw(base, m=6)
    found = on_ray.surface(base, graph, EFS, KS, queries=queries, queries_per_task=5, progress=kill)
    assert killed
    assert_same_surface(found, an.surface(base, graph, EFS, KS, queries=queries))


def test_a_node_with_a_holder_that_is_lost_costs_its_part_alone(cluster, base, queries):
    node = cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    cluster.wait_for_nodes()
    lost = []

    def lose(stage, done, total):
        if done > 20 and not lost:
            # The others leave no place for it, until one of them has nothing left.
            await_holders(4)
            cluster.remove_node(node)
            lost.append(node)

    graph = an.Hnsw(base, m=6)
    found = on_ray.surface(base, graph, EFS, KS, queries=queries, queries_per_task=2, progress=lose)
    assert lost
    assert_same_surface(found, an.surface(base, graph, EFS, KS, queries=queries))


def test_errors_of_holders_are_ordinary_and_none_is_left(cluster, tmp_path, base, queries):
    graph = an.Hnsw(base, m=6)
    for k, words in [(5000, "k = 5000 neighbors out of"), (0, "ks must ascend")]:
        with pytest.raises(ValueError, match=words):
            on_ray.surface(base, graph, EFS, [k], queries=queries)
    with pytest.raises(FileNotFoundError, match="no.index"):
        on_ray.surface(base, tmp_path / "no.index", EFS, KS, queries=queries)
    await_holders(0)
