"""Makes the saved indexes and FAISS's own answers that `answers.rs` reads.

Needs faiss-cpu 1.15 and NumPy, and runs at FAISS_SIMD_LEVEL=AVX2:

    FAISS_SIMD_LEVEL=AVX2 python make_goldens.py [FOLDER [ROWS [COLUMNS [SEED]]]]

`NAME.index` is the index, `NAME.npy` its answers as int16, -1 where a slot is empty: for each effort, each k and
each query k ids. Searches are one query at a time, so that cells are ranked without BLAS. Folders other than this
one get all kinds, not only those that are committed.
"""

import pathlib
import sys

import faiss
import numpy as np

EFFORTS = [1, 2, 3, 5, 8, 13]
KS = [1, 5, 10, 40]
QUERIES = 12
CELLS = 13

arguments = sys.argv[1:]
FOLDER = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent)
ROWS, COLUMNS, SEED = (int(x) for x in (arguments[1:] + ["200", "16", "7"][len(arguments[1:]):]))


def rows():
    generator = np.random.default_rng(SEED)
    centers = 2 * generator.standard_normal((9, COLUMNS))
    vectors = centers[generator.integers(0, 9, ROWS)] + generator.standard_normal((ROWS, COLUMNS))
    return vectors.astype("f4")


def of_type(kind):
    return getattr(faiss.ScalarQuantizer, kind)


SCALAR = {
    "sq8": "QT_8bit", "sq6": "QT_6bit", "sq4": "QT_4bit", "sq8u": "QT_8bit_uniform", "sq4u": "QT_4bit_uniform",
    "fp16": "QT_fp16", "bf16": "QT_bf16", "direct": "QT_8bit_direct", "signed": "QT_8bit_direct_signed",
}  # fmt: skip
METRICS = {"l2": faiss.METRIC_L2, "ip": faiss.METRIC_INNER_PRODUCT}


def flat(metric, columns=COLUMNS):
    return faiss.IndexFlat(columns, metric)


