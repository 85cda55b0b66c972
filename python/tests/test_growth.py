"""The law of growth: NumPy's line through the means at each size."""

from __future__ import annotations

import annatomy as an
import numpy as np


def test_growth_is_a_law_over_samples_of_the_rows():
    rows = np.random.default_rng(2).normal(size=(1_900, 12)).astype(np.float32)
    found = an.audit(rows, k=5, m=6, ef_construction=30, graphs=1, growth=True)
    growth = found.growth
    sizes = sorted({at["rows"] for at in growth["points"]})
    assert sizes == [growth["rows"] >> halvings for halvings in (4, 3, 2, 1, 0)]
    law = growth["laws"][0]
    means = [np.mean([at["ef"] for at in growth["points"] if at["rows"] == size]) for size in sizes]
    slope, intercept = np.polyfit(np.log2(sizes), means, 1)
    np.testing.assert_allclose([law["law"]["per_doubling"], law["law"]["intercept"]], [slope, intercept], rtol=1e-9)
    assert [at["rows"] for at in law["forecasts"]] == [growth["rows"] * times for times in (1, 10, 100)]
    assert "As the rows grow" in repr(found)
    assert an.audit(rows[:300], k=5, graphs=1).growth is None
