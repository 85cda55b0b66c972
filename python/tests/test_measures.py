"""Every measure of docs/measures against a package that has it, or parts of it; `golden/make_measures.py` made the figures of
packages that cannot be installed here. Each page names its test, and the test says what it needs."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import annatomy as an
import numpy as np
import pytest
import sklearn.metrics
from scipy import sparse, stats
from scipy.sparse import csgraph
from scipy.spatial import distance
from sklearn.cluster import KMeans
from sklearn.neighbors import NearestNeighbors

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "golden"
MADE = runpy.run_path(str(FOLDER / "make_measures.py"))
K = MADE["K"]
GOLDEN = json.loads((FOLDER / "measures.json").read_text(encoding="utf-8"))


def columns(table):
    """The columns as arrays, whether pyarrow is installed or not."""
    return table if isinstance(table, dict) else {name: table[name].to_numpy() for name in table.column_names}


@pytest.fixture(scope="module")
def case():
    """Rows, answers of which some rows are wrong, shifted or lacking, and the exact neighbors."""
    return MADE["rows_and_answers"]()


@pytest.fixture(scope="module")
def found(case):
    rows, answers, _ = case
    return an.audit(rows, neighbors=answers, k=K)


@pytest.fixture(scope="module")
def measured(found):
    return columns(found.per_query)


def filled(case):
    """Per query its number, the rows that came back and the exact neighbors."""
    rows, answers, exact = case
    for query, (own, best) in enumerate(zip(answers, exact)):
        yield query, own[own >= 0], best


# By rank.


def test_overlap_is_that_of_faiss_s_own_evaluation(case, found):
    evaluation = pytest.importorskip("faiss.contrib.evaluation")
    _, answers, exact = case
    overlap = evaluation.knn_intersection_measure(answers.copy(), exact.astype(np.int64))
    assert found.cells[0]["overlap_strict"] == pytest.approx(overlap, abs=1e-12)


def test_rank_biased_overlap_is_that_of_rbo(measured):
    np.testing.assert_allclose(measured["rank_biased_overlap"], GOLDEN["rank_biased_overlap"], atol=1e-9)


def test_displacement_is_scipy_s_cityblock_distance_of_the_ranks(case, measured):
    for query, own, best in filled(case):
        slots, ranks = np.nonzero(own[:, None] == best)
        assert measured["displacement"][query] == pytest.approx(distance.cityblock(slots, ranks) / len(slots) / K, abs=1e-12)


def test_lcmc_is_that_of_zadu(case):
    rows, _, _ = case
    near = an.exact_knn(np.ascontiguousarray(rows[:, :2]), K)[0]
    cell = an.audit(rows, neighbors=near, k=K).cells[0]
    assert cell["lcmc"] == pytest.approx(GOLDEN["lcmc"], abs=1e-12)


def test_trustworthiness_and_continuity_are_those_of_zadu(case):
    rows, _, _ = case
    flat = np.ascontiguousarray(rows[:, :2])
    near = an.exact_knn(flat, K)[0]
    assert an.trustworthiness(rows, near, K) == pytest.approx(GOLDEN["trustworthiness"], abs=1e-12)
    assert an.continuity(rows, flat, K) == pytest.approx(GOLDEN["continuity"], abs=1e-12)


# By distance.


def test_epsilon_recall_counts_what_scikit_learn_finds_within_the_radius(case, measured):
    rows, _, _ = case
    wide = rows.astype(np.float64)
    search = NearestNeighbors(algorithm="brute").fit(wide)
    for query, own, best in list(filled(case))[::3]:
        radius = 1.01 * np.linalg.norm(wide[best[-1]] - wide[query])
        within = search.radius_neighbors(wide[query : query + 1], radius, return_distance=False)[0]
        assert measured["epsilon_recall"][query] == pytest.approx(np.isin(own, within).sum() / K, abs=1e-12)


def test_distance_error_and_inverse_ratio_are_scikit_learn_s_percentage_error(case, measured):
    rows, answers, exact = case
    wide = rows.astype(np.float64)
    apart = sklearn.metrics.pairwise_distances(wide)
    relative = an.fidelity(rows, exact, answers).corrected["relative_distance_error"][:, 0]
    for query, own, best in filled(case):
        error = sklearn.metrics.mean_absolute_percentage_error(apart[query, best[: len(own)]], apart[query, own])
        assert relative[query] == pytest.approx(error, rel=1e-4, abs=1e-6)
        assert measured["inverse_ratio"][query] == pytest.approx(1 / (1 + error), rel=1e-5)


def test_barycenter_shift_is_that_of_scikit_learn_s_single_means(case):
    rows, answers, exact = case
    shifts = an.fidelity(rows, exact, answers).corrected["barycenter_shift"][:, 0]
    for query, own, best in list(filled(case))[::10]:
        of_exact, of_own = (KMeans(1, n_init=1).fit(rows[ids].astype(np.float64)) for ids in (best, own))
        apart = distance.euclidean(of_exact.cluster_centers_[0], of_own.cluster_centers_[0])
        assert shifts[query] == pytest.approx(apart / np.sqrt(of_exact.inertia_ / K), rel=1e-4)


# How hard the data are.


def test_contrast_is_that_of_scikit_learn_s_distances():
    # Up to 256 rows the mean is over all of them.
    rows = np.random.default_rng(4).normal(size=(200, 12)).astype(np.float32)
    found = an.audit(rows, k=[3, 10], graphs=1)
    apart = sklearn.metrics.pairwise_distances(rows.astype(np.float64))
    far = apart.sum(axis=1) / 199
    table = columns(found.per_query)
    for at, k in zip(found.difficulty, (3, 10)):
        near = np.sort(apart, axis=1)[:, k]
        assert at["relative_contrast"] == pytest.approx(far.mean() / near.mean(), rel=1e-5)
        np.testing.assert_allclose(table["contrast"][table["k"] == k], far / near, rtol=1e-4)


def test_hubness_is_that_of_scipy_and_of_inequality(case, found):
    _, _, exact = case
    occurrences = np.bincount(exact.ravel(), minlength=300)
    at = found.difficulty[0]
    assert at["hubness"] == pytest.approx(stats.skew(occurrences), rel=1e-12)
    assert at["antihub_share"] == pytest.approx((occurrences == 0).mean(), abs=1e-12)
    assert at["robin_hood"] == pytest.approx(GOLDEN["robin_hood"], abs=1e-12)


# Of a graph: faiss searches.


@pytest.fixture(scope="module")
def searched():
    """A thin graph of faiss over 700 rows, and 80 queries."""
    faiss = pytest.importorskip("faiss")
    generator = np.random.default_rng(2)
    rows, queries = (generator.normal(size=(count, 10)).astype(np.float32) for count in (700, 80))
    index = faiss.IndexHNSWFlat(10, 3)
    index.hnsw.efConstruction = 6
    index.add(rows)

    def answers(k, ef):
        return index.search(queries, k, params=faiss.SearchParametersHNSW(efSearch=ef))[1]

    return rows, queries, index, answers


def test_fill_is_that_of_faiss_s_answers(searched):
    rows, queries, index, answers = searched
    found = columns(an.audit(rows, index, queries=queries, k=200, efs=10).per_query)
    expected = (answers(200, 10) >= 0).mean(axis=1)
    np.testing.assert_allclose(found["fill"], expected, atol=1e-12)
    assert expected.min() < 1


def test_causes_are_what_faiss_visits_and_scipy_reaches(searched):
    faiss = pytest.importorskip("faiss")
    rows, queries, index, answers = searched
    exact = an.exact_knn(rows, 20, queries=queries)[0]
    found = columns(an.audit(rows, index, queries=queries, k=20, efs=25).per_query)
    offsets, neighbors = (faiss.vector_to_array(values) for values in (index.hnsw.offsets, index.hnsw.neighbors))
    lists = [neighbors[begin:end] for begin, end in zip(offsets[:-1], offsets[1:])]
    sources = np.repeat(np.arange(700), [(ids >= 0).sum() for ids in lists])
    targets = np.concatenate([ids[ids >= 0] for ids in lists])
    links = sparse.coo_matrix((np.ones(len(targets)), (sources, targets)), shape=(700, 700)).tocsr()
    reached = csgraph.breadth_first_order(links, index.hnsw.entry_point, return_predecessors=False)
    for query, (best, visited) in enumerate(zip(exact, answers(700, 25))):
        missing = best[~np.isin(best, visited)]
        lost = (~np.isin(missing, reached)).sum()
        causes = [found[name][query] for name in ("unreachable", "unvisited", "tied", "displaced")]
        assert causes == [lost, len(missing) - lost, 0, 0], query
    assert found["unreachable"].sum() > 0 and found["unvisited"].sum() > 0


def test_required_ef_is_the_first_at_which_faiss_returns_all_neighbors(searched):
    rows, queries, index, answers = searched
    exact = np.sort(an.exact_knn(rows, 5, queries=queries)[0], axis=1)
    found = columns(an.audit(rows, index, queries=queries, k=5, efs=9).per_query)["required_ef"]
    first = np.full(len(queries), np.inf)
    for ef in range(150, 0, -1):
        whole = (np.sort(answers(5, ef), axis=1) == exact).all(axis=1)
        first[whole] = ef
    known = np.isfinite(first)
    assert known.sum() > 40
    np.testing.assert_array_equal(found[known], first[known])
    assert not (found[~known] <= 150).any()


# Statistics.


def test_percentiles_and_robustness_are_those_of_numpy_and_scipy(searched):
    rows, queries, index, _ = searched
    found = an.audit(rows, index, queries=queries, k=20, efs=25, require="robust@0.8@20>=0.2")
    overlap = columns(found.per_query)["overlap"]
    (cell,) = (cell for cell in found.cells if cell["what"] == "effort")
    for percent in (1, 5, 25):
        assert cell[f"overlap_p{percent}"] == pytest.approx(np.percentile(overlap, percent), abs=1e-12)
    share = stats.binomtest(int((overlap >= 0.8 - 1e-12).sum()), len(queries))
    interval = share.proportion_ci(method="wilson")
    (row,) = found.requirements
    assert row["found"]["point"] == pytest.approx(share.statistic)
    assert (row["found"]["low"], row["found"]["high"]) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_rank_correlation_is_that_of_scipy(found, measured):
    at = {row["by"]: row["rank_correlation"]["point"] for row in found.where_lost}
    for name in ("lid", "contrast", "nearest_distance"):
        assert at[name] == pytest.approx(stats.spearmanr(1 - measured["overlap"], measured[name])[0], abs=1e-9)


def test_a_paired_difference_has_the_p_value_of_scipy_s_permutations(case, tmp_path):
    rows, _, exact = case
    generator = np.random.default_rng(1)
    tables = []
    for name, queries in (("a", (3, 50, 71, 120)), ("b", (5, 50, 90, 91, 130, 200, 201, 202, 250, 260, 280))):
        table = exact.copy()
        for query in queries:
            table[query, K - generator.integers(1, 4) :] = -1
        an.audit(rows, neighbors=table, k=K).write(tmp_path / name)
        tables.append((table >= 0).sum(axis=1))
    differences = (tables[1] - tables[0])[tables[0] != tables[1]]
    expected = stats.permutation_test((differences,), np.sum, permutation_type="samples", n_resamples=np.inf)
    found = an.compare(tmp_path / "a", tmp_path / "b").changes[0]
    assert found["measure"] == "overlap" and found["test_p"] == pytest.approx(expected.pvalue, abs=1e-12)


# The pages.

PAGES = sorted(set((ROOT / "docs" / "measures").glob("*.md")) - {ROOT / "docs" / "measures" / "index.md"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_its_check(page):
    """The last `Checked against` of a page names files; tests that it names are there."""
    text = page.read_text(encoding="utf-8")
    (check,) = re.findall(r"^\*\*Checked against\.\*\* (.+?)(?:\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([\w./]+\.\w+)(?:::(\w+))?`", check)
    assert named, "no file"
    for file, test in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in source or f"fn {test}(" in source, (file, test)


def test_the_list_of_measures_has_every_page():
    listed = re.findall(r"\]\((\S+\.md)\)", (ROOT / "docs" / "measures" / "index.md").read_text(encoding="utf-8"))
    assert sorted(set(listed)) == sorted(page.name for page in PAGES)
