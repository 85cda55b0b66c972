"""How unevenly searches visit rows, and what is lost: the figures behind the warning on hubs in docs/measures/graph-health.md.

    pip install annatomy faiss-cpu numpy
    python hubs.py > hubs.csv        # some ten minutes on two cores

4,000 rows and 500 queries of one kind; FAISS graphs of efConstruction 100; the last lines are the bins of the table.
"""

from __future__ import annotations

import statistics

import annatomy as an
import faiss
import numpy as np

ROWS, QUERIES, K = 4_000, 500, 10
ALL = ROWS + QUERIES
BINS = (0, 2.5, 3.5, 5, 8, float("inf"))
RANDOM = np.random.default_rng(1)


def gaussian(columns):
    return RANDOM.normal(size=(ALL, columns))


def directions(columns):
    rows = gaussian(columns)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def lengths(columns, sigma):
    """Directions with log-normal lengths: short rows are near to all."""
    return directions(columns) * np.exp(sigma * RANDOM.normal(size=(ALL, 1)))


def star(columns, share):
    """A shell, and some rows near its center."""
    rows = directions(columns)
    rows[RANDOM.permutation(ALL)[: int(share * ALL)]] *= 0.2
    return rows


def clusters(columns):
    centers = RANDOM.normal(size=(40, columns)) * 3
    return centers[RANDOM.integers(40, size=ALL)] + gaussian(columns)


def data_sets():
    for columns in (8, 32, 128, 512):
        yield f"gaussian {columns}", gaussian(columns)
    for columns in (32, 128):
        for sigma in (0.3, 0.7, 1.2):
            yield f"lengths {columns} sigma {sigma}", lengths(columns, sigma)
    for columns in (32, 128):
        for share in (0.01, 0.1):
            yield f"star {columns} {share}", star(columns, share)
    for columns in (32, 128):
        yield f"skewed {columns}", np.abs(gaussian(columns)) ** 3
    yield "clusters 32", clusters(32)


def settings(name, both):
    both = both.astype(np.float32)
    rows, queries = np.ascontiguousarray(both[:ROWS]), np.ascontiguousarray(both[ROWS:])
    for m in (4, 16):
        index = faiss.IndexHNSWFlat(rows.shape[1], m)
        index.hnsw.efConstruction = 100
        index.add(rows)
        for ef in (16, 64):
            found = an.audit(rows, index, queries=queries, k=K, efs=ef)
            (health,) = found.graphs["health"]
            hubs, itself = health["hubs"], health["self_recall"]["point"]
            overlap = next(cell for cell in found.cells if cell["what"] == "effort")["overlap"]
            print(f"{name},{m},{ef},{hubs['top_share']:.3f},{hubs['random_share']:.3f},{itself:.3f},{overlap:.3f}", flush=True)
            yield hubs["top_share"] / hubs["random_share"], itself, overlap


def main():
    faiss.omp_set_num_threads(1)  # the same graph at every run
    print("data,m,ef,top_share,random_share,self_recall,overlap")
    found = [setting for name, both in data_sets() for setting in settings(name, both)]
    list(settings("lengths 128 sigma 0.7, scaled to one", directions(128)))
    print("\nratio from,to,settings,self-recall least,median,most,overlap median")
    for begin, end in zip(BINS, BINS[1:]):
        itself, overlap = zip(*(row[1:] for row in found if begin <= row[0] < end))
        middle = statistics.median(itself)
        print(f"{begin},{end},{len(itself)},{min(itself):.3f},{middle:.3f},{max(itself):.3f},{statistics.median(overlap):.3f}")


if __name__ == "__main__":
    main()
