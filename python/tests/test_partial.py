"""Partial exact neighbors and their merge, against one run; distances of partials to the last bit."""

from __future__ import annotations

import os
import pickle
import subprocess
from pathlib import Path

import annatomy as an
import numpy as np
import pytest

METRICS = ["l2", "cosine", "ip"]
COMMAND = Path(os.environ.get("ANNATOMY_COMMAND") or Path(__file__).parents[2] / "target/ci/annatomy")


@pytest.fixture(scope="module")
def tied(clustered):
    """Rows of which every fourth is there again elsewhere, in a shuffled order."""
    generator = np.random.default_rng(5)
    rows = np.concatenate([clustered, clustered[::4], np.round(clustered[:100])])
    return rows[generator.permutation(len(rows))] + np.float32(1)


def split(n: int, parts: int, seed: int) -> list[tuple[int, int]]:
    cuts = np.random.default_rng(seed).choice(np.arange(1, n), parts - 1, replace=False)
    ends = [0, *sorted(cuts.tolist()), n]
    return list(zip(ends, ends[1:]))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("parts", [1, 2, 7, 40])
def test_merged_partials_are_one_run(assert_same, tied, queries, metric, parts):
    expected = an.exact_knn(tied, 30, queries=queries, metric=metric)
    partials = [
        an.partial_knn(tied, 30, queries=queries, rows=rows, metric=metric) for rows in split(len(tied), parts, parts)
    ]
    np.random.default_rng(0).shuffle(partials)
    merged = an.merge(pickle.loads(pickle.dumps(partials)))
    assert_same(merged, expected)
    whole = an.merge([an.partial_knn(tied, 30, queries=queries, metric=metric)])
    np.testing.assert_array_equal(merged[1].view(np.uint32), whole[1].view(np.uint32))


@pytest.mark.parametrize("metric", METRICS)
def test_rows_that_are_queries_leave_themselves_out(tied, metric):
    ids, distances = an.merge(
        an.partial_knn(tied, 12, rows=rows, metric=metric) for rows in split(len(tied), 5, 1)
    )
    expected, at = an.exact_knn(tied, 12, metric=metric)
    np.testing.assert_array_equal(ids, expected)
    np.testing.assert_allclose(distances, at, rtol=1e-3, atol=1e-5)
    assert not (ids == np.arange(len(tied))[:, None]).any()


@pytest.mark.parametrize("dtype, ending", [("f4", "npy"), ("f2", "npy"), ("u1", "bvecs"), ("f4", "fbin")])
def test_files_of_partials_are_those_of_the_command(assert_same, tmp_path, tied, queries, dtype, ending):
    base, held_out = tmp_path / f"base.{ending}", tmp_path / "queries.npy"
    rows = (np.clip(tied * 20 + 100, 0, 255) if dtype == "u1" else tied).astype(dtype)
    write(base, rows)
    np.save(held_out, queries)
    expected = an.exact_knn(rows.astype(np.float32), 9, queries=queries)
    files = []
    for part, (start, end) in enumerate(split(len(rows), 4, 2)):
        files.append(tmp_path / f"{part}.partial")
        if part % 2:
            an.partial_knn(base, 9, queries=held_out, rows=(start, end)).save(files[-1])
        else:
            options = ["--k", "9", "--rows", f"{start}:{end}", "--partial", files[-1]]
            run(["knn", base, "--queries", held_out, *options])
    assert_same(an.merge(files[::-1]), expected)
    run(["merge", *files, "--out", tmp_path / "ids.npy", "--distances", tmp_path / "distances.npy"])
    np.testing.assert_array_equal(np.load(tmp_path / "ids.npy"), expected[0])
    np.testing.assert_array_equal(np.load(tmp_path / "distances.npy"), an.merge(files)[1])
    one = ["--out", tmp_path / "one.npy", "--distances", tmp_path / "at.npy"]
    run(["knn", base, "--queries", held_out, "--k", "9", *one])
    assert (tmp_path / "at.npy").read_bytes() == (tmp_path / "distances.npy").read_bytes()
    loaded = an.Partial.load(files[1])
    assert (loaded.k, loaded.queries, loaded.metric) == (9, 60, "l2") and "among rows" in repr(loaded)


