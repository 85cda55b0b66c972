"""Makes the saved indexes and the engines' own answers that `import.rs` reads.

Needs faiss-cpu 1.15, hnswlib 0.8 and NumPy. Answers hold one row per query, -1 where a slot is empty.
"""

import pathlib

import faiss
import hnswlib
import numpy as np

HERE = pathlib.Path(__file__).parent
ROWS, COLUMNS, QUERIES = 200, 12, 60
CELLS = [(4, 3), (4, 40), (16, 10), (16, 150), (60, 60)]


def rows():
    generator = np.random.default_rng(7)
    centers = 2 * generator.standard_normal((6, COLUMNS))
    return (centers[generator.integers(0, 6, ROWS)] + generator.standard_normal((ROWS, COLUMNS))).astype("f4")


def save_faiss(name, graph, index, vectors):
    faiss.write_index(index, str(HERE / f"{name}.index"))
    for ef, k in CELLS:
        graph.hnsw.efSearch = ef
        np.save(HERE / f"{name}_ef{ef}_k{k}.npy", index.search(vectors[:QUERIES], k)[1].astype("i2"))


def save_hnswlib(name, index, vectors):
    index.save_index(str(HERE / f"{name}.index"))
    for ef, k in CELLS:
        index.set_ef(ef)
        np.save(HERE / f"{name}_ef{ef}_k{k}.npy", index.knn_query(vectors[:QUERIES], k)[0].astype("i2"))


def main():
    vectors = rows()
    np.save(HERE / "rows.npy", vectors)
    plain = faiss.IndexHNSWFlat(COLUMNS, 4)
    plain.add(vectors)
    save_faiss("faiss_l2", plain, plain, vectors)
    product = faiss.IndexHNSWFlat(COLUMNS, 3, faiss.METRIC_INNER_PRODUCT)
    mapped = faiss.IndexIDMap(product)
    mapped.add_with_ids(vectors, 1000 + 3 * np.arange(ROWS))
    save_faiss("faiss_ip_mapped", product, mapped, vectors)
    shuffled = np.random.default_rng(8).permutation(ROWS)
    for name, space, labels in [("hnswlib_l2", "l2", shuffled), ("hnswlib_cosine", "cosine", 5000 - shuffled)]:
        index = hnswlib.Index(space, COLUMNS)
        index.init_index(ROWS + 20, M=6, ef_construction=40)
        index.add_items(vectors[shuffled], labels, num_threads=1)
        save_hnswlib(name, index, vectors)
    of_few_distances((vectors > 0).astype("f4"))


def of_few_distances(bits):
    for name, metric in [("faiss_bits_l2", faiss.METRIC_L2), ("faiss_bits_ip", faiss.METRIC_INNER_PRODUCT)]:
        index = faiss.IndexHNSWFlat(COLUMNS, 4, metric)
        index.add(bits)
        save_faiss(name, index, index, bits)
    index = hnswlib.Index("l2", COLUMNS)
    index.init_index(ROWS, M=6, ef_construction=40)
    index.add_items(bits, num_threads=1)
    save_hnswlib("hnswlib_bits_l2", index, bits)


if __name__ == "__main__":
    main()
