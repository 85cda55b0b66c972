"""An audit of hnswlib's index over a million rows, next to exact neighbors and one search at the largest ef it traced.

All three are processes: time excludes nothing, so hnswlib's includes reading its index; peak memory is the audit's.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import hnswlib
import numpy as np

from . import data
from .growth import out, saved
from .process import Run, gib, timed
from .record import Table, ratio_text

ROWS, COLUMNS, QUERIES, K, ROUNDS = 1_000_000, 128, 2_000, 100, 3

SEARCH = """
import sys
import hnswlib, numpy as np
index, queries = hnswlib.Index("l2", int(sys.argv[6])), np.load(sys.argv[2])
index.load_index(sys.argv[1])
index.set_ef(int(sys.argv[4]))
np.save(sys.argv[7], index.knn_query(queries, k=int(sys.argv[3]), num_threads=int(sys.argv[5]))[0])
"""


def run(command: str, threads: int) -> list[Table]:
    rows, queries = data.clustered(ROWS, COLUMNS), data.clustered(QUERIES, COLUMNS, seed=1)
    base, asked, file = saved(rows, "base"), saved(queries, "queries"), out("hnswlib.bin")
    build(rows, file, threads)
    predicted, returned, folder = out("predicted.npy"), out("returned.npy"), out("scale")
    audit = [command, "audit", base, "--index", file, "--queries", asked, "--k", f"10,{K}",
             "--threads", str(threads)]  # fmt: skip
    timed([*audit, "--out", folder])
    advice = json.loads((Path(folder) / "audit.json").read_text())["advice"]
    ef = max(each["largest_ef"] for each in advice)
    exact = [command, "knn", base, "--queries", asked, "--k", str(K), "--out", out("knn.npy"), "--threads", str(threads)]
    search = [sys.executable, "-c", SEARCH, file, asked, str(K), str(ef), str(threads), str(COLUMNS), returned]
    ended: dict[str, list[Run]] = {"exact": [], "search": [], "audit": []}
    for _ in range(ROUNDS):
        for name, arguments in [("exact", exact), ("search", search), ("audit", audit)]:
            ended[name].append(timed(arguments))
    timed([*audit, "--predict", f"ef={ef},k={K},class=raise:{predicted}"])
    apart = int((np.load(predicted) != np.load(returned).astype(np.int64)).sum())
    assert apart == 0, f"{apart} ids predicted at ef {ef} are not hnswlib's"
    median = {name: statistics.median(run.seconds for run in runs) for name, runs in ended.items()}
    peak = max(run.peak_bytes for run in ended["audit"])
    table = Table(
        f"Audit of hnswlib over {ROWS:,} × {COLUMNS}, {QUERIES:,} queries, k 10 and {K}, medians of {ROUNDS} in turn",
        ["exact neighbors", f"one search at ef {ef:,}", "audit", "over the sum", "ids that differ", "peak", "index"],
    )
    table.add(
        f"{median['exact']:.1f} s", f"{median['search']:.1f} s", f"{median['audit']:.1f} s",
        ratio_text(median["audit"] / (median["exact"] + median["search"])),
        f"{apart} of {QUERIES * K:,}", gib(peak), gib(Path(file).stat().st_size),
    )  # fmt: skip
    return [table]


def build(rows: np.ndarray, file: str, threads: int) -> None:
    index = hnswlib.Index("l2", rows.shape[1])
    index.init_index(len(rows), M=16, ef_construction=100)
    index.set_num_threads(threads)
    index.add_items(rows)
    index.save_index(file)
