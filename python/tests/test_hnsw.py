"""The graph and its surface: against counting what searches return, and against faiss's own graph."""

from __future__ import annotations

import annatomy as an
import faiss
import numpy as np
import pytest

EFS, KS = [1, 10, 60], [1, 10, 100]


@pytest.fixture(scope="module")
def index(clustered):
    return an.Hnsw(clustered, m=8, ef_construction=40, seed=1)


def counted(found, exact, k):
    """Fill and overlap of (ids, distances), a row at the k-th exact distance counted as found."""
    (ids, distances), (exact_ids, exact_distances) = found, exact
    limits = exact_distances[:, k - 1].astype(float) * (1 + 1e-6)
    common = 0
    for row, (returned, nearest) in enumerate(zip(ids, exact_ids)):
        filled = returned >= 0
        ties = distances[row].astype(float) <= limits[row]
        common += (filled & (np.isin(returned, nearest[:k]) | ties)).sum()
    return (ids >= 0).mean(), common / (len(ids) * k)


@pytest.mark.parametrize("engine", ["stop-early", "raise", "row-cap", "beam-is-k"])
@pytest.mark.parametrize("held_out", [False, True])
def test_surfaces_count_what_searches_return(clustered, queries, index, engine, held_out):
    whose = queries if held_out else None
    exact = an.exact_knn(clustered, 100, queries=whose)
    surface = an.surface(clustered, index, EFS, KS, queries=whose, engine=engine)
    for row, ef in enumerate(EFS):
        for column, k in enumerate(KS):
            found = index.search(whose, k, ef, engine=engine)
            fill, overlap = counted(found, exact, k)
            assert surface.fill[row, column] == pytest.approx(fill, abs=1e-12)
            assert surface.overlap[row, column] == pytest.approx(overlap, abs=1e-12)


def test_a_search_that_stops_early_leaves_slots_empty(index):
    ids, distances = index.search(None, 200, 2)
    empty = ids < 0
    assert empty.any() and np.isinf(distances[empty]).all() and np.isfinite(distances[~empty]).all()
    assert (np.diff(empty.astype(int), axis=1) >= 0).all()
    assert (ids != np.arange(len(ids))[:, None]).all()
    full, _ = index.search(None, 200, 2, engine="raise")
    assert (full >= 0).all()


def test_overlap_is_that_of_faiss_within_noise(clustered):
    theirs = faiss.IndexHNSWFlat(clustered.shape[1], 8)
    theirs.hnsw.efConstruction = 40
    theirs.add(clustered)
    exact, _ = an.exact_knn(clustered, 50)
    theirs.hnsw.efSearch = 30
    _, found = theirs.search(clustered, 51)
    theirs_overlap = np.mean([len(np.intersect1d(f[f != i], e)) for i, (f, e) in enumerate(zip(found, exact))]) / 50
    overlaps = [an.surface(clustered, an.Hnsw(clustered, 8, 40, seed), [30], [50]).overlap[0, 0] for seed in range(3)]
    assert abs(np.mean(overlaps) - theirs_overlap) < 0.03


def test_the_graph_can_be_looked_into(clustered, index):
    assert len(index) == 800 and index.layer_sizes[0] == 800
    assert index.reachable().dtype == bool and index.reachable().mean() > 0.99
    assert 0 < len(index.links(5)) <= 16 and index.links(5).dtype == np.int64
    with pytest.raises(IndexError, match="no node 800"):
        index.links(800)
    assert np.shares_memory(index.X, clustered)
    assert repr(index).startswith("Hnsw(800 × 24, m=8")


def test_seeds_and_threads_decide_as_promised(clustered):
    def links(seed, threads):
        index = an.Hnsw(clustered, 8, 40, seed, threads=threads)
        return [index.links(node).tolist() for node in range(50)]

    assert links(1, 1) == links(1, 2) != links(2, 2)


