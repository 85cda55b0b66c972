"""Exact neighbors by tasks of executors, over arrays, files and URLs: those of one machine."""

from __future__ import annotations

import json
import os
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import annatomy as an
import numpy as np
import pytest

from annatomy import _shards
from annatomy._distributed import AtOnce


@pytest.fixture(scope="module")
def base(clustered):
    return np.concatenate([clustered, clustered[::3], clustered[5:40]])


@pytest.fixture(scope="module")
def files(tmp_path_factory, base):
    folder = tmp_path_factory.mktemp("shards")
    paths = [folder / f"{part}.npy" for part in range(4)]
    for path, rows in zip(paths, np.array_split(base, [100, 101, 700])):
        np.save(path, rows)
    return paths


@pytest.fixture(scope="module")
def processes():
    # A fork of a process with threads may not go on.
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def dask_executor():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            yield client.get_executor()


@pytest.mark.parametrize("kind", ["array", "arrays", "path", "paths"])
@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
@pytest.mark.parametrize("pool", ["none", "threads", "processes", "dask"])
def test_tasks_find_what_one_machine_finds(assert_same, request, tmp_path, base, files, queries, kind, metric, pool):
    whole = tmp_path / "base.npy"
    np.save(whole, base)
    given = {"array": base, "arrays": np.array_split(base, 3), "path": whole, "paths": files}[kind]
    expected = an.exact_knn(base, 150, queries=queries, metric=metric)
    options = {"queries": queries, "metric": metric, "rows_per_task": 130}
    if pool == "none":
        if kind == "array":
            return
        assert_same(an.exact_knn(given, 150, **options), expected)
    elif pool == "threads":
        with ThreadPoolExecutor(3) as executor:
            assert_same(an.exact_knn(given, 150, executor=executor, **options), expected)
    else:
        executor = request.getfixturevalue("processes" if pool == "processes" else "dask_executor")
        assert_same(an.exact_knn(given, 150, executor=executor, **options), expected)


def test_urls_are_fetched_and_asked_for_again(assert_same, files, base, queries, monkeypatch):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for path in files:
        memory.pipe_file(f"/shards/{path.name}", path.read_bytes())
    urls = [f"memory://shards/{path.name}" for path in files]
    expected = an.exact_knn(base, 20, queries=queries)
    failures = iter([OSError("slow down"), TimeoutError("no answer")])
    get_file = type(memory).get_file

    def unreliable(self, *arguments, **options):
        for failure in failures:
            raise failure
        return get_file(self, *arguments, **options)

    monkeypatch.setattr(type(memory), "get_file", unreliable)
    monkeypatch.setattr(_shards, "FIRST_PAUSE_SECONDS", 0.01)
    with ThreadPoolExecutor(2) as executor:
        assert_same(an.exact_knn(urls, 20, queries=queries, executor=executor), expected)
    assert next(failures, None) is None, "both failures were met"
    failures = iter(OSError("gone away") for _ in range(9))
    with pytest.raises(OSError, match=r"^memory://shards/0.npy: gone away \(after 4 attempts\)"):
        an.exact_knn(urls[:1], 20, queries=queries)
    monkeypatch.setattr(type(memory), "get_file", get_file)
    with pytest.raises(FileNotFoundError, match="nothing.npy"):
        an.exact_knn("memory://shards/nothing.npy", 20, queries=queries)


def test_partials_are_kept_and_what_is_missing_alone_is_searched(assert_same, tmp_path, files, base, queries):
    folder, searched = tmp_path / "kept", []

    class Counting(ThreadPoolExecutor):
        def submit(self, task, shard, *rest):
            searched.append(shard.name)
            return super().submit(task, shard, *rest)

    def call(k=20, X=files):
        searched.clear()
        with Counting(2) as executor:
            found = an.exact_knn(X, k, queries=queries, executor=executor, rows_per_task=200, partials=folder)
        assert_same(found, an.exact_knn(base, k, queries=queries))
        return len(searched)

    assert call() == 8 and call() == 0
    kept = sorted(folder.iterdir())
    kept[0].unlink()
    kept[1].write_bytes(kept[1].read_bytes()[:-5])
    assert call() == 2, "one is gone, one is damaged"
    assert call(k=21) == 8, "another search"
    os.utime(files[0], (1, 1))
    assert call() == 1, "a file that was written to"
    assert call(X=base) == 6 and call(X=base) == 0


