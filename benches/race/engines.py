"""The graphs a user could have picked, behind one face: build, then search at an effort."""

from __future__ import annotations

from typing import Any, Callable

import annatomy as an
import faiss
import hnswlib
import numpy as np
from usearch.index import Index as UsearchIndex

M, EF_CONSTRUCTION = 32, 200

Search = Callable[[np.ndarray, int, int, int], np.ndarray]


def build_annatomy(X: np.ndarray, threads: int) -> Search:
    index = an.Hnsw(X, m=M, ef_construction=EF_CONSTRUCTION, threads=threads, memory_budget_bytes=0)
    return lambda queries, k, ef, threads: index.search(queries, k, ef, threads=threads)[0]


def faiss_index(X: np.ndarray, threads: int) -> faiss.IndexHNSWFlat:
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(X.shape[1], M)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    index.add(X)
    return index


def search_faiss(index: faiss.IndexHNSWFlat) -> Search:
    def search(queries: np.ndarray, k: int, ef: int, threads: int) -> np.ndarray:
        faiss.omp_set_num_threads(threads)
        index.hnsw.efSearch = ef
        return index.search(queries, k)[1]

    return search


def hnswlib_index(X: np.ndarray, threads: int) -> hnswlib.Index:
    index = hnswlib.Index(space="l2", dim=X.shape[1])
    index.init_index(max_elements=len(X), ef_construction=EF_CONSTRUCTION, M=M)
    index.add_items(X, num_threads=threads)
    return index


def search_hnswlib(index: hnswlib.Index) -> Search:
    def search(queries: np.ndarray, k: int, ef: int, threads: int) -> np.ndarray:
        index.set_ef(ef)
        return index.knn_query(queries, k=k, num_threads=threads)[0].astype(np.int64)

    return search


def usearch_index(X: np.ndarray, threads: int) -> UsearchIndex:
    index = UsearchIndex(
        ndim=X.shape[1], metric="l2sq", dtype="f32", connectivity=M, expansion_add=EF_CONSTRUCTION, expansion_search=64
    )
    index.add(np.arange(len(X)), X, threads=threads)
    return index


def search_usearch(index: UsearchIndex) -> Search:
    def search(queries: np.ndarray, k: int, ef: int, threads: int) -> np.ndarray:
        index.expansion_search = ef
        return index.search(queries, k, threads=threads).keys.astype(np.int64)

    return search


#: How a peer makes an index, and how it is searched.
PEERS: dict[str, tuple[Callable[[np.ndarray, int], Any], Callable[[Any], Search]]] = {
    "faiss": (faiss_index, search_faiss),
    "hnswlib": (hnswlib_index, search_hnswlib),
    "usearch": (usearch_index, search_usearch),
}


def builder(name: str) -> Callable[[np.ndarray, int], Search]:
    make, search = PEERS[name]
    return lambda X, threads: search(make(X, threads))


BUILDERS: dict[str, Callable[[np.ndarray, int], Search]] = {
    "annatomy": build_annatomy,
    **{name: builder(name) for name in PEERS},
}


def recall(found: np.ndarray, truth: np.ndarray) -> float:
    """Share of the true neighbors found."""
    return float(np.mean([len(np.intersect1d(a, b)) for a, b in zip(found, truth)])) / truth.shape[1]
