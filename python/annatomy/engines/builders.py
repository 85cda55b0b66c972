"""How a small index of each engine is made over given rows, for the engine table and the tests.

A builder raises ``ImportError`` where its engine is not installed. pgvector runs on the server that the environment
variable ANNATOMY_PGVECTOR names (a connection string of libpq's); one connection serves all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from .._arrays import Float32
from ._engine import Engine


@dataclass(frozen=True)
class Graph:
    """How dense a graph is to be."""

    m: int
    ef_construction: int


#: As users build it, on a small scale; and with so few links that rows are lost.
DENSE, SPARSE = Graph(8, 40), Graph(2, 4)

Build = Callable[[Float32, Graph], Engine]


def builders() -> dict[str, Build]:
    """How each engine's index over given rows is made, by the name it goes by in the table."""
    return {
        "faiss IndexHNSWFlat": partial(_faiss, bounded_queue=True),
        "faiss, search_bounded_queue=False": partial(_faiss, bounded_queue=False),
        "hnswlib Index": _hnswlib,
        "usearch Index": _usearch,
        "hnsw_rs Hnsw": _hnsw_rs,
        "Qdrant EdgeShard": _qdrant_edge,
        "LanceDB IVF_HNSW_FLAT": _lancedb,
        "Milvus Lite HNSW": _milvus_lite,
        "pgvector hnsw": partial(_pgvector, iterative_scan="off"),
        "pgvector hnsw, iterative_scan=strict_order": partial(_pgvector, iterative_scan="strict_order"),
        "pynndescent NNDescent": _pynndescent,
        "DiskANN StaticMemoryIndex": _diskann,
        "SVS Vamana": _svs,
        "NGT Index": _ngt,
        "ScaNN tree": _scann,
        "scikit-learn NearestNeighbors": _scikit_learn,
    }


def _owning(engine: Engine, folder: str) -> Engine:
    """The engine; its folder goes when it does."""
    weakref.finalize(engine, shutil.rmtree, folder, ignore_errors=True)
    return engine


def _faiss(rows: Float32, graph: Graph, *, bounded_queue: bool) -> Engine:
    import faiss

    from .faiss import Faiss

    index = faiss.IndexHNSWFlat(rows.shape[1], graph.m)
    index.hnsw.efConstruction = graph.ef_construction
    index.add(rows)
    index.hnsw.search_bounded_queue = bounded_queue
    return Faiss(index)


def _hnswlib(rows: Float32, graph: Graph) -> Engine:
    import hnswlib

    from .hnswlib import Hnswlib

    index = hnswlib.Index("l2", rows.shape[1])
    index.init_index(len(rows), M=graph.m, ef_construction=graph.ef_construction, random_seed=1)
    index.add_items(rows, num_threads=1)
    return Hnswlib(index)


def _usearch(rows: Float32, graph: Graph) -> Engine:
    from usearch.index import Index

    from .usearch import Usearch

    settings = {"connectivity": graph.m, "expansion_add": graph.ef_construction}
    index = Index(ndim=rows.shape[1], metric="l2sq", dtype="f32", **settings)
    index.add(np.arange(len(rows)), rows, threads=1)
    return Usearch(index)


def _pynndescent(rows: Float32, graph: Graph) -> Engine:
    from pynndescent import NNDescent

    from .pynndescent import Pynndescent

    index = NNDescent(rows, n_neighbors=2 * graph.m - 1, random_state=1)
    index.prepare()
    return Pynndescent(index)


def _diskann(rows: Float32, graph: Graph) -> Engine:
    import diskannpy

    from .diskann import DiskAnn

    folder = tempfile.mkdtemp(prefix="annatomy-diskann-")
    diskannpy.build_memory_index(
        rows, "l2", folder, complexity=graph.ef_construction, graph_degree=2 * graph.m, num_threads=1, alpha=1.2
    )
    index = diskannpy.StaticMemoryIndex(folder, num_threads=1, initial_search_complexity=len(rows))
    return _owning(DiskAnn(index), folder)


def _svs(rows: Float32, graph: Graph) -> Engine:
    import svs

    from .svs import Svs

    settings = svs.VamanaBuildParameters(graph_max_degree=2 * graph.m, window_size=graph.ef_construction)
    return Svs(svs.Vamana.build(settings, rows, svs.DistanceType.L2, num_threads=1))


def _ngt(rows: Float32, graph: Graph) -> Engine:
    import ngtpy

    from .ngt import Ngt

    folder = tempfile.mkdtemp(prefix="annatomy-ngt-")
    path = os.path.join(folder, "index")
    ngtpy.create(path, rows.shape[1], edge_size_for_creation=graph.m, edge_size_for_search=0, distance_type="L2")
    index = ngtpy.Index(path)
    index.batch_insert(rows, num_threads=1)
    return _owning(Ngt(index, epsilon=0.0), folder)


