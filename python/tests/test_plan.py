"""A plan's shares are those of the rows, and its memory holds a block and the queries."""

from __future__ import annotations

import annatomy as an
import numpy as np
import pytest


def test_each_number_of_nodes_has_a_row(tmp_path):
    base = np.random.default_rng(0).normal(size=(3_000, 16)).astype(np.float32)
    np.save(tmp_path / "base.npy", base)
    plan = an.plan_knn(tmp_path / "base.npy", 10, queries=base[:40], nodes=[1, 7], threads=1).to_columns()
    assert list(plan["nodes"]) == [1, 7]
    assert list(plan["rows"]) == [3_000, 429]
    assert list(plan["partial_bytes"]) == [40 * 10 * 12] * 2
    assert plan["seconds"][0] == pytest.approx(plan["seconds"][1] * 3_000 / 429)
    assert plan["memory_bytes"][0] > plan["memory_bytes"][1] > 32 << 20
    assert len(an.plan_knn(str(tmp_path / "base.npy"), 10)) == 7
    assert len(an.plan_knn(tmp_path / "base.npy", 10, queries=base[:4], nodes=[2, 3_001])) == 1
    nothing = np.full((2, 16), np.nan, np.float32)
    for arguments, words in [({"k": 5, "queries": nothing}, "NaN"), ({"k": 5, "queries": base[:, :3].copy()}, "3 columns"), ({"k": 3_000}, "3000 neighbors"), ({"k": 5, "nodes": [0]}, "from 1 on"), ({"k": 5, "metric": "l3"}, "l3")]:
        with pytest.raises(ValueError, match=words):
            an.plan_knn(tmp_path / "base.npy", **arguments)
