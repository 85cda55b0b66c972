"""Graphs of live engines over rows of few distances: answers, audits and surfaces are the engines' own, id for id.

Bits and few levels put many rows at one distance. Which of them an engine holds, expands and returns is a matter of its
queue; no id may differ.
"""

from __future__ import annotations

import itertools
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import annatomy as an
import numpy as np
import pytest

EFS, KS = (10, 40, 150), (1, 10, 50)
CELLS = list(itertools.product(EFS, KS))
ENGINES = ("faiss", "hnswlib", "usearch")
RULE = {"faiss": "stop-early", "hnswlib": "raise", "usearch": "raise"}


@cache
def data(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """3,000 rows and 200 queries: 64 columns of 0 and 1, or 16 of 0 to 3."""
    generator = np.random.default_rng(7)
    columns, levels = {"bits": (64, 2), "levels": (16, 4)}[kind]
    rows = generator.integers(0, levels, (3_200, columns)).astype(np.float32)
    return rows[:3_000], rows[3_000:]


@cache
def index_of(name: str, kind: str, metric: str):
    module = pytest.importorskip("usearch.index" if name == "usearch" else name)
    rows, _ = data(kind)
    columns = rows.shape[1]
    if name == "faiss":
        index = module.IndexHNSWFlat(columns, 8, module.METRIC_L2 if metric == "l2" else module.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 60
        index.add(rows)
    elif name == "hnswlib":
        index = module.Index(metric, columns)
        index.init_index(len(rows), M=8, ef_construction=60, random_seed=1)
        index.add_items(rows, num_threads=1)
    else:
        measure = {"l2": "l2sq", "ip": "ip"}[metric]
        index = module.Index(ndim=columns, metric=measure, dtype="f32", connectivity=8, expansion_add=60)
        index.add(np.arange(len(rows)), rows, threads=1)
    return index


def answer(name, index, queries, k, ef):
    """What the engine returns, as ids."""
    if name == "faiss":
        index.hnsw.efSearch = ef
        return index.search(queries, k)[1]
    if name == "hnswlib":
        index.set_ef(ef)
        return index.knn_query(queries, k)[0].astype(np.int64)
    index.expansion_search = ef
    return index.search(queries, k, threads=1).keys.astype(np.int64)


def overlaps(ids, rows, queries, k):
    """Per query the share of k rows no farther than the k-th nearest; distances are whole numbers."""
    distances = ((queries[:, None] - rows[None]) ** 2).sum(axis=2)
    limits = np.sort(distances, axis=1)[:, k - 1]
    found = [(distances[query, own[own >= 0]] <= limits[query]).sum() for query, own in enumerate(ids)]
    return np.minimum(found, k) / k


@pytest.mark.parametrize("metric", ["l2", "ip"])
@pytest.mark.parametrize("kind", ["bits", "levels"])
@pytest.mark.parametrize("name", ENGINES)
def test_searches_and_predictions_are_the_engine_s_ids(name, kind, metric):
    index, (rows, queries) = index_of(name, kind, metric), data(kind)
    graph = an.Hnsw.of(index, rows)
    wanted = [(ef, k, RULE[name]) for ef, k in CELLS]
    found = an.audit(rows, index, queries=queries, k=10, target="overlap=0.5", predict=wanted)
    for ef, k in CELLS:
        own = answer(name, index, queries, k, ef)
        np.testing.assert_array_equal(graph.search(queries, k, ef)[0], own, err_msg=f"ef {ef}, k {k}")
        np.testing.assert_array_equal(found.predictions[ef, k, RULE[name]], own, err_msg=f"ef {ef}, k {k}")


@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_a_faiss_queue_without_bound_is_followed_too(metric):
    index, (rows, queries) = index_of("faiss", "bits", metric), data("bits")
    index.hnsw.search_bounded_queue = False
    try:
        graph = an.Hnsw.of(index, rows)
        for ef, k in CELLS:
            own = answer("faiss", index, queries, k, ef)
            np.testing.assert_array_equal(graph.search(queries, k, ef)[0], own, err_msg=f"ef {ef}, k {k}")
    finally:
        index.hnsw.search_bounded_queue = True


@pytest.mark.parametrize("kind", ["bits", "levels"])
@pytest.mark.parametrize("name", ENGINES)
def test_audits_and_surfaces_have_the_engine_s_overlap(name, kind):
    index, (rows, queries) = index_of(name, kind, "l2"), data(kind)
    found = an.audit(rows, index, queries=queries, k=list(KS), efs=list(EFS), target="overlap=0.5")
    surface = an.surface(rows, index, list(EFS), list(KS), queries=queries)
    cells = found.cells.to_pandas().query("what == 'effort'").set_index(["ef", "k"])
    exact, _ = an.exact_knn(rows, max(KS), queries=queries)
    for (row, ef), (column, k) in itertools.product(enumerate(EFS), enumerate(KS)):
        own = answer(name, index, queries, k, ef)
        overlap = overlaps(own, rows, queries, k).mean()
        strict = np.mean([np.isin(a, e[:k]).sum() / k for a, e in zip(own, exact)])
        what = f"ef {ef}, k {k}"
        assert cells.loc[(ef, k), "overlap"] == pytest.approx(overlap, abs=1e-12), what
        assert cells.loc[(ef, k), "overlap_strict"] == pytest.approx(strict, abs=1e-12), what
        assert cells.loc[(ef, k), "fill"] == pytest.approx((own >= 0).mean(), abs=1e-12), what
        assert surface.overlap[row, column] == pytest.approx(overlap, abs=1e-12), what
        assert surface.fill[row, column] == pytest.approx((own >= 0).mean(), abs=1e-12), what


@pytest.mark.parametrize("name", ENGINES)
def test_an_advised_effort_is_the_engine_s_smallest(name):
    index, (rows, queries) = index_of(name, "bits", "l2"), data("bits")
    found = an.audit(rows, index, queries=queries, k=10, target="overlap=0.8")
    advice = found.advice[0]
    reached = [overlaps(answer(name, index, queries, 10, ef), rows, queries, 10).mean() for ef in (advice["ef"] - 1, advice["ef"])]
    assert reached[0] < 0.8 <= reached[1]
    assert advice["reached"] == pytest.approx(reached[1], abs=1e-12)
    assert any("the engine's own queue" in note for note in found.notes)


#: 1,035 cells, more than are searched.
DENSE_EFS, DENSE_KS = range(6, 51), range(1, 24)
TIED = re.compile(r"At ef = (\d+) the queue of (\d+) of 200 queries ends among rows of equal distance \((\d+) on average in the")


def tied_of(notes):
    """The ef, the queries and the rows of a note of ties."""
    (found,) = filter(None, map(TIED.match, notes))
    return tuple(map(int, found.groups()))


@pytest.mark.parametrize("name", ENGINES)
def test_a_dense_surface_warns_where_queues_end_among_ties(name):
    index, (rows, queries) = index_of(name, "bits", "l2"), data("bits")
    with pytest.warns(UserWarning, match="Ask for up to 1024 cells") as warned:
        dense = an.surface(rows, index, DENSE_EFS, DENSE_KS, queries=queries)
    assert [str(warning.message) for warning in warned] == dense.notes
    ef, tied, _ = tied_of(dense.notes)
    assert dense.tied.shape == dense.overlap.shape and dense.tied[ef - 6, 0] == tied > 180
    # An audit notes the same; its longer searches see no fewer rows that are equally far.
    audited = an.audit(rows, index, queries=queries, k=1, efs=[ef], target="overlap=0.5")
    assert tied_of(audited.notes)[0] == ef and tied_of(audited.notes)[1] >= tied
    with ThreadPoolExecutor(2) as executor, pytest.warns(UserWarning) as again:
        parts = an.surface(rows, index, DENSE_EFS, DENSE_KS, queries=queries, executor=executor, queries_per_task=17)
    np.testing.assert_array_equal(parts.tied, dense.tied)
    assert parts.notes == dense.notes == [str(warning.message) for warning in again]
    # Up to 1,024 cells the figures are the engine's.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        followed = an.surface(rows, index, DENSE_EFS, DENSE_KS[:-1], queries=queries)
    np.testing.assert_array_equal(followed.tied, dense.tied[:, :-1])
    assert (followed.overlap < dense.overlap[:, :-1]).any() and "the engine's own queue;" in followed.notes[0]


@pytest.mark.parametrize("name", ["faiss", "hnswlib", "ours"])
def test_a_surface_of_few_ties_does_not_warn(name):
    rows = np.random.default_rng(7).normal(size=(1_000, 16)).astype(np.float32)
    # Twins are equally far, and few.
    rows[:20] = rows[20:40]
    if name == "ours":
        index = an.Hnsw(rows, m=8)
    else:
        module = pytest.importorskip(name)
        if name == "faiss":
            index = module.IndexHNSWFlat(16, 8)
            index.add(rows)
        else:
            index = module.Index("l2", 16)
            index.init_index(len(rows), M=8, random_seed=1)
            index.add_items(rows, num_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        surface = an.surface(rows, index, DENSE_EFS, DENSE_KS)
    assert surface.notes == [] and 0 < surface.tied.max() < 200


def test_a_surface_of_our_own_graph_warns_as_its_audit_notes():
    rows, queries = data("bits")
    graph = an.Hnsw(rows, m=8)
    with pytest.warns(UserWarning) as warned:
        surface = an.surface(rows, graph, [40], [10], queries=queries)
    audited = an.audit(rows, graph, queries=queries, k=10, efs=[40], target="overlap=0.5")
    ef, tied, _ = tied_of(surface.notes)
    assert ef == tied_of(audited.notes)[0] == 40 and tied_of(audited.notes)[1] >= tied == surface.tied[0, 0]
    for note in (surface.notes[-1], audited.notes[-1]):
        assert note.endswith("Which of them it holds is up to the engine, which can find less than is said here.")
    assert [str(warning.message) for warning in warned] == surface.notes


def test_rows_as_queries_are_left_out_of_the_engine_s_answer():
    index, (rows, _) = index_of("faiss", "levels", "l2"), data("levels")
    found = an.audit(rows[:3_000], index, k=10, efs=[12], target="overlap=0.5")
    own = answer("faiss", index, rows, 11, 12)
    exact, _ = an.exact_knn(rows, 10)
    others = [[row for row in ids if row != query][:10] for query, ids in enumerate(own.tolist())]
    strict = np.mean([np.isin(e, ids).sum() / 10 for ids, e in zip(others, exact)])
    cells = found.cells.to_pandas().query("what == 'effort'")
    assert cells["overlap_strict"].item() == pytest.approx(strict, abs=1e-12)


@pytest.mark.parametrize("name", ["faiss", "hnswlib"])
def test_filters_are_followed_as_the_engine_applies_them(name):
    """Of deleted or unselected rows, which a queue expands and never returns."""
    index, (rows, queries) = index_of(name, "bits", "l2"), data("bits")
    allowed = np.random.default_rng(3).random(len(rows)) < 0.3
    wanted = [(ef, k, RULE[name]) for ef, k in CELLS]
    found = an.audit(rows, index, queries=queries, k=10, target="overlap=0.5", allowed=np.flatnonzero(allowed), predict=wanted)
    for ef, k in CELLS:
        if name == "faiss":
            import faiss

            selector = faiss.IDSelectorBatch(np.flatnonzero(allowed))
            own = index.search(queries, k, params=faiss.SearchParametersHNSW(sel=selector, efSearch=ef))[1]
        else:
            index.set_ef(ef)
            own = index.knn_query(queries, k, num_threads=1, filter=lambda row: bool(allowed[row]))[0].astype(np.int64)
        np.testing.assert_array_equal(found.predictions[ef, k, RULE[name]], own, err_msg=f"ef {ef}, k {k}")


@pytest.mark.parametrize("kind", ["HNSW8,SQ8", "HNSW8,PQ4x4", "HNSW8,SQ8,RFlat"])
def test_graphs_over_codes_are_predicted_in_every_id(kind):
    """Codes of few levels put rows at one distance whatever the vectors are."""
    faiss = pytest.importorskip("faiss")
    rows, queries = data("levels")
    index = faiss.index_factory(16, kind)
    index.train(rows)
    index.add(rows)
    wanted = [(ef, k, "stop-early") for ef, k in CELLS]
    found = an.audit(rows, index, queries=queries, k=10, target="overlap=0.5", predict=wanted)
    for ef, k in CELLS:
        faiss.ParameterSpace().set_index_parameter(index, "efSearch", ef)
        own = np.array([index.search(query[None], k)[1][0] for query in queries])
        np.testing.assert_array_equal(found.predictions[ef, k, "stop-early"], own, err_msg=f"ef {ef}, k {k}")
