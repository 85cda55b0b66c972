"""Building and plain search beside FAISS, hnswlib and usearch: the same M and ef_construction, the same rows."""

from __future__ import annotations

import time

import annatomy as an
import numpy as np

from . import data
from .engines import BUILDERS, EF_CONSTRUCTION, M, Search, recall
from .record import Table, ratio_text
from .timing import in_turn

K = 10
EFS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
TARGETS = [0.95, 0.99]
QUERIES = 4_000
ROUNDS = 3


def run(shape: tuple[int, int], threads: int) -> list[Table]:
    rows, columns = shape
    X = data.clustered(rows, columns)
    queries = data.clustered(QUERIES, columns, seed=1)
    truth = an.exact_knn(X, K, queries=queries)[0]
    built = build(X, threads)
    searches = {name: search for name, (search, _) in built.items()}
    title = f"{rows:,} × {columns}, M = {M}, ef_construction = {EF_CONSTRUCTION}"
    building = Table(f"Building {title}", ["engine", "seconds", "ratio", f"recall@{K} at ef 64"])
    fastest = min(seconds for name, (_, seconds) in built.items() if name != "annatomy")
    for name, (search, seconds) in built.items():
        found = recall(search(queries, K, 64, threads), truth)
        building.add(name, f"{seconds:.1f}", ratio_text(seconds / fastest), f"{found:.4f}")
    return [building, *(speeds(title, searches, queries, truth, count) for count in sorted({1, threads}))]


def build(X: np.ndarray, threads: int) -> dict[str, tuple[Search, float]]:
    built = {}
    for name, builder in BUILDERS.items():
        start = time.perf_counter()
        built[name] = (builder(X, threads), time.perf_counter() - start)
    return built


def speeds(title: str, searches: dict[str, Search], queries: np.ndarray, truth: np.ndarray, threads: int) -> Table:
    """Queries per second where each engine reaches the targets, on its own curve."""
    curves: dict[str, list[tuple[float, float]]] = {name: [] for name in searches}
    for ef in EFS:
        ask = {name: lambda search=search: search(queries, K, ef, threads) for name, search in searches.items()}
        timings, found = in_turn(ask, ROUNDS)
        for name in searches:
            curves[name].append((recall(found[name], truth), len(queries) / timings[name].median))
    table = Table(
        f"Plain search, {title}, k = {K}, {threads} thread{'s' if threads > 1 else ''}",
        ["engine", *(f"queries/s at recall {target}" for target in TARGETS), *(f"ratio at {t}" for t in TARGETS)],
    )
    speed = {name: [at(curve, target) for target in TARGETS] for name, curve in curves.items()}
    for name, values in speed.items():
        others = [max(speed[other][i] for other in speed if other != "annatomy") for i in range(len(TARGETS))]
        table.add(
            name, *(f"{value:,.0f}" for value in values), *(ratio_text(a / b) for a, b in zip(values, others))
        )  # fmt: skip
    return table


def at(curve: list[tuple[float, float]], target: float) -> float:
    """Queries per second at a recall, between the two measured efforts around it."""
    recalls, rates = np.array(curve).T
    if recalls.max() < target:
        return float("nan")
    after = int(np.argmax(recalls >= target))
    if after == 0:
        return float(rates[0])
    share = (target - recalls[after - 1]) / (recalls[after] - recalls[after - 1])
    return float(np.exp((1 - share) * np.log(rates[after - 1]) + share * np.log(rates[after])))
