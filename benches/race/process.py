"""Whole commands, as a user runs them, each a process of its own: seconds and peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

#: Linux counts what the parent held at the fork as the child's; so a small process stands in between.
_BETWEEN = """
import json, os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([time.perf_counter() - start, usage.ru_maxrss * unit, status]))
"""


@dataclass(frozen=True)
class Run:
    """A command that has ended."""

    seconds: float
    peak_bytes: int


def timed(arguments: list[str]) -> Run:
    """Runs a command to its end; raises where it fails."""
    measured = subprocess.run([sys.executable, "-c", _BETWEEN, *arguments], check=True, capture_output=True, text=True)
    seconds, peak_bytes, status = json.loads(measured.stdout)
    if status != 0:
        raise RuntimeError(f"{' '.join(arguments)} ended with status {status}")
    return Run(seconds, peak_bytes)


def gib(size: int) -> str:
    return f"{size / 2**30:.2f} GiB"
