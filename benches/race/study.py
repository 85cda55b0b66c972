"""One published run against the published pipeline (FAISS and NumPy), and its tables and graphs against FAISS's graphs."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import faiss
import numpy as np

from . import data
from .pipeline import conditions, measure
from .process import gib, timed
from .record import Table, ratio_text

#: The pipeline is timed on these k and this many queries, and its seconds scaled: it takes two hours whole.
KS, QUERIES = [100, 300, 500], 500
ALL_KS = 50


def run(command: str, threads: int) -> list[Table]:
    X = data.features(command)
    out = data.FOLDER / "study"
    shutil.rmtree(out, ignore_errors=True)
    ended = timed([command, "study", "--data", str(data.FOLDER / "resnet50-like.npy"), "--runs", "1", "--out", str(out),
                   "--threads", str(threads)])  # fmt: skip
    stages = json.loads((Path(out) / "summary.json").read_text())["seconds"][0]
    reference, builds = pipeline(X, threads)
    whole = Table("One published run", ["pipeline", "seconds", "ratio", "peak memory"])
    whole.add("annatomy study --runs 1", f"{ended.seconds:.1f}", "", gib(ended.peak_bytes))
    note = f"FAISS and NumPy, scaled from {QUERIES} queries and k of {KS}"
    whole.add(note, f"{reference:,.0f}", f"{reference / ended.seconds:.0f}×", "")
    parts = Table("Its stages", ["stage", "seconds", "share"])
    for stage, spent in stages.items():
        parts.add(stage, f"{spent:.2f}", f"{spent / sum(stages.values()):.0%}")
    graphs = Table("Its five graphs, 10,000 × 2048", ["", "seconds", "ratio"])
    ours = stages["distances"] + stages["build"]
    graphs.add("annatomy: all distances and five graphs", f"{ours:.1f}", ratio_text(ours / builds))
    graphs.add("faiss: five graphs", f"{builds:.1f}", "")
    return [whole, parts, graphs]


def pipeline(X: np.ndarray, threads: int) -> tuple[float, float]:
    """Seconds of the published pipeline for all queries and k, and of its five graphs."""
    faiss.omp_set_num_threads(threads)
    start = time.perf_counter()
    flat = faiss.IndexFlatL2(X.shape[1])
    flat.add(X)
    exact = flat.search(X, max(KS) + 1)
    once = time.perf_counter() - start
    graphs, builds = {}, 0.0
    for ef_construction in (50, 100, 200, 300, 400):
        start = time.perf_counter()
        graphs[ef_construction] = faiss.IndexHNSWFlat(X.shape[1], 32)
        graphs[ef_construction].hnsw.efConstruction = ef_construction
        graphs[ef_construction].add(X)
        builds += time.perf_counter() - start
    start = time.perf_counter()
    for ef_construction, ef_of_k in conditions():
        for k in KS:
            measure(X, graphs[ef_construction], exact, QUERIES, k, ef_of_k(k))
    per_cell = time.perf_counter() - start
    return once + builds + per_cell * (len(X) / QUERIES) * (ALL_KS / len(KS)), builds
