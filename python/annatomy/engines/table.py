"""The engine table: what comes back where k is below, at and beyond ef, beyond what can be reached, and beyond n.

``python -m annatomy.engines.table`` prints docs/engines.md, measured on live engines; the tests hold the two together. How
each index is made stands in :mod:`annatomy.engines.builders`.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import numpy as np

from .._arrays import Float32
from ._engine import Engine
from .builders import DENSE, SPARSE, builders

#: Rows, columns and queries of the data that every engine is asked about, and the effort.
N, D, QUERIES, EF = 1_000, 16, 50, 20
#: k of each cell at that effort.
KS = {"k < ef": 10, "k = ef": 20, "k > ef": 400, "k ≥ n": 1_100}
#: k asked of graphs that lose rows, at an effort of all rows.
BEYOND_REACH = 990


@dataclass(frozen=True)
class Row:
    """One engine's line."""

    name: str
    version: str
    effort: str
    engine_class: str
    cells: tuple[str, ...]


def data() -> tuple[Float32, Float32]:
    """Rows and held-out queries, the same each time."""
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(N, D)).astype(np.float32)
    return rows, generator.normal(size=(QUERIES, D)).astype(np.float32)


def measure(name: str, engine: Engine, sparse: Engine) -> Row:
    """What comes back from an engine over :func:`data`, dense and sparse, in words."""
    _, queries = data()
    below, at, beyond, all_rows = (_outcome(engine, queries, k, EF) for k in KS.values())
    unreached = _outcome(sparse, queries, BEYOND_REACH, N)
    version = f"{engine.package} {engine.version()}"
    return Row(name, version, engine.effort, engine.engine_class, (below, at, beyond, unreached, all_rows))


def markdown(rows: list[Row]) -> str:
    """The page."""
    below, at, beyond, all_rows = KS
    head = ["engine", "measured with", "ef is called", "class", below, at, beyond, "k > reachable", all_rows]
    lines = [head, ["---"] * len(head)]
    lines += [[row.name, row.version, row.effort, row.engine_class, *row.cells] for row in rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{_INTRODUCTION}\n{table}\n"


def _outcome(engine: Engine, queries: Float32, k: int, ef: int) -> str:
    try:
        ids = engine.search(queries, k, ef)
    except Exception as error:  # an engine raises what it likes, and that is the finding
        return f"{type(error).__name__}"
    filled = (ids >= 0).sum(axis=1)
    return "all k" if filled.min() == k else f"fewer than k, then {engine.empty}"


_INTRODUCTION = f"""# What comes back

Measured by the tests on {N} × {D} vectors at ef = {EF} for {QUERIES} held-out queries,
k = {", ".join(map(str, KS.values()))}, M = {DENSE.m}, ef_construction = {DENSE.ef_construction};
`python -m annatomy.engines.table` makes this page again. Classes are explained at `annatomy.Hnsw.search`, and
`iterate` at `annatomy.engines.Engine`.

*k > reachable*: the same vectors in a graph of M = {SPARSE.m}, ef_construction = {SPARSE.ef_construction}, where no path
leads to many rows; k = {BEYOND_REACH} at ef = {N}. An engine that returns all k there has lost no row: LanceDB takes no M
below 4, NGT links both ways, and ScaNN and what is exact have no graph.
"""


def main() -> None:
    """Prints the page, of the engines that are here; says on stderr which are not."""
    rows, _ = data()
    measured = []
    # Some engines write to standard output themselves.
    page = os.dup(1)
    os.dup2(2, 1)
    for name, build in builders().items():
        try:
            measured.append(measure(name, build(rows, DENSE), build(rows, SPARSE)))
        except ImportError as error:
            print(f"{name}: {error}", file=sys.stderr)
    with open(page, "w") as out:
        out.write(markdown(measured))


if __name__ == "__main__":
    main()