def _scann(rows: Float32, graph: Graph) -> Engine:
    import scann

    from .scann import Scann

    # Five rows a leaf, at any density: there are no links.
    leaves = len(rows) // 5
    tree = scann.scann_ops_pybind.builder(rows, 10, "squared_l2").tree(leaves, leaves, training_sample_size=len(rows))
    return Scann(tree.score_brute_force().build(), leaves)


def _scikit_learn(rows: Float32, graph: Graph) -> Engine:
    from sklearn.neighbors import NearestNeighbors

    from .sklearn import ScikitLearn

    return ScikitLearn(NearestNeighbors(algorithm="brute").fit(rows))


def _hnsw_rs(rows: Float32, graph: Graph) -> Engine:
    from .hnsw_rs import HnswRs

    return HnswRs(rows, m=graph.m, ef_construction=graph.ef_construction)


def _qdrant_edge(rows: Float32, graph: Graph) -> Engine:
    import qdrant_edge as qdrant

    from .qdrant_edge import QdrantEdge

    # A threshold of 1 kB: below it Qdrant searches exactly.
    hnsw = qdrant.HnswIndexConfig(graph.m, graph.ef_construction, 1)
    vector = qdrant.EdgeVectorParams(rows.shape[1], qdrant.Distance.Euclid, hnsw_config=hnsw)
    optimizers = qdrant.EdgeOptimizersConfig(indexing_threshold=1)
    config = qdrant.EdgeConfig(vectors={"v": vector}, hnsw_config=hnsw, optimizers=optimizers)
    folder = tempfile.mkdtemp(prefix="annatomy-qdrant-")
    shard = qdrant.EdgeShard.create(folder, config)
    points = [qdrant.Point(number, {"v": row}) for number, row in enumerate(rows.tolist())]
    shard.update(qdrant.UpdateOperation.upsert_points(points))
    shard.optimize()
    return _owning(QdrantEdge(shard, "v"), folder)


def _lancedb(rows: Float32, graph: Graph) -> Engine:
    import lancedb
    import pyarrow
    from lancedb.index import IvfHnswFlat

    from .lancedb import LanceDb

    vectors = pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(rows.ravel()), rows.shape[1])
    columns = pyarrow.table({"id": np.arange(len(rows)), "vector": vectors})
    folder = tempfile.mkdtemp(prefix="annatomy-lancedb-")
    table = lancedb.connect(folder).create_table("rows", columns)
    # An M below 4 is refused.
    settings = {"m": max(graph.m, 4), "ef_construction": graph.ef_construction}
    table.create_index("vector", config=IvfHnswFlat(distance_type="l2", num_partitions=1, **settings))
    return _owning(LanceDb(table), folder)


def _milvus_lite(rows: Float32, graph: Graph) -> Engine:
    import milvus_lite  # noqa: F401  (what pymilvus starts for a local file)
    from pymilvus import DataType, MilvusClient

    from .milvus_lite import MilvusLite

    folder = tempfile.mkdtemp(prefix="annatomy-milvus-")
    client = MilvusClient(os.path.join(folder, "rows.db"))
    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=rows.shape[1])
    indexes = client.prepare_index_params()
    settings = {"M": graph.m, "efConstruction": graph.ef_construction}
    # pymilvus sends `params` one by one, where Milvus Lite looks for them in one field of that name and else takes M = 16.
    indexes.add_index(field_name="vector", index_type="HNSW", metric_type="L2", params={**settings, "params": settings})
    client.create_collection("rows", schema=schema)
    client.insert("rows", [{"id": number, "vector": row} for number, row in enumerate(rows.tolist())])
    client.flush("rows")
    # Made last, the index is there once the collection is loaded; else it is made while searches are exact.
    client.create_index("rows", indexes)
    client.load_collection("rows")
    return _owning(MilvusLite(client, "rows"), folder)


@cache
def _postgres(server: str) -> Any:
    import psycopg

    connection = psycopg.connect(server, autocommit=True, prepare_threshold=None)
    connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    return connection


def _pgvector(rows: Float32, graph: Graph, *, iterative_scan: str) -> Engine:
    from psycopg import sql

    from .pgvector import PgVector, as_text

    server = os.environ.get("ANNATOMY_PGVECTOR")
    if not server:
        raise ImportError("ANNATOMY_PGVECTOR names no PostgreSQL server")
    connection = _postgres(server)
    (tables,) = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    name = f"rows_{tables}"
    create = sql.SQL("CREATE TABLE {} (id bigint PRIMARY KEY, vector vector({}))")
    connection.execute(create.format(sql.Identifier(name), sql.Literal(rows.shape[1])))
    insert = sql.SQL("INSERT INTO {} VALUES (%s, %s)").format(sql.Identifier(name))
    with connection.cursor() as cursor:
        cursor.executemany(insert, [(number, as_text(row)) for number, row in enumerate(rows)])
    index = sql.SQL("CREATE INDEX ON {} USING hnsw (vector vector_l2_ops) WITH (m = {}, ef_construction = {})")
    connection.execute(index.format(sql.Identifier(name), sql.Literal(graph.m), sql.Literal(graph.ef_construction)))
    return PgVector(connection, name, iterative_scan=iterative_scan)
