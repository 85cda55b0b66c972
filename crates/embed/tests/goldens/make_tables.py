"""Writes tables of pictures into tables/, in the layout of Hugging Face's `datasets`. Needs pyarrow.

What a reviewer should expect: bytes change with pyarrow's version, rows do not.
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
NAMES = ["gray.jpg", "lossy.webp", "sampled_2.jpg"]


def main():
    tables = HERE / "tables"
    tables.mkdir(exist_ok=True)
    content = [(HERE / "pictures" / name).read_bytes() for name in NAMES]
    labels = pa.array([0, 1, 2, 3, 4], pa.int64())

    # Row 1 is no picture, row 3 has no bytes, row 4 no path.
    rows = [
        {"bytes": content[0], "path": NAMES[0]},
        {"bytes": b"no picture", "path": "broken.jpg"},
        {"bytes": content[1], "path": NAMES[1]},
        {"bytes": None, "path": "elsewhere.jpg"},
        {"bytes": content[2], "path": None},
    ]
    image = pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    features = b'{"info": {"features": {"image": {"_type": "Image"}, "label": {"dtype": "int64", "_type": "Value"}}}}'
    table = pa.table({"image": image, "label": labels}).replace_schema_metadata({b"huggingface": features})
    pq.write_table(table, tables / "hugging_face.parquet", row_group_size=2, compression="snappy")

    large = pa.array([*content, None, content[0]], pa.large_binary())
    other = pa.array([b"mask"] * 5, pa.binary())
    pq.write_table(pa.table({"photo": large, "label": labels}), tables / "binary.parquet", compression="zstd")
    pq.write_table(pa.table({"photo": large, "mask": other}), tables / "two_columns.parquet", compression="none")
    pq.write_table(pa.table({"label": labels}), tables / "no_pictures.parquet")


if __name__ == "__main__":
    main()
