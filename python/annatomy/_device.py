"""Exact neighbors on a GPU: candidates by its float32 products, settled in float64 by the processor.

Enters: rows and queries, a device of PyTorch or CuPy. Leaves: the ids of :func:`annatomy.exact_knn`. The device computes a
lower bound on every reduced distance, its own rounding included, and keeps the rows with the smallest. Their order by
float64 is that of all rows if the k-th is nearer than the largest bound that was kept. Queries of which that cannot be
said are asked once more for more candidates, then searched by the processor alone. Cost: q·n·d products on the device,
the rows to it once, and d flops in float64 a candidate.

With u the unit roundoff of sums and v that of factors (0, or TF32's), any order of summation gives |computed − ⟨x, y⟩| ≤
c·‖x‖‖y‖, c = 1.1·(d + 64)·u + 2.02·v, which is more than γ_d of Higham 2002, §3.1, and all other roundings here. So, with
2‖x‖‖y‖ ≤ ‖x‖² + ‖y‖², which splits into what belongs to a query and what to a row:

    ‖x − y‖² ≥ (1 − 2c)·‖x‖² + (1 − 2c)·‖y‖² − 2⟨x, y⟩        −⟨x, y⟩ ≥ −⟨x, y⟩ − c/2·(‖x‖² + ‖y‖²)
"""

from __future__ import annotations

import math
import os
import warnings
from typing import Any, Optional, Protocol

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Float32, Int64

#: Rows and queries that are multiplied at once: 134 MB of products.
ROWS_AT_ONCE, QUERIES_AT_ONCE = 16_384, 2_048
#: Candidates of a query, first and again.
CANDIDATES = [(2, 64), (16, 512)]
#: Float32's unit roundoff, and that of sums that are cut off instead of rounded, as on tensor cores.
UNIT, CUT_OFF = 2.0**-24, 2.0**-23
#: Squared norms between these have products that neither overflow nor vanish.
LEAST_SQUARE, LARGEST_SQUARE = 1e-20, 1e30
#: More than what numbers too small for float32 add up to, a column.
VANISHING = 1e-37


class Device(Protocol):
    """What is asked of a library that computes on a device."""

    #: Unit roundoff of sums, and of the factors of a product.
    unit: float
    of_factors: float

    def put(self, array: Float32) -> Any:
        """The array on the device."""

    def get(self, array: Any) -> npt.NDArray[Any]:
        """An array of the device."""

    def squares(self, rows: Any) -> Any:
        """‖x‖² of each row."""

    def bounds(self, queries: Any, rows: Any, factor: float, of_rows: Any) -> Any:
        """factor·⟨q, x⟩ and what belongs to x, queries × rows."""

    def smallest(self, values: Any, count: int) -> tuple[Any, Any]:
        """The ``count`` smallest of each line, in any order, and their places."""

    def joined(self, first: Any, second: Any) -> Any:
        """Lines of both, side by side."""

    def taken(self, values: Any, places: Any) -> Any:
        """The values at places of each line."""


class Torch:
    """PyTorch's arrays on a CUDA device or on the processor."""

    def __init__(self, torch: Any, name: str) -> None:
        self.torch, self.device = torch, torch.device(name)
        if self.device.type not in ("cuda", "cpu"):
            raise ValueError(f"device={name!r}: how far its products are off is not known; cuda and cpu are served")
        self.of_factors = rounding_of_factors(torch, self.device.type)
        self.unit = CUT_OFF if self.of_factors else UNIT

    def put(self, array: Float32) -> Any:
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.device)

    def get(self, array: Any) -> npt.NDArray[Any]:
        return array.cpu().numpy()  # type: ignore[no-any-return]

    def squares(self, rows: Any) -> Any:
        return (rows * rows).sum(1)

    def bounds(self, queries: Any, rows: Any, factor: float, of_rows: Any) -> Any:
        return self.torch.addmm(of_rows, queries, rows.T, alpha=factor)

    def smallest(self, values: Any, count: int) -> tuple[Any, Any]:
        found = self.torch.topk(values, count, dim=1, largest=False, sorted=False)
        return found.values, found.indices

    def joined(self, first: Any, second: Any) -> Any:
        return self.torch.cat([first, second], 1)

    def taken(self, values: Any, places: Any) -> Any:
        return self.torch.gather(values, 1, places)


