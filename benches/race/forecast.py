"""The law of growth, tried: fitted to samples of at most 125,000 rows, and measured at 1,000,000.

Not a race: what is measured is whether the interval of the forecast holds the ef that graphs of a million rows need.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from . import data
from .growth import out, saved
from .process import timed
from .record import Table

SMALL, LARGE, QUERIES, KS, COLUMNS = 125_000, 1_000_000, 500, "10,100", 64
GRAPH = ["--m", "16", "--ef-construction", "100", "--graphs", "1", "--k", KS, "--target", "overlap=0.99"]
SETS = {
    "100 clusters, 24 latent columns": {"latent": 24, "clusters": 100},
    "no clusters, 12 latent columns": {"latent": 12, "clusters": 1},
}


def run(command: str, threads: int) -> list[Table]:
    table = Table(
        f"ef for overlap .99 at {LARGE:,} rows: forecast from at most {SMALL:,}, and measured",
        ["data, 64 columns", "k", "ef at 7,812 … 125,000", "a doubling adds", "forecast", "95 %", "measured", "in it"],
    )
    for name, shape in SETS.items():
        rows = data.clustered(LARGE, COLUMNS, **shape)
        queries = saved(data.clustered(QUERIES, COLUMNS, seed=1, **shape), "queries")
        law = audit([command, "audit", saved(rows[:SMALL], "base"), "--growth"], queries, threads)["growth"]
        whole = audit([command, "audit", saved(rows, "base")], queries, threads)["advice"]
        for fitted, measured in zip(law["laws"], whole):
            assert (fitted["k"], fitted["target"]) == (measured["k"], measured["target"])
            add(table, name, law, fitted, measured)
    return [table]


def audit(command: list[str], queries: str, threads: int) -> Any:
    folder = out("forecast")
    timed([*command, "--queries", queries, *GRAPH, "--threads", str(threads), "--out", folder])
    return json.loads((Path(folder) / "audit.json").read_text())


def add(table: Table, name: str, growth: Any, fitted: Any, measured: Any) -> None:
    points = [at for at in growth["points"] if at["k"] == fitted["k"]]
    sizes = sorted({at["rows"] for at in points})
    means = [np.mean([at["ef"] for at in points if at["rows"] == rows]) for rows in sizes]
    law = fitted["law"]
    rows = np.log2(LARGE)
    at = forecast(law, float(rows))
    inside = at[1] <= measured["ef"] <= at[2]
    table.add(
        name, fitted["k"], ", ".join(f"{mean:.1f}" for mean in means), f"{law['per_doubling']:.2f}",
        f"{at[0]:.0f}", f"{at[1]:.0f} to {at[2]:.0f}", measured["ef"], "yes" if inside else "NO",
    )  # fmt: skip


def forecast(law: Any, at: float) -> tuple[float, float, float]:
    """The interval as ``LogLaw::forecast`` has it, at 8 times the rows (the command prints 10 and 100 times)."""
    from scipy import stats

    point = law["intercept"] + law["per_doubling"] * at
    a, b, c = law["parabola"]
    curved = a + b * at + c * at * at
    of_line = (at - law["mean_x"]) ** 2 / law["sum_of_squares_x"] + 1 / law["sizes"]
    half = stats.t.ppf(0.975, law["sizes"] - 2) * np.sqrt(law["misfit"] ** 2 * (of_line + 1) + law["spread"] ** 2)
    return point, max(1, min(point - half, curved)), max(point + half, curved)
