#!/usr/bin/env python3
"""Reference figures for the LID estimators.

    pip install numpy scikit-dimension
    python lid.py            # writes lid.json beside itself

Distances are made by rule, (i + noise)^(1/m), and rounded to float32; scikit-dimension estimates from them. Amsaleg's 1/k form and
MacKay & Ghahramani's mean of inverses, which it does not have, are written out.
"""
import json, pathlib
import numpy as np
from skdim.id import MLE, MOM, TwoNN

rng = np.random.default_rng(5)
lists = [np.sort(((np.arange(1, k + 1) + rng.uniform(0, 1, k)) / k) ** (1 / m)).astype("f4")
         for k in (2, 3, 10, 50, 200) for m in (1.5, 6.0, 20.0)]
mle, mom = MLE(), MOM()
queries = []
for d in lists:
    d = d.astype("f8")
    levina_bickel = mle._maxLikDimEstFromR_haro_approx(d, 0)
    queries.append({"distances": d.tolist(), "maximum-likelihood": levina_bickel,
                    "amsaleg": -1 / np.mean(np.log(d / d[-1])),
                    "mackay-ghahramani": levina_bickel, "method-of-moments": mom._mom(d[None])[0]})

pairs = np.sort(rng.gamma(3, 1, (300, 2)), axis=1)
n = len(pairs)
unbiased = TwoNN(discard_fraction=0.0, method="mle", dist=True).fit(pairs).dimension_
two_nn = {"ratios": (pairs[:, 1] / pairs[:, 0]).tolist(), "maximum_likelihood": unbiased * n / (n - 1)}
estimates = [q["maximum-likelihood"] for q in queries]
over = {"maximum-likelihood": float(np.mean(estimates)), "mackay-ghahramani": float(1 / np.mean(1 / np.array(estimates)))}
here = pathlib.Path(__file__).parent
(here / "lid.json").write_text(json.dumps(dict(queries=queries, over_queries=over, two_nn=two_nn), separators=(",", ":")) + "\n")
