"""Numbers and arrays made to harm: every call ends in a ValueError with the numbers.

None ends the interpreter (a refused allocation aborts it), and none raises PanicException, which is no Exception.
"""

from __future__ import annotations

import threading

import numpy as np
import pytest

import annatomy as an


@pytest.fixture(scope="module")
def index(clustered):
    return an.Hnsw(clustered, m=8, ef_construction=40, seed=1)


#: Beyond any memory, beyond 32 bits, at the ends of 63 and of 64, beyond them, and below 0.
IMPOSSIBLE = [2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 2**100, -1, -(2**63), -(2**70)]

COUNTS = {
    "search, held out": lambda X, q, i, n: i.search(q, n, 10),
    "search, raise": lambda X, q, i, n: i.search(q, n, 10, engine="raise"),
    "search, row-cap": lambda X, q, i, n: i.search(q, n, 10, engine="row-cap"),
    "search, beam-is-k": lambda X, q, i, n: i.search(q, n, 10, engine="beam-is-k"),
    "search, refuse": lambda X, q, i, n: i.search(q, n, 10, engine="refuse"),
    "search, one query": lambda X, q, i, n: i.search(q[:1], n, 10),
    "search, rows": lambda X, q, i, n: i.search(None, n, 10),
    "exact_knn": lambda X, q, i, n: an.exact_knn(X, n),
    "exact_knn, held out": lambda X, q, i, n: an.exact_knn(X, n, queries=q),
    "surface, ks": lambda X, q, i, n: an.surface(X, i, [10], [n]),
    "surface, ks held out": lambda X, q, i, n: an.surface(X, i, [10], [5, n], queries=q),
    "audit, k": lambda X, q, i, n: an.audit(X, index=i, k=n),
    "audit, predicted k": lambda X, q, i, n: an.audit(X, index=i, k=5, predict=[(10, n, "raise")]),
    "audit, sample": lambda X, q, i, n: an.audit(X, index=i, k=5, sample=n),
    "audit, graphs": lambda X, q, i, n: an.audit(X, k=5, graphs=n),
    "Hnsw, m": lambda X, q, i, n: an.Hnsw(X, m=n),
    "subset, size": lambda X, q, i, n: an.subset(100, n, 0),
    "subset, n": lambda X, q, i, n: an.subset(n, 5, 0),
    "study, runs": lambda X, q, i, n: an.study(X, runs=n, ks=[5]),
    "study, subset": lambda X, q, i, n: an.study(X, subset=n, ks=[5]),
    "study, sample": lambda X, q, i, n: an.study(X, sample=n, ks=[5]),
    "study, ks": lambda X, q, i, n: an.study(X, ks=[n], runs=1),
    "study, m": lambda X, q, i, n: an.study(X, m=n, ks=[5], runs=1),
    "fidelity, ks": lambda X, q, i, n: an.fidelity(X, *[an.exact_knn(X, 5)[0]] * 2, ks=[n]),
    "trustworthiness": lambda X, q, i, n: an.trustworthiness(X, an.exact_knn(X, 5)[0], n),
}


@pytest.mark.parametrize("number", IMPOSSIBLE)
@pytest.mark.parametrize("call", COUNTS.values(), ids=COUNTS.keys())
def test_counts_that_no_memory_holds_are_value_errors_with_the_numbers(clustered, queries, index, call, number):
    with pytest.raises(ValueError) as caught:
        call(clustered, queries, index, number)
    said = str(caught.value)
    # JSON says numbers beyond 64 bits as floats: 1.8446744073709552e19.
    assert any(words in said for words in (str(number), "of memory", f"{abs(number):.3e}"[:4]))


EFFORTS = {
    "search": lambda X, q, i, n: i.search(q, 5, n)[0],
    "search, rows": lambda X, q, i, n: i.search(None, 5, n)[0],
    "surface": lambda X, q, i, n: an.surface(X, i, [n], [5]).overlap,
    "audit": lambda X, q, i, n: an.audit(X, index=i, k=5, efs=[n]).to_dict()["efforts"][0]["overlap"]["point"],
    "predicted": lambda X, q, i, n: an.audit(X, index=i, k=5, predict=[(n, 6, "raise")]).predictions[n, 6, "raise"],
    "built": lambda X, q, i, n: an.Hnsw(X[:50], m=4, ef_construction=n).search(q, 5, 50)[0],
}


@pytest.mark.parametrize("call", EFFORTS.values(), ids=EFFORTS.keys())
def test_an_effort_beyond_all_rows_visits_all_rows(clustered, queries, index, call):
    whole = call(clustered, queries, index, len(clustered))
    for effort in [2**40, 2**62, 2**63 - 1]:
        np.testing.assert_array_equal(call(clustered, queries, index, effort), whole)
    for effort in [2**63, 2**64, -1]:
        with pytest.raises(ValueError, match=str(effort)):
            call(clustered, queries, index, effort)


def test_k_beyond_the_rows_is_padded_where_that_fits(clustered, queries, index):
    ids, distances = index.search(queries, 1_000, 10, engine="raise")
    assert ids.shape == (60, 1_000)
    filled = (ids >= 0).sum(axis=1)
    assert (filled <= 800).all() and filled.mean() > 790
    assert np.isinf(distances[ids < 0]).all()


@pytest.mark.parametrize("threads", [2**31, 2**62, 2**63 - 1])
def test_no_number_of_threads_is_too_many_to_cap(clustered, threads):
    ids, _ = an.exact_knn(clustered, 3, threads=threads)
    np.testing.assert_array_equal(ids, an.exact_knn(clustered, 3)[0])


CHANGING = {
    "exact_knn": lambda X, q: an.exact_knn(X, 10),
    "exact_knn, held out": lambda X, q: an.exact_knn(X, 10, queries=q),
    "Hnsw": lambda X, q: an.Hnsw(X, m=8, ef_construction=40),
    "audit": lambda X, q: an.audit(X, k=5, graphs=1, m=8, ef_construction=40),
    "study": lambda X, q: an.study(X, ks=[5], runs=1, studies=["ef"]),
    "fidelity": lambda X, q: an.fidelity(X, *[an.exact_knn(X, 5)[0]] * 2, ks=[5]),
}


@pytest.mark.parametrize("call", CHANGING.values(), ids=CHANGING.keys())
def test_an_array_that_changes_during_the_call_is_at_worst_an_ordinary_exception(clustered, queries, call):
    rows = np.tile(clustered, (4, 1)) + np.random.default_rng(0).normal(size=(3_200, 24)).astype(np.float32)
    done = threading.Event()

    def change():
        generator = np.random.default_rng(1)
        while not done.is_set():
            value = generator.choice([np.nan, np.inf, 1e38, -1e38, 0.0])
            rows[generator.integers(len(rows))] = value

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(5):
            try:
                call(rows, queries)
            except Exception as error:  # PanicException is a BaseException and passes.
                assert not isinstance(error, MemoryError)
    finally:
        done.set()
        changer.join()


@pytest.mark.parametrize("bad", [1.5, np.nan, np.inf])
def test_ids_of_a_callable_are_not_cut(clustered, bad):
    exact, _ = an.exact_knn(clustered, 6)

    def search(asked, k):
        ids = exact[:, :k].astype(np.float64)
        ids[3, 2] = bad
        return ids

    with pytest.raises(ValueError, match=r"the id (1\.5|nan|inf) at \(3, 2\)"):
        an.audit(clustered, index=search, k=5)
    whole = an.audit(clustered, index=lambda asked, k: exact[:, :k].astype(np.float64), k=5)
    assert whole.to_dict()["returned"][0]["overlap"]["point"] == 1.0
