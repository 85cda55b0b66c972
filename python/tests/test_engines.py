"""Engines behave as their adapters say, on the real packages; the committed table is what they do."""

from __future__ import annotations

import importlib.util
import os
from functools import cache
from pathlib import Path

import annatomy as an
import numpy as np
import pytest
from annatomy.engines import Engine, builders, table

PAGE = Path(__file__).parent.parent.parent / "docs" / "engines.md"
ROWS, QUERIES = table.data()
EXACT, _ = an.exact_knn(ROWS, 400, queries=QUERIES)
NAMES = list(builders.builders())
#: Large packages, or a feature that the wheel leaves out: wanted only with ANNATOMY_REQUIRE_ENGINES=all.
LARGE = ("hnsw_rs", "Qdrant", "LanceDB", "Milvus", "pgvector", "SVS", "NGT", "ScaNN")
#: Its package asks for NumPy 1.25 alone, so it is never wanted; without its dependencies it runs on others.
ALONE = "DiskANN"


@cache
def built(name: str) -> Engine:
    if name.startswith("pgvector"):
        # Test files are imported by their paths, so this one is too.
        spec = importlib.util.spec_from_file_location("pglite", Path(__file__).parent / "pglite.py")
        pglite = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(pglite)
        pglite.start()
    return builders.builders()[name](ROWS, builders.DENSE)


def engine_of(name: str) -> Engine:
    """The engine over the data; a skip where it is not installed, unless ANNATOMY_REQUIRE_ENGINES asks for all."""
    try:
        return built(name)
    except ImportError as error:
        wanted = os.environ.get("ANNATOMY_REQUIRE_ENGINES")
        if not name.startswith(ALONE) and (wanted == "all" or (wanted and not name.startswith(LARGE))):
            raise
        pytest.skip(f"{name}: {error}")


def overlap(ids: np.ndarray, k: int) -> float:
    return np.mean([len(np.intersect1d(a[:k], e[:k])) for a, e in zip(ids, EXACT)]) / k


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_distinct_rows_nearest_first(name):
    engine = engine_of(name)
    ids = engine.search(QUERIES, 20, 200)
    assert ids.shape == (50, 20) and ids.dtype == np.int64
    distances = np.linalg.norm(ROWS[ids] - QUERIES[:, None], axis=2)
    assert (np.diff(distances, axis=1) >= -1e-4).all()
    assert all(len(set(row)) == 20 for row in ids.tolist())
    assert overlap(ids, 20) > 0.9
    one = engine.search(QUERIES[:1], 20, 200)
    np.testing.assert_array_equal(one, ids[:1])


@pytest.mark.parametrize("name", NAMES)
def test_engines_are_of_the_class_they_state(name):
    engine = engine_of(name)
    if engine.engine_class == "refuse":
        with pytest.raises(Exception, match="ef must be greater than or equal to k"):
            engine.search(QUERIES, 21, 20)
        assert (engine.search(QUERIES, 20, 20) >= 0).all()
        return
    beyond = engine.search(QUERIES, 400, 20)
    filled = (beyond >= 0).sum(axis=1)
    if engine.engine_class == "stop-early":
        # Visited at ef whatever k is: the same rows lead, and slots run out.
        assert filled.max() < 400 and filled.min() >= 20
        np.testing.assert_array_equal(beyond[:, :20], engine.search(QUERIES, 20, 20))
        np.testing.assert_array_equal(beyond[:, :150], engine.search(QUERIES, 150, 20))
        return
    if engine.engine_class == "row-cap":
        assert set(filled.tolist()) == {20}
        np.testing.assert_array_equal(beyond[:, :20], engine.search(QUERIES, 20, 20))
        return
    assert filled.min() == 400
    if engine.engine_class == "iterate":
        # The first rows are those of a search at ef; what a search at ef = 400 finds besides does not come before them.
        np.testing.assert_array_equal(beyond[:, :20], engine.search(QUERIES, 20, 20))
        assert overlap(engine.search(QUERIES, 10, 400), 10) > overlap(beyond, 10) + 0.02
        return
    if engine.engine_class == "exact":
        np.testing.assert_array_equal(beyond, EXACT)
        return
    # The effort is k there: the first ten are found as at ef = 400, and better than at ef = k = 10.
    first = engine.search(QUERIES, 10, 10)
    assert overlap(beyond, 10) > overlap(first, 10) + 0.05
    if engine.engine_class == "raise":
        assert overlap(beyond, 10) == pytest.approx(overlap(engine.search(QUERIES, 10, 400), 10), abs=0.01)
    else:
        assert engine.engine_class == "beam-is-k"
        np.testing.assert_array_equal(first, engine.search(QUERIES, 10, 400))


@pytest.mark.parametrize(
    "name, effort",
    [
        ("faiss IndexHNSWFlat", lambda index: index.hnsw.efSearch),
        ("hnswlib Index", lambda index: index.ef),
        ("usearch Index", lambda index: index.expansion_search),
    ],
)
def test_the_index_is_left_as_it_was(name, effort):
    engine = engine_of(name)
    before = effort(engine.index)
    engine.search(QUERIES, 5, 77)
    assert effort(engine.index) == before != 77


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_table_is_what_they_do(name):
    """Versions may move on; what comes back may not, without the page saying so."""
    row = table.measure(name, engine_of(name), builders.builders()[name](ROWS, builders.SPARSE))
    committed = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.read_text().splitlines()]
    found = {cells[0]: cells for cells in committed if len(cells) == 9}
    _, version, *said = found[name]
    assert said == [row.effort, row.engine_class, *row.cells], f"now {row.version}, then {version}"
    assert version.split()[0] == row.version.split()[0] and len(version.split()) == 2


@pytest.mark.parametrize("name", ["faiss IndexHNSWFlat", "hnswlib Index", "usearch Index"])
def test_predictions_for_their_class_are_like_their_answers(name):
    """The core's own graph under each rule fills as many slots as the engine of that class, within graph noise."""
    engine = engine_of(name)
    ours, _ = an.Hnsw(ROWS, m=8, ef_construction=40).search(QUERIES, 400, 20, engine=engine.engine_class)
    theirs = engine.search(QUERIES, 400, 20)
    assert (ours >= 0).mean() == pytest.approx((theirs >= 0).mean(), abs=0.1)
