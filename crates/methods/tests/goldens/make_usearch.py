"""Makes the saved indexes and usearch's own answers that `usearch.rs` reads.

Needs usearch 2.26 on a processor with AVX-512 and its products of bfloat16, and NumPy:

    python make_usearch.py [FOLDER [ROWS [COLUMNS [SEED]]]]

`usearch_NAME.index` is the index, `usearch_NAME.npy` its answers as int16, -1 where a slot is empty: for each
expansion, each k and each query k keys. `usearch_rows.npy` are the rows that were added, and then the queries.
"""

import pathlib
import sys

import numpy as np
from usearch.index import Index

EFFORTS = [1, 2, 3, 5, 8, 13, 30]
KS = [1, 5, 10, 40]
QUERIES = 12

arguments = sys.argv[1:]
FOLDER = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent)
ROWS, COLUMNS, SEED = (int(x) for x in (arguments[1:] + ["150", "21", "7"][len(arguments[1:]):]))

generator = np.random.default_rng(SEED)
centers = 2 * generator.standard_normal((9, COLUMNS))
count = ROWS + QUERIES
vectors = (centers[generator.integers(0, 9, count)] + generator.standard_normal((count, COLUMNS))).astype("f4")
rows, queries = vectors[:ROWS], vectors[ROWS:]


def build(scalar, metric, keys):
    index = Index(ndim=COLUMNS, metric=metric, dtype=scalar, connectivity=4, expansion_add=20)
    index.add(keys, rows, threads=1)
    return index


def answers(index, shortest=1):
    found = []
    for effort in EFFORTS:
        index.expansion_search = effort
        for k in KS:
            matches = index.search(queries, k, threads=1)
            keys = matches.keys.astype("i8")
            keys[np.arange(k) >= np.asarray(matches.counts)[:, None]] = -1
            found.append(keys.ravel())
    return np.concatenate(found).astype("i2")


def keep(name, index):
    index.save(str(FOLDER / f"usearch_{name}.index"))
    np.save(FOLDER / f"usearch_{name}.npy", answers(index))


numbers = np.arange(ROWS)
for scalar in "f32", "f16", "bf16", "i8":
    for metric in "l2sq", "ip", "cos":
        keep(f"{scalar}_{metric}", build(scalar, metric, numbers))
keep("f32_l2sq_keyed", build("f32", "l2sq", 1000 + 3 * numbers))
removed = build("f32", "l2sq", numbers[::-1])
removed.remove(numbers[5:60:4])
keep("f32_l2sq_removed", removed)
np.save(FOLDER / "usearch_rows.npy", vectors)
