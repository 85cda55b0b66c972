"""Writes numpy_choice.txt beside itself: what NumPy draws, for tests/subset.rs to hold against.

One line per draw: seed, population, size, checksum, then the numbers. Draws of more than 200 rows list the first and the
last 50. The checksum is FNV-1a (64 bits) over the rows as little-endian 64-bit integers.
Run: python numpy_choice.py
"""

from pathlib import Path

import numpy

SEEDS = [0, 1, 42, 2**31, 2**32 - 1, 2**32, 2**32 + 12345, 2**63 + 7, 2**64 - 1]
SMALL = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 2), (5, 5), (10, 3), (100, 1), (100, 100), (1000, 20), (1000, 999)]
LARGE = [  # around the switch from Floyd's sampling to the shuffled tail
    (9_999, 5_000), (10_000, 199), (10_000, 200), (10_000, 201), (10_000, 10_000), (10_001, 199), (10_001, 200),
    (10_001, 201), (10_001, 10_000), (10_001, 10_001), (20_000, 399), (20_000, 400), (20_000, 401), (60_000, 1_000),
    (4_294_967_295, 10), (3_000_000_000, 300),
]
STUDY = [(seed, 100_000, 10_000) for seed in range(42, 52)] + [(42, 113_000, 10_000), (43, 60_000, 10_000)]


def checksum(rows):
    state = 0xCBF29CE484222325
    for byte in rows.astype("<u8").tobytes():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    return state


draws = [(seed, *shape) for shape in SMALL for seed in SEEDS]
draws += [(seed, *shape) for shape in LARGE for seed in (7, 2**40 + 3)]
lines = []
for seed, population, size in draws + STUDY:
    rows = numpy.random.default_rng(seed).choice(population, size, replace=False)
    listed = rows if size <= 200 else [*rows[:50], *rows[-50:]]
    lines.append(f"{seed} {population} {size} {checksum(rows):016x}" + "".join(f" {row}" for row in listed))
Path(__file__).with_suffix(".txt").write_text(f"# numpy {numpy.__version__}\n" + "\n".join(lines) + "\n")
