"""Makes the saved indexes and DiskANN's own answers that `diskann.rs` reads.

Needs diskannpy 0.7.0 (`pip install --no-deps diskannpy`) and NumPy:

    python make_diskann.py [FOLDER [ROWS [COLUMNS [SEED]]]]

`diskann_NAME`, `diskann_NAME.data` and `diskann_NAME_metadata.bin` are the index, `diskann_NAME.npy` its answers as int16:
for each complexity, each k and each query k ids. `diskann_queries_KIND.npy` are the queries.
"""

import pathlib
import sys
import tempfile
import warnings

import diskannpy
import numpy as np

EFFORTS = [1, 2, 3, 5, 8, 13, 30]
KS = [1, 5, 10, 40]
QUERIES = 12

arguments = sys.argv[1:]
FOLDER = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent)
ROWS, COLUMNS, SEED = (int(x) for x in (arguments[1:] + ["120", "20", "7"][len(arguments[1:]):]))

generator = np.random.default_rng(SEED)
centers = 2 * generator.standard_normal((9, COLUMNS))
count = ROWS + QUERIES
vectors = (centers[generator.integers(0, 9, count)] + generator.standard_normal((count, COLUMNS))).astype("f4")
# Zeros and ones, so that many rows are at one distance: which of them is nearer decides what is visited.
KINDS = {"f32": vectors, "i8": np.clip(np.round(30 * vectors), -128, 127).astype("i1"), "u8": (vectors > 0).astype("u1")}
CASES = [("f32", "l2"), ("f32", "mips"), ("f32", "cosine"), ("i8", "l2"), ("i8", "cosine"), ("u8", "l2"), ("u8", "cosine")]


def answers(index, queries):
    found = []
    for effort in EFFORTS:
        for k in KS:
            ids = index.batch_search(queries, k, effort, 1).identifiers
            assert all(len(set(row)) == k for row in ids.tolist()) and ids.max() < ROWS, "a slot that was not filled"
            found.append(ids.ravel())
    return np.concatenate(found).astype("i2")


warnings.simplefilter("ignore")  # where the complexity is raised to k
for kind, metric in CASES:
    rows, queries = KINDS[kind][:ROWS], KINDS[kind][ROWS:]
    name = f"diskann_{kind}_{metric}"
    with tempfile.TemporaryDirectory() as folder:
        diskannpy.build_memory_index(
            rows, metric, folder, complexity=12, graph_degree=6, num_threads=1, alpha=1.2,
            use_pq_build=False, num_pq_bytes=0, use_opq=False, index_prefix=name,
        )
        index = diskannpy.StaticMemoryIndex(folder, num_threads=1, initial_search_complexity=30, index_prefix=name)
        np.save(FOLDER / f"{name}.npy", answers(index, queries))
        for ending in "", ".data", "_metadata.bin":
            (FOLDER / (name + ending)).write_bytes((pathlib.Path(folder) / (name + ending)).read_bytes())
    np.save(FOLDER / f"diskann_queries_{kind}.npy", queries.astype("f4"))
