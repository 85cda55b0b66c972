"""Long calls report their progress to the given callable."""

from __future__ import annotations

import annatomy as an
import pytest

CALLS = {
    "exact neighbors": lambda X, report: an.exact_knn(X, 10, progress=report),
    "exact neighbors, streamed": lambda X, report: an.exact_knn(X, 10, memory_budget_bytes=0, progress=report),
    "exact neighbors, for UMAP": lambda X, report: an.precomputed_knn(X, 10, progress=report),
    "graph": lambda X, report: an.Hnsw(X, progress=report),
    "graph, from vectors": lambda X, report: an.Hnsw(X, memory_budget_bytes=0, progress=report),
    "searches": lambda X, report: an.Hnsw(X).search(None, 10, 20, progress=report),
    "traversals": lambda X, report: an.surface(X, an.Hnsw(X), [10, 20], [10], progress=report),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_callable_hears_the_last_stage_to_its_end(name, clustered, capfd):
    reports = []
    CALLS[name](clustered, lambda *news: reports.append(news))
    stage, done, total = reports[-1]
    assert stage == name.split(",")[0] and done == total > 0
    assert all(done <= total for _, done, total in reports)
    assert capfd.readouterr() == ("", "")


def test_a_bar_is_shown_where_wanted_and_nothing_elsewhere(clustered, capfd):
    an.exact_knn(clustered, 10)
    assert capfd.readouterr() == ("", "")
    an.exact_knn(clustered, 10, progress=True)
    assert "exact_knn: exact neighbors" in capfd.readouterr().err


def test_an_error_in_progress_stops_the_call(clustered):
    def fail(*_):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        an.Hnsw(clustered, progress=fail)
