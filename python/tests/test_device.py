"""Exact neighbors by a device: NumPy stands in for it, with the errors that a GPU may make."""

from __future__ import annotations

import types

import annatomy as an
import numpy as np
import pytest
from annatomy import _device
from annatomy._device import ByArrays, exact_knn_on, opened

METRICS = ["l2", "cosine", "ip"]


def drawn(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    centers = draw.normal(size=(12, columns))
    points = centers[draw.integers(12, size=rows)] + 0.3 * draw.normal(size=(rows, columns))
    return points.astype(np.float32)


def check(device: ByArrays, rows: np.ndarray, queries: np.ndarray | None, k: int, metric: str) -> None:
    ids, distances = exact_knn_on(device, rows, queries, k, metric, 1, None)
    expected = an.exact_knn(rows, k, queries=queries, metric=metric)
    np.testing.assert_array_equal(ids, expected[0])
    np.testing.assert_allclose(distances, expected[1], rtol=1e-4, atol=1e-6)


class Counting(ByArrays):
    """NumPy, and how many products it was asked for."""

    products = 0

    def bounds(self, queries, rows, factor, of_rows):
        self.products += len(queries) * len(rows)
        return super().bounds(queries, rows, factor, of_rows)


class TensorCores(ByArrays):
    """Factors of 11 bits, as TF32 has them."""

    def __init__(self) -> None:
        super().__init__(np, 2.0**-11)

    def bounds(self, queries, rows, factor, of_rows):
        def rounded(array):
            return ((array.view(np.uint32) + 0x0FFF) & 0xFFFF_E000).astype(np.uint32).view(np.float32)

        return super().bounds(rounded(np.ascontiguousarray(queries)), rounded(rows), factor, of_rows)


class Adversary(ByArrays):
    """Every product is off by the most that d roundings can amount to: too far for some rows, too near for others."""

    def bounds(self, queries, rows, factor, of_rows):
        exact = queries.astype(np.float64) @ rows.astype(np.float64).T
        lengths = np.outer(np.linalg.norm(queries, axis=1), np.linalg.norm(rows, axis=1))
        signs = np.where((np.arange(len(rows)) + np.arange(len(queries))[:, None]) % 2, 1, -1)
        return (factor * (exact + signs * lengths * rows.shape[1] * 2.0**-24) + of_rows).astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_device, "ROWS_AT_ONCE", 257)
    monkeypatch.setattr(_device, "QUERIES_AT_ONCE", 50)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("device", [Counting(np), TensorCores(), Adversary(np)], ids=lambda device: type(device).__name__)
def test_ids_are_those_of_the_processor(device: ByArrays, metric: str) -> None:
    rows, queries = drawn(1500, 40), drawn(120, 40, seed=1)
    for k in [1, 7, 100]:
        check(device, rows, queries, k, metric)
        check(device, rows, None, k, metric)
    # Every row is a candidate, and more.
    check(device, rows[:90], queries, 90, metric)
    check(device, rows[:90], None, 89, metric)


@pytest.mark.parametrize("metric", METRICS)
def test_most_queries_are_settled_by_the_first_candidates(metric: str) -> None:
    device, rows, queries = Counting(np), drawn(3000, 32), drawn(200, 32, seed=1)
    check(device, rows, queries, 10, metric)
    assert 600_000 <= device.products < 700_000, "one product a pair, few twice"


@pytest.mark.filterwarnings("ignore:.*searched by the processor")
@pytest.mark.parametrize("metric", METRICS)
def test_ties_twins_and_offsets(metric: str) -> None:
    draw = np.random.default_rng(5)
    lattice = draw.integers(1, 4, size=(2000, 4)).astype(np.float32)
    check(ByArrays(np), lattice, lattice[:60] + 1, 12, metric)
    check(ByArrays(np), lattice, None, 12, metric)
    twins = np.repeat(drawn(40, 16), 50, axis=0)
    check(ByArrays(np), twins, None, 30, metric)
    far = drawn(1500, 24) + 3000
    check(Adversary(np), far, far[:50] + 0.01, 9, metric)
    # One far row, and lengths apart by many orders.
    lone = drawn(1200, 24)
    lone[7] *= 1e5
    check(Adversary(np), lone, lone[:40], 5, metric)
    scaled = drawn(1200, 24) * np.logspace(-9, 6, 1200, dtype=np.float32)[:, None]
    check(Adversary(np), scaled, scaled[::31].copy(), 5, metric)