@pytest.mark.parametrize("metric", ["l2", "ip", "cosine"])
@pytest.mark.parametrize("budget", [0, 2 << 30])
def test_float16_rows_are_kept_and_answer_as_they_do_in_float32(clustered, queries, metric, budget):
    half = clustered.astype(np.float16)
    narrow, wide = (
        an.Hnsw(X, 8, 40, seed=1, metric=metric, memory_budget_bytes=budget) for X in (half, half.astype(np.float32))
    )
    assert np.shares_memory(narrow.X, half) and narrow.X.dtype == np.float16
    for whose in (None, queries):
        found, expected = (index.search(whose, 60, 20) for index in (narrow, wide))
        assert all((a == b).all() for a, b in zip(found, expected))
        surfaces = [
            an.surface(index.X, index, EFS, KS, queries=whose, memory_budget_bytes=budget) for index in (narrow, wide)
        ]
        assert (surfaces[0].overlap == surfaces[1].overlap).all() and (surfaces[0].fill == surfaces[1].fill).all()
    verdicts = [an.audit(index=index, queries=queries, k=[10]).verdict for index in (narrow, wide)]
    assert verdicts[0] == verdicts[1] != ""


def test_float16_rows_out_of_order_are_copied_as_float16(clustered):
    with pytest.warns(an.ConversionWarning, match="X is float16, in Fortran order: copied to float16 in C order"):
        index = an.Hnsw(np.asfortranarray(clustered.astype(np.float16)), 8, 40)
    assert index.X.dtype == np.float16
    with pytest.raises(ValueError, match="1 of 3 rows hold NaN or infinite values; the first is row 1, column 0: inf"):
        an.Hnsw(np.array([[1, 2], [np.inf, 0], [0, 0]], dtype=np.float16))


def test_required_efforts_are_the_smallest_that_find_all(clustered, index):
    surface = an.surface(clustered, index, list(range(1, 61)), [10])
    half = int(surface.required_ef[0, 0])
    exact, _ = an.exact_knn(clustered, 10)
    for ef, enough in [(half, True), (half - 1, False)]:
        found, _ = index.search(None, 10, ef)
        share = np.mean([set(e) <= set(f) for f, e in zip(found, exact)])
        assert (share >= 0.5) == enough


def test_surfaces_become_frames_and_pictures(clustered, index):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    surface = an.surface(clustered, index, np.array(EFS), range(10, 40, 10))
    assert isinstance(surface.to_pandas(), pandas.DataFrame) and isinstance(surface.to_polars(), polars.DataFrame)
    frame = surface.to_pandas().set_index(["ef", "k"])
    assert frame.loc[(60, 20), "overlap"] == surface.overlap[2, 1]
    assert surface._repr_html_().startswith("<svg") and surface.figure()._repr_svg_().startswith("<svg")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda X, i: an.surface(X, i, [], [1]), "efs must ascend"),
        (lambda X, i: an.surface(X, i, [3], [5, 5]), "ks must ascend"),
        (lambda X, i: an.surface(X, i, [3], [800]), "k = 800 neighbors out of 799"),
        (lambda X, i: an.surface(X, i, [3.5], [8]), "efs must be a sequence of integers"),
        (lambda X, i: an.surface(X[:10], i, [3], [5]), "not the array"),
        (lambda X, i: i.search(None, 10, 10, engine="refuse"), "k = 11 exceeds ef = 10"),
        (lambda X, i: i.search(X[:, :2].copy(), 10, 10), "queries have 2 columns and the index has 24"),
        (lambda X, i: i.search(None, 3, 3, engine="faiss"), "unknown engine class"),
        (lambda X, i: an.Hnsw(X, m=1), "M = 1"),
        (lambda X, i: an.Hnsw(X, preset="nmslib"), "unknown graph preset"),
    ],
)
def test_bad_input_is_a_value_error_with_the_numbers(clustered, index, call, message):
    with pytest.raises(ValueError, match=message):
        call(clustered, index)
