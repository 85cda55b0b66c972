"""Time and memory against n and d: whole commands, as a user runs them, each a process of its own."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np

from . import data
from .process import Run, gib, timed
from .record import Table

K, QUERIES, SAMPLE = 100, 10_000, 2_000
ROWS = [1_000, 10_000, 100_000, 1_000_000]
COLUMNS = [32, 128, 512, 2_048]
FIGURE = Path("docs/images/growth.svg")


def run(command: str, threads: int) -> list[Table]:
    exact = Table(
        f"Exact neighbors: {QUERIES:,} held-out queries, k = {K}, base of 384 columns streamed from disk",
        ["rows", "seconds", "GFLOP/s", "peak memory", "of it the file's own pages, at most"],
    )
    streamed = []
    queries = saved(data.clustered(QUERIES, 384, seed=1), "queries")
    for rows in ROWS:
        base = saved(data.clustered(rows, 384), "base")
        ended = timed([command, "knn", base, "--queries", queries, "--k", str(K), "--out", out("knn.npy"),
                       "--threads", str(threads)])  # fmt: skip
        streamed.append(ended)
        rate = 2 * QUERIES * rows * 384 / ended.seconds / 1e9
        file_bytes = Path(base).stat().st_size
        exact.add(f"{rows:,}", f"{ended.seconds:.1f}", f"{rate:.0f}", gib(ended.peak_bytes), gib(file_bytes))
    wide = Table(f"Exact neighbors of all of 10,000 rows, k = {K}", ["columns", "seconds", "peak memory"])
    for columns in COLUMNS:
        base = saved(data.clustered(10_000, columns), "base")
        ended = timed([command, "knn", base, "--k", str(K), "--out", out("knn.npy"), "--threads", str(threads)])
        wide.add(f"{columns:,}", f"{ended.seconds:.1f}", gib(ended.peak_bytes))
    studies, studied = study(command, threads)
    draw(streamed, studied)
    return [exact, wide, studies]


def study(command: str, threads: int) -> tuple[Table, list[Run]]:
    """The efSearch experiment on a sample of the queries."""
    table = Table(
        f"A study of ef_search: {SAMPLE:,} sampled queries, 128 columns, one graph (M = 32, ef_construction = 200)",
        ["rows", "seconds", "exact", "graph", "traversal and measures", "peak memory", "overlap at ef 100, k = 100"],
    )
    runs = []
    for rows in ROWS[1:]:
        base = saved(data.clustered(rows, 128), "base")
        folder = out(f"study-{rows}")
        shutil.rmtree(folder, ignore_errors=True)
        ended = timed([command, "study", "--data", base, "--runs", "1", "--studies", "ef", "--sample", str(SAMPLE),
                       "--ks", "10:100:10", "--out", folder, "--threads", str(threads)])  # fmt: skip
        runs.append(ended)
        spent = json.loads((Path(folder) / "summary.json").read_text())["seconds"][0]
        table.add(
            f"{rows:,}", f"{ended.seconds:.1f}", f"{spent['distances']:.1f}", f"{spent['build']:.1f}",
            f"{spent['traverse'] + spent['measure']:.1f}", gib(ended.peak_bytes), overlap(Path(folder)),
        )  # fmt: skip
    return table, runs


def overlap(folder: Path) -> str:
    with (folder / "measurements.csv").open() as file:
        for row in csv.DictReader(file):
            if row["condition"] == "ef_100" and row["k"] == "100":
                return f"{float(row['overlap']):.4f}"
    raise AssertionError("the study has no row for ef 100, k = 100")


def out(name: str) -> str:
    data.FOLDER.mkdir(parents=True, exist_ok=True)
    return str(data.FOLDER / name)


def saved(rows: np.ndarray, name: str) -> str:
    path = out(f"{name}.npy")
    np.save(path, rows)
    return path


def draw(streamed: list[Run], studied: list[Run]) -> None:
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    matplotlib.rcParams["svg.hashsalt"] = "annatomy"
    figure, (seconds, memory) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    series = [(ROWS, streamed, f"exact, {QUERIES:,} queries, d = 384"), (ROWS[1:], studied, "study, d = 128")]
    for rows, runs, label in series:
        seconds.loglog(rows, [run.seconds for run in runs], marker="o", label=label)
        memory.loglog(rows, [run.peak_bytes / 2**30 for run in runs], marker="o", label=label)
    seconds.set(xlabel="rows", ylabel="seconds", title="Time")
    memory.set(xlabel="rows", ylabel="GiB", title="Peak memory")
    seconds.legend(frameon=False)
    for axes in (seconds, memory):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, metadata={"Date": None})
