"""Methods over codes built here, next to FAISS's of the same parameters: overlap, not time.

Queries are every tenth row, itself left out. FAISS trains and draws on its own, so overlaps agree closely and not exactly.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from . import data
from .growth import out
from .record import Table

KS = (10, 50, 100)
#: Method and codes as ``methods.csv`` names them, and the effort looked at.
LOOKED_AT = [
    ("IVF", "float32", 4), ("IVF", "float32", 16), ("IVF", "SQ8", 64),
    ("IVF", "PQ", 16), ("IVF", "PQ", 64), ("HNSW", "float32", 16), ("HNSW", "float32", 64),
]  # fmt: skip
MOST_APART = 0.02


def run(command: str, threads: int) -> list[Table]:
    faiss.omp_set_num_threads(threads)
    rows = data.features(command)
    queries = np.arange(0, len(rows), 10)
    ours = studied(command, threads)
    flat = faiss.IndexFlatL2(rows.shape[1])
    flat.add(rows)
    exact = others(flat, rows, queries)
    table = Table(
        f"Overlap at k = 10, 50, 100 on {len(rows):,} × {rows.shape[1]:,}, {len(queries):,} queries",
        ["method, codes", "effort", "annatomy", "faiss"],
    )
    built: dict[tuple[str, str], Any] = {}
    for method, codes, effort in LOOKED_AT:
        if (method, codes) not in built:
            built[method, codes] = build(method, codes, rows)
        index = built[method, codes]
        if method == "HNSW":
            index.hnsw.efSearch = effort
        else:
            index.nprobe = effort
        returned = others(index, rows, queries)
        theirs = [np.mean([len(set(a[:k]) & set(e[:k])) / k for a, e in zip(returned, exact)]) for k in KS]
        own = [ours[method, codes, effort, k] for k in KS]
        apart = max(abs(a - b) for a, b in zip(own, theirs))
        assert apart < MOST_APART, f"{method} over {codes} at {effort}: {own} here, {theirs} by FAISS"
        table.add(f"{method}, {codes}", effort, *(", ".join(f"{value:.3f}" for value in row) for row in (own, theirs)))
    return [table]


def studied(command: str, threads: int) -> dict[tuple[str, str, int, int], float]:
    """Overlap by method, codes, effort and k."""
    folder = out("methods")
    shutil.rmtree(folder, ignore_errors=True)
    features = str(data.FOLDER / "resnet50-like.npy")
    subprocess.run(
        [command, "study", "--studies", "methods", "--data", features, "--runs", "1", "--ks", "10,50,100",
         "--threads", str(threads), "--out", folder],
        check=True, capture_output=True,
    )  # fmt: skip
    with (Path(folder) / "methods.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {(row["method"], row["codes"], int(row["effort"]), int(row["k"])): float(row["overlap"]) for row in rows}


def build(method: str, codes: str, rows: np.ndarray) -> Any:
    """FAISS's index of the study's parameters: M 32, efConstruction 200; √n cells; codes of rows, not of residuals."""
    columns, cells = rows.shape[1], round(len(rows) ** 0.5)
    # FAISS keeps a reference to the coarse quantizer that it is given.
    coarse = faiss.IndexFlatL2(columns)
    if method == "HNSW":
        index = faiss.IndexHNSWFlat(columns, 32)
        index.hnsw.efConstruction = 200
    elif codes == "float32":
        index = faiss.IndexIVFFlat(coarse, columns, cells)
    elif codes == "SQ8":
        kind = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(coarse, columns, cells, kind, faiss.METRIC_L2, False)
    else:
        index = faiss.IndexIVFPQ(coarse, columns, cells, columns // 8, 8)
        index.by_residual = False
    index.train(rows)
    index.add(rows)
    return index


def others(index: Any, rows: np.ndarray, queries: np.ndarray) -> list[list[int]]:
    """Ids returned for each query, itself left out."""
    returned = index.search(rows[queries], max(KS) + 1)[1]
    return [[near for near in row if near != query and near >= 0][: max(KS)] for query, row in zip(queries, returned)]
