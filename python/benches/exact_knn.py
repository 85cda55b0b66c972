"""Exact neighbors of 10,000 × 2048 from Python and from Rust, turn about in one run, and the peak memory of the first.

    cargo build --release -p annatomy-knn --example time_exact
    python python/benches/exact_knn.py target/release/examples/time_exact
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

N, D, K, ROUNDS = 10_000, 2_048, 100, 7


def child(path: str) -> None:
    """One process: seconds of two calls (the first warms up), megabytes of peak before and after."""
    import annatomy as an

    def peak() -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3

    rows = np.load(path)
    before = peak()
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        an.exact_knn(rows, K)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": seconds[1], "input": rows.nbytes / 1e6, "before": before, "after": peak()}))


def main(rust: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.npy")
        generator = np.random.default_rng(0)
        latent = generator.normal(size=(N, 24)) @ generator.normal(size=(24, D))
        np.save(path, np.maximum(latent + generator.normal(size=(N, D)), 0).astype(np.float32))
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(json.loads(subprocess.check_output([sys.executable, __file__, "--child", path])))
            lines = subprocess.check_output([rust, path, str(K), "2"], text=True).splitlines()
            theirs.append(float(lines[1].split()[0]))
        python = [run["seconds"] for run in ours]
        for name, seconds in [("Python", python), ("Rust", theirs)]:
            spread = f"{min(seconds):.3f} to {max(seconds):.3f}"
            print(f"{name}: median {statistics.median(seconds):.3f} s, {spread}, n = {ROUNDS}")
        print(f"Python / Rust: {statistics.median(python) / statistics.median(theirs):.3f}")
        print("peak memory, MB:", {name: round(ours[0][name]) for name in ("input", "before", "after")})


if __name__ == "__main__":
    child(sys.argv[2]) if sys.argv[1] == "--child" else main(sys.argv[1])
