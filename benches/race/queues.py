"""Graphs of other engines, searched with the engines' own queues, next to the engines: the same graph, the same ids.

Bits have many rows at one distance, which the queue of each engine holds in an order of its own.
"""

from __future__ import annotations

import annatomy as an
import numpy as np

from . import data
from .engines import EF_CONSTRUCTION, M, PEERS
from .record import Table, ratio_text
from .timing import in_turn, ratio

ROWS, QUERIES, K, EFS, ROUNDS = 100_000, 1_000, 10, [16, 64, 256, 800], 5


def run(threads: int) -> list[Table]:
    bits = np.random.default_rng(0).integers(0, 2, (ROWS + QUERIES, 64)).astype(np.float32)
    rows = data.clustered(ROWS, 128)
    return [
        table(f"{ROWS:,} × 128 in clusters", rows, data.clustered(QUERIES, 128, seed=1), threads),
        table(f"{ROWS:,} × 64 bits", bits[:ROWS], bits[ROWS:], threads),
    ]


def table(title: str, rows: np.ndarray, queries: np.ndarray, threads: int) -> Table:
    made = Table(
        f"{title}, M = {M}, ef_construction = {EF_CONSTRUCTION}, {QUERIES:,} queries, k = {K}, 1 thread",
        ["graph of", "ef", "the engine", "annatomy", "ratio", "ids that differ"],
    )
    for name, (make, search_of) in PEERS.items():
        index = make(rows, threads)
        search, graph = search_of(index), an.Hnsw.of(index, rows)
        for ef in EFS:
            timings, found = in_turn(
                {
                    "engine": lambda: search(queries, K, ef, 1),
                    "annatomy": lambda: graph.search(queries, K, ef, threads=1)[0],
                },
                ROUNDS,
            )
            apart = int((found["engine"] != found["annatomy"]).sum())
            assert apart == 0, f"{apart} ids at ef {ef} are not those of {name}"
            slower = ratio(timings["annatomy"], timings["engine"])
            made.add(name, ef, timings["engine"], timings["annatomy"], ratio_text(slower), f"{apart} of {QUERIES * K:,}")
    return made
