"""The race chooses the OpenBLAS kernel that is fastest among the correct ones, and names the processor in its records."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benches" / "race"


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def blas():
    return loaded("blas")


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


def cpuinfo(vendor, family, model, name):
    one = [f"vendor_id\t: {vendor}", f"cpu family\t: {family}", f"model\t\t: {model}", f"model name\t: {name}"]
    return ["processor\t: 0", *one, "", "processor\t: 1", *one]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (cpuinfo("AuthenticAMD", 26, 2, "AMD EPYC"), "zen5"),
        (cpuinfo("AuthenticAMD", 25, 17, "AMD EPYC 9R14"), "zen4"),
        (cpuinfo("AuthenticAMD", 25, 1, "AMD EPYC 7763 64-Core Processor"), "zen3"),
        (cpuinfo("GenuineIntel", 6, 143, "Intel(R) Xeon(R) Platinum 8481C"), "sapphire-rapids"),
        (cpuinfo("GenuineIntel", 6, 1000, "Intel(R) Xeon(R) 1 CPU @ 2.70GHz"), "intel-r-xeon-r-1-cpu-2-70ghz"),
        (["processor\t: 0", "model name\t: ARMv7 Processor rev 4 (v7l)"], "armv7-processor-rev-4-v7l"),
    ],
)
def test_records_are_named_by_the_processor(lines, name):
    assert loaded("processor").processor(lines) == name


def test_a_processor_without_a_name_is_named_by_its_instructions(monkeypatch):
    module = loaded("processor")
    monkeypatch.setattr(module.platform, "machine", lambda: "aarch64")
    assert module.processor([]) == "aarch64"
    assert module.processor(["processor\t: 0", "CPU implementer\t: 0x41"]) == "aarch64"
