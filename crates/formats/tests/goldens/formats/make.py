"""Writes the arrays into its own folder, for tests/it/formats.rs to read: every number type, byte order, memory order and header version.

Each holds the 5 × 3 matrix m[i, j] = 3 i + j, less 7 for signed types, and a quarter of that for floats.
Run: python make.py
"""

from pathlib import Path

import numpy
from numpy.lib import format as npy

HERE = Path(__file__).parent
ROWS, COLUMNS = 5, 3


def matrix(code):
    values = numpy.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    if code[0] != "u":
        values = values - 7
    return values / 4 if code[0] == "f" else values


for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    for order in "<>":
        for layout in "CF":
            array = numpy.asarray(matrix(code), dtype=order + code, order=layout)
            name = f"{code}_{'little' if order == '<' else 'big'}_{layout}.npy"
            numpy.save(HERE / name, array)

for version in [(1, 0), (2, 0), (3, 0)]:
    with open(HERE / f"version{version[0]}.npy", "wb") as file:
        npy.write_array(file, matrix("f4").astype("<f4"), version=version)

numpy.save(HERE / "one_dimension.npy", numpy.arange(4, dtype="<f4"))
numpy.save(HERE / "complex.npy", matrix("f4").astype("<c8"))
numpy.save(HERE / "structured.npy", numpy.zeros((2, 2), dtype=[("a", "<f4"), ("b", "<i4")]))
numpy.save(HERE / "no_rows.npy", numpy.zeros((0, 3), dtype="<f4"))
numpy.save(HERE / "large_id.npy", numpy.array([[1, 2], [3, 2**63 + 5]], dtype="<u8"))
single, labels = matrix("f4").astype("<f4"), numpy.arange(ROWS)
numpy.savez(HERE / "stored.npz", vectors=single, labels=labels)
numpy.savez_compressed(HERE / "packed.npz", vectors=single, labels=labels)
numpy.savez(HERE / "two.npz", base=single, queries=single[:2] + 100)

ids = numpy.array([[1, 0, -1], [2, 1, 0]], dtype="<i8")
distances = numpy.array([[0.5, 0.75, numpy.finfo("f4").max], [0.25, 0.5, numpy.inf]], dtype="<f4")
numpy.savez(HERE / "answers.npz", train=single[:4], test=single[:2], I=ids, distances=distances)
