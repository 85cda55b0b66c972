"""Graph health against SciPy, of graphs that faiss built."""

from __future__ import annotations

import numpy as np
import pytest

import annatomy as an

csgraph = pytest.importorskip("scipy.sparse.csgraph")
sparse = pytest.importorskip("scipy.sparse")


@pytest.fixture(scope="module")
def rows():
    """Rows of which a fourth are one point, so that graphs fall apart."""
    generator = np.random.default_rng(5)
    spread = generator.normal(size=(900, 12))
    return generator.permutation(np.concatenate([spread, np.repeat(spread[:1], 300, axis=0)])).astype(np.float32)


def links_of_faiss(index):
    """Layer 0 as a sparse matrix, read from the index itself."""
    faiss = pytest.importorskip("faiss")
    offsets = faiss.vector_to_array(index.hnsw.offsets)
    neighbors = faiss.vector_to_array(index.hnsw.neighbors)
    pairs = []
    for row in range(index.ntotal):
        slots = neighbors[offsets[row] : offsets[row] + index.hnsw.nb_neighbors(0)]
        pairs += [(row, other) for other in slots[slots >= 0]]
    sources, targets = np.array(pairs).T
    shape = (index.ntotal, index.ntotal)
    return sparse.coo_matrix((np.ones(len(sources), dtype=np.int64), (sources, targets)), shape=shape).tocsr()


def assert_same(health, links):
    count, labels = csgraph.connected_components(links, directed=True, connection="strong")
    sizes = np.bincount(labels)
    assert (health["components"], health["largest_component"]) == (count, sizes.max())
    degrees = np.asarray(links.sum(axis=0)).ravel()
    found = health["in_degree"]
    assert found["zero"] == (degrees == 0).sum() and found["mean"] == pytest.approx(degrees.mean())
    for name, percent in [("min", 0), ("p1", 1), ("p5", 5), ("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)]:
        assert found[name] == np.percentile(degrees, percent, method="inverted_cdf"), name
    # Backwards from a row of the largest component: the others cannot reach it.
    start = int(np.flatnonzero(labels == sizes.argmax())[0])
    leading = csgraph.breadth_first_order(links.T.tocsr(), start, directed=True, return_predecessors=False)
    assert health["confined"] == len(degrees) - len(leading)


def faiss_index(rows, kind, m, ef_construction):
    """A graph over the rows, or over their scalar or product codes."""
    faiss = pytest.importorskip("faiss")
    columns = rows.shape[1]
    index = {
        "Flat": lambda: faiss.IndexHNSWFlat(columns, m),
        "SQ8": lambda: faiss.IndexHNSWSQ(columns, faiss.ScalarQuantizer.QT_8bit, m),
        "PQ": lambda: faiss.IndexHNSWPQ(columns, columns, m, 4),
    }[kind]()
    index.hnsw.efConstruction = ef_construction
    index.train(rows)
    index.add(rows)
    return index


@pytest.mark.parametrize("kind", ["Flat", "SQ8", "PQ"])
@pytest.mark.parametrize("m", [2, 6])
def test_faiss_graphs_have_the_components_that_scipy_finds(rows, m, kind):
    index = faiss_index(rows, kind, m, 20)
    found = an.audit(rows, index, k=5, efs=16)
    (health,) = found.graphs["health"]
    assert_same(health, links_of_faiss(index))
    assert health["components"] > 1 and health["warnings"]
    assert "warning" in found.verdict or health["unreachable"] == health["rows"] - health["largest_component"]


@pytest.mark.parametrize("kind", ["Flat", "SQ8", "PQ"])
@pytest.mark.parametrize("ef", [1, 16, 100])
def test_self_recall_and_hubs_are_those_of_faiss_s_own_searches(ef, kind):
    faiss = pytest.importorskip("faiss")
    rows = np.random.default_rng(6).normal(size=(1_100, 10)).astype(np.float32)
    index = faiss_index(rows, kind, 3, 10)
    (health,) = an.audit(rows, index, k=5, efs=ef).graphs["health"]
    # Asked for every row, faiss returns all that it visited.
    params = faiss.SearchParametersHNSW(efSearch=ef)
    visited = index.search(rows, len(rows), params=params)[1]
    drawn = np.arange(1_000) * len(rows) // 1_000
    assert health["self_recall"]["point"] == pytest.approx((visited == np.arange(1_100)[:, None])[drawn].any(axis=1).mean())
    visits = np.bincount(visited.ravel() + 1, minlength=len(rows) + 1)[1:]
    assert health["hubs"]["visits"] == visits.sum()
    assert health["hubs"]["top_share"] == pytest.approx(np.sort(visits)[::-1][:11].sum() / visits.sum())


def test_redundant_links_are_those_that_the_heuristic_prunes(rows):
    faiss = pytest.importorskip("faiss")
    rows = np.ascontiguousarray(rows[:400])
    index = faiss.IndexHNSWFlat(rows.shape[1], 8)
    index.add(rows)
    (health,) = an.audit(rows, index, k=5, efs=16).graphs["health"]
    links, exact = links_of_faiss(index), rows.astype(np.float64)
    kept = total = 0
    for row in range(len(rows)):
        others = links[row].indices
        far = ((exact[others] - exact[row]) ** 2).sum(axis=1)
        chosen: list[int] = []
        for place in np.lexsort((others, far)):
            between = ((exact[chosen] - exact[others[place]]) ** 2).sum(axis=1)
            if not (between < far[place]).any():
                chosen.append(int(others[place]))
        kept, total = kept + len(chosen), total + len(others)
    assert health["redundant_links"] == pytest.approx(1 - kept / total, abs=2e-3)


def test_a_whole_graph_has_no_warnings():
    rows = np.random.default_rng(1).normal(size=(600, 6)).astype(np.float32)
    found = an.audit(rows, k=5, efs=64, graphs=2)
    assert [health["warnings"] for health in found.graphs["health"]] == [[], []]
    assert "warning" not in found.verdict
    assert 'id="health"' in found.report()
