"""Exact neighbors on a GPU, next to the products alone on the same device, and to the processor. Needs PyTorch and CUDA."""

from __future__ import annotations

import sys

import annatomy as an

from . import data
from .record import Table
from .timing import in_turn, ratio

K, ROUNDS, ROWS_AT_ONCE = 100, 3, 65_536


def run(
    threads: int, name: str = "cuda", shape: tuple[int, int] = (1_000_000, 384), queries: int = 10_000
) -> list[Table]:
    try:
        import torch
    except ImportError:
        sys.exit("the part device needs PyTorch in target/bench/environment")
    if name == "cuda" and not torch.cuda.is_available():
        sys.exit(f"the part device needs a CUDA device; PyTorch {torch.__version__} finds none")
    X, Q = data.clustered(*shape), data.clustered(queries, shape[1], seed=1)
    rows, asked = torch.from_numpy(X).to(name), torch.from_numpy(Q).to(name)

    def products() -> None:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            block = asked @ rows[start : start + ROWS_AT_ONCE].T
        float(block[0, 0])  # Waits for the device.

    timings, results = in_turn(
        {
            "device": lambda: an.exact_knn(X, K, queries=Q, device=name, threads=threads)[0],
            "products": products,
            "processor": lambda: an.exact_knn(X, K, queries=Q, threads=threads)[0],
        },
        ROUNDS,
    )
    assert (results["device"] == results["processor"]).all(), "the device's ids are not the processor's"
    of = torch.cuda.get_device_name() if name == "cuda" else name
    table = Table(
        f"Exact neighbors on {of}, {queries:,} × {shape[0]:,} × {shape[1]}, k = {K}",
        ["annatomy, device=", "products alone, rows on the device", "share of their rate", "annatomy, processor"],
    )
    share = ratio(timings["products"], timings["device"])
    table.add(timings["device"], timings["products"], f"{share:.2f}", timings["processor"])
    return [table]
