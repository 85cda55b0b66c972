"""Segments: what several live indexes return, merged by distance, id for id; and one graph over the same rows."""

from __future__ import annotations

import json
import os
import subprocess

import annatomy as an
import numpy as np
import pytest

COMMAND = os.environ.get("ANNATOMY_COMMAND")
BOUNDS = [0, 250, 251, 600, 900]
PARTS = [slice(begin, end) for begin, end in zip(BOUNDS, BOUNDS[1:])]


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(3).normal(size=(900, 16)).astype(np.float32)


@pytest.fixture(scope="module")
def queries():
    return np.random.default_rng(4).normal(size=(120, 16)).astype(np.float32)


def merged(found, k):
    """The k nearest of every segment's (distances, ids), segments in order where distances tie."""
    distances = np.hstack([distances for distances, _ in found])
    ids = np.hstack([ids for _, ids in found])
    distances = np.where(ids < 0, np.inf, distances)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(ids, order, axis=1)
    return np.where(np.isinf(np.take_along_axis(distances, order, axis=1)), -1, best)


def faiss_segments(rows):
    faiss = pytest.importorskip("faiss")
    indexes = []
    for part in PARTS:
        index = faiss.IndexHNSWFlat(rows.shape[1], 8)
        index.hnsw.efConstruction = 40
        index.add(rows[part])
        indexes.append(index)
    return faiss, indexes


def test_merged_faiss_segments_are_its_shards_id_for_id(rows, queries):
    faiss, indexes = faiss_segments(rows)
    wanted = [(ef, k, "stop-early") for ef in (4, 20, 60) for k in (1, 10, 100)]
    found = an.audit(rows, indexes, queries=queries, k=10, predict=wanted)
    assert [segment["rows"] for segment in found.segments["segments"]] == [250, 1, 349, 300]
    for ef, k, _ in wanted:
        shards = faiss.IndexShards(rows.shape[1], False, True)
        for index in indexes:
            index.hnsw.efSearch = ef
            shards.add_shard(index)
        _, ids = shards.search(queries, k)
        np.testing.assert_array_equal(found.predictions[ef, k, "stop-early"], ids, err_msg=f"ef {ef}, k {k}")
        each = [index.search(queries, k) for index in indexes]
        each = [(far, np.where(near < 0, -1, near + begin)) for (far, near), begin in zip(each, BOUNDS)]
        np.testing.assert_array_equal(merged(each, k), ids)


def test_segments_that_tie_are_merged_as_shards_merge_them(queries):
    """On a grid most distances tie: the k best of every segment's own answer, in the order of the segments."""
    rows = np.round(np.random.default_rng(3).normal(size=(900, 16))).astype(np.float32)
    coarse = np.round(queries)
    faiss, indexes = faiss_segments(rows)
    for ef, k in [(4, 1), (20, 10), (300, 100)]:
        wanted = (ef, k, "stop-early")
        found = an.audit(rows, indexes, queries=coarse, k=1, predict=[wanted]).predictions[wanted]
        shards = faiss.IndexShards(rows.shape[1], False, True)
        real, alone = [], []
        for index, part, begin in zip(indexes, PARTS, BOUNDS):
            index.hnsw.efSearch = ef
            shards.add_shard(index)
            distances, ids = index.search(coarse, k)
            real.append((distances, np.where(ids < 0, -1, ids + begin)))
            if len(rows[part]) == 1:
                alone.append(real[-1])
                continue
            ids = an.audit(rows[part], index, queries=coarse, k=1, predict=[wanted]).predictions[wanted]
            distances = ((rows[part][ids] - coarse[:, None]) ** 2).sum(axis=2)
            alone.append((distances, np.where(ids < 0, -1, ids + begin)))
        np.testing.assert_array_equal(merged(real, k), shards.search(coarse, k)[1])
        np.testing.assert_array_equal(found, merged(alone, k))


def test_merged_hnswlib_segments_with_ids_of_their_own(rows, queries):
    hnswlib = pytest.importorskip("hnswlib")
    labels = 10 * np.random.default_rng(8).permutation(900).astype(np.int64) + 5
    indexes = []
    for part in PARTS:
        index = hnswlib.Index("l2", rows.shape[1])
        index.init_index(part.stop - part.start, M=8, ef_construction=40)
        index.add_items(rows[part], labels[part])
        index.set_ef(12)
        indexes.append(index)
    wanted = [(ef, k, "raise") for ef in (4, 30) for k in (1, 10)]
    found = an.audit(rows, indexes, queries=queries, k=10, predict=wanted)
    assert found.graphs["ef_search"] == 12
    for ef, k, _ in wanted:
        each = []
        for index, part in zip(indexes, PARTS):
            index.set_ef(ef)
            ids, distances = index.knn_query(queries, min(k, part.stop - part.start))
            each.append((distances, ids.astype(np.int64)))
        np.testing.assert_array_equal(found.predictions[ef, k, "raise"], merged(each, k), err_msg=f"ef {ef}, k {k}")


