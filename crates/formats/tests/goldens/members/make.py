"""Writes the files with named members into its own folder, for tests/it/members.rs to read.

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


def arrow_files():
    import pyarrow
    from pyarrow import feather, ipc, parquet

    def table(name, kind, rows, **more):
        return pyarrow.table({"text": [f"line {row}" for row in range(len(rows))], name: pyarrow.array(rows, kind), **more})

    f2, f4, f8 = pyarrow.float16(), pyarrow.float32(), pyarrow.float64()
    floats = FLOATS.tolist()
    halves = [[numpy.float16(value) for value in row] for row in floats]
    kinds = {"list": pyarrow.list_(f4), "large": pyarrow.large_list(f8), "fixed": pyarrow.list_(f4, COLUMNS), "half": pyarrow.list_(f2)}
    for name, kind in kinds.items():
        rows = halves if name == "half" else floats
        parquet.write_table(table("embedding", kind, rows), HERE / f"{name}.parquet", compression="snappy", row_group_size=2)
        with ipc.new_file(HERE / f"{name}.arrow", table("embedding", kind, rows).schema) as writer:
            writer.write_table(table("embedding", kind, rows), max_chunksize=2)
    embeddings = table("embedding", kinds["list"], floats)
    for method in ["none", "gzip", "zstd", "lz4"]:
        parquet.write_table(embeddings, HERE / f"{method}.parquet", compression=method)
    feather.write_feather(embeddings, HERE / "zstd.feather", compression="zstd")
    feather.write_feather(embeddings, HERE / "lz4.feather", compression="lz4")
    # As Hugging Face's `datasets` saves them.
    with ipc.new_stream(HERE / "stream.arrow", embeddings.schema) as writer:
        writer.write_table(embeddings, max_chunksize=2)

    broken = {"null_row": [floats[0], None], "null_number": [floats[0], [1.0, None, 2.0]], "ragged": [floats[0], floats[1], [1.0]]}
    for name, rows in broken.items():
        parquet.write_table(table("embedding", kinds["list"], rows), HERE / f"{name}.parquet")
        feather.write_feather(table("embedding", kinds["list"], rows), HERE / f"{name}.arrow", compression="uncompressed")

    queries = pyarrow.array((FLOATS[:3] + 100).tolist(), kinds["fixed"])
    two = table("base", kinds["fixed"], floats[:3], queries=queries, label=pyarrow.array([1, 2, 3]))
    parquet.write_table(two, HERE / "two.parquet")
    for code in ["int32", "int64", "uint32", "uint64"]:
        ids = [[1, 0, 7 if code[0] == "u" else -1], [], [2, 1]]
        kind = pyarrow.list_(getattr(pyarrow, code)())
        distances = pyarrow.array([[0.5, 0.75, float("inf")], [], [0.25, 0.5]], kinds["list"])
        answers = table("ids", kind, ids, distances=distances)
        parquet.write_table(answers, HERE / f"answers_{code}.parquet")
        feather.write_feather(answers, HERE / f"answers_{code}.arrow")
    # Its first page begins at byte 4, for tests to change.
    only = pyarrow.table({"embedding": pyarrow.array(floats * 40, kinds["list"])})
    parquet.write_table(only, HERE / "only.parquet", compression="snappy", use_dictionary=False)
    # Runs of one value, which take next to no room.
    parquet.write_table(table("embedding", kinds["fixed"], [[0.0] * 3] * 3000), HERE / "zeros.parquet", compression="zstd")
    id_files(pyarrow, parquet, pyarrow.array(floats, kinds["list"]))


def id_files(pyarrow, parquet, vectors):
    """Files whose rows have ids; the column to be taken is what tests/it/members.rs says of each."""

    def write(name, **columns):
        parquet.write_table(pyarrow.table(columns | {"emb": vectors}), HERE / f"{name}.parquet", row_group_size=2)

    shuffled = pyarrow.array([40, 10, 50, 20, 30])
    write("ids", label=pyarrow.array([5, 4, 3, 2, 1]), Id=shuffled)
    write("ids_text", title=pyarrow.array(list("vwxyz")), _id=pyarrow.array(["c", "a", "é", "d", "e"]), id=pyarrow.array([1, 1, 2, 3, 4]))
    write("ids_unnamed", title=pyarrow.array(list("vwxyz")), label=pyarrow.array([1, 2, 2, 1, 1]), item=pyarrow.array([4294967295, 0, 7, 5, 6], pyarrow.uint32()))
    missing = pyarrow.array([1, 2, None, 3, 4])
    large = pyarrow.array([1, 2, 3, 4, 2**64 - 1], pyarrow.uint64())
    day = pyarrow.array([1, 2, 3, 4, 5], pyarrow.int32()).cast(pyarrow.date32())
    empty = pyarrow.array(["c", "a", "é", "d", ""])
    write("ids_none", id=missing, pk=large, _id=empty, key=day, price=pyarrow.array([1.0, 2.0, 3.0, 4.0, 5.0]), same=pyarrow.array([7, 7, 7, 7, 7]))

def hdf5_files():
    import h5py

    def write(name, pack, **more):
        with h5py.File(HERE / name, "w", **more) as file:
            file.attrs["distance"] = "angular"
            file.create_dataset("train", data=FLOATS, **pack)
            file.create_dataset("test", data=FLOATS[:2] + 100, **pack)
            file.create_dataset("neighbors", data=IDS.astype("<i4"), **pack)
            file.create_dataset("distances", data=DISTANCES, **pack)

    write("benchmark.hdf5", {})
    write("packed.h5", {"chunks": (2, 2), "compression": "gzip", "shuffle": True, "fletcher32": True})
    write("latest.hdf5", {"chunks": (2, 3)}, libver="latest")
    with h5py.File(HERE / "types.hdf5", "w") as file:
        for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
            for order, end in [("<", "little"), (">", "big")]:
                values = FLOATS if code[0] == "f" else COUNT if code[0] == "u" else COUNT - 7
                file.create_dataset(f"{end}/{code}", data=values.astype(order + code))
        file["flags"] = numpy.array([[True, False], [False, True]])
        file["names"] = [["a", "b"]]
        file["line"] = numpy.arange(4)
        file.create_dataset("unwritten", (2, 2), "f4", fillvalue=1.5)
        file.create_dataset("boundless", (1 << 40, 4), "f4", chunks=(64, 4))
        file.attrs["distance"] = numpy.bytes_("euclidean")


def benchmark_run():
    """A data set of ann-benchmarks and a run's result over it, as its runner writes them; the run misses rank 2 and returns rank 9 instead."""
    import h5py

    generator = numpy.random.default_rng(7)
    train, test = generator.normal(size=(60, 8)).astype("<f4"), generator.normal(size=(12, 8)).astype("<f4")
    length = lambda rows: numpy.linalg.norm(rows.astype("f8"), axis=1)
    distances = 1 - (test.astype("f8") @ train.T.astype("f8")) / numpy.outer(length(test), length(train))
    order = distances.argsort(axis=1)
    with h5py.File(HERE / "angular.hdf5", "w") as file:
        file.attrs["type"], file.attrs["distance"], file.attrs["dimension"], file.attrs["point_type"] = "dense", "angular", 8, "float"
        for name, values in {"train": train, "test": test, "neighbors": order[:, :20].astype("<i4")}.items():
            file.create_dataset(name, data=values)
        file.create_dataset("distances", data=numpy.sort(distances)[:, :20].astype("<f4"))
    count, short = 5, 3
    with h5py.File(HERE / "angular_run.hdf5", "w") as file:
        attributes = {"algo": "hnswlib", "name": "hnswlib ({'M': 4, 'efConstruction': 500})", "dataset": "noise-8-angular", "distance": "angular"}
        attributes |= {"batch_mode": False, "build_time": 0.25, "best_search_time": 1e-5, "candidates": 4.5, "count": count}
        attributes |= {"expect_extra": False, "index_size": 512.0, "run_count": 3}
        for name, value in attributes.items():
            file.attrs[name] = value
        times = file.create_dataset("times", (len(test),), "f")
        neighbors = file.create_dataset("neighbors", (len(test), count), "i")
        returned = file.create_dataset("distances", (len(test), count), "f")
        for query, row in enumerate(order):
            ids = row[[0, 1, 9]] if query < short else row[[0, 1, 3, 4, 9]]
            times[query] = 1e-5
            neighbors[query] = [*ids, *[-1] * (count - len(ids))]
            returned[query] = [*distances[query, ids], *[float("inf")] * (count - len(ids))]
        # What its plotting adds to the same file later.
        knn = file.create_group("metrics").create_group("knn")
        knn.attrs["mean"] = 0.7
        knn["recalls"] = numpy.full(len(test), 3.5)


def pooled_features():
    import h5py
    from safetensors.numpy import save_file

    pooled = FLOATS.reshape(ROWS, COLUMNS, 1, 1)
    numpy.save(HERE / "pooled.npy", pooled)
    numpy.save(HERE / "pooled_F.npy", numpy.asfortranarray(pooled))
    numpy.savez(HERE / "pooled.npz", features=pooled)
    save_file({"features": pooled}, HERE / "pooled.safetensors")
    with h5py.File(HERE / "pooled.hdf5", "w") as file:
        file["features"] = pooled
    numpy.save(HERE / "not_pooled.npy", FLOATS.reshape(ROWS, 1, COLUMNS, 1))


if __name__ == "__main__":
    pooled_features()
    safetensors_files()
    arrow_files()
    hdf5_files()
    benchmark_run()
