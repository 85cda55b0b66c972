"""Building and plain search against FAISS, hnswlib and usearch: the same M and ef_construction, the same rows."""

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
ROUNDS = 9


def run(shape: tuple[int, int], threads: int) -> list[Table]:
    rows, columns = shape
    X = data.clustered(rows, columns)
    queries = data.clustered(QUERIES, columns, seed=1)
    truth = an.exact_knn(X, K, queries=queries)[0]
    built = build(X, threads, list(BUILDERS))
    searches = {name: search for name, (search, _) in built.items()}
    title = title_of(shape)
    building = building_table(title, built, queries, truth, threads)
    return [building, *(speeds(title, searches, queries, truth, count) for count in sorted({1, threads}))]


def run_building(shape: tuple[int, int], threads: int) -> list[Table]:
    """Building alone, without usearch, which is the slowest peer among 100,000 rows."""
    X = data.clustered(*shape)
    queries = data.clustered(QUERIES, shape[1], seed=1)
    truth = an.exact_knn(X, K, queries=queries)[0]
    built = build(X, threads, [name for name in BUILDERS if name != "usearch"])
    return [building_table(title_of(shape), built, queries, truth, threads)]


def title_of(shape: tuple[int, int]) -> str:
    return f"{shape[0]:,} × {shape[1]}, M = {M}, ef_construction = {EF_CONSTRUCTION}"


def building_table(
    title: str, built: dict[str, tuple[Search, float]], queries: np.ndarray, truth: np.ndarray, threads: int
) -> Table:
    building = Table(f"Building {title}", ["engine", "seconds", "ratio", f"recall@{K} at ef 64"])
    fastest = min(seconds for name, (_, seconds) in built.items() if name != "annatomy")
    for name, (search, seconds) in built.items():
        found = recall(search(queries, K, 64, threads), truth)
        building.add(name, f"{seconds:.1f}", ratio_text(seconds / fastest), f"{found:.4f}")
    return building


def build(X: np.ndarray, threads: int, names: list[str]) -> dict[str, tuple[Search, float]]:
    built = {}
    for name in names:
        start = time.perf_counter()
        built[name] = (BUILDERS[name](X, threads), time.perf_counter() - start)
    return built


def speeds(title: str, searches: dict[str, Search], queries: np.ndarray, truth: np.ndarray, threads: int) -> Table:
    """Queries per second where each engine reaches the targets, on its own curve of every round."""
    found_at: dict[str, list[float]] = {name: [] for name in searches}
    rates: dict[str, list[list[float]]] = {name: [] for name in searches}
    for ef in EFS:
        ask = {name: lambda search=search: search(queries, K, ef, threads) for name, search in searches.items()}
        timings, found = in_turn(ask, ROUNDS)
        for name in searches:
            found_at[name].append(recall(found[name], truth))
            rates[name].append([len(queries) / seconds for seconds in timings[name].seconds])
        if all(recalls[-1] >= max(TARGETS) for recalls in found_at.values()):
            break
    table = Table(
        f"Plain search, {title}, k = {K}, {threads} thread{'s' if threads > 1 else ''}",
        ["engine", *(f"queries/s at recall {target}" for target in TARGETS), *(f"ratio at {t}" for t in TARGETS)],
    )
    # Targets × rounds.
    speed = {
        name: np.array([[at(recalls, of_round, target) for of_round in zip(*rates[name])] for target in TARGETS])
        for name, recalls in found_at.items()
    }
    middle = {name: np.median(values, axis=1) for name, values in speed.items()}
    peers = [name for name in speed if name != "annatomy"]
    fastest = np.array([speed[max(peers, key=lambda peer: middle[peer][i])][i] for i in range(len(TARGETS))])
    for name, values in speed.items():
        ratios = np.median(values / fastest, axis=1)
        table.add(name, *(f"{value:,.0f}" for value in middle[name]), *map(ratio_text, ratios))
    return table


def at(recalls: list[float], rates: tuple[float, ...], target: float) -> float:
    """Queries per second at a recall, between the two measured efforts around it."""
    if max(recalls) < target:
        return float("nan")
    after = next(i for i, value in enumerate(recalls) if value >= target)
    if after == 0:
        return rates[0]
    share = (target - recalls[after - 1]) / (recalls[after] - recalls[after - 1])
    return float(rates[after - 1] ** (1 - share) * rates[after] ** share)
