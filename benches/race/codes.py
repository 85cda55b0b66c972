"""An audit of an inverted file over product codes, next to one FAISS search of the same queries at the largest nprobe.

Both are processes; what counts is their processor time. FAISS's excludes reading the index, the audit's nothing.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

import faiss
import numpy as np

from . import data
from .growth import out, saved
from .record import Table, ratio_text

ROWS, COLUMNS, QUERIES, CELLS, K, ROUNDS = 100_000, 128, 2_000, 256, 100, 5
SHAPE = {"latent": 24, "clusters": 400}

SEARCH = """
import sys, time
import faiss, numpy as np
faiss.omp_set_num_threads(int(sys.argv[4]))
index, queries = faiss.read_index(sys.argv[1]), np.load(sys.argv[2])
index.nprobe = index.nlist
index.search(queries[:50], int(sys.argv[3]))
began = time.process_time()
index.search(queries, int(sys.argv[3]))
print(time.process_time() - began)
"""


def run(command: str, threads: int) -> list[Table]:
    rows, queries = data.clustered(ROWS, COLUMNS, **SHAPE), data.clustered(QUERIES, COLUMNS, seed=1, **SHAPE)
    index = faiss.index_factory(COLUMNS, f"IVF{CELLS},PQ16")
    index.train(rows)
    index.add(rows)
    file = out("ivfpq.index")
    faiss.write_index(index, file)
    base, asked = saved(rows, "base"), saved(queries, "queries")
    audit = [command, "audit", base, "--index", file, "--queries", asked, "--k", f"10,{K}", "--threads", str(threads)]
    search = [sys.executable, "-c", SEARCH, file, asked, str(K), str(threads)]
    apart = differing(audit, index, queries)
    assert apart == 0, f"{apart} ids predicted at nprobe {CELLS} are not FAISS's"
    seconds: dict[str, list[float]] = {"faiss": [], "audit": []}
    for _ in range(ROUNDS):
        seconds["faiss"].append(float(child(search)[1]))
        seconds["audit"].append(child(audit)[0])
    faiss_median, audit_median = (statistics.median(values) for values in seconds.values())
    table = Table(
        f"IVF{CELLS},PQ16 over {ROWS:,} × {COLUMNS}, {QUERIES:,} queries, processor seconds, medians of {ROUNDS} in turn",
        ["faiss, one search at the largest nprobe", "annatomy audit, k 10 and 100", "ratio", "ids that differ"],
    )
    spread = {name: f"{min(values):.2f} to {max(values):.2f}" for name, values in seconds.items()}
    table.add(
        f"{faiss_median:.2f} ({spread['faiss']})", f"{audit_median:.2f} ({spread['audit']})",
        ratio_text(audit_median / faiss_median), f"{apart} of {QUERIES * K:,}",
    )  # fmt: skip
    return [table]


def differing(audit: list[str], index: faiss.IndexIVFPQ, queries: np.ndarray) -> int:
    """Ids that the audit predicts otherwise than FAISS returns them, where it measures distances from centroids one by one:
    those of BLAS, which many queries at once are given, are rounded otherwise and enter every distance."""
    file = out("predicted.npy")
    child([*audit, "--predict", f"nprobe={CELLS},k={K}:{file}"])
    index.nprobe = CELLS
    before = faiss.cvar.distance_compute_blas_threshold
    faiss.cvar.distance_compute_blas_threshold = 1 << 30
    returned = index.search(queries, K)[1]
    faiss.cvar.distance_compute_blas_threshold = before
    return int((np.load(file) != returned).sum())


def child(arguments: list[str]) -> tuple[float, str]:
    """Processor seconds of a process, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    printed = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, printed