def selections(rows):
    """Allowed rows at five selectivities, drawn at random and nearest to the first row in turn."""
    generator = np.random.default_rng(12)
    nearest = np.argsort(((rows - rows[0]) ** 2).sum(axis=1))
    for number, share in enumerate((0.01, 0.05, 0.1, 0.25, 0.5)):
        count = int(share * len(rows))
        drawn = generator.choice(len(rows), count, replace=False)
        yield np.sort(nearest[:count] if number % 2 else drawn)


def hnswlib_segments(rows, M=8):
    hnswlib = pytest.importorskip("hnswlib")
    indexes = []
    for part in PARTS:
        index = hnswlib.Index("l2", rows.shape[1])
        index.init_index(part.stop - part.start, M=M, ef_construction=40)
        index.add_items(rows[part], np.arange(part.start, part.stop), num_threads=1)
        indexes.append(index)
    return indexes


def asked(index, queries, k, allowed):
    """hnswlib's own answer, as many rows as it has of those allowed: it refuses to return fewer than were asked for."""
    pick = lambda row: bool(allowed[row])  # noqa: E731
    for count in range(min(k, index.get_current_count()), 0, -1):
        try:
            ids, distances = index.knn_query(queries, count, num_threads=1, filter=pick)
        except RuntimeError:
            continue
        return distances, ids.astype(np.int64)
    return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)


def test_merged_hnswlib_segments_count_allowed_rows_each(rows, queries):
    """At every selectivity each segment goes on until ef of its own allowed rows are nearer."""
    indexes, few = hnswlib_segments(rows), queries[:25]
    for ids in selections(rows):
        allowed = np.zeros(len(rows), dtype=bool)
        allowed[ids] = True
        wanted = [(ef, k, "raise") for ef in (3, 40) for k in (1, 8)]
        found = an.audit(rows, indexes, queries=few, k=1, allowed=allowed, predict=wanted)
        assert found.data["allowed"]["rule"] == "count-allowed"
        for ef, k, _ in wanted:
            each = []
            for index in indexes:
                # A smaller k must not lower the effort: hnswlib searches at max(ef, k).
                index.set_ef(max(ef, k))
                each.append([asked(index, query[None], k, allowed) for query in few])
            for place, query in enumerate(zip(*each)):
                own = np.full(k, -1, dtype=np.int64)
                near = merged([(far, near) for far, near in query], k)[0]
                own[: len(near)] = near
                answer = found.predictions[ef, k, "raise"][place]
                np.testing.assert_array_equal(answer, own, f"{len(ids)} allowed, ef {ef}, k {k}, query {place}")


@pytest.mark.skipif(COMMAND is None, reason="ANNATOMY_COMMAND is not set")
def test_deleted_rows_of_segments_are_searched_through_and_never_returned(rows, queries, tmp_path):
    indexes = hnswlib_segments(rows)
    deleted = np.random.default_rng(9).choice(len(rows), 300, replace=False)
    deleted = deleted[deleted != 250]  # the segment of one row
    for row in deleted:
        indexes[np.searchsorted(BOUNDS, row, side="right") - 1].mark_deleted(int(row))
    np.save(tmp_path / "queries.npy", queries)
    line = [COMMAND, "audit", "--queries", tmp_path / "queries.npy", "--k", "1", "--json"]
    for number, index in enumerate(indexes):
        index.save_index(str(tmp_path / f"{number}.bin"))
        line += ["--index", tmp_path / f"{number}.bin"]
    cells = [(ef, k) for ef in (4, 30) for k in (1, 10)]
    for ef, k in cells:
        line += ["--predict", f"ef={ef},k={k},class=raise:{tmp_path}/{ef}_{k}.npy"]
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"note": "deleted_rows", "rows": len(deleted)} in json.loads(done.stdout)["notes"]
    live = an.audit(rows, indexes, queries=queries, k=1, predict=[(ef, k, "raise") for ef, k in cells])
    assert any("deleted" in note for note in live.notes)
    with pytest.raises(ValueError, match="marked deleted"):
        an.Hnsw.of(indexes[0])
    for ef, k in cells:
        each = []
        for index, part in zip(indexes, PARTS):
            index.set_ef(ef)
            ids, distances = index.knn_query(queries, min(k, part.stop - part.start), num_threads=1)
            each.append((distances, ids.astype(np.int64)))
        np.testing.assert_array_equal(live.predictions[ef, k, "raise"], merged(each, k), err_msg=f"ef {ef}, k {k}")
        found = np.load(tmp_path / f"{ef}_{k}.npy")
        np.testing.assert_array_equal(found, merged(each, k), err_msg=f"ef {ef}, k {k}")
        assert not np.isin(found, deleted).any()