def rounding_of_factors(torch: Any, kind: str) -> float:
    """What PyTorch's settings let products round their factors to: TF32 to 11 bits, bfloat16 to 8; 0 where to none."""
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:  # It was set by its newer name, which each backend has of its own.
        backend = torch.backends.cuda if kind == "cuda" else torch.backends.mkldnn
        precision = backend.matmul.fp32_precision
    if precision in ("highest", "ieee", "none"):
        return 0.0
    return 2.0**-11 if precision in ("high", "tf32") else 2.0**-8


class ByArrays:
    """Any library with NumPy's functions: CuPy."""

    def __init__(self, library: Any, of_factors: float = 0.0) -> None:
        self.library, self.of_factors = library, of_factors
        self.unit = CUT_OFF if of_factors else UNIT

    def put(self, array: Float32) -> Any:
        return self.library.asarray(array)

    def get(self, array: Any) -> npt.NDArray[Any]:
        return array.get() if hasattr(array, "get") else np.asarray(array)

    def squares(self, rows: Any) -> Any:
        return (rows * rows).sum(1)

    def bounds(self, queries: Any, rows: Any, factor: float, of_rows: Any) -> Any:
        return (queries @ rows.T) * np.float32(factor) + of_rows

    def smallest(self, values: Any, count: int) -> tuple[Any, Any]:
        places = self.library.argpartition(values, count - 1, axis=1)[:, :count]
        return self.taken(values, places), places

    def joined(self, first: Any, second: Any) -> Any:
        return self.library.concatenate([first, second], 1)

    def taken(self, values: Any, places: Any) -> Any:
        return self.library.take_along_axis(values, places, 1)


def opened(name: str) -> Device:
    """The device of that name: by PyTorch where it is installed, else by CuPy."""
    try:
        import torch
    except ImportError:
        torch = None
    if torch is not None:
        if name.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError(f"device={name!r}: PyTorch {torch.__version__} finds no CUDA device")
        try:
            return Torch(torch, name)
        except RuntimeError as error:
            raise ValueError(f"device={name!r}: {error}") from error
    try:
        import cupy
    except ImportError:
        raise ImportError(f"device={name!r} needs PyTorch or CuPy: pip install torch") from None
    kind, _, number = name.partition(":")
    if kind != "cuda" or not (number or "0").isdigit():
        raise ValueError(f"device={name!r}: CuPy has cuda, or cuda: and a number")
    cupy.cuda.Device(int(number or 0)).use()
    return ByArrays(cupy, 2.0**-11 if os.environ.get("CUPY_TF32") == "1" else 0.0)


def exact_knn_on(
    device: Device, rows: Float32, held_out: Optional[Float32], k: int, metric: str, threads: int, tell: Any
) -> tuple[Int64, Float32]:
    """:func:`annatomy.exact_knn` of arrays; distances are rounded from float64."""
    queries = rows if held_out is None else held_out
    available = len(rows) - (held_out is None)
    # What is wrong has its message there.
    if k > available or queries.shape[1:] != rows.shape[1:] or not rows.size or not queries.size:
        return _core.exact_knn(rows, held_out, k, metric, threads, 0, tell)
    ids = np.empty((len(queries), k), np.int64)
    distances = np.empty((len(queries), k), np.float32)
    left = np.arange(len(queries))

    def own_of(queries: Int64) -> Optional[list[int]]:
        return queries.tolist() if held_out is None else None

    bounds = Bounds.of(device, rows, queries, metric)
    if bounds is None:
        return by_processor(rows, queries, own_of(left), k, metric, threads, tell)
    for times, more in CANDIDATES:
        each = min(times * k + more, len(rows))
        candidates, beyond = bounds.smallest(left, each, tell)
        asked = queries[left]
        found = _core.settle(rows, asked, own_of(left), candidates, beyond.tolist(), k, metric, threads)
        exact = found[2]
        ids[left[exact]], distances[left[exact]] = found[0][exact], found[1][exact]
        left = left[~exact]
        if not len(left):
            return ids, distances
    if len(left) > len(queries) // 10:
        message = (
            f"{len(left)} of {len(queries)} queries were searched by the processor: the device's rounding leaves too many "
            "rows that may be among their neighbors"
        )
        warnings.warn(message, RuntimeWarning, stacklevel=3)
    ids[left], distances[left] = by_processor(rows, queries[left], own_of(left), k, metric, threads, tell)
    return ids, distances


