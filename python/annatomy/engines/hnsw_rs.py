"""hnsw_rs, a Rust crate: raises ef to k, and leaves out what it cannot reach.

In the wheel with ``--features hnsw_rs`` alone: ``MATURIN_PEP517_ARGS="--features hnsw_rs" pip install .``
"""

from __future__ import annotations

from .. import _core
from .._arrays import Float32, Int64, count, matrix
from ._engine import Engine

if not hasattr(_core, "HnswRs"):
    raise ImportError("this wheel was built without the feature hnsw_rs")


class HnswRs(Engine):
    """An index of hnsw_rs over ``X`` (n × d, copied) under L2, rows inserted one by one.

    Raises ``ValueError`` for no rows, m beyond 2 to 255, or ef_construction of 0.
    """

    package = "hnsw_rs"
    effort = "ef"
    empty = "the rows end"
    engine_class = "raise"

    def __init__(self, X: Float32, m: int = 16, ef_construction: int = 200, *, threads: int = 0) -> None:
        self.index = _core.HnswRs(matrix(X, "X"), count(m, "m"), count(ef_construction, "ef_construction"))
        self.threads = threads

    def version(self) -> str:
        return _core.HnswRs.version()

    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        return self.index.search(matrix(queries, "queries"), count(k, "k"), count(ef, "ef"), self.threads)