@pytest.mark.filterwarnings("ignore:.*searched by the processor")
def test_what_float32_cannot_multiply_is_left_to_the_processor() -> None:
    for scale in [1e-18, 1e17]:
        rows = drawn(300, 8) * np.float32(scale)
        device = Counting(np)
        check(device, rows, None, 3, "l2")
        assert device.products == 0


def test_a_certificate_that_never_holds_is_said() -> None:
    rows = drawn(2000, 16) * np.float32(1e-3)
    rows[:1000] += 1000
    rows[1000:] -= 1000
    with pytest.warns(RuntimeWarning, match="of 2000 queries were searched by the processor"):
        check(ByArrays(np), rows, None, 10, "l2")


def test_what_is_wrong_is_said_as_without_a_device() -> None:
    rows = drawn(50, 8)
    for wrong, options in [
        (rows, {"k": 50}),
        (np.where(rows > 2, np.float32(np.nan), rows), {"k": 3}),
        (np.vstack([rows, np.zeros((1, 8), np.float32)]), {"k": 3, "metric": "cosine"}),
        (rows, {"k": 3, "queries": np.ascontiguousarray(rows[:, :5])}),
        (rows, {"k": 3, "metric": "l3"}),
    ]:
        queries = options.get("queries")
        with pytest.raises(ValueError) as on_device:
            exact_knn_on(ByArrays(np), wrong, queries, options["k"], options.get("metric", "l2"), 1, None)
        with pytest.raises(ValueError) as by_processor:
            an.exact_knn(wrong, **options)
        assert str(on_device.value) == str(by_processor.value)


def test_options_that_do_not_go_together_and_devices_that_are_not_there() -> None:
    rows = drawn(50, 8)
    with pytest.raises(ValueError, match="device= is for one array or file"):
        an.exact_knn([rows, rows], 3, queries=rows, device="cuda")
    try:
        import torch
    except ImportError:
        return
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="finds no CUDA device"):
            an.exact_knn(rows, 3, device="cuda")
    with pytest.raises(ValueError, match="device='no such'"):
        an.exact_knn(rows, 3, device="no such")
    with pytest.raises(ValueError, match="device='meta': how far its products are off is not known"):
        an.exact_knn(rows, 3, device="meta")


class Settings:
    """PyTorch's settings of precision, by its older names or by its newer ones."""

    def __init__(self, older: str | None, cuda: str = "none", processor: str = "none") -> None:
        of = types.SimpleNamespace
        self.older = older
        self.backends = of(
            cuda=of(matmul=of(fp32_precision=cuda)), mkldnn=of(matmul=of(fp32_precision=processor))
        )

    def get_float32_matmul_precision(self) -> str:
        if self.older is None:
            raise RuntimeError("a mix of the legacy and new APIs")
        return self.older


@pytest.mark.parametrize(
    ("settings", "cuda", "processor"),
    [
        (Settings("highest"), 0, 0),
        (Settings("high"), 2**-11, 2**-11),
        (Settings("medium"), 2**-8, 2**-8),
        (Settings(None, cuda="tf32"), 2**-11, 0),
        (Settings(None, cuda="ieee", processor="bf16"), 0, 2**-8),
    ],
)
def test_what_pytorch_may_round_is_read_from_its_settings(settings: Settings, cuda: float, processor: float) -> None:
    assert _device.rounding_of_factors(settings, "cuda") == cuda
    assert _device.rounding_of_factors(settings, "cpu") == processor


@pytest.mark.parametrize("metric", METRICS)
def test_pytorch(metric: str, tmp_path) -> None:
    torch = pytest.importorskip("torch")
    names = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    rows, queries = drawn(3000, 48), drawn(300, 48, seed=1)
    np.save(tmp_path / "rows.npy", rows)
    for name in names:
        for precision in ["highest", "high"]:
            before = torch.get_float32_matmul_precision()
            torch.set_float32_matmul_precision(precision)
            try:
                check(opened(name), rows, queries, 10, metric)
                ids, _ = an.exact_knn(tmp_path / "rows.npy", 10, metric=metric, device=name)
            finally:
                torch.set_float32_matmul_precision(before)
            np.testing.assert_array_equal(ids, an.exact_knn(rows, 10, metric=metric)[0])
