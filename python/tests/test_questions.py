"""The questions that a user has about an answer: which queries, is it good enough, has it changed?"""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(2).normal(size=(500, 12)).astype(np.float32)


def columns(table):
    """The columns as arrays, whether pyarrow is installed or not."""
    return table if isinstance(table, dict) else {name: table[name].to_numpy() for name in table.column_names}


def test_every_query_has_a_row(rows):
    ids, _ = an.exact_knn(rows, 10)
    answers = ids.copy()
    answers[:50, 9] = -1
    found = an.audit(rows, neighbors=answers, k=[5, 10])
    table = columns(found.per_query)
    begin = ["query", "k", "ef", "overlap", "overlap_strict", "fill", "unreachable", "unvisited", "displaced", "tied"]
    assert list(table)[:10] == begin
    at_ten = table["k"] == 10
    assert at_ten.sum() == 500 and (table["query"][at_ten] == np.arange(500)).all()
    expected = np.where(np.arange(500) < 50, 0.9, 1.0)
    np.testing.assert_allclose(table["overlap"][at_ten], expected)
    np.testing.assert_allclose(table["fill"][at_ten], expected)
    assert np.isfinite(table["lid"].astype(float)).all() and (table["contrast"] > 1).all()


def test_conditions_are_shown_or_not(rows):
    ids, _ = an.exact_knn(rows, 10)
    found = an.audit(rows, neighbors=ids, k=10, require=["overlap@10>=0.99", "fill@10>=1"])
    assert [row["shown"] for row in found.requirements] == [True, True]
    ids[:, 9] = -1
    found = an.audit(rows, neighbors=ids, k=10, require="overlap@10>=0.99")
    assert [row["shown"] for row in found.requirements] == [False]
    with pytest.raises(ValueError, match="MEASURE@K>=BOUND"):
        an.audit(rows, neighbors=ids, require="overlap>=0.9")


def test_two_audits_are_compared(rows, tmp_path):
    ids, _ = an.exact_knn(rows, 10)
    an.audit(rows, neighbors=ids, k=10).write(tmp_path / "a")
    worse = ids.copy()
    worse[::5, 9] = -1
    an.audit(rows, neighbors=worse, k=10).write(tmp_path / "b")
    found = an.compare(tmp_path / "a", tmp_path / "b")
    overlap = found.changes[0]
    assert (found.queries, overlap["lost"], overlap["gained"]) == (500, 100, 0)
    assert abs(overlap["difference"] + 0.02) < 1e-12
    assert overlap["difference_high"] < 0 and overlap["adjusted_p"] < 1e-12
    assert "b has less overlap at k = 10" in repr(found)
    other = np.random.default_rng(3).normal(size=(500, 12)).astype(np.float32)
    an.audit(other, neighbors=an.exact_knn(other, 10)[0], k=10).write(tmp_path / "c")
    with pytest.raises(ValueError, match="checksums"):
        an.compare(tmp_path / "a", tmp_path / "c")
    with pytest.raises(OSError):
        an.compare(tmp_path / "a", tmp_path / "nowhere")


def test_neighbors_are_those_among_the_allowed(rows):
    mask = np.random.default_rng(5).random(500) < 0.3
    squares = ((rows[:, None].astype(np.float64) - rows[None].astype(np.float64)) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    squares[:, ~mask] = np.inf
    nearest = np.argsort(squares, axis=1, kind="stable")[:, :8]
    for allowed in (mask, np.flatnonzero(mask), np.tile(mask, (500, 1))):
        found = an.audit(rows, neighbors=nearest, k=8, allowed=allowed)
        assert (columns(found.per_query)["overlap"] == 1).all()
        assert found.data["allowed"]["per_query"] == (np.ndim(allowed) == 2)
    # The nearest of all rows are mostly not allowed: such slots are empty.
    found = an.audit(rows, neighbors=an.exact_knn(rows, 8)[0], k=8, allowed=mask)
    assert found.answers["sentinels"]["not_allowed"] > 2000
    graphs = an.audit(rows, k=8, graphs=1, efs=500, allowed=mask)
    assert (columns(graphs.per_query)["overlap"] == 1).all(), "every row is visited"
    with pytest.raises(ValueError, match="a mask over 7 rows"):
        an.audit(rows, allowed=np.ones(7, dtype=bool))


def test_the_recommended_ef_is_shown_by_the_sample(rows):
    found = an.audit(rows, k=10, graphs=1, m=6, sample=200, target="overlap=0.9")
    row = found.advice[0]
    assert row["recommended_ef"] >= row["ef"]
    assert row["recommended_reached_low"] >= 0.9
    assert row["recommended_judged_judged_on"] == 100


def test_queries_are_drawn_until_the_interval_is_narrow():
    X = np.random.default_rng(6).normal(size=(6000, 8)).astype(np.float32)
    ids = an.exact_knn(X, 10)[0].copy()
    ids[::4, 9] = -1
    found = an.audit(X, neighbors=ids, k=10, until=0.005)
    took = found.until["took"]
    assert took["pilot"] == 400 and took["reached"] and took["half_width"] <= 0.005
    assert found.data["queries"] == took["queries"] < 6000
    cell = found.cells[0]
    # A quarter of the rows has .9: 1.96 · .0433/√n, less the finite-population factor.
    assert 200 < took["queries"] < 1000
    assert cell["overlap_low"] <= 0.975 <= cell["overlap_high"]
    assert [row["half_width"] for row in found.until["widths"]] == [0.01, 0.005, 0.002, 0.001]
    again = an.audit(X, neighbors=ids, k=10, until=0.005, threads=1)
    assert again.until == found.until
    for wrong, words in [(0, "between 0 and 0.5"), (0.5, "between 0 and 0.5")]:
        with pytest.raises(ValueError, match=words):
            an.audit(X, neighbors=ids, k=10, until=wrong)
    with pytest.raises(ValueError, match="no sample, repair or prediction"):
        an.audit(X, neighbors=ids, k=10, until=0.01, sample=500)


def test_groups_say_where_loss_lives(rows):
    ids = an.exact_knn(rows, 10)[0].copy()
    language = np.where(np.arange(500) % 5 == 0, "de", "en")
    ids[::5, 6:] = -1
    ids[1, 9] = -1
    found = an.audit(rows, neighbors=ids, k=[5, 10], groups=language)
    at_five, at_ten = found.groups
    assert [group["share_of_loss"] for group in at_five["groups"]] == [None, None]
    first, second = at_ten["groups"]
    assert (first["name"], first["queries"], second["name"]) == ("de", 100, "en")
    assert abs(first["overlap"]["point"] - 0.6) < 1e-12 and first["share_of_queries"] == 0.2
    assert abs(first["share_of_loss"] - 40 / 40.1) < 1e-12
    assert "de" in found.verdict and 'id="groups"' in found.report()
    for groups, words in [(language[:9], "9 rows"), (np.arange(500), None)]:
        if words:
            with pytest.raises(ValueError, match=words):
                an.audit(rows, neighbors=ids, k=10, groups=groups)
        else:
            assert len(an.audit(rows, neighbors=ids, k=10, groups=groups).groups[0]["groups"]) == 500
