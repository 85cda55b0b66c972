"""The table of points that Embedding Atlas opens, read by pyarrow and by that package's own loader."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest


@pytest.fixture(scope="module")
def audited(clustered):
    return an.audit(clustered, k=[5, 20], efs=[4, 16], graphs=1)


def test_every_figure_of_a_query_is_in_its_row(audited, clustered, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "points.parquet"
    rows = len(clustered)
    audited.atlas(path, texts=[f"row {row}" for row in range(rows)])
    table = parquet.read_table(path)
    assert table.num_rows == rows
    assert table["query"].to_pylist() == list(range(rows))
    assert table["text"].to_pylist()[7] == "row 7"
    np.testing.assert_array_equal(np.stack([table["x"], table["y"]], axis=1).astype(np.float32), audited.map)
    per_query = audited.per_query.to_pandas()
    for (k, ef), cell in per_query.groupby(["k", "ef"]):
        for name in per_query.columns.drop(["query", "k"]):
            column = table[f"{name}_k{k}_ef{int(ef)}"].to_numpy(zero_copy_only=False)
            np.testing.assert_array_equal(column.astype(float), cell[name].to_numpy(dtype=float), err_msg=name)
    kind = table.schema.field("neighbors").type
    assert [kind.field(place).name for place in range(kind.num_fields)] == ["ids", "distances"]
    assert kind.field("ids").type.value_type == pyarrow.int64()
    near, far = an.exact_knn(clustered, 15)
    for row, neighbors in enumerate(table["neighbors"].to_pylist()):
        assert neighbors["ids"] == near[row].tolist()
        np.testing.assert_allclose(neighbors["distances"], far[row], rtol=1e-5)


def test_of_held_out_queries_neighbors_are_rows_of_the_table(clustered, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "points.parquet"
    queries = clustered[:60] + np.float32(0.01)
    an.audit(clustered, queries=queries, k=5, efs=[8], graphs=1).atlas(path)
    table = parquet.read_table(path)
    near, _ = an.exact_knn(queries, 15)
    assert [row["ids"] for row in table["neighbors"].to_pylist()] == near.tolist()
    assert "overlap_k5" in table.column_names and "text" not in table.column_names


def test_wrong_texts_and_places_are_refused(audited, clustered, tmp_path):
    with pytest.raises(ValueError, match=f"2 texts for {len(clustered)} rows"):
        audited.atlas(tmp_path / "points.parquet", texts=["a", "b"])
    with pytest.raises(ValueError, match=".parquet"):
        audited.atlas(tmp_path / "points.csv")
    with pytest.raises(OSError):
        audited.atlas(tmp_path / "missing" / "points.parquet")


def test_embedding_atlas_loads_it(audited, clustered, tmp_path):
    utils = pytest.importorskip("embedding_atlas.utils")
    path = tmp_path / "points.parquet"
    audited.atlas(path)
    frame = utils.load_pandas_data(str(path))
    assert len(frame) == len(clustered) and {"x", "y", "neighbors"} <= set(frame.columns)
    assert sorted(frame["neighbors"][0]) == ["distances", "ids"] and len(frame["neighbors"][0]["ids"]) == 15
