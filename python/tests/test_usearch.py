"""Audits of live usearch indexes: predicted answers are usearch's own, id for id, of every scalar and metric."""

import itertools

import annatomy as an
import numpy as np
import pytest

usearch = pytest.importorskip("usearch.index")

PAIRS = list(itertools.product((1, 4, 10, 40, 120), (1, 10, 40, 150)))
SCALARS = ["f32", "f16", "bf16", "i8"]
METRICS = {"l2sq": "l2", "ip": "ip", "cos": "cosine"}


def drawn(kind):
    """Rows and queries: clusters, uniform noise of 100 columns, and rows of very different lengths."""
    generator = np.random.default_rng(8)
    if kind == "clusters":
        centers = 3 * generator.standard_normal((20, 24))
        rows = centers[generator.integers(0, 20, 1200)] + generator.standard_normal((1200, 24))
    elif kind == "noise":
        rows = generator.random((900, 100))
    else:
        rows = generator.standard_normal((1000, 37)) * np.exp(generator.standard_normal((1000, 1)))
    rows = rows.astype("f4")
    return rows[:-100], rows[-100:]


def made(rows, scalar, metric, connectivity, expansion_add):
    index = usearch.Index(
        ndim=rows.shape[1], metric=metric, dtype=scalar, connectivity=connectivity, expansion_add=expansion_add
    )
    index.add(np.arange(len(rows)), rows, threads=1)
    return index


def answers(index, queries, ef, k):
    index.expansion_search = ef
    found = index.search(queries, k, threads=1)
    return np.where(np.arange(k) < np.asarray(found.counts)[:, None], found.keys.astype(np.int64), -1)


def distances(index, queries, count):
    """The engine's own distances of all rows, by key."""
    found = index.search(queries, count, exact=True, threads=1)
    table = np.full((len(queries), count), np.nan, dtype=np.float32)
    np.put_along_axis(table, found.keys.astype(np.int64), found.distances.astype(np.float32), axis=1)
    return table


@pytest.mark.parametrize("kind", ["clusters", "noise", "lengths"])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scalar", SCALARS)
def test_predictions_are_the_answers_of_the_live_index(scalar, metric, kind):
    rows, queries = drawn(kind)
    for connectivity, expansion_add in [(6, 30), (6, 128), (16, 30)]:
        index = made(rows, scalar, metric, connectivity, expansion_add)
        predict = [(ef, k, "raise") for ef, k in PAIRS]
        found = an.audit(rows, index, queries=queries, k=10, predict=predict, metric=METRICS[metric])
        tied = differing = 0
        own_distances = distances(index, queries, len(rows))
        for ef, k in PAIRS:
            own, predicted = answers(index, queries, ef, k), found.predictions[ef, k, "raise"]
            for query in np.flatnonzero((own != predicted).any(axis=1)):
                of = own_distances[query]
                both = min(own[query].min(), predicted[query].min()) >= 0
                if both and np.array_equal(of[own[query]], of[predicted[query]]):
                    tied += 1
                else:
                    differing += 1
        # Which of several rows at one distance is expanded first can change what is visited, and distances of i8, whole
        # numbers, are often equal. On AMD's processors one audit had at most one answer of 2,000 with other rows in f16 and
        # bf16, and 11 in i8.
        allowed = {"f32": 0, "f16": 0.0005, "bf16": 0.0005, "i8": 0.01}[scalar]
        if metric == "cos" and scalar in ("bf16", "i8"):
            # Cosines over codes are divided by an approximate square root, which makers of processors approximate each
            # in their own way: on Intel's they were not compared.
            allowed = {"bf16": 0.001, "i8": 0.02}[scalar]
        assert differing <= allowed * len(PAIRS) * len(queries), (differing, tied)
        assert tied <= (0.5 if scalar == "i8" else 0.01) * len(PAIRS) * len(queries)


@pytest.mark.parametrize("scalar", SCALARS)
def test_what_a_live_index_is_asked_is_raised_to_k(scalar):
    rows, queries = drawn("clusters")
    index = made(rows, scalar, "cos", 8, 60)
    index.expansion_search = 5
    found = an.audit(rows, index, queries=queries, k=[10, 40], metric="cosine")
    assert found.method["engine"] == "usearch" and found.method["saved_effort"] == 5
    exact, _ = an.exact_knn(rows, 40, queries=queries, metric="cosine")
    cells = found.cells.to_pandas().set_index("k")
    for k in (10, 40):
        own = answers(index, queries, 5, k)
        overlap = np.mean([np.intersect1d(a, e[:k]).size / k for a, e in zip(own, exact)])
        assert cells.loc[k, "overlap_strict"] == pytest.approx(overlap, abs=2e-3)
        assert cells.loc[k, "fill"] == 1


@pytest.mark.parametrize(("scalar", "metric"), [("f32", "l2sq"), ("f16", "cos"), ("i8", "cos")])
def test_the_advised_expansion_meets_the_target_on_other_queries(scalar, metric):
    rows, queries = drawn("clusters")
    index = made(rows, scalar, metric, 4, 20)
    asked, others = queries[:50], queries[50:]
    found = an.audit(rows, index, queries=asked, k=10, target="overlap=0.9", metric=METRICS[metric])
    exact, _ = an.exact_knn(rows, 10, queries=others, metric=METRICS[metric])
    ef = int(found.advice[0]["ef"])
    reached = [np.intersect1d(a, e).size / 10 for a, e in zip(answers(index, others, ef, 10), exact)]
    # The target is met on the queries asked; both halves are samples.
    error = np.std(reached) * np.sqrt(1 / len(asked) + 1 / len(others))
    assert np.mean(reached) >= 0.9 - 1.96 * error


def test_an_index_that_is_not_all_in_its_file_is_asked():
    rows, queries = drawn("clusters")
    removed = made(rows, "f32", "l2sq", 8, 40)
    removed.remove(np.arange(3, 40))
    other = made(rows, "f64", "l2sq", 8, 40)
    for index in (removed, other):
        found = an.audit(rows, index, queries=queries, k=10)
        assert found.graphs is None and found.method is None and found.answers is not None


def test_other_rows_than_those_of_the_index_are_refused():
    rows, _ = drawn("clusters")
    for scalar in ("f32", "f16"):
        index = made(rows, scalar, "cos", 8, 40)
        with pytest.raises(ValueError, match="row"):
            an.audit(rows[::-1].copy(), index, k=10, metric="cosine")
