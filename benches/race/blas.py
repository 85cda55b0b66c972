"""The OpenBLAS kernel of every contestant: the fastest correct one that this processor runs.

An OpenBLAS that does not know the processor falls back to its slowest kernel (faiss-cpu's wheel does on Zen 5 and on
Sapphire Rapids: Barcelona or Prescott), and a race against that says nothing. Each candidate of OPENBLAS_CORETYPE that the
processor's flags allow is timed in a process of its own, in turn over several rounds; threadpoolctl reads which kernel ran.
Products are compared with float64 sums that use no BLAS. The variable must be set before the libraries are loaded, so
:func:`force` starts the race again with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

#: Instruction sets that each kernel needs, as /proc/cpuinfo names them.
NEEDS = {
    "SapphireRapids": {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_bf16"},
    "Cooperlake": {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512_bf16"},
    "SkylakeX": {"avx512f", "avx512dq", "avx512bw", "avx512vl"},
    "Zen": {"avx2", "fma"},
    "Haswell": {"avx2", "fma"},
}
#: Left to itself; the name of no kernel.
AUTOMATIC = ""
ROUNDS = 3
#: Rows, and columns, of the products that are timed.
ROWS, COLUMNS = 2_000, 768
#: Rows whose products are compared with float64; for few queries FAISS multiplies without BLAS.
CHECKED = 200
#: Most that a product of unit rows may differ from its float64 sum.
TOLERANCE = 1e-5
#: Carries the choice over the restart.
RESULT = "ANNATOMY_RACE_BLAS"


def force() -> list[str]:
    """One line for each OpenBLAS: its kernel, and what it would have run; restarts the process with the best kernel."""
    if RESULT in os.environ:
        lines: list[str] = json.loads(os.environ[RESULT])
        return lines
    best, lines = choose(candidates())
    environment = environment_for(best) | {RESULT: json.dumps(lines)}
    os.execve(sys.executable, [sys.executable, "-m", "race", *sys.argv[1:]], environment)


def candidates() -> list[str]:
    """Kernels that this processor can run, and no choice at all."""
    flags = processor_flags()
    return [AUTOMATIC, *(name for name, needs in NEEDS.items() if needs <= flags)]


def processor_flags() -> set[str]:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return set(next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), []))


def choose(names: list[str]) -> tuple[str, list[str]]:
    """The candidate with the least sum of both libraries' best seconds, and one line for each library."""
    measured: dict[str, dict[str, dict]] = {}
    for _ in range(ROUNDS):
        for name in names:
            for library, found in probe(name).items():
                kept = measured.setdefault(name, {}).setdefault(library, found)
                kept["seconds"] = min(kept["seconds"], found["seconds"])
                kept["error"] = max(kept["error"], found["error"])
    correct = [name for name in names if all(found["error"] <= TOLERANCE for found in measured[name].values())]
    if not correct:
        raise RuntimeError(f"no OpenBLAS kernel of {names} is correct: {measured}")
    best = min(correct, key=lambda name: sum(found["seconds"] for found in measured[name].values()))
    return best, [line(library, measured[best][library], measured[AUTOMATIC][library]) for library in measured[best]]


def line(library: str, chosen: dict, automatic: dict) -> str:
    """What a record says of one library."""
    ratio = automatic["seconds"] / chosen["seconds"]
    return f"{library}: {chosen['kernel']} (left to itself {automatic['kernel']}, {ratio:.1f} times the time)"


def environment_for(name: str) -> dict[str, str]:
    """This process's variables, with ``name`` in the place of all that the machine has preset for OpenBLAS."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS_")}
    return {**kept, "OPENBLAS_CORETYPE": name} if name else kept


def probe(name: str) -> dict[str, dict]:
    """Kernel, seconds and largest error of each library's products under candidate ``name``."""
    return probe_with(environment_for(name))


def probe_with(environment: dict[str, str]) -> dict[str, dict]:
    command = [sys.executable, "-m", "race.blas"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, dict] = json.loads(done.stdout)
    return found


def measure() -> dict[str, dict]:
    """In the probe's own process: products by NumPy and by FAISS."""
    import faiss
    import numpy as np
    import threadpoolctl

    rows = np.random.default_rng(0).normal(size=(ROWS, COLUMNS)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    other = rows[::-1].copy()
    flat = faiss.IndexFlatIP(COLUMNS)
    flat.add(other)
    # Without BLAS: its float64 kernels are under test too.
    checked = rows[:CHECKED]
    exact = np.einsum("ik,jk->ij", checked.astype(np.float64), other.astype(np.float64), optimize=False)
    kernels = {}
    for found in threadpoolctl.threadpool_info():
        if found["internal_api"] == "openblas":
            kernels["faiss" if "faiss" in found["filepath"] else "numpy"] = found["architecture"]
    timings = {"numpy": timed(lambda: rows @ other.T), "faiss": timed(lambda: flat.search(rows, 2))}
    products = {"numpy": (rows @ other.T)[:CHECKED], "faiss": inner_products(flat, checked)}
    return {
        library: {
            "kernel": kernels.get(library, "no OpenBLAS"),
            "seconds": seconds,
            "error": float(np.abs(products[library] - exact).max()),
        }
        for library, seconds in timings.items()
    }


def inner_products(flat, queries):
    """All inner products as FAISS computes them, by column of the base."""
    import numpy as np

    values, ids = flat.search(queries, ROWS)
    products = np.empty_like(values)
    np.put_along_axis(products, ids, values, axis=1)
    return products


def timed(product) -> float:
    """The least seconds of four runs."""
    runs = []
    for _ in range(4):
        start = time.perf_counter()
        product()
        runs.append(time.perf_counter() - start)
    return min(runs)


if __name__ == "__main__":
    print(json.dumps(measure()))
