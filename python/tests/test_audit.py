"""`annatomy audit` against the real faiss, hnswlib and usearch.

The command under test is named by `ANNATOMY_COMMAND`; `cargo xtask python` builds it and sets this.

Predictions: no id may differ, at any level that FAISS can run here and however hnswlib was compiled. What hnswlib was compiled for is
found by its distances; FAISS says its level.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from pathlib import Path

import annatomy as an
import numpy as np
import pytest

COMMAND = os.environ.get("ANNATOMY_COMMAND")
REQUIRED = os.environ.get("ANNATOMY_REQUIRE_ENGINES") == "1"
CELLS = list(itertools.product((1, 10, 40, 120), (1, 10, 60, 150, 300)))
#: The arithmetic of each level of FAISS.
ARITHMETIC = {"NONE": "sse", "AVX2": "avx2", "AVX512": "avx512", "AVX512_SPR": "avx512"}

pytestmark = pytest.mark.skipif(COMMAND is None and not REQUIRED, reason="ANNATOMY_COMMAND is not set")


def engine(name):
    """The package, skipped where it is not installed and may be missing."""
    return pytest.importorskip(name) if not REQUIRED else __import__(name)


def audit(*arguments, **files):
    """Runs the command; what it says with --json."""
    options = itertools.chain.from_iterable((f"--{name.replace('_', '-')}", str(path)) for name, path in files.items())
    line = [COMMAND, "audit", *map(str, arguments), *options, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def data_sets():
    generator = np.random.default_rng(11)
    centers = generator.normal(scale=2.0, size=(12, 24))
    yield "clusters", centers[generator.integers(12, size=700)] + generator.normal(size=(700, 24))
    yield "gaussian", generator.normal(size=(600, 37))
    hidden = np.maximum(generator.normal(size=(800, 16)) @ generator.normal(size=(16, 128)), 0.0)
    yield "rectified", hidden + 0.05 * generator.random(size=hidden.shape)


def assert_predicted(tmp_path: Path, index: Path, kind: str, answers, **options) -> None:
    """The prediction is the engine's own answer in every id.

    Exact ties are apart: rows at one distance may stand in any order, and where k cuts such a group, others of it may come.
    """
    flags = []
    for ef, k in CELLS:
        flags += ["--predict", f"ef={ef},k={k},class={kind}:{tmp_path}/predicted_{ef}_{k}.npy"]
    found = audit(*flags, index=index, k=10, **options)
    assert found["graphs"]["arithmetic"] == options["arithmetic"]
    for ef, k in CELLS:
        own, distances = answers(ef, k)
        predicted = np.load(tmp_path / f"predicted_{ef}_{k}.npy")
        assert predicted.shape == own.shape
        untied = (predicted == own) | (distances == distances[:, -1:]) & (own >= 0)
        ties = in_order_of_ties(predicted, distances) == in_order_of_ties(own, distances)
        assert (untied | ties).all(), f"ef {ef}, k {k}: {np.argwhere(~(untied | ties))[:5].tolist()}"


def in_order_of_ties(ids, distances):
    """Ids with those at one and the same distance in ascending order."""
    ties = np.cumsum(np.diff(distances, axis=1, prepend=distances[:, :1]) != 0, axis=1)
    return np.take_along_axis(ids, np.lexsort((ids, ties), axis=1), axis=1)


def levels(faiss):
    """The levels of FAISS that can run here; the one it has, where its package holds no others."""
    config = getattr(faiss, "SIMDConfig", None)
    if config is None:
        return []
    names = ("NONE", "AVX2", "AVX512", "AVX512_SPR")
    return [name for name in names if config.is_simd_level_available(getattr(faiss, f"SIMDLevel_{name}"))]


@pytest.mark.parametrize("metric", ["l2", "ip"])
@pytest.mark.parametrize(("m", "ef_construction"), [(8, 30), (24, 150)])
def test_faiss_answers_are_predicted_at_every_level(tmp_path, request, m, ef_construction, metric):
    faiss = engine("faiss")
    config = faiss.SIMDConfig
    request.addfinalizer(lambda level=config.get_level(): config.set_level(level))
    for _, rows in data_sets():
        rows = rows.astype(np.float32)
        kind = {"l2": faiss.METRIC_L2, "ip": faiss.METRIC_INNER_PRODUCT}[metric]
        index = faiss.IndexHNSWFlat(rows.shape[1], m, kind)
        index.hnsw.efConstruction = ef_construction
        index.add(rows)
        faiss.write_index(index, str(tmp_path / "graph.index"))

        def answers(ef, k, index=index, rows=rows):
            index.hnsw.efSearch = ef
            return index.search(rows, k)[::-1]

        for level in levels(faiss):
            config.set_level(getattr(faiss, f"SIMDLevel_{level}"))
            arithmetic = ARITHMETIC[level]
            assert_predicted(tmp_path, tmp_path / "graph.index", "stop-early", answers, arithmetic=arithmetic)


def test_this_machine_s_level_of_faiss_is_assumed(tmp_path):
    faiss = engine("faiss")
    index = faiss.IndexHNSWFlat(4, 4)
    index.add(np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32))
    faiss.write_index(index, str(tmp_path / "graph.index"))
    found = audit(index=tmp_path / "graph.index", k=3)
    config = faiss.SIMDConfig
    can = [name for name in ("NONE", "AVX2", "AVX512") if supports(config, getattr(faiss, f"SIMDLevel_{name}"))]
    assert found["graphs"]["arithmetic"] == ARITHMETIC[can[-1]]


def supports(config, level) -> bool:
    """Whether the processor has the instructions of a level, whatever ``FAISS_SIMD_LEVEL`` asks for."""
    config.auto_detect_simd_level()
    return config.is_simd_level_available(level)


@pytest.mark.parametrize("space", ["l2", "ip", "cosine"])
@pytest.mark.parametrize(("m", "ef_construction"), [(8, 30), (24, 150)])
def test_hnswlib_answers_are_predicted(tmp_path, m, ef_construction, space):
    hnswlib = engine("hnswlib")
    for _, rows in data_sets():
        rows = rows.astype(np.float32)
        index = hnswlib.Index(space, rows.shape[1])
        index.init_index(len(rows), M=m, ef_construction=ef_construction)
        index.add_items(rows)
        index.save_index(str(tmp_path / "graph.index"))

        def answers(ef, k, index=index, rows=rows):
            index.set_ef(ef)
            ids, distances = index.knn_query(rows, k)
            return ids.astype(np.int64), distances

        options = {"arithmetic": an.Hnsw.of(index).arithmetic, "metric": space}
        if space != "l2":  # hnswlib is asked with these very rows, and scales them for cosine itself
            np.save(tmp_path / "queries.npy", rows)
            options["queries"] = tmp_path / "queries.npy"
        assert_predicted(tmp_path, tmp_path / "graph.index", "raise", answers, **options)


def exact(rows, k):
    squared = ((rows[:, None].astype(np.float64) - rows[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squared, np.inf)
    return np.argsort(squared, axis=1, kind="stable")[:, :k]


def figures(rows, answers, k):
    """Fill and overlap over valid, distinct ids other than the query, as the definitions say."""
    true = exact(rows, k)
    fill = overlap = 0.0
    for query, row in enumerate(answers):
        valid = [i for i in dict.fromkeys(row.tolist()) if 0 <= i < len(rows) and i != query][:k]
        fill += len(valid) / k / len(rows)
        overlap += len(set(valid) & set(true[query])) / k / len(rows)
    return fill, overlap


def assert_measures(found, rows, answers, k):
    cell = next(cell for cell in found["returned"] if cell["k"] == k)
    fill, overlap = figures(rows, answers, k)
    assert cell["fill"]["point"] == pytest.approx(fill, abs=1e-12)
    assert cell["overlap_strict"]["point"] == pytest.approx(overlap, abs=1e-12)
    assert overlap - 1e-12 <= cell["overlap"]["point"] <= overlap + 1e-3, "a tie or two at most"


def save(tmp_path, **arrays):
    paths = {}
    for name, array in arrays.items():
        paths[name] = tmp_path / f"{name}.npy"
        np.save(paths[name], array)
    return paths


def test_empty_slots_of_faiss_are_counted_and_not_scored(tmp_path, clustered):
    faiss = engine("faiss")
    index = faiss.IndexHNSWFlat(clustered.shape[1], 8)
    index.add(clustered)
    index.hnsw.efSearch = 8
    distances, ids = index.search(clustered, 301)
    paths = save(tmp_path, rows=clustered, neighbors=ids, distances=distances)
    found = audit(paths["rows"], neighbors=paths["neighbors"], distances=paths["distances"], k="50,300")
    facts = found["answers"]
    assert (ids < 0).sum() == facts["sentinels"]["negative_ids"] > 0
    assert facts["distance_kind"] == "squared l2" and facts["self_included"] and facts["first_id"] == 0
    for k in (50, 300):
        assert_measures(found, clustered, ids, k)


@pytest.mark.parametrize("with_distances", [True, False])
def test_usearch_beyond_n_is_padding(tmp_path, clustered, with_distances):
    usearch = pytest.importorskip("usearch.index")
    rows = clustered[:60]
    index = usearch.Index(ndim=rows.shape[1], metric="l2sq", dtype="f32")
    index.add(np.arange(len(rows)), rows)
    answers = index.search(rows, 90, exact=False)
    ids, counts = answers.keys.astype(np.int64), np.asarray(answers.counts)
    paths = save(tmp_path, rows=rows, neighbors=ids, distances=answers.distances)
    files = {"distances": paths["distances"]} if with_distances else {}
    found = audit(paths["rows"], neighbors=paths["neighbors"], k="10,59", **files)
    told = [row[:count] for row, count in zip(ids, counts, strict=True)]
    for k in (10, 59):
        assert_measures(found, rows, told, k)
    sentinels = found["answers"]["sentinels"]
    slots = sum(sentinels[kind] for kind in ("padding", "nan_distances", "duplicates"))
    assert slots == ids.size - counts.sum()


def test_what_hnswlib_cannot_reach_is_listed(tmp_path):
    hnswlib = engine("hnswlib")
    rows = np.random.default_rng(5).normal(size=(900, 48)).astype(np.float32)
    index = hnswlib.Index("l2", rows.shape[1])
    index.init_index(len(rows), M=5, ef_construction=5)
    index.add_items(rows, num_threads=1)
    index.set_ef(len(rows))
    index.save_index(str(tmp_path / "graph.index"))
    found = audit(index=tmp_path / "graph.index", k=20, target="overlap=1")
    lost = set(found["graphs"]["unreachable"][0])
    assert lost, "a graph of so few links loses rows"
    ids = index.knn_query(rows, 20)[0].astype(np.int64)
    assert not lost & set(ids.ravel().tolist())
    (advice,) = found["advice"]
    assert advice["ef"] is None and advice["best_overlap"] < 1
    paths = save(tmp_path, neighbors=ids)
    found = audit(index=tmp_path / "graph.index", neighbors=paths["neighbors"], k=19)
    assert_measures(found, rows, ids, 19)
    cell = found["returned"][0]
    assert cell["missing"]["unreachable"] > 0


@pytest.mark.parametrize(("first", "change"), [(1, None), (0, np.sqrt)])
def test_conventions_are_detected(tmp_path, clustered, first, change):
    ids = exact(clustered, 12)
    squared = ((clustered[:, None] - clustered[ids]) ** 2).sum(axis=2)
    given = squared if change is None else change(squared)
    paths = save(tmp_path, rows=clustered, neighbors=ids + first, distances=given.astype(np.float32))
    found = audit(paths["rows"], neighbors=paths["neighbors"], distances=paths["distances"], k=12)
    facts = found["answers"]
    assert (facts["first_id"], facts["self_included"]) == (first, False)
    assert facts["distance_kind"] == ("squared l2" if change is None else "l2")
    assert found["returned"][0]["overlap"]["point"] == 1.0


def test_repaired_neighbors_are_exact(tmp_path, clustered):
    ids = np.hstack([np.arange(len(clustered))[:, None], exact(clustered, 15)])
    damaged = ids.copy()
    damaged[3, 4:] = -1
    damaged[7, 2] = damaged[7, 1]
    damaged[9, 5] = len(clustered) + 4
    damaged[11, 1:] = damaged[11, :0:-1]
    paths = save(tmp_path, rows=clustered, neighbors=damaged)
    audit(paths["rows"], neighbors=paths["neighbors"], repair=tmp_path / "repaired.npy", k=15)
    assert (np.load(tmp_path / "repaired.npy") == ids).all()
    distances = np.load(tmp_path / "repaired.distances.npy")
    true = np.sqrt(((clustered[:, None].astype(np.float64) - clustered[ids]) ** 2).sum(axis=2))
    assert np.abs(distances - true).max() < 1e-5


@pytest.mark.parametrize("name", ["faiss", "hnswlib"])
def test_advice_holds_on_queries_it_has_not_seen(tmp_path, name):
    module = engine(name)
    generator = np.random.default_rng(21)
    centers = generator.normal(scale=1.5, size=(30, 32))
    draw = lambda n: (centers[generator.integers(30, size=n)] + generator.normal(size=(n, 32))).astype(np.float32)
    base, seen, unseen = draw(4000), draw(800), draw(800)
    paths = save(tmp_path, seen=seen)
    path = str(tmp_path / "graph.index")
    if name == "faiss":
        index = module.IndexHNSWFlat(32, 8)
        index.add(base)
        module.write_index(index, path)
    else:
        index = module.Index("l2", 32)
        index.init_index(len(base), M=8, ef_construction=60)
        index.add_items(base)
        index.save_index(path)
    found = audit(index=path, queries=paths["seen"], k="10,50", target="overlap=0.97,overlap=0.995")
    for advice in found["advice"]:
        k, target = advice["k"], advice["target"]["value"]
        squared = ((unseen[:, None].astype(np.float64) - base[None]) ** 2).sum(axis=2)
        true = np.argsort(squared, axis=1, kind="stable")[:, :k]

        def overlap(ef, k=k, true=true):
            if name == "faiss":
                index.hnsw.efSearch = ef
                ids = index.search(unseen, k)[1]
            else:
                index.set_ef(ef)
                ids = index.knn_query(unseen, k)[0]
            return np.array([len(set(a) & set(e)) / k for a, e in zip(ids.tolist(), true.tolist(), strict=True)])

        reached = overlap(advice["ef"])
        error = 1.96 * np.hypot(reached.std() / np.sqrt(len(reached)), advice["reached"]["standard_error"])
        assert abs(reached.mean() - advice["reached"]["point"]) <= 1.5 * error, (k, target)
        assert overlap(advice["ef_high"]).mean() >= target - error, (k, target)