def test_merged_faiss_segments_keep_the_allowed_of_what_each_visits(rows, queries):
    faiss, indexes = faiss_segments(rows)
    for ids in selections(rows):
        wanted = [(ef, k, "stop-early") for ef in (4, 60) for k in (1, 10)]
        found = an.audit(rows, indexes, queries=queries, k=1, allowed=ids, predict=wanted)
        for ef, k, _ in wanted:
            each = []
            for index, part, begin in zip(indexes, PARTS, BOUNDS):
                own = ids[(ids >= part.start) & (ids < part.stop)] - begin
                params = faiss.SearchParametersHNSW(efSearch=ef, sel=faiss.IDSelectorBatch(own))
                distances, near = index.search(queries, k, params=params)
                each.append((distances, np.where(near < 0, -1, near + begin)))
            answer = found.predictions[ef, k, "stop-early"]
            np.testing.assert_array_equal(answer, merged(each, k), f"{len(ids)} allowed, ef {ef}, k {k}")


@pytest.mark.parametrize("filtered", [False, True])
def test_engines_that_hand_on_ef_rows_do_so_of_each_segment(rows, queries, filtered):
    """pgvector over partitions: every index hands on ef rows, then the filter, then the k nearest of all."""
    faiss, indexes = faiss_segments(rows)
    for ids in selections(rows) if filtered else [np.arange(len(rows))]:
        wanted = [(ef, k, "row-cap") for ef in (2, 12) for k in (1, 10, 100)]
        settings = dict(allowed=ids, filter_rule="after-search") if filtered else {}
        found = an.audit(rows, indexes, queries=queries, k=1, efs=12, predict=wanted, **settings)
        for ef, k, _ in wanted:
            each = []
            for index, begin in zip(indexes, BOUNDS):
                params = faiss.SearchParametersHNSW(efSearch=ef)
                distances, near = index.search(queries, ef, params=params)
                near = np.where(near < 0, -1, near + begin)
                passing = np.isin(near, ids)
                each.append((np.where(passing, distances, np.inf), np.where(passing, near, -1)))
            own = merged(each, k)
            own = np.hstack([own, np.full((len(queries), k - own.shape[1]), -1, dtype=np.int64)])
            np.testing.assert_array_equal(found.predictions[ef, k, "row-cap"], own, f"{len(ids)} allowed, ef {ef}, k {k}")
        if filtered:
            cell = next(cell for cell in found.cells if cell["what"] == "effort")
            far = ((queries[:, None].astype(np.float64) - rows[ids]) ** 2).sum(axis=2)
            exact = ids[np.argmin(far, axis=1)]
            assert cell["ef"] == 12
            own = found.predictions[12, 1, "row-cap"][:, 0]
            assert cell["overlap_strict"] == pytest.approx((own == exact).mean())


def test_segments_are_audited_at_selectivities_under_their_rule(rows, queries):
    found = an.audit(rows, hnswlib_segments(rows), queries=queries, k=2, efs=8, selectivity=[0.1, 0.5])
    assert [at["allowed"] for at in found.selectivity] == [90, 450, 90, 450]
    for at in found.selectivity:
        assert at["efforts"][0]["fill"]["point"] == 1.0


def test_segments_built_here_and_one_graph(rows, queries):
    parts = [an.Hnsw(rows[part], m=6, ef_construction=30) for part in PARTS]
    found = an.audit(rows, parts, queries=queries, k=10, efs=[20], predict=[(20, 10, "stop-early")], one_graph=True)
    each = []
    for part, begin in zip(parts, BOUNDS):
        ids, distances = part.search(queries, k=10, ef=20)
        each.append((distances, np.where(ids < 0, -1, ids + begin)))
    expected = merged(each, 10)
    np.testing.assert_array_equal(found.predictions[20, 10, "stop-early"], expected)
    exact = an.exact_knn(rows, 10, queries=queries)[0]
    overlap = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, expected)])
    (at,) = found.segments["one_graph"]["at"]
    assert abs(at["overlap"]["point"] - overlap) < 1e-12
    one = an.Hnsw(rows, m=6, ef_construction=30, seed=42).search(queries, k=10, ef=20)[0]
    one = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact, one)])
    assert abs(at["one_overlap"]["point"] - one) < 1e-12
    assert at["visited"] > at["one_visited"] > 0
    assert "4 segments at ef 20: overlap" in found.verdict and 'id="segments"' in found.report()


def test_segments_that_do_not_belong_together_are_refused(rows, queries):
    parts = [an.Hnsw(rows[part], m=6) for part in PARTS]
    for X, index, words in [
        (rows[:800], parts, "800 rows of 16 columns are not the 900 of 16"),
        (rows, [parts[0], an.Hnsw(rows[:50, :8].copy(), m=6)], "segment 1 has 8 columns"),
        (rows, [parts[0], an.Hnsw(rows[:50], m=6, metric="ip")], "segment 1 has 16 columns under ip"),
        (rows, [], "index is empty"),
        (rows, [parts[0], print], "Hnsw, builtin_function"),
    ]:
        with pytest.raises(ValueError, match=words):
            an.audit(X, index, queries=queries[:, : X.shape[1]], k=5)
    with pytest.raises(ValueError, match="several indexes are needed"):
        an.audit(rows[PARTS[0]], parts[0], k=5, one_graph=True)
