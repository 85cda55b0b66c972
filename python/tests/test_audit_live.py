"""`an.audit` and `an.surface` of live indexes against the engines' own answers.

Distances are summed in the engine's own arithmetic, which a few searches find: no id may differ, on any machine.
"""

from __future__ import annotations

import itertools

import annatomy as an
import numpy as np
import pytest
from annatomy.engines.usearch import Usearch

CELLS = list(itertools.product((1, 10, 40, 120), (1, 10, 60, 150, 300)))


def faiss_index(rows, m=12, ef_construction=60):
    faiss = pytest.importorskip("faiss")
    index = faiss.IndexHNSWFlat(rows.shape[1], m)
    index.hnsw.efConstruction = ef_construction
    index.add(rows)
    return index


def hnswlib_index(rows, m=12, ef_construction=60, space="l2", labels=None):
    hnswlib = pytest.importorskip("hnswlib")
    index = hnswlib.Index(space, rows.shape[1])
    index.init_index(len(rows), M=m, ef_construction=ef_construction, random_seed=3)
    index.add_items(rows, labels, num_threads=1)
    return index


def usearch_index(rows, m=12, ef_construction=60, dtype="f32", metric="l2sq"):
    usearch = pytest.importorskip("usearch.index")
    index = usearch.Index(
        ndim=rows.shape[1], metric=metric, dtype=dtype, connectivity=m, expansion_add=ef_construction
    )
    index.add(np.arange(len(rows)), rows, threads=1)
    return index


def answer(index, queries, k, ef):
    """What the engine itself returns, as ids."""
    if hasattr(index, "hnsw"):
        index.hnsw.efSearch = ef
        return index.search(queries, k)[1].astype(np.int64)
    if hasattr(index, "expansion_search"):
        index.expansion_search = ef
        return Usearch(index).search(queries, k, ef)
    index.set_ef(ef)
    return index.knn_query(queries, k)[0].astype(np.int64)


