#!/usr/bin/env python3
"""Reference values of trustworthiness.

    pip install numpy scikit-learn
    python trustworthiness.py    # writes trustworthiness.json beside itself

The points' first two coordinates stand for what an index sees; `ranks` are the full-space ranks of its neighbors.
"""
import json, pathlib
import numpy as np
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

N, K = 60, 7
x = np.random.default_rng(3).normal(size=(N, 5))
seen = x[:, :2]
order = NearestNeighbors(n_neighbors=N - 1).fit(x).kneighbors(return_distance=False)
found = NearestNeighbors(n_neighbors=K).fit(seen).kneighbors(return_distance=False)
ranks = [[int(np.flatnonzero(order[q] == id)[0]) for id in found[q]] for q in range(N)]
document = dict(n=N, k=K, ranks=ranks, trustworthiness=float(trustworthiness(x, seen, n_neighbors=K)))
(pathlib.Path(__file__).parent / "trustworthiness.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
