"""The engine table: what comes back where k is below, at and beyond ef, and beyond n, measured on live engines.

``python -m annatomy.engines.table`` prints docs/engines.md; the tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .._arrays import Float32
from ._engine import Engine

#: Rows, columns and queries of the data that every engine is asked about, the effort, and k of each cell.
N, D, QUERIES, EF = 1_000, 16, 50, 20
KS = {"k < ef": 10, "k = ef": 20, "k > ef": 400, "k ≥ n": 1_100}


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


def builders() -> dict[str, Callable[[Float32], Engine]]:
    """How each engine's index over given rows is made, by the name it goes by in the table."""
    return {
        "faiss IndexHNSWFlat": lambda rows: _faiss(rows, bounded_queue=True),
        "faiss, search_bounded_queue=False": lambda rows: _faiss(rows, bounded_queue=False),
        "hnswlib Index": _hnswlib,
        "usearch Index": _usearch,
        "pynndescent NNDescent": _pynndescent,
        "scikit-learn NearestNeighbors": _scikit_learn,
    }


def measure(name: str, engine: Engine) -> Row:
    """What comes back from an engine over :func:`data`, in words."""
    _, queries = data()
    cells = tuple(_outcome(engine, queries, k) for k in KS.values())
    return Row(name, f"{engine.package} {engine.version()}", engine.effort, engine.engine_class, cells)


def markdown(rows: list[Row]) -> str:
    """The page."""
    head = ["engine", "measured with", "ef is called", "class", *KS]
    lines = [head, ["---"] * len(head)]
    lines += [[row.name, row.version, row.effort, row.engine_class, *row.cells] for row in rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{_INTRODUCTION}\n{table}\n"


def _outcome(engine: Engine, queries: Float32, k: int) -> str:
    try:
        ids = engine.search(queries, k, EF)
    except Exception as error:  # an engine raises what it likes, and that is the finding
        return f"{type(error).__name__}"
    filled = (ids >= 0).sum(axis=1)
    return "all k" if filled.min() == k else f"fewer than k, then {engine.empty}"


_INTRODUCTION = f"""# What comes back

Measured by the tests on {N} × {D} vectors at ef = {EF} for {QUERIES} held-out queries,
k = {", ".join(map(str, KS.values()))};
`python -m annatomy.engines.table` makes this page again. Classes are explained at `annatomy.Hnsw.search`.
"""


def _faiss(rows: Float32, *, bounded_queue: bool) -> Engine:
    import faiss

    from .faiss import Faiss

    index = faiss.IndexHNSWFlat(rows.shape[1], 8)
    index.add(rows)
    index.hnsw.search_bounded_queue = bounded_queue
    return Faiss(index)


def _hnswlib(rows: Float32) -> Engine:
    import hnswlib

    from .hnswlib import Hnswlib

    index = hnswlib.Index("l2", rows.shape[1])
    index.init_index(len(rows), M=8, random_seed=1)
    index.add_items(rows, num_threads=1)
    return Hnswlib(index)


def _usearch(rows: Float32) -> Engine:
    from usearch.index import Index

    from .usearch import Usearch

    index = Index(ndim=rows.shape[1], metric="l2sq", dtype="f32", connectivity=8)
    index.add(np.arange(len(rows)), rows, threads=1)
    return Usearch(index)


def _pynndescent(rows: Float32) -> Engine:
    from pynndescent import NNDescent

    from .pynndescent import Pynndescent

    index = NNDescent(rows, n_neighbors=15, random_state=1)
    index.prepare()
    return Pynndescent(index)


def _scikit_learn(rows: Float32) -> Engine:
    from sklearn.neighbors import NearestNeighbors

    from .sklearn import ScikitLearn

    return ScikitLearn(NearestNeighbors(algorithm="brute").fit(rows))


def main() -> None:
    """Prints the page."""
    rows, _ = data()
    print(markdown([measure(name, build(rows)) for name, build in builders().items()]), end="")


if __name__ == "__main__":
    main()