def write(path, rows):
    if path.suffix == ".npy":
        np.save(path, rows)
    elif path.suffix == ".fbin":
        path.write_bytes(np.array(rows.shape, "<u4").tobytes() + rows.tobytes())
    else:
        path.write_bytes(b"".join(np.uint32(len(row)).tobytes() + row.tobytes() for row in rows))


def run(words):
    if not COMMAND.exists():
        pytest.skip("the command is not built")
    done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_row_groups_of_parquet_are_read_alone(assert_same, tmp_path, tied, queries):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"embedding": list(tied)})
    path = tmp_path / "base.parquet"
    parquet.write_table(table, path, row_group_size=128)
    expected = an.exact_knn(tied, 9, queries=queries)
    partials = [an.partial_knn(path, 9, queries=queries, rows=rows) for rows in split(len(tied), 5, 3)]
    assert_same(an.merge(partials), expected)
    # Damage to a row group is seen by the partial of its rows alone.
    content = bytearray(path.read_bytes())
    column = parquet.ParquetFile(path).metadata.row_group(2).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    path.write_bytes(content)
    an.partial_knn(path, 9, queries=queries, rows=(0, 256))
    an.partial_knn(path, 9, queries=queries, rows=(384, len(tied)))
    with pytest.raises(ValueError, match="base.parquet"):
        an.partial_knn(path, 9, queries=queries, rows=(255, 257))


def test_what_does_not_merge_is_a_value_error_with_the_numbers(tmp_path, clustered, queries):
    def part(rows, k=5, metric="l2", X=clustered, Q=queries):
        return an.partial_knn(X, k, queries=Q, rows=rows, metric=metric)

    first = part((0, 300))
    for others, words in [
        ([], "rows 300:800 are missing"),
        ([first], "rows 0:300 are there twice"),
        ([part((200, 800))], "rows 0:300 and 200:800 overlap"),
        ([part((300, 800), k=6)], "rows 300:800 has k = 6, that of rows 0:300 has k = 5"),
        ([part((300, 800), metric="ip")], "metric ip"),
        ([part((300, 800), Q=queries[:59])], "59 queries, that of rows 0:300 has 60 queries"),
        ([part((300, 800), Q=queries + 1)], "queries with checksum"),
        ([part((300, 799), X=clustered[:799])], "a base of 799 rows"),
        ([part((300, 800), X=clustered[::-1].copy())], "a base of 800 rows"),
        ([part((300, 800), Q=None)], "every base row as a query"),
    ]:
        with pytest.raises(ValueError, match=words):
            an.merge([first, *others])
    with pytest.raises(ValueError, match="no partials"):
        an.merge([])
    path = tmp_path / "first.partial"
    first.save(path)
    with pytest.raises(ValueError, match="not both"):
        an.merge([first, path])
    part((300, 800)).save(tmp_path / "rest.partial")
    content = path.read_bytes()
    changed = content[:900] + bytes([content[900] ^ 1]) + content[901:]
    for damaged in [content[:-1], content[:50], b"", b"\x93NUMPY", changed]:
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="first.partial: "):
            an.merge([tmp_path / "rest.partial", path])
    with pytest.raises(FileNotFoundError, match="no.partial"):
        an.Partial.load(tmp_path / "no.partial")
    for rows in [(5, 5), (700, 801), (6, 5)]:
        with pytest.raises(ValueError, match=f"rows {rows[0]}:{rows[1]}"):
            part(rows)
    with pytest.raises(ValueError, match="k = 801 neighbors out of 800"):
        part((0, 9), k=801)
    with pytest.raises(FileNotFoundError, match="no.npy"):
        an.partial_knn(tmp_path / "no.npy", 3, queries=queries)