@pytest.mark.parametrize("kind", ["arrays", "path", "paths", "urls"])
@pytest.mark.parametrize("pool", ["none", "threads", "processes", "dask"])
def test_fidelity_over_shards_is_that_of_one_array(request, tmp_path, base, files, queries, kind, pool):
    if kind == "urls":
        pytest.importorskip("fsspec")
    whole = tmp_path / "base.npy"
    np.save(whole, base)
    urls = [f"file://{path}" for path in files]
    given = {"arrays": np.array_split(base, 3), "path": whole, "paths": files, "urls": urls}[kind]
    exact, _ = an.exact_knn(base, 20, queries=queries)
    returned = exact.copy()
    # A farther row, a repeat, an empty slot, an id that no row has.
    returned[:, 3], returned[:, 5], returned[::2, 7], returned[1::3, 9] = 7, returned[:, 4], -1, len(base) + 5
    expected = an.fidelity(base, exact, returned, queries=queries, ks=[5, 20])
    with ThreadPoolExecutor(2) as threads:
        pools = {"none": lambda: None, "threads": lambda: threads}
        executor = pools.get(pool, lambda: request.getfixturevalue({"processes": "processes", "dask": "dask_executor"}[pool]))()
        found = an.fidelity(given, exact, returned, queries=queries, ks=[5, 20], executor=executor)
    for one, other in [(found.corrected, expected.corrected), (found.published, expected.published)]:
        for name, values in other.items():
            np.testing.assert_array_equal(one[name], values, err_msg=name)
    with pytest.raises(ValueError, match="takes queries="):
        an.fidelity(given, exact, returned)
    beyond = np.where(exact == exact[0, 0], len(base), exact)
    with pytest.raises(ValueError, match=f"holds id {len(base)} in row 0: .* {len(base) - 1}"):
        an.fidelity(given, beyond, returned, queries=queries)
    if kind == "arrays":
        with pytest.raises(ValueError, match="has 5 columns, and rows .* has"):
            an.fidelity([base, base[:, :5].copy()], exact, returned[:, :1] + len(base), queries=queries)


@pytest.fixture(scope="module")
def answers(base, queries):
    """As an engine gives them: a farther row, a repeat, an empty slot, an id that no row has."""
    returned, distances = an.exact_knn(base, 20, queries=queries)
    returned = returned.copy()
    returned[:, 3], returned[:, 5], returned[::2, 7], returned[1::3, 9] = 7, returned[:, 4], -1, len(base) + 5
    return returned, distances


def figures(found):
    """``audit.json`` but for the time taken, and the table of queries."""
    results = json.loads(found._core.json())
    del results["seconds"]
    return results, {name: np.asarray(values) for name, values in found._core.per_query()}


def assert_same_audit(found, expected):
    (results, queries), (right, right_queries) = figures(found), figures(expected)
    assert json.dumps(results) == json.dumps(right)
    assert list(queries) == list(right_queries)
    for name, values in right_queries.items():
        np.testing.assert_array_equal(queries[name], values, err_msg=name)


