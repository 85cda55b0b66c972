"""Audits of DiskANN indexes in memory: predicted answers are those of ``StaticMemoryIndex``, id for id, ties included."""

import itertools
import warnings

import annatomy as an
import numpy as np
import pytest

diskannpy = pytest.importorskip("diskannpy")

PAIRS = list(itertools.product((1, 4, 10, 40, 120), (1, 5, 10, 40, 150)))
#: graph_degree, complexity, alpha.
BUILDS = [(8, 20, 1.2), (24, 20, 1.2), (8, 60, 1.2), (8, 20, 1.0)]
CASES = [("f4", "l2"), ("f4", "mips"), ("f4", "cosine"), ("i1", "l2"), ("i1", "cosine"), ("u1", "l2"), ("u1", "cosine")]
METRICS = {"l2": "l2", "mips": "ip", "cosine": "cosine"}


def drawn(kind):
    """Rows and queries: clusters, uniform noise of 100 columns, and rows of very different lengths."""
    generator = np.random.default_rng(8)
    if kind == "clusters":
        centers = 3 * generator.standard_normal((20, 24))
        rows = centers[generator.integers(0, 20, 1200)] + generator.standard_normal((1200, 24))
    elif kind == "noise":
        rows = generator.random((900, 100)) - 0.4
    else:
        rows = generator.standard_normal((1000, 37)) * np.exp(generator.standard_normal((1000, 1)))
    return rows[:-100].astype("f4"), rows[-100:].astype("f4")


def cast(values, scalar):
    """As numbers of ``scalar``; whole ones so few that rows tie."""
    if scalar == "f4":
        return values
    low, high = (-128, 127) if scalar == "i1" else (0, 255)
    return np.clip(np.round(8 * values) + (low + high + 1) // 2, low, high).astype(scalar)


def answers(folder, rows, queries, metric, build):
    degree, complexity, alpha = build
    diskannpy.build_memory_index(
        rows,
        metric,
        str(folder),
        complexity=complexity,
        graph_degree=degree,
        num_threads=1,
        alpha=alpha,
        use_pq_build=False,
        num_pq_bytes=0,
        use_opq=False,
    )
    index = diskannpy.StaticMemoryIndex(str(folder), num_threads=1, initial_search_complexity=150)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the complexity is raised to k
        for ef, k in PAIRS:
            found[ef, k] = index.batch_search(queries, k, ef, 1).identifiers.astype("i8")
    return found


@pytest.mark.parametrize("kind", ["clusters", "noise", "lengths"])
@pytest.mark.parametrize(("scalar", "metric"), CASES)
def test_predictions_are_the_answers_of_the_live_index(scalar, metric, kind, tmp_path):
    rows, queries = (cast(values, scalar) for values in drawn(kind))
    builds = BUILDS if scalar == "f4" else BUILDS[:2]
    for number, build in enumerate(builds):
        folder = tmp_path / str(number)
        folder.mkdir()
        theirs = answers(folder, rows, queries, metric, build)
        predict = [(*pair, "raise") for pair in PAIRS]
        found = an.audit(
            rows.astype("f4"), folder / "ann", queries=queries.astype("f4"), k=10, predict=predict, metric=METRICS[metric]
        )
        for pair in PAIRS:
            ours = found.predictions[(*pair, "raise")]
            # Where fewer than k rows are reached, diskannpy leaves the slots as they were in memory.
            filled = ours >= 0
            differ = (ours != theirs[pair]) & filled
            assert not differ.any(), (build, pair, int(differ.any(axis=1).sum()))
            assert filled.all() or pair[1] > 40, (build, pair)
        assert found.method["effort"] == "L" and found.method["engine"] == "DiskANN"


def test_rows_are_queries_of_their_own_index(tmp_path):
    rows, _ = drawn("lengths")
    theirs = answers(tmp_path, rows, rows[:50], "cosine", BUILDS[0])
    found = an.audit(rows, str(tmp_path / "ann"), k=10, predict=[(10, 10, "raise")], efs=[10, 40])
    assert np.array_equal(found.predictions[10, 10, "raise"][:50], theirs[10, 10])
    (tmp_path / "ann_metadata.bin").unlink()
    with pytest.raises(ValueError, match="without a metric"):
        an.audit(rows, tmp_path / "ann", k=10)
    (tmp_path / "ann.data").unlink()
    with pytest.raises(ValueError, match="ann.data"):
        an.audit(rows, tmp_path / "ann", k=10)
