"""``python -m race COMMAND [PART…]``: runs the parts and writes their records."""

from __future__ import annotations

import datetime
import os
import sys
from typing import Callable

from . import blas

# Before anything loads an OpenBLAS.
KERNELS = blas.force()

from . import cluster, codes, device, embed, exact, forecast, graphs, growth, methods, queues, record, scale, study, surface  # noqa: E402

THREADS = os.cpu_count() or 1

PARTS: dict[str, Callable[[str], list[record.Table]]] = {
    "exact": lambda command: exact.run(command, THREADS),
    "graphs-128": lambda command: graphs.run((100_000, 128), THREADS),
    "graphs-768": lambda command: graphs.run((100_000, 768), THREADS),
    "graphs-1m": lambda command: graphs.run_building((1_000_000, 128), THREADS),
    "surface": lambda command: surface.run(command, THREADS),
    "study": lambda command: study.run(command, THREADS),
    "growth": lambda command: growth.run(command, THREADS),
    "forecast": lambda command: forecast.run(command, THREADS),
    "cluster": lambda command: cluster.run(command, THREADS),
    "codes": lambda command: codes.run(command, THREADS),
    "queues": lambda command: queues.run(THREADS),
    "methods": lambda command: methods.run(command, THREADS),
    "scale": lambda command: scale.run(command, THREADS),
    "device": lambda command: device.run(THREADS),
    "embed": lambda command: embed.run(command, THREADS),
}
#: What not every machine has, and what needs other packages: only where it is asked for.
ON_REQUEST = {"device", "embed"}


def main() -> None:
    command, *asked = sys.argv[1:]
    unknown = [part for part in asked if part not in PARTS]
    if unknown:
        sys.exit(f"no part {unknown[0]!r}; parts: {', '.join(PARTS)}")
    for part in asked or (part for part in PARTS if part not in ON_REQUEST):
        print(part, flush=True)
        machine = record.machine()
        began = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
        print(record.write(part, PARTS[part](command), began, f"{machine}. OpenBLAS: {'; '.join(KERNELS)}"))


main()