@pytest.mark.parametrize("kind", ["array", "arrays", "path", "paths", "urls"])
@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
@pytest.mark.parametrize("pool", ["none", "threads", "processes", "dask"])
def test_audits_of_answers_over_shards_are_those_of_one_array(request, tmp_path, base, files, queries, answers, kind, metric, pool):
    if kind == "urls":
        pytest.importorskip("fsspec")
    whole = tmp_path / "base.npy"
    np.save(whole, base)
    urls = [f"file://{path}" for path in files]
    given = {"array": base, "arrays": np.array_split(base, 3), "path": whole, "paths": files, "urls": urls}[kind]
    returned, distances = answers
    options = {"queries": queries, "neighbors": returned, "distances": distances, "metric": metric, "k": [5, 20], "repair": True}
    options["require"] = ["overlap@5>=0.5"]
    expected = an.audit(base, **options)
    if pool == "none":
        found = an.audit(given, **options)
    else:
        with ThreadPoolExecutor(2) as threads:
            fixtures = {"processes": "processes", "dask": "dask_executor"}
            executor = threads if pool == "threads" else request.getfixturevalue(fixtures[pool])
            found = an.audit(given, executor=executor, rows_per_task=130, **options)
    assert_same_audit(found, expected)
    for one, other in zip((found.repaired.ids, found.repaired.distances), (expected.repaired.ids, expected.repaired.distances)):
        np.testing.assert_array_equal(one, other)


def test_an_audit_keeps_partials_counts_ids_from_one_and_knows_keys(tmp_path, base, files, queries, answers):
    returned, _ = answers
    keys = np.array([f"row {row}" for row in range(len(base))], dtype=object)
    named = np.array([[keys[id] if 0 <= id < len(base) else None for id in row] for row in returned], dtype=object)
    from_one = np.where(returned < 0, -1, returned + 1)
    for neighbors, ids in [(from_one, None), (named, keys)]:
        expected = an.audit(base, queries=queries, neighbors=neighbors, ids=ids, k=10)
        with ThreadPoolExecutor(2) as executor:
            found = an.audit(files, queries=queries, neighbors=neighbors, ids=ids, k=10, executor=executor, partials=tmp_path)
        assert_same_audit(found, expected)
    assert len(list(tmp_path.glob("*.partial"))) == len(files), "the same search twice"
    # An engine that is asked.
    def search(queries, k):
        return an.exact_knn(base[:700], k, queries=queries)

    assert_same_audit(an.audit(files, search, queries=queries, k=10), an.audit(base, search, queries=queries, k=10))


@pytest.mark.parametrize("metric", ["l2", "cosine", "ip"])
def test_audits_of_graphs_find_exact_neighbors_by_tasks(base, files, queries, metric):
    bounds = [0, 400, 700, len(base)]
    parts = [an.Hnsw(base[start:end], m=6, metric=metric) for start, end in zip(bounds, bounds[1:])]
    options = {"queries": queries, "k": [5, 10], "efs": [20], "metric": metric}
    for index in (parts, an.Hnsw(base, m=6, metric=metric)):
        expected = an.audit(base, index, **options)
        with ThreadPoolExecutor(2) as executor:
            for given in (base, files):
                found = an.audit(given, index, executor=executor, rows_per_task=130, **options)
                assert_same_audit(found, expected)
    with ThreadPoolExecutor(2) as executor:
        found = an.audit(files, executor=executor, graphs=1, m=6, **options)
    assert_same_audit(found, an.audit(base, graphs=1, m=6, **options))


def test_audits_that_tasks_cannot_do_are_refused(tmp_path, base, files, queries, answers):
    bad, narrow = tmp_path / "bad.npy", tmp_path / "narrow.npy"
    np.save(bad, np.full((5, 24), np.nan, np.float32))
    np.save(narrow, np.ones((5, 23), np.float32))
    given = {"queries": queries, "neighbors": answers[0], "k": 10}
    with ThreadPoolExecutor(2) as executor:
        for X, words in [([*files, bad], "bad.npy: .*NaN"), ([*files, narrow], "narrow.npy has 23 columns, and .* has 24")]:
            with pytest.raises(ValueError, match=words):
                an.audit(X, executor=executor, **given)
        with pytest.raises(FileNotFoundError, match="no.npy"):
            an.audit([*files, tmp_path / "no.npy"], executor=executor, **given)
        with pytest.raises(ValueError, match="need queries="):
            an.audit(base, executor=executor)
        with pytest.raises(ValueError, match="rows are allowed of one array"):
            an.audit(files, allowed=[1, 2, 3], executor=executor, **given)

    class Failing(ThreadPoolExecutor):
        def submit(self, task, *arguments):
            if task.__name__ == "search":
                task = fails
            return super().submit(task, *arguments)

    with Failing(2) as executor, pytest.raises(OSError, match="gone away"):
        an.audit(files, executor=executor, **given)
    with pytest.raises(ValueError, match="are for an executor"):
        an.audit(base, rows_per_task=3, **given)


