"""Primary keys: answers, allowed rows, predictions, repair and tables by the ids of the rows."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest

COUNT = 400
KINDS = ["signed", "unsigned", "text"]


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(11).normal(size=(COUNT, 10)).astype(np.float32)


def keys_of(kind):
    draw = np.random.default_rng(4).permutation(COUNT)
    if kind == "signed":
        return draw.astype(np.int64) * 10**15 - 7 * 10**16
    if kind == "unsigned":
        return np.uint64(2**64 - 1000) + draw.astype(np.uint64)
    return np.array([f"sku-{number}" for number in draw])


def columns(table):
    return table if isinstance(table, dict) else {name: table[name].to_numpy() for name in table.column_names}


@pytest.mark.parametrize("kind", KINDS)
def test_answers_by_key_are_those_by_number(rows, kind):
    keys, exact = keys_of(kind), an.exact_knn(rows, 10)[0]
    answers = exact.copy()
    answers[::3, 7] = exact[::3, 0]
    plain = an.audit(rows, neighbors=answers, k=[3, 10], repair=True)
    named = an.audit(rows, neighbors=keys[answers], ids=keys, k=[3, 10], repair=True)
    assert named.answers["keys"] and not plain.answers["keys"]
    assert named.answers["unknown_ids"] == {"slots": 0, "distinct": 0, "first": []}
    np.testing.assert_array_equal(columns(named.per_query)["overlap"], columns(plain.per_query)["overlap"])
    np.testing.assert_array_equal(columns(named.per_query)["query"], np.tile(keys, 2))
    np.testing.assert_array_equal(named.repaired.ids, keys[plain.repaired.ids])
    assert named.repaired.replaced == plain.repaired.replaced > 0


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_and_allowed_rows_speak_keys(rows, kind):
    keys = keys_of(kind)
    wanted = [(12, 10, "stop-early")]
    graph = an.Hnsw(rows, m=6)
    plain, named = (an.audit(rows, graph, k=5, predict=wanted, ids=ids) for ids in (None, keys))
    np.testing.assert_array_equal(named.predictions[wanted[0]], keys[plain.predictions[wanted[0]]])
    allowed = np.arange(0, COUNT, 4)
    plain, named = (
        an.audit(rows, graph, k=5, efs=30, ids=ids, allowed=rows_allowed)
        for ids, rows_allowed in ((None, allowed), (keys, keys[allowed]))
    )
    assert named.cells.to_columns()["overlap"].tolist() == plain.cells.to_columns()["overlap"].tolist()


def test_ids_that_the_base_lacks_are_counted(rows):
    keys, exact = keys_of("text"), an.exact_knn(rows, 5)[0]
    answers = keys[exact].astype(object)
    answers[:20, 4] = "gone-a"
    answers[20:30, 4] = "gone-b"
    answers[30:35, 4] = None
    found = an.audit(rows, neighbors=answers, ids=keys, k=5)
    assert found.answers["unknown_ids"] == {"slots": 30, "distinct": 2, "first": ["gone-a", "gone-b"]}
    assert found.answers["sentinels"]["ids_out_of_range"] == 30
    assert found.answers["sentinels"]["negative_ids"] == 5
    assert "2 ids that the base lacks, in 30 slots: gone-a, gone-b" in found.verdict
    assert abs(found.cells[0]["overlap"] - (1 - 35 / (5 * COUNT))) < 1e-12


def test_fidelity_takes_keys(rows):
    keys, exact = keys_of("unsigned"), an.exact_knn(rows, 8)[0]
    answers = exact.copy()
    answers[:, 5] = -1
    plain = an.fidelity(rows, exact, answers, ks=8)
    empty = np.where(answers < 0, np.uint64(2**64 - 1), keys[answers])
    named = an.fidelity(rows, keys[exact], empty, ks=8, ids=keys)
    np.testing.assert_array_equal(named.corrected["overlap"], plain.corrected["overlap"])
    assert named.corrected["fill"].max() == 7 / 8
    with pytest.raises(ValueError, match="3 ids of 400 rows"):
        an.fidelity(rows, exact, answers, ids=[1, 2, 3])


def test_keys_that_do_not_name_the_rows_are_refused(rows):
    exact = an.exact_knn(rows, 5)[0]
    twice = np.arange(COUNT)
    twice[9] = 3
    for ids, words in [
        (np.arange(7), "7 ids"),
        (twice, "row 9 has id 3, which row 3 has already; 1 of 400 ids"),
        (np.arange(COUNT) - 1, "row 0 has id"),
        (np.arange(COUNT) / 2, "integers or text"),
        (np.arange(COUNT).reshape(2, -1), "2 dimensions"),
        (["a", ""], "row 1 has id"),
    ]:
        with pytest.raises(ValueError, match=words):
            an.audit(rows, neighbors=exact, ids=ids)
    with pytest.raises(ValueError, match="text needs ids="):
        an.audit(rows, neighbors=exact.astype(str))


def test_labels_of_an_index_must_be_among_the_keys(rows):
    hnswlib = pytest.importorskip("hnswlib")
    keys = 1_000 + 3 * np.random.default_rng(4).permutation(COUNT).astype(np.int64)
    index = hnswlib.Index("l2", rows.shape[1])
    index.init_index(COUNT, M=8, ef_construction=40)
    index.add_items(rows, keys)
    index.set_ef(30)
    own = an.audit(None, index, k=5)
    named = an.audit(None, index, k=5, ids=keys[::-1].copy())
    assert own.cells.to_columns()["overlap"].tolist() == named.cells.to_columns()["overlap"].tolist()
    with pytest.raises(ValueError, match="1 of its 400 rows by labels that are not among these ids"):
        an.audit(None, index, k=5, ids=np.where(keys == keys[5], -3, keys))
