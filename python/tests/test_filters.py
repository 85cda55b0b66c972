"""Predictions under filters and with deleted rows against the real faiss and hnswlib, id for id.

The command under test is named by `ANNATOMY_COMMAND`; `cargo xtask python` builds it and sets this.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess

import numpy as np
import pytest

COMMAND = os.environ.get("ANNATOMY_COMMAND")
REQUIRED = os.environ.get("ANNATOMY_REQUIRE_ENGINES") == "1"
CELLS = list(itertools.product((1, 16, 80, 200), (1, 10, 60)))
ROWS, COLUMNS, QUERIES = 1_200, 24, 60

pytestmark = pytest.mark.skipif(COMMAND is None and not REQUIRED, reason="ANNATOMY_COMMAND is not set")


def engine(name):
    """The package, skipped where it is not installed and may be missing."""
    return pytest.importorskip(name) if not REQUIRED else __import__(name)


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(3)
    centers = generator.normal(scale=2.0, size=(15, COLUMNS))
    rows = centers[generator.integers(15, size=ROWS)] + generator.normal(size=(ROWS, COLUMNS))
    queries = centers[generator.integers(15, size=QUERIES)] + generator.normal(size=(QUERIES, COLUMNS))
    return rows.astype(np.float32), queries.astype(np.float32), centers[0]


def selections(rows, center):
    """Five selectivities, at random and around a center."""
    generator = np.random.default_rng(8)
    nearest = np.argsort(((rows - center) ** 2).sum(axis=1))
    for share in (0.01, 0.05, 0.1, 0.25, 0.5):
        count = int(share * ROWS)
        yield np.sort(generator.choice(ROWS, count, replace=False))
        yield np.sort(nearest[:count])


def predicted(folder, index, kind, queries, allowed=None):
    """Per (ef, k) the predicted ids; and what the command says."""
    np.save(folder / "queries.npy", queries)
    line = [COMMAND, "audit", "--index", index, "--queries", folder / "queries.npy", "--k", "5", "--json"]
    if allowed is not None:
        np.save(folder / "allowed.npy", allowed)
        line += ["--allowed", folder / "allowed.npy"]
    for ef, k in CELLS:
        line += ["--predict", f"ef={ef},k={k},class={kind}:{folder}/{ef}_{k}.npy"]
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {cell: np.load(folder / f"{cell[0]}_{cell[1]}.npy") for cell in CELLS}, json.loads(done.stdout)


def test_faiss_with_a_selector_answers_as_predicted(tmp_path, data):
    faiss = engine("faiss")
    rows, queries, center = data
    index = faiss.IndexHNSWFlat(COLUMNS, 16)
    index.hnsw.efConstruction = 60
    index.add(rows)
    faiss.write_index(index, str(tmp_path / "faiss.index"))
    for ids in selections(rows, center):
        mask = np.zeros(ROWS, dtype=bool)
        mask[ids] = True
        found, said = predicted(tmp_path, tmp_path / "faiss.index", "stop-early", queries, mask)
        assert said["data"]["allowed"]["rule"] == "count-all"
        assert abs(said["data"]["allowed"]["selectivity"] - len(ids) / ROWS) < 1e-12
        for (ef, k), answer in found.items():
            selector = faiss.IDSelectorBatch(ids)
            own = index.search(queries, k, params=faiss.SearchParametersHNSW(efSearch=ef, sel=selector))[1]
            np.testing.assert_array_equal(answer, own, f"{len(ids)} allowed, ef {ef}, k {k}")


def test_the_sweep_of_selectivities_is_that_of_faiss_s_own_answers(data):
    an = pytest.importorskip("annatomy")
    faiss = engine("faiss")
    rows, queries, _ = data
    index = faiss.IndexHNSWFlat(COLUMNS, 16)
    index.hnsw.efConstruction = 60
    index.add(rows)
    shares = [0.01, 0.05, 0.1, 0.25, 0.5]
    found = an.audit(rows, index, queries=queries, k=10, efs=[16, 80], selectivity=shares, seed=9)
    assert [(at["kind"], at["share"]) for at in found.selectivity] == list(itertools.product(("random", "nearest"), shares))
    center = rows[np.random.default_rng(9).choice(ROWS, 1, replace=False)[0]].astype(np.float64)
    nearest = np.argsort(((rows - center) ** 2).sum(axis=1))
    for at in found.selectivity:
        count = round(at["share"] * ROWS)
        drawn = np.random.default_rng(9).choice(ROWS, count, replace=False)
        allowed = np.sort(drawn if at["kind"] == "random" else nearest[:count])
        assert at["allowed"] == count
        far = ((queries[:, None].astype(np.float64) - rows[allowed]) ** 2).sum(axis=2)
        exact = allowed[np.argsort(far, axis=1)[:, :10]]
        for cell in at["efforts"]:
            selector = faiss.IDSelectorBatch(allowed)
            params = faiss.SearchParametersHNSW(efSearch=cell["ef"], sel=selector)
            own = index.search(queries, 10, params=params)[1]
            overlap = np.mean([len(set(a) & set(e)) / 10 for a, e in zip(own, exact)])
            assert cell["overlap_strict"]["point"] == pytest.approx(overlap)
            assert cell["fill"]["point"] == pytest.approx((own >= 0).mean())
        # The ef that suffices does, by faiss itself, and one less does not.
        ef = at["advice"][0]["ef"]
        for tried, meets in [(ef, True), (ef - 1, False)]:
            params = faiss.SearchParametersHNSW(efSearch=tried, sel=faiss.IDSelectorBatch(allowed))
            own = index.search(queries, 10, params=params)[1]
            overlap = np.mean([len(set(a) & set(e)) / 10 for a, e in zip(own, exact)])
            assert tried == 0 or (overlap >= 0.99 - 1e-12) == meets, (at["kind"], at["share"], tried)
    assert "Under filters" in found.report() and "Under filters" in found.verdict


def test_every_query_may_have_rows_of_its_own(tmp_path, data):
    faiss = engine("faiss")
    rows, queries, _ = data
    index = faiss.IndexHNSWFlat(COLUMNS, 16)
    index.add(rows)
    faiss.write_index(index, str(tmp_path / "faiss.index"))
    masks = np.random.default_rng(4).random((QUERIES, ROWS)) < 0.2
    found, said = predicted(tmp_path, tmp_path / "faiss.index", "stop-early", queries, masks)
    assert said["data"]["allowed"]["per_query"]
    for (ef, k), answer in found.items():
        for query in range(QUERIES):
            selector = faiss.IDSelectorBatch(np.flatnonzero(masks[query]))
            params = faiss.SearchParametersHNSW(efSearch=ef, sel=selector)
            own = index.search(queries[query : query + 1], k, params=params)[1][0]
            np.testing.assert_array_equal(answer[query], own, f"query {query}, ef {ef}, k {k}")


def hnswlib_index(rows):
    hnswlib = engine("hnswlib")
    index = hnswlib.Index("l2", COLUMNS)
    index.init_index(ROWS, M=16, ef_construction=60)
    index.add_items(rows, np.arange(ROWS), num_threads=1)
    return index


def assert_own_answers(found, ask, index):
    compared = 0
    for (ef, k), answer in found.items():
        index.set_ef(ef)
        try:
            own = ask(k)
        except RuntimeError:
            # hnswlib refuses to return fewer rows than were asked for.
            assert (answer == -1).any()
            continue
        np.testing.assert_array_equal(answer, own.astype(np.int64), f"ef {ef}, k {k}")
        compared += 1
    assert compared >= 4


def test_hnswlib_with_a_filter_answers_as_predicted(tmp_path, data):
    rows, queries, center = data
    index = hnswlib_index(rows)
    index.save_index(str(tmp_path / "hnswlib.bin"))
    for ids in selections(rows, center):
        allowed = set(ids.tolist())
        found, said = predicted(tmp_path, tmp_path / "hnswlib.bin", "raise", queries, ids)
        assert said["data"]["allowed"]["rule"] == "count-allowed"
        ask = lambda k: index.knn_query(queries, k, num_threads=1, filter=lambda row: row in allowed)[0]  # noqa: E731, B023
        assert_own_answers(found, ask, index)


def test_deleted_rows_of_hnswlib_are_searched_through_and_never_returned(tmp_path, data):
    rows, queries, _ = data
    index = hnswlib_index(rows)
    deleted = np.random.default_rng(6).choice(ROWS, 400, replace=False)
    for row in deleted:
        index.mark_deleted(int(row))
    index.save_index(str(tmp_path / "hnswlib.bin"))
    found, said = predicted(tmp_path, tmp_path / "hnswlib.bin", "raise", queries)
    assert {"note": "deleted_rows", "rows": 400} in said["notes"]
    assert_own_answers(found, lambda k: index.knn_query(queries, k, num_threads=1)[0], index)
    assert not any(np.isin(answer, deleted).any() for answer in found.values())


def test_masks_that_do_not_fit_are_refused_with_their_numbers(tmp_path, data):
    rows, _, _ = data
    np.save(tmp_path / "rows.npy", rows)
    for allowed, words in [
        (np.ones(7, dtype=bool), "a mask over 7 rows, and the base has 1200"),
        (np.array([3, 1200]), "allows 1200, which names none of the base's 1200 rows"),
        (np.ones((2, ROWS), dtype=bool), "2 rows for 1200 queries"),
        (np.array([3, 4]), "k = 5 neighbors out of 1"),
    ]:
        np.save(tmp_path / "allowed.npy", allowed)
        line = [COMMAND, "audit", str(tmp_path / "rows.npy"), "--allowed", str(tmp_path / "allowed.npy"), "--k", "5"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode in (1, 2) and words in done.stderr, done.stderr
