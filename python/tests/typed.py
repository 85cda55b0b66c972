"""Not run but type-checked (strictly, by test_typing): what users write, and the types it has."""

from __future__ import annotations

from pathlib import Path

import annatomy as an
import numpy as np
import numpy.typing as npt


def every_entry_point(X: npt.NDArray[np.float32], folder: Path) -> None:
    ids, distances = an.exact_knn(X, 10, queries=X[:3], metric="cosine", threads=2)
    wanted_ids: npt.NDArray[np.int64] = ids
    wanted_distances: npt.NDArray[np.float32] = distances
    index = an.Hnsw(X, m=16, ef_construction=100, seed=1, preset="hnswlib")
    returned, _ = index.search(None, k=10, ef=50, engine="raise")
    surface = an.surface(X, index, efs=[10, 50], ks=range(10, 100, 10))
    overlap: npt.NDArray[np.float64] = surface.overlap
    found = an.fidelity(X, wanted_ids, returned, ks=[5, 10])
    mean: dict[str, npt.NDArray[np.float64]] = found.mean
    audit = an.audit(X, lambda queries, k: (ids, distances), k=[10], target=["fill=1"], predict=[(10, 20, "raise")])
    smallest: object = audit.advice[0]["ef"]
    predicted: npt.NDArray[np.int64] = audit.predictions[10, 20, "raise"]
    print(smallest, predicted, audit.report(folder / "report.html"), audit.cells.to_pandas())
    an.surface(X, an.Hnsw.of(object(), X), efs=[10], ks=[10])
    page: str = audit.report(labels=["a", "b"], images=folder, page_megabytes=5)
    cases: str = audit.junit(folder / "cases.xml")
    audit.write(folder, labels=["a", "b"])
    an.compare(folder, folder).write(folder)
    trust: float = an.trustworthiness(X, returned, 10) + an.continuity(X, X[:, :2], 10)
    lid: npt.NDArray[np.float64] = an.lid(wanted_distances, "mom")
    rows: npt.NDArray[np.int64] = an.subset(100, 10, 0)
    an.study(X, runs=1, ks=[10]).write(folder)
    an.study(config="config.yaml", out=folder, resume=True)
    an.study("vectors.npy", progress=lambda run, stage, done, total: print(run, stage, done, total))
    an.exact_knn(X, 10, progress=lambda stage, done, total: print(stage, done, total))
    knn: tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]] = an.precomputed_knn(X, 15)
    print(page, cases, overlap, mean, trust, lid, rows, knn)


def refused(X: npt.NDArray[np.float32]) -> None:
    an.exact_knn(X, "10")  # type: ignore[arg-type]
    an.Hnsw(X, preset=3)  # type: ignore[arg-type]
    an.lid(X, estimator=1)  # type: ignore[arg-type]
    an.audit(X, sample="all")  # type: ignore[arg-type]
