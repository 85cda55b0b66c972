"""Seeded data that every test shares."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture(scope="session")
def clustered() -> np.ndarray:
    """800 × 24 float32 in twelve clusters."""
    generator = np.random.default_rng(3)
    centers = generator.normal(scale=2.0, size=(12, 24))
    return (centers[generator.integers(12, size=800)] + generator.normal(size=(800, 24))).astype(np.float32)


@pytest.fixture(scope="session")
def queries() -> np.ndarray:
    """60 × 24 float32."""
    return np.random.default_rng(4).normal(scale=2.0, size=(60, 24)).astype(np.float32)


@pytest.fixture(scope="session")
def assert_same():
    """Asserts that ids are those of one run. Its distances are float32 sums, those of partials rounded from float64."""

    def check(found, expected):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_allclose(found[1], expected[1], rtol=1e-3, atol=1e-5)
        assert found[0].dtype == np.int64 and found[1].dtype == np.float32

    return check
