"""The explorer of an audit from Python."""

from __future__ import annotations

import annatomy as an
import numpy as np


def test_the_map_is_of_the_queries_and_the_same_at_every_run():
    rows = np.random.default_rng(3).normal(size=(150, 8)).astype(np.float32)
    found = [an.audit(rows, k=[5, 20], graphs=1) for _ in range(2)]
    assert found[0].map.shape == (150, 2) and found[0].map.dtype == np.float32
    assert np.isfinite(found[0].map).all()
    np.testing.assert_array_equal(found[0].map, found[1].map)
    assert an.audit(rows, k=[5], graphs=1, sample=40).map.shape == (40, 2)


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    rows = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    shown = an.audit(rows, k=[5], graphs=1).explore(height=700)
    frame = shown._repr_html_()
    assert frame.startswith("<iframe srcdoc=\"&lt;!DOCTYPE html&gt;") and "height:700px" in frame
    assert frame.count("<") == 2 and "explorer-data" in shown.page
