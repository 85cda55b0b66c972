"""A base, queries and neighbors in VectorDBBench's layout: Parquet files with a column `id` each, the
base's rows in another order than their ids. Needs numpy and pyarrow.

train.parquet      60 rows of 6 columns, ids 1000 to 1059 in a shuffled order
train_0.parquet    the same rows, ids 0 to 59 in a shuffled order
test.parquet       5 queries
neighbors.parquet  per query the ids in train.parquet of its 8 nearest rows, in float64
neighbors_0.npy    the same by the ids in train_0.parquet, but the last column is the farthest row
numbers.npy        the same as neighbors.parquet by row number
"""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

generator = np.random.default_rng(7)
base = generator.standard_normal((60, 6)).astype(np.float32)
queries = generator.standard_normal((5, 6)).astype(np.float32)
ids = generator.permutation(60)

def write(path, name, vectors, ids):
    values = pa.array(list(vectors), type=pa.list_(pa.float32()))
    pq.write_table(pa.table({"id": pa.array(ids, type=pa.int64()), name: values}), path)

write("train.parquet", "emb", base, ids + 1000)
write("train_0.parquet", "emb", base, ids)
write("test.parquet", "emb", queries, np.arange(5))
distances = ((queries[:, None].astype(float) - base[None].astype(float)) ** 2).sum(axis=2)
order = np.argsort(distances, axis=1, kind="stable")
nearest = order[:, :8]
neighbors = pa.array(list(ids[nearest] + 1000), type=pa.list_(pa.int64()))
pq.write_table(pa.table({"id": pa.array(range(5)), "neighbors_id": neighbors}), "neighbors.parquet")
np.save("neighbors_0.npy", ids[np.hstack([nearest[:, :7], order[:, -1:]])])
np.save("numbers.npy", nearest)