def fails(*_):
    raise OSError("gone away")


def test_runs_of_a_study_by_tasks_are_those_of_one_machine(tmp_path, processes):
    settings = {"subset": 300, "ks": [10, 20], "runs": 3, "studies": ["ef", "order"]}
    expected = an.study("resnet50-like", **settings)
    found = an.study("resnet50-like", executor=processes, out=tmp_path / "out", **settings)

    def compared(results):
        summary = results.summary
        return [summary[name] for name in summary if name not in ("seconds", "machine")]

    assert json.dumps(compared(found)) == json.dumps(compared(expected))
    assert found._core.csv() == expected._core.csv()
    asked = []

    class Counting(ThreadPoolExecutor):
        def submit(self, task, *arguments):
            asked.append(arguments[2])
            return super().submit(task, *arguments)

    (tmp_path / "out" / "records" / "run01.bin").unlink()
    with Counting(2) as executor:
        again = an.study("resnet50-like", executor=executor, out=tmp_path / "out", resume=True, **settings)
    assert asked == [1] and again._core.csv() == expected._core.csv()
    rows = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    settings = {"ks": [5], "runs": 2, "studies": ["ef"]}
    found = an.study(rows, executor=processes, **settings)
    assert found._core.csv() == an.study(rows, **settings)._core.csv()
    with pytest.raises(ValueError, match="k = 400"):
        an.study(rows, executor=processes, ks=[400], runs=1, studies=["ef"])


def test_what_tasks_cannot_do_is_an_error_that_names_the_shard(tmp_path, files, base, queries):
    bad = tmp_path / "bad.npy"
    np.save(bad, np.full((5, 24), np.nan, np.float32))
    narrow = tmp_path / "narrow.npy"
    np.save(narrow, np.zeros((5, 23), np.float32))
    for given, words in [
        ([*files, bad], "bad.npy: rows 0:5, .*NaN"),
        ([*files, narrow], "narrow.npy: .*queries have 24 columns and the base has 23"),
        ([base, base[:, :3].copy()], "rows 0:1102 of array 1: queries have 24 columns and the base has 3"),
    ]:
        with ThreadPoolExecutor(2) as executor, pytest.raises(ValueError, match=words):
            an.exact_knn(given, 3, queries=queries, executor=executor)
    with pytest.raises(ValueError, match="queries= is needed"):
        an.exact_knn(files, 3)
    with pytest.raises(ValueError, match="k = 2000 neighbors out of 1102"):
        an.exact_knn(files, 2000, queries=queries)
    with pytest.raises(ValueError, match="are for an executor"):
        an.exact_knn(base, 3, queries=queries, partials=tmp_path)
    with pytest.raises(FileNotFoundError, match="no.npy"):
        an.exact_knn([*files, tmp_path / "no.npy"], 3, queries=queries)


EFS, KS = [3, 10, 40], [1, 5, 30]


@pytest.fixture(scope="module")
def faiss_index(base):
    faiss = pytest.importorskip("faiss")
    index = faiss.IndexHNSWFlat(base.shape[1], 6)
    index.add(base)
    return index


