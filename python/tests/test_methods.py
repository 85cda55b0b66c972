"""Audits of faiss indexes of codes, cells, transforms and a rerank: answers are faiss's own, losses are NumPy's."""

import annatomy as an
import numpy as np
import pytest

faiss = pytest.importorskip("faiss")

KINDS = ["IVF12,Flat", "IVF12,SQ8", "IVF12,PQ4x6", "HNSW8,SQ8", "HNSW8,SQfp16", "PCA8,IVF12,SQ6", "IVF12,PQ4x4,RFlat", "L2norm,HNSW8,SQ8"]
PAIRS = [(effort, k) for effort in (1, 2, 5, 12) for k in (1, 5, 10, 25, 60)]


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(3)
    centers = 2 * generator.standard_normal((12, 16))
    of = lambda n: (centers[generator.integers(0, 12, n)] + generator.standard_normal((n, 16))).astype("f4")  # noqa: E731
    return of(900), of(40)


def made(kind, rows):
    index = faiss.index_factory(rows.shape[1], kind)
    index.train(rows)
    index.add(rows)
    return index


def set_effort(index, effort):
    name = "nprobe" if "IVF" in type(faiss.downcast_index(index)).__name__ or faiss.try_extract_index_ivf(index) else "efSearch"
    faiss.ParameterSpace().set_index_parameter(index, name, effort)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_the_answers_of_the_live_index(kind, data):
    rows, queries = data
    index = made(kind, rows)
    wanted = [(effort, k, "stop-early") for effort, k in PAIRS]
    found = an.audit(rows, index, queries=queries, k=10, predict=wanted)
    for effort, k in PAIRS:
        predicted = found.predictions[effort, k, "stop-early"]
        set_effort(index, effort)
        own = np.array([index.search(query[None], k)[1][0] for query in queries])
        differ = (predicted != own).any(axis=1)
        # Rows of one code, and queries that BLAS has transformed, may differ in the last places.
        assert differ.mean() <= (0.1 if "PQ" in kind or "PCA" in kind else 0), (kind, effort, k)


@pytest.mark.parametrize("kind", ["NSG12,Flat", "NSG24,Flat", "NSG8,SQ8"])
@pytest.mark.parametrize("metric", ["l2", "ip"])
def test_an_nsg_is_predicted_at_each_effort(kind, metric, data):
    rows, queries = data
    if kind.endswith("Flat"):
        index = faiss.IndexNSGFlat(16, int(kind[3:-5]), {"l2": faiss.METRIC_L2, "ip": faiss.METRIC_INNER_PRODUCT}[metric])
    else:
        index = faiss.IndexNSGSQ(16, faiss.ScalarQuantizer.QT_8bit, 8, {"l2": faiss.METRIC_L2, "ip": faiss.METRIC_INNER_PRODUCT}[metric])
    index.train(rows)
    index.add(rows)
    found = an.audit(rows, index, queries=queries, k=10, metric=metric, predict=[(effort, k, "raise") for effort, k in PAIRS])
    for effort, k in PAIRS:
        index.nsg.search_L = effort
        own = index.search(queries, k)[1]
        assert np.array_equal(found.predictions[effort, k, "raise"], own), (effort, k)
    assert found.method["replayed"] >= 20 and found.method["effort"] == "L"


def test_losses_are_those_of_brute_force_over_decoded_rows(data):
    rows, queries = data
    index = made("IVF12,PQ4x6", rows)
    index.nprobe = 3
    found = an.audit(rows, index, queries=queries, k=10, efs=[3])
    stage = found.method["stages"][0]
    decoded = index.reconstruct_n(0, len(rows)) if index.make_direct_map() is None else None
    nearest = lambda base: np.argsort(((queries[:, None] - base[None]) ** 2).sum(-1), axis=1)[:, :10]  # noqa: E731
    exact, coded = nearest(rows.astype("f8")), nearest(decoded.astype("f8"))
    returned = np.array([index.search(query[None], 10)[1][0] for query in queries])
    lost = {"codes": 0, "routing": 0}
    for e, c, a in zip(exact, coded, returned):
        for neighbor in set(e) - set(a):
            lost["codes" if neighbor not in c else "routing"] += 1
    assert stage["lost"]["codes"] == pytest.approx(lost["codes"] / len(queries), abs=0.06)
    assert stage["lost"]["routing"] == pytest.approx(lost["routing"] / len(queries), abs=0.06)
    total = stage["lost"]["codes"] + stage["lost"]["routing"] + stage["lost"]["tied"]
    assert total == pytest.approx(sum(lost.values()) / len(queries), abs=1e-9)
    keep = np.mean([len(set(e) & set(c)) / 10 for e, c in zip(exact, coded)])
    assert stage["codes_keep"]["point"] == pytest.approx(keep, abs=5e-3)


def test_the_advised_nprobe_meets_the_target_on_queries_of_its_own(data):
    rows, queries = data
    index = made("IVF12,Flat", rows)
    index.nprobe = int(an.audit(rows, index, k=10, target="overlap=0.95").advice[0]["ef"])
    exact = np.argsort(((queries[:, None] - rows[None]) ** 2).sum(-1), axis=1)[:, :10]
    found = index.search(queries, 10)[1]
    overlap = np.mean([len(set(e) & set(a)) / 10 for e, a in zip(exact, found)])
    assert overlap >= 0.95 - 0.05


def test_a_kind_that_is_not_read_is_asked(data):
    rows, _ = data
    found = an.audit(rows, made("IVF12,PQ4x4fs", rows), k=5)
    assert found.method is None and found.answers is not None


def test_groups_of_queries_split_the_loss_of_codes():
    rows = np.random.default_rng(2).normal(size=(600, 8)).astype(np.float32)
    groups = np.where(np.arange(600) < 200, "few", "many")
    found = an.audit(rows, made("IVF12,PQ4x6", rows), k=5, efs=3, groups=groups)
    (at,) = found.groups
    assert {group["name"]: group["queries"] for group in at["groups"]} == {"few": 200, "many": 400}
    assert sum(group["share_of_loss"] for group in at["groups"]) == pytest.approx(1.0)
    assert 'id="stages"' in found.report() and 'id="groups"' in found.report()