def indexes():
    """Name, index, the part whose effort is set."""
    parts = max(m for m in (1, 2, 4, 5, 8) if COLUMNS % m == 0 and m <= COLUMNS // 2)
    for name, metric in METRICS.items():
        for sq, kind in SCALAR.items():
            index = faiss.IndexHNSWSQ(COLUMNS, of_type(kind), 5, metric)
            yield f"hnsw_{sq}_{name}", index, index
            for residual in (False, True) if sq in ("sq8", "sq8u", "fp16") else (False,):
                index = faiss.IndexIVFScalarQuantizer(flat(metric), COLUMNS, CELLS, of_type(kind), metric, residual)
                yield f"ivf_{sq}{'_residual' * residual}_{name}", index, index
        for kind, values in ("", faiss.Float32), ("_fp16", faiss.Float16):
            index = faiss.IndexHNSWCagra(COLUMNS, 5, metric, values)
            yield f"hnsw_cagra{kind}_{name}", index, index
        for links in (4, 9):
            index = faiss.IndexNSGFlat(COLUMNS, links, metric)
            index.GK = 12
            yield f"nsg{links}_{name}", index, index
        index = faiss.IndexNSGFlat(COLUMNS, 6, metric)
        index.GK = 12
        yield f"nsg_repeated_{name}", index, index
        index = faiss.IndexNSGSQ(COLUMNS, of_type("QT_8bit"), 6, metric)
        index.GK = 12
        yield f"nsg_sq8_{name}", index, index
        index = faiss.IndexIVFFlat(flat(metric), COLUMNS, CELLS, metric)
        yield f"ivf_flat_{name}", index, index
        for bits in (8, 4, 6):
            index = faiss.IndexHNSWPQ(COLUMNS, parts, 5, bits, metric)
            yield f"hnsw_pq{bits}_{name}", index, index
            for residual in (False, True):
                index = faiss.IndexIVFPQ(flat(metric), COLUMNS, CELLS, parts, bits, metric)
                index.by_residual = residual
                yield f"ivf_pq{bits}{'_residual' * residual}_{name}", index, index
        coarse = faiss.IndexHNSWFlat(COLUMNS, 3, metric)
        index = faiss.IndexIVFFlat(coarse, COLUMNS, CELLS, metric)
        index.quantizer_trains_alone = 2
        yield f"ivf_hnsw_{name}", index, index
        yield f"sq8_{name}", faiss.IndexScalarQuantizer(COLUMNS, of_type("QT_8bit"), metric), None
        yield f"pq8_{name}", faiss.IndexPQ(COLUMNS, parts, 8, metric), None
        yield f"flat_{name}", flat(metric), None
        inner = faiss.IndexIVFPQ(flat(metric), COLUMNS, CELLS, parts, 8, metric)
        index = faiss.IndexRefineFlat(inner)
        index.k_factor = 2.5
        yield f"ivf_pq8_refined_{name}", index, inner
    half = COLUMNS // 2
    for name, metric in METRICS.items():
        inner = faiss.IndexIVFScalarQuantizer(flat(metric, half), half, CELLS, of_type("QT_8bit"), metric, False)
        index = faiss.IndexPreTransform(faiss.PCAMatrix(COLUMNS, half), inner)
        yield f"pca_ivf_sq8_{name}", index, inner
        inner = faiss.IndexHNSWFlat(COLUMNS, 5, metric)
        index = faiss.IndexPreTransform(faiss.NormalizationTransform(COLUMNS), inner)
        index.prepend_transform(faiss.RandomRotationMatrix(COLUMNS, COLUMNS))
        yield f"rotated_unit_hnsw_{name}", index, inner
    index = faiss.IndexNSGPQ(COLUMNS, parts, 6, 8)
    index.GK = 12
    yield "nsg_pq8_l2", index, index
    inner = faiss.IndexNSGFlat(COLUMNS, 6)
    inner.GK = 12
    yield "mapped_nsg_l2", faiss.IndexIDMap2(inner), inner
    inner = faiss.IndexIVFPQ(flat(faiss.METRIC_L2), COLUMNS, CELLS, parts, 6)
    transformed = faiss.IndexPreTransform(faiss.OPQMatrix(COLUMNS, parts), inner)
    refined = faiss.IndexRefineFlat(transformed)
    refined.k_factor = 3
    mapped = faiss.IndexIDMap2(refined)
    yield "mapped_refined_opq_ivf_pq6", mapped, inner


def search(index, part, queries):
    answers = []
    for effort in EFFORTS:
        if isinstance(part, faiss.IndexIVF):
            part.nprobe = effort
        elif isinstance(part, faiss.IndexNSG):
            part.nsg.search_L = effort
        elif part is not None:
            part.hnsw.efSearch = effort
        for k in KS:
            found = [index.search(queries[i : i + 1], k)[1][0] for i in range(QUERIES)]
            answers.append(np.array(found).ravel())
    return np.concatenate(answers)


def main():
    faiss.omp_set_num_threads(1)
    vectors = rows()
    np.save(FOLDER / "rows.npy", vectors)
    small = FOLDER == pathlib.Path(__file__).parent
    for name, index, part in indexes():
        if small and name not in COMMITTED:
            continue
        data = vectors
        if "direct" in name or "signed" in name:
            shift = 128 * ("direct" in name)
            data = np.clip(np.round(12 * vectors) + shift, shift - 128, shift + 127).astype("f4")
            np.save(FOLDER / f"rows_{name}.npy", data)
        # The PQ that an OPQ is trained with has 256 centroids.
        index.train(np.tile(data, (2, 1)))
        if name.startswith("mapped"):
            index.add_with_ids(data, np.random.default_rng(3).permutation(ROWS))
        elif name == "ivf_flat_ip":
            index.add_with_ids(data, 1000 + 3 * np.arange(ROWS))
        else:
            index.add(data)
        if "repeated" in name:
            # FAISS builds such graphs of more rows under the inner product: an entry point with a link twice.
            graph = index.nsg.get_final_graph()
            links = faiss.rev_swig_ptr(graph.data, ROWS * graph.K).reshape(ROWS, graph.K)
            links[index.nsg.enterpoint, 3] = links[index.nsg.enterpoint, 0]
        queries = data[::16][:QUERIES] + np.float32(0.0 if data is not vectors else 0.25)
        answers = search(index, part, queries)
        faiss.write_index(index, str(FOLDER / f"{name}.index"))
        np.save(FOLDER / f"{name}.npy", answers.astype("i2"))


COMMITTED = [
    "hnsw_sq8_l2", "hnsw_sq4u_ip", "hnsw_fp16_l2", "hnsw_pq4_l2", "hnsw_cagra_l2",
    "hnsw_cagra_fp16_ip", "ivf_flat_l2", "ivf_flat_ip", "ivf_sq8_residual_l2",
    "ivf_sq6_ip", "ivf_pq4_residual_l2", "ivf_pq6_ip", "ivf_hnsw_l2", "ivf_direct_l2", "pca_ivf_sq8_l2",
    "nsg4_l2", "nsg9_ip", "nsg_repeated_ip", "nsg_sq8_l2", "mapped_nsg_l2",
    "rotated_unit_hnsw_ip", "mapped_refined_opq_ivf_pq6",
]  # fmt: skip

if __name__ == "__main__":
    main()
