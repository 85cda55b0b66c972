"""The race chooses the OpenBLAS kernel that is fastest among the correct ones."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent.parent / "benches" / "race" / "blas.py"


@pytest.fixture
def blas():
    spec = importlib.util.spec_from_file_location("blas", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_fastest_correct_kernel_is_chosen(blas, monkeypatch):
    found = {
        "": ("Prescott", 8.3, 1e-7),
        "Haswell": ("Haswell", 2.9, 1e-7),
        "SkylakeX": ("SkylakeX", 2.4, 1e-7),
        "Zen": ("Zen", 1.0, 0.5),
    }

    def probe(name):
        kernel, seconds, error = found[name]
        return {"faiss": {"kernel": kernel, "seconds": seconds, "error": error}}

    monkeypatch.setattr(blas, "probe", probe)
    best, lines = blas.choose(list(found))
    assert best == "SkylakeX"
    assert lines == ["faiss: SkylakeX (left to itself Prescott, 3.5 times the time)"]


def test_no_kernel_is_a_candidate_that_the_processor_cannot_run(blas, monkeypatch):
    monkeypatch.setattr(blas, "processor_flags", lambda: {"avx2", "fma"})
    assert blas.candidates() == ["", "Zen", "Haswell"]
    monkeypatch.setattr(blas, "processor_flags", set)
    assert blas.candidates() == [""]


def test_what_the_machine_has_preset_does_not_reach_the_probes(blas, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "512")
    seen = []
    monkeypatch.setattr(blas, "probe_with", lambda environment: seen.append(environment) or {})
    blas.probe("")
    blas.probe("Zen")
    assert "OPENBLAS_CORETYPE" not in seen[0] and seen[1]["OPENBLAS_CORETYPE"] == "Zen"
    assert not any("OPENBLAS_L2_SIZE" in environment for environment in seen) and "OPENBLAS_L2_SIZE" in os.environ
