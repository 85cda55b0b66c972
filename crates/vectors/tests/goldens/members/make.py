"""Writes the files with named members beside itself, for tests/members.rs to read.

Matrices are those of formats/make.py: m[i, j] = 3 i + j over 5 × 3, less 7 for signed types, and a quarter of that for floats.
Needs numpy, safetensors, pyarrow and h5py. Run: python make.py
"""

import json
from pathlib import Path

import numpy

HERE = Path(__file__).parent
ROWS, COLUMNS = 5, 3
COUNT = numpy.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
FLOATS = ((COUNT - 7) / 4).astype("<f4")
IDS = numpy.array([[1, 0, -1], [2, 1, 0]])
DISTANCES = numpy.array([[0.5, 0.75, numpy.finfo("f4").max], [0.25, 0.5, numpy.inf]], dtype="<f4")


def safetensors_files():
    from safetensors.numpy import save_file

    labels = numpy.arange(ROWS)
    save_file({"embeddings": FLOATS, "labels": labels}, HERE / "only.safetensors", metadata={"model": "none"})
    arrays = {code: (COUNT if code[0] == "u" else COUNT - 7).astype(code) for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]}
    arrays |= {code: FLOATS.astype(code) for code in ["f2", "f4", "f8"]}
    arrays |= {"labels": labels, "cube": numpy.zeros((2, 2, 2), "f4"), "flags": numpy.zeros((2, 2), bool)}
    save_file(arrays, HERE / "types.safetensors")
    # The NumPy side of safetensors has no bfloat16: its upper halves of float32, by hand.
    halves = (FLOATS.view("<u4") >> 16).astype("<u2").tobytes()
    header = json.dumps({"train": {"dtype": "BF16", "shape": [ROWS, COLUMNS], "data_offsets": [0, len(halves)]}}).encode()
    (HERE / "bf16.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + halves)


if __name__ == "__main__":
    safetensors_files()