def by_processor(
    rows: Float32, queries: Float32, own: Optional[list[int]], k: int, metric: str, threads: int, tell: Any
) -> tuple[Int64, Float32]:
    """The neighbors of some queries, or of some rows without themselves."""
    one_more = k + (own is not None)
    ids, _ = _core.exact_knn(rows, queries, one_more, metric, threads, 0, tell)
    beyond = [math.inf] * len(queries)
    return _core.settle(rows, queries, own, ids.astype(np.uint32), beyond, k, metric, threads)[:2]


class Bounds:
    """Lower bounds on reduced distances, by a device."""

    def __init__(self, device: Device, rows: Float32, queries: Float32, metric: str) -> None:
        self.device, self.rows, self.queries = device, rows, queries
        self.is_l2, self.is_cosine = metric in ("l2", "euclidean"), metric in ("cosine", "angular")
        self.c = 1.1 * (rows.shape[1] + 64) * device.unit + 2.02 * device.of_factors
        self.center = np.zeros(rows.shape[1], np.float32)
        #: Queries are multiplied by this power of two, so that they are as long as rows.
        self.scale = 1.0

    @staticmethod
    def of(device: Device, rows: Float32, queries: Float32, metric: str) -> Optional[Bounds]:
        """None where float32 has no room for products, and where a row has no direction."""
        bounds = Bounds(device, rows, queries, metric)
        if bounds.is_l2:
            bounds.center = rows.mean(0, dtype=np.float64).astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            squares = [
                np.concatenate([np.square(part).sum(1) for part in bounds.parts(array, ROWS_AT_ONCE)])
                for array in (rows, queries)
            ]
        longest = [float(of_all.max()) for of_all in squares]
        if not all(LEAST_SQUARE < square < LARGEST_SQUARE for square in longest):
            return None
        if bounds.is_cosine and not all(of_all.all() for of_all in squares):
            return None
        if not bounds.is_l2:
            bounds.scale = 2.0 ** round(math.log2(longest[0] / longest[1]) / 2)
        return bounds

    def parts(self, array: Float32, size: int) -> Any:
        """Rows as they are multiplied: from the center of all, of length 1 for cosine."""
        for start in range(0, len(array), size):
            part = array[start : start + size]
            if self.is_cosine:
                lengths = np.sqrt(np.einsum("ij,ij->i", part, part, dtype=np.float64))
                yield (part / np.where(lengths > 0, lengths, 1)[:, None]).astype(np.float32)
            else:
                yield part - self.center

    def smallest(self, chosen: Int64, each: int, tell: Any) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
        """For each chosen query the rows of the smallest bounds, and a bound on all others."""
        device, l2 = self.device, self.is_l2
        asked = [device.put(part * np.float32(self.scale)) for part in self.parts(self.queries[chosen], QUERIES_AT_ONCE)]
        kept: list[Any] = [None] * len(asked)
        for number, part in enumerate(self.parts(self.rows, ROWS_AT_ONCE)):
            start = number * ROWS_AT_ONCE
            if tell is not None:
                tell("device", start, len(self.rows))
            rows = device.put(part)
            of_rows = device.squares(rows) * (1 - 2 * self.c if l2 else -self.c / 2)
            for place, queries in enumerate(asked):
                block = device.bounds(queries, rows, -2.0 if l2 else -1.0, of_rows)
                values, ids = device.smallest(block, min(each, len(part)))
                ids = ids + start
                if kept[place] is not None:
                    values, ids = (device.joined(*both) for both in zip(kept[place], (values, ids)))
                    values, places = device.smallest(values, min(each, values.shape[1]))
                    ids = device.taken(ids, places)
                kept[place] = (values, ids)
        of_queries = [device.squares(queries) for queries in asked]
        squares = np.concatenate([device.get(array).astype(np.float64) for array in of_queries])
        largest = np.concatenate([device.get(values).max(1).astype(np.float64) for values, _ in kept])
        candidates = np.concatenate([device.get(ids).astype(np.uint32) for _, ids in kept])
        beyond = largest + squares * (1 - 2 * self.c if l2 else -self.c / 2)
        beyond = (beyond - self.rows.shape[1] * VANISHING) / self.scale + self.is_cosine
        if each >= len(self.rows):
            beyond[:] = np.inf
        return candidates, beyond