MAKERS = {"faiss": faiss_index, "hnswlib": hnswlib_index, "usearch": usearch_index}
RULE = {"faiss": "stop-early", "hnswlib": "raise", "usearch": "raise"}
SOURCE = {
    "faiss": "FAISS index in memory",
    "hnswlib": "hnswlib index in memory",
    "usearch": "usearch index in memory",
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("held_out", [False, True])
def test_predictions_for_a_live_index_are_its_answers(name, held_out, clustered, queries):
    index = MAKERS[name](clustered)
    predict = [(ef, k, RULE[name]) for ef, k in CELLS]
    found = an.audit(clustered, index, queries=queries if held_out else None, k=10, predict=predict)
    differing = rows = 0
    for ef, k in CELLS:
        asked = queries if held_out else clustered
        own, predicted = answer(index, asked, k, ef), found.predictions[ef, k, RULE[name]]
        differing += (predicted != own).any(axis=1).sum()
        rows += len(own)
    assert differing == 0, f"{differing} of {rows} rows differ in {found.graphs['arithmetic']}"
    assert found.graphs["class"] == RULE[name] and found.graphs["m"] == 12
    assert found.graphs["source"] == SOURCE[name]


@pytest.mark.parametrize("columns", [3, 7, 16, 37, 100])
@pytest.mark.parametrize("kind", ["faiss l2", "faiss ip", "hnswlib l2", "hnswlib ip", "hnswlib cosine", "usearch l2", "usearch ip"])
def test_the_arithmetic_of_a_live_index_is_found(kind, columns):
    """By which its answers are predicted in every id, at widths that take each path through its functions."""
    package, metric = kind.split()
    module = pytest.importorskip(package)
    generator = np.random.default_rng(columns)
    rows = generator.normal(size=(500, columns)).astype(np.float32)
    queries = generator.normal(size=(200, columns)).astype(np.float32)
    if package == "faiss":
        index = module.IndexHNSWFlat(columns, 8, module.METRIC_L2 if metric == "l2" else module.METRIC_INNER_PRODUCT)
        index.add(rows)
    elif package == "usearch":
        index = usearch_index(rows, m=8, metric={"l2": "l2sq"}.get(metric, metric))
    else:
        index = hnswlib_index(rows, m=8, space=metric)
    graph = an.Hnsw.of(index)
    assert graph.arithmetic is not None
    for ef, k in [(10, 10), (40, 20)]:
        np.testing.assert_array_equal(graph.search(queries, k, ef)[0], answer(index, queries, k, ef))


def test_an_arithmetic_can_be_named(clustered):
    index = faiss_index(clustered)
    assert an.Hnsw.of(index, arithmetic="avx2").arithmetic == "avx2"
    found = an.audit(clustered, index, k=10, arithmetic="sse")
    assert found.graphs["arithmetic"] == "sse" and "compiled for sse" in found.verdict
    with pytest.raises(ValueError, match="there are auto, plain, sse"):
        an.Hnsw.of(index, arithmetic="neon")


@pytest.mark.parametrize("name", MAKERS)
def test_the_graph_of_a_live_index_is_searched_as_it_is(name, clustered, queries):
    index = MAKERS[name](clustered)
    graph = an.Hnsw.of(index, clustered)
    assert graph.X is clustered, "the engine's copy is dropped"
    for ef, k in CELLS:
        ids, distances = graph.search(queries, k, ef)
        own = answer(index, queries, k, ef)
        np.testing.assert_array_equal(ids, own)
        true = np.linalg.norm(clustered[ids[:, 0]] - queries, axis=1)
        np.testing.assert_allclose(distances[:, 0], true, rtol=1e-5)


@pytest.mark.parametrize("name", MAKERS)
def test_a_surface_counts_the_engine_s_own_answers(name, clustered, queries):
    index = MAKERS[name](clustered)
    efs, ks = [1, 10, 40, 120], [10, 60, 150]
    exact, _ = an.exact_knn(clustered, 150, queries=queries)
    surface = an.surface(clustered, index, efs, ks, queries=queries)
    assert surface.engine == RULE[name]
    for row, ef in enumerate(efs):
        for column, k in enumerate(ks):
            own = answer(index, queries, k, ef)
            fill = (own >= 0).mean()
            overlap = np.mean([len(np.intersect1d(a[a >= 0], e[:k])) / k for a, e in zip(own, exact)])
            assert surface.fill[row, column] == pytest.approx(fill, abs=1e-9)
            assert surface.overlap[row, column] == pytest.approx(overlap, abs=1e-4)


@pytest.mark.parametrize("name", MAKERS)
def test_advice_for_a_live_index_holds_on_queries_it_has_not_seen(name):
    generator = np.random.default_rng(21)
    centers = generator.normal(scale=1.5, size=(30, 32))

    def draw(n):
        return (centers[generator.integers(30, size=n)] + generator.normal(size=(n, 32))).astype(np.float32)

    base, seen, unseen = draw(3000), draw(600), draw(600)
    index = MAKERS[name](base, m=8)
    found = an.audit(base, index, queries=seen, k=[10, 50], target=["overlap=0.97", "overlap=0.995"])
    assert len(found.advice) == 4
    for advice in (found.advice[row] for row in range(4)):
        k = advice["k"]
        exact, _ = an.exact_knn(base, k, queries=unseen)
        reached = [np.intersect1d(a, e).size / k for a, e in zip(answer(index, unseen, k, int(advice["ef"])), exact)]
        error = np.hypot(1.96 * np.std(reached) / np.sqrt(600), (advice["reached_high"] - advice["reached_low"]) / 2)
        assert abs(np.mean(reached) - advice["reached"]) <= 1.5 * error
        safe = answer(index, unseen, k, int(advice["ef_high"]))
        assert np.mean([np.intersect1d(a, e).size / k for a, e in zip(safe, exact)]) >= advice["value"] - error


def test_a_faiss_queue_without_bound_is_another_class(clustered, queries):
    index = faiss_index(clustered)
    index.hnsw.search_bounded_queue = False
    found = an.audit(clustered, index, queries=queries, k=100, predict=[(5, 100, "raise")])
    assert found.graphs["class"] == "raise"
    np.testing.assert_array_equal(found.predictions[5, 100, "raise"], answer(index, queries, 100, 5))


def test_an_index_is_enough(clustered):
    index = faiss_index(clustered)
    index.hnsw.efSearch = 25
    found = an.audit(index=index, k=[10, 100])
    own = found.cells.to_pandas().query("what == 'effort'").set_index("k")
    exact, _ = an.exact_knn(clustered, 100)
    for k in (10, 100):
        ids = answer(index, clustered, k + 1, 25)
        rows = [[i for i in row if i >= 0 and i != query][:k] for query, row in enumerate(ids.tolist())]
        assert own.loc[k, "fill"] == pytest.approx(np.mean([len(row) / k for row in rows]), abs=1e-9)
        overlap = np.mean([np.intersect1d(row, e[:k]).size / k for row, e in zip(rows, exact)])
        assert own.loc[k, "overlap_strict"] == pytest.approx(overlap, abs=1e-4)
    assert found.graphs["ef_search"] == 25


@pytest.mark.parametrize("build", [faiss_index, hnswlib_index, usearch_index])
def test_an_index_may_come_first(build, clustered):
    index = build(clustered)
    first, named = an.audit(index, k=10), an.audit(index=index, k=10)
    assert first.verdict == named.verdict and "800 × 24" in first.verdict


def test_segments_and_graphs_built_here_may_come_first(clustered):
    halves = [an.Hnsw(half, m=8) for half in (clustered[:400], clustered[400:])]
    assert an.audit(halves, k=5).data["rows"] == 800
    assert an.audit(halves[0], k=5).data["rows"] == 400


def test_what_is_no_matrix_is_named():
    with pytest.raises(ValueError, match="X is an object: a matrix of rows × columns is needed"):
        an.audit(object())
    with pytest.raises(ValueError, match="X is a dict"):
        an.exact_knn({}, 3)


def test_advice_over_all_rows_is_one_number_for_rows_as_queries(clustered, queries):
    index = faiss_index(clustered)
    every = an.audit(index, k=10).verdict
    line = next(line for line in every.splitlines() if line.startswith("  overlap ≥ 0.99"))
    assert " to " not in line and every.index("Which ef suffices") < every.index("Engines' defaults"), every
    assert f"  ef {line.split()[4]} for k = 10 (overlap ≥ 0.99 for rows as queries)" in every, every
    assert "--queries FILE" in every
    own = an.audit(index, queries=queries, k=10).verdict
    assert "rows as queries" not in own and "--queries" not in own and " to " in own, own


def test_names_that_hnswlib_gives_its_rows_are_kept(clustered, queries):
    labels = 5_000 + np.random.default_rng(1).permutation(len(clustered))
    index = hnswlib_index(clustered, labels=labels)
    found = an.audit(clustered, index, queries=queries, k=10, predict=[(50, 20, "raise")])
    own = answer(index, queries, 20, 50)
    np.testing.assert_array_equal(found.predictions[50, 20, "raise"], own)
    ids, _ = an.Hnsw.of(index, clustered).search(queries, 20, 50)
    np.testing.assert_array_equal(ids, own)


def test_cosine_of_hnswlib_is_read_from_the_index(clustered, queries):
    index = hnswlib_index(clustered, space="cosine")
    found = an.audit(clustered, index, queries=queries, k=10, efs=[40])
    assert found.data["metric"] == "cosine"
    exact, _ = an.exact_knn(clustered, 10, queries=queries, metric="cosine")
    own = answer(index, queries, 10, 40)
    (cell,) = [row for row in map(found.cells.__getitem__, range(len(found.cells))) if row["what"] == "effort"]
    overlap = np.mean([np.intersect1d(a, e).size / 10 for a, e in zip(own, exact)])
    assert cell["overlap_strict"] == pytest.approx(overlap, abs=2e-3)


def test_a_graph_built_here_is_an_index(clustered):
    graph = an.Hnsw(clustered, m=8, seed=5)
    found = an.audit(clustered, graph, k=20, efs=[30])
    assert found.graphs["source"] == "a graph built here as faiss builds, seed 5" and found.graphs["count"] == 1
    (cell,) = [row for row in map(found.cells.__getitem__, range(len(found.cells))) if row["what"] == "effort"]
    surface = an.surface(clustered, graph, [30], [20])
    assert cell["fill"] == pytest.approx(surface.fill[0, 0], abs=1e-9)
    # A row visited itself takes one of the k + 1 slots: both count it so.
    assert cell["overlap_strict"] == pytest.approx(surface.overlap[0, 0], abs=1e-3)


@pytest.mark.parametrize("how", ["index", "adapter", "callable", "arrays"])
def test_answers_are_audited_however_they_come(how, clustered):
    index = usearch_index(clustered, m=8, dtype="f64")  # not read, so it is asked
    index.expansion_search = 16
    matches = index.search(clustered, 51)
    ids, distances = matches.keys.astype(np.int64), matches.distances
    given = {
        "index": dict(index=index),
        "adapter": dict(index=Usearch(index), ef=16),
        "callable": dict(index=lambda rows, k: (ids[:, :k], distances[:, :k])),
        "arrays": dict(neighbors=ids, distances=distances),
    }[how]
    found = an.audit(clustered, k=[10, 50], **given)
    assert found.graphs is None and found.answers["self_included"] and len(found.advice) == 0
    if how in ("callable", "arrays"):
        assert found.answers["distance_kind"] == "squared l2"
    exact, _ = an.exact_knn(clustered, 50)
    cells = found.cells.to_pandas().set_index("k")
    for k in (10, 50):
        asked = index.search(clustered, 51).keys.astype(np.int64)
        rows = [[i for i in row if i != query][:k] for query, row in enumerate(asked.tolist())]
        overlap = np.mean([np.intersect1d(row, e[:k]).size / k for row, e in zip(rows, exact)])
        assert cells.loc[k, "overlap_strict"] == pytest.approx(overlap, abs=1e-9)
        assert cells.loc[k, "what"] == "returned"


def test_a_sample_asks_for_no_more(clustered, queries):
    asked = []

    def search(rows, k):
        asked.append((rows, k))
        return an.exact_knn(clustered, k, queries=rows)[0]

    found = an.audit(clustered, search, k=30, sample=100, seed=9)
    ((rows, k),) = asked
    drawn = np.sort(an.subset(len(clustered), 100, 9))
    np.testing.assert_array_equal(rows, clustered[drawn])
    assert k == 31 and found.data["queries"] == 100 and found.data["query_population"] == len(clustered)
    assert found.cells[0]["overlap"] == 1.0 and found.cells[0]["fill"] == 1.0
    found = an.audit(clustered, search, queries=queries, k=30, sample=20)
    assert asked[-1][1] == 30 and found.cells[0]["overlap"] == 1.0 and found.data["queries"] == 20


def test_rows_that_a_search_leaves_out_are_empty_slots(clustered, queries):
    found = an.audit(clustered, lambda rows, k: an.exact_knn(clustered, 12, queries=rows)[0], queries=queries, k=30)
    assert found.cells[0]["fill"] == pytest.approx(12 / 30) and found.cells[0]["overlap"] == pytest.approx(12 / 30)
    assert found.answers["sentinels"]["negative_ids"] == 18 * len(queries)


def test_bad_rows_are_repaired(clustered):
    exact, distances = an.exact_knn(clustered, 15)
    damaged = exact.copy()
    damaged[3, 4:] = -1
    damaged[9, 5] = len(clustered) + 4
    found = an.audit(clustered, neighbors=damaged, k=15, repair=True)
    np.testing.assert_array_equal(found.repaired.ids, exact)
    np.testing.assert_allclose(found.repaired.distances, distances, rtol=1e-5)
    assert found.repaired.replaced == 2


def test_rows_alone_are_audited_on_graphs_built_here(clustered, tmp_path):
    found = an.audit(clustered, k=[10, 50], target=["overlap=0.99", "fill=1"], graphs=2, efs=[20])
    assert found.graphs["count"] == 2 and found.answers is None
    assert list(found.advice.to_pandas().columns[:4]) == ["k", "measure", "value", "recommended_ef"]
    assert set(found.cells.to_polars()["what"]) == {"effort", "default"}
    assert {"FAISS", "pgvector"} <= set(found.cells.to_columns()["who"])
    page = found.report(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page and "<svg" in page
    found.write(tmp_path / "folder")
    written = {path.name for path in (tmp_path / "folder").iterdir()}
    assert written == {".annatomy", "audit.json", "figures", "per_query.npz", "report.html"}
    assert "<svg" in found._repr_html_() and "<table>" in found._repr_html_()
    assert "Which ef suffices" in found.verdict == repr(found)
    head, *lines = str(found.advice).splitlines()
    assert head.split()[:1] == list(found.advice.to_columns())[:1] and len(lines) == len(found.advice)
    assert all(len(line) == len(head) for line in lines), "flush right"
    assert found.to_dict()["data"] == found.data and len(found.figures()) == 3
    assert set(found.curves.to_columns()) >= {"k", "ef", "overlap", "overlap_low", "fill"}


def test_progress_names_the_stages(clustered, capfd):
    stages = []
    an.audit(clustered, k=10, graphs=1, progress=lambda stage, done, total: stages.append(stage))
    # Each in order, those of a millisecond too; after the measures comes the map of the queries.
    in_order = list(dict.fromkeys(stages))
    assert in_order.index("exact neighbors") < in_order.index("traversals") < in_order.index("measures")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(k=800), "k = 800 neighbors out of 799"),
        (dict(target="recall=1"), "unknown measure"),
        (dict(index=3), "int is no index"),
        (dict(index=lambda rows, k: np.zeros((3, k), dtype=int)), "a row per query"),
        (dict(sample=801), "a sample of 801 queries"),
        (dict(neighbors=np.zeros((5, 3), dtype=int)), "has 5 rows, and the table of queries has 800"),
        (dict(distances=np.zeros((5, 3), dtype=np.float32)), "distances were given without neighbors"),
        (dict(queries=np.zeros((5, 3), dtype=np.float32)), "queries has 3 columns, and the base has 24"),
        (dict(predict=[(3, 4, "other")]), "other"),
    ],
)
def test_requests_that_cannot_be_met_are_value_errors(clustered, arguments, message):
    with pytest.raises(ValueError, match=message):
        an.audit(clustered, **arguments)


def test_an_audit_needs_rows():
    with pytest.raises(ValueError, match="needs vectors"):
        an.audit()
    with pytest.raises(ValueError, match="X is needed"):
        an.audit(index=lambda rows, k: None)


def test_an_index_over_other_rows_is_refused(clustered):
    index = faiss_index(clustered)
    other = clustered.copy()
    other[17, 3] += 1
    with pytest.raises(ValueError, match="row 17 of X is not row 17 of the index: column 3"):
        an.audit(other, index)
    with pytest.raises(ValueError, match="799 rows of 24 columns are not the 800 of 24"):
        an.Hnsw.of(index, clustered[:-1])
    with pytest.raises(ValueError, match="metric cosine, but the index was built for l2"):
        an.Hnsw.of(index, metric="cosine")
    with pytest.raises(ValueError, match="no graph to read"):
        an.Hnsw.of(usearch_index(clustered, dtype="f16"))