def assert_same_surface(found, expected):
    for name in ("fill", "overlap", "visited", "required_ef", "tied"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert (found.svg, found.engine, found.notes) == (expected.svg, expected.engine, expected.notes)


@pytest.mark.parametrize("pool", ["threads", "processes", "dask"])
def test_surfaces_by_tasks_are_those_of_one_machine(request, base, queries, faiss_index, pool):
    half = base.astype(np.float16)
    graphs = [(base, an.Hnsw(base, m=6, metric="cosine")), (half, an.Hnsw(half, m=6)), (base, faiss_index)]
    parts = [an.Hnsw(base[start:end], m=6) for start, end in [(0, 500), (500, len(base))]]
    graphs.append((base, an.Hnsw._of_segments(parts, base)))
    with ThreadPoolExecutor(2) as threads:
        fixtures = {"processes": "processes", "dask": "dask_executor"}
        executor = threads if pool == "threads" else request.getfixturevalue(fixtures[pool])
        for X, index in graphs:
            for options in ({"queries": queries}, {"memory_budget_bytes": 0}, {"engine": "row-cap"}):
                found = an.surface(X, index, EFS, KS, executor=executor, queries_per_task=25, **options)
                assert_same_surface(found, an.surface(X, index, EFS, KS, **options))


def test_an_index_and_rows_in_files_are_opened_where_they_are_searched(tmp_path, base, queries, processes, faiss_index):
    faiss = pytest.importorskip("faiss")
    rows, index, asked = tmp_path / "base.npy", tmp_path / "flat.index", tmp_path / "queries.npy"
    np.save(rows, base)
    np.save(asked, queries)
    faiss.write_index(faiss_index, str(index))
    arithmetic = an.Hnsw.of(faiss_index).arithmetic
    expected = an.surface(base, faiss_index, EFS, KS, queries=queries)
    for X in (rows, base, None):
        found = an.surface(X, index, EFS, KS, queries=asked, arithmetic=arithmetic, executor=processes)
        assert_same_surface(found, expected)
        assert_same_surface(an.surface(X, index, EFS, KS, queries=asked, arithmetic=arithmetic), expected)
    found = an.surface(rows, index, EFS, KS, engine="raise", arithmetic=arithmetic, executor=processes)
    assert_same_surface(found, an.surface(base, faiss_index, EFS, KS, engine="raise"))
    with pytest.raises(ValueError, match="X or queries are needed"):
        an.surface(None, index, EFS, KS, executor=processes)
    with pytest.raises(FileNotFoundError, match="no.index"):
        an.surface(rows, tmp_path / "no.index", EFS, KS, executor=processes)
    for bad, words in [(rows, "base.npy: neither a FAISS"), (index, "row 0 of X is not row 0 of the index")]:
        other = np.zeros_like(base) if bad is index else base
        with pytest.raises(ValueError, match=words):
            an.surface(other, bad, EFS, KS, executor=processes)


def test_a_graph_pickles_whole(base, queries, faiss_index):
    faiss = pytest.importorskip("faiss")
    ids = faiss.IndexIDMap(faiss.IndexHNSWFlat(base.shape[1], 6))
    ids.add_with_ids(base, np.arange(len(base))[::-1] * 3)
    for graph in (an.Hnsw(base, m=6, metric="cosine"), an.Hnsw.of(faiss_index), an.Hnsw.of(ids)):
        again = pickle.loads(pickle.dumps(graph, protocol=5))
        assert repr(again) == repr(graph) and again._core.facts == graph._core.facts
        assert again.layer_sizes == graph.layer_sizes
        np.testing.assert_array_equal(again.reachable(), graph.reachable())
        for one, other in zip(again.search(queries, 5, 20), graph.search(queries, 5, 20)):
            np.testing.assert_array_equal(one, other)


def test_surfaces_that_tasks_cannot_count_are_refused(base, queries):
    graph = an.Hnsw(base, m=6)
    with pytest.raises(ValueError, match="queries_per_task is for an executor"):
        an.surface(base, graph, EFS, KS, queries_per_task=5)

    class Foreign(ThreadPoolExecutor):
        """Gives what ``task`` makes of a part of the surface."""

        def submit(self, task, searched, asked, part, request):
            return super().submit(lambda: self.foreign(task, searched, asked, part, request))

    def of_other_cells(task, searched, asked, part, request):
        return task(searched, asked, part, replace(request, efs=[3, 10, 41 if part[0] else 40]))

    def of_fewer_queries(task, searched, asked, part, request):
        return task(searched, asked, (part[0] + 1, part[1]), request)

    def of_held_out(task, searched, asked, part, request):
        return task(searched, asked if part[0] else None, part, request)

    for foreign, words in [
        (lambda *_: {"overlap": 1.0}, "a task returned dict for queries 0:20, no part of a surface"),
        (of_fewer_queries, "a part of 19 queries for queries 0:20"),
        (of_other_cells, r"another surface: the efs are \[3, 10, 41\], and of the parts before \[3, 10, 40\]"),
        (of_held_out, "another surface: queries are held out, and of the parts before rows"),
    ]:
        Foreign.foreign = staticmethod(foreign)
        with Foreign(2) as executor, pytest.raises(ValueError, match=words):
            an.surface(base, graph, EFS, KS, queries=queries, executor=executor, queries_per_task=20)
    with ThreadPoolExecutor(2) as executor:
        for arguments, words in [
            ((base[:50], graph, EFS, KS), "X is not the array that the index was built from"),
            ((base, graph, [10, 3], KS), "efs must ascend"),
            ((base, graph, [], KS), "efs must ascend"),
            ((base, graph, EFS, []), "ks must ascend"),
            ((base, graph, EFS, [5000]), "k = 5000 neighbors out of"),
        ]:
            for whose in (queries, None):
                with pytest.raises(ValueError, match=words):
                    an.surface(*arguments, queries=whose, executor=executor)
        bad = queries.copy()
        bad[41, 3] = np.nan
        with pytest.raises(ValueError, match="the first is row 41, column 3"):
            an.surface(base, graph, EFS, KS, queries=bad, executor=executor, queries_per_task=20)
        with pytest.raises(ValueError, match="queries have 5 columns"):
            an.surface(base, graph, EFS, KS, queries=queries[:, :5].copy(), executor=executor)


class Rewriting:
    """An executor that does tasks at once, and after task ``number`` writes other rows into a file."""

    def __init__(self, path, number):
        self.path, self.left = path, number

    def submit(self, task, /, *arguments):
        future = AtOnce().submit(task, *arguments)
        self.left -= 1
        if self.left == 0:
            before = os.stat(self.path)
            np.save(self.path, np.load(self.path)[::-1])
            # A clock of the file system may stand still for some milliseconds.
            os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
        return future


def test_a_file_that_is_rewritten_between_tasks_is_an_error_that_names_it(tmp_path, base, queries):
    path = tmp_path / "rows.npy"
    tasks = len(base) // 130 + 1
    for number in [1, tasks - 1, tasks]:
        np.save(path, base)
        with pytest.raises(ValueError, match=r"rows\.npy: the file changed while it was read"):
            an.exact_knn(path, 5, queries=queries, rows_per_task=130, executor=Rewriting(path, number))


def test_no_partial_of_another_state_is_kept(assert_same, tmp_path, base, queries):
    path, partials = tmp_path / "rows.npy", tmp_path / "partials"
    np.save(path, base)
    before = os.stat(path)
    options = {"queries": queries, "rows_per_task": 130, "partials": partials}
    with pytest.raises(ValueError, match="the file changed"):
        an.exact_knn(path, 5, executor=Rewriting(path, 2), **options)
    # Restored with its time, as ``cp -p`` does.
    np.save(path, base)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert_same(an.exact_knn(path, 5, executor=AtOnce(), **options), an.exact_knn(base, 5, queries=queries))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_an_audit_mixes_no_two_states_of_a_file(tmp_path, base, queries, number):
    path = tmp_path / "rows.npy"
    np.save(path, base)
    neighbors, _ = an.exact_knn(base, 5, queries=queries)
    with pytest.raises(ValueError, match=r"rows\.npy: the file changed while it was read"):
        an.audit(path, queries=queries, neighbors=neighbors, k=5, rows_per_task=300, executor=Rewriting(path, number))
