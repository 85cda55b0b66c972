"""Arrays on their way in: float32 in C order passes as it is, anything else is converted with a word.

Float16 passes too where the rows of a graph are taken.
"""

from __future__ import annotations

import warnings
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Stored = Union[Float32, npt.NDArray[np.float16]]
Int64 = npt.NDArray[np.int64]

#: Most bytes that tables of all pairs (6 n² for a graph or a surface: n up to 18,900), or one more copy of the rows
#: and the candidates for exact neighbors, may take.
MEMORY_BUDGET_BYTES = 2 << 30


class ConversionWarning(UserWarning):
    """An array had to be copied, to float32 or into C order."""


def matrix(values: npt.ArrayLike, name: str, stacklevel: int = 3) -> Float32:
    """``values`` as float32 in C order: the same memory where it is that already, else a copy and a warning."""
    return _in_c_order(values, name, np.dtype(np.float32), stacklevel + 1)


def stored_matrix(values: npt.ArrayLike, name: str, stacklevel: int = 3) -> Stored:
    """As :func:`matrix`, float16 left in float16."""
    half = isinstance(values, np.ndarray) and values.dtype == np.float16
    return _in_c_order(values, name, np.dtype(np.float16 if half else np.float32), stacklevel + 1)


def _in_c_order(values: npt.ArrayLike, name: str, dtype: np.dtype[Any], stacklevel: int) -> npt.NDArray[Any]:
    given = np.asarray(values)
    if given.ndim == 0:
        raise ValueError(f"{name} is {_kind(values)}: a matrix of rows × columns is needed")
    if given.ndim != 2:
        raise ValueError(f"{name} has {given.ndim} dimensions: a matrix of rows × columns is needed")
    if given.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds {given.dtype}: real numbers are needed")
    with np.errstate(over="ignore"):
        converted = np.require(given, dtype=dtype, requirements=["C", "A"])
    if isinstance(values, np.ndarray) and not np.shares_memory(given, converted) and given.size:
        warnings.warn(
            f"{name} is {given.dtype}, {_order(given)}: copied to {dtype} in C order "
            f"({converted.nbytes / 1e6:.1f} MB); pass np.ascontiguousarray({name}, dtype=np.{dtype}) to avoid it",
            ConversionWarning,
            stacklevel=stacklevel,
        )
    return converted


def optional_matrix(values: Optional[npt.ArrayLike], name: str, stacklevel: int = 4) -> Optional[Float32]:
    """As :func:`matrix`, where there is one."""
    return None if values is None else matrix(values, name, stacklevel)


def id_table(values: npt.ArrayLike, name: str) -> Int64:
    """Ids of queries × slots as int64."""
    given = np.asarray(values)
    if given.ndim == 0:
        raise ValueError(f"{name} is {_kind(values)}: a table of queries × slots is needed")
    if given.ndim != 2:
        raise ValueError(f"{name} has {given.ndim} dimensions: a table of queries × slots is needed")
    if given.dtype.kind not in "iu":
        raise ValueError(f"{name} holds {given.dtype}: ids are integers, -1 in an empty slot")
    return np.require(given, dtype=np.int64, requirements=["C", "A"])


def counts(values: Any, name: str) -> list[int]:
    """A list of counts from any one-dimensional sequence of integers, or one integer."""
    given = np.atleast_1d(np.asarray(values))
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iu"):
        raise ValueError(f"{name} must be a sequence of integers, not {values!r}")
    found = [int(value) for value in given]
    if any(value < 0 for value in found):
        raise ValueError(f"{name} holds {min(found)}: counts are not negative")
    return [count(value, name, 0) for value in found]


def count(value: Any, name: str, least: int = 1, bits: int = 63) -> int:
    """One count, below 2 to the ``bits``."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} = {value!r}: an integer of at least {least} is needed")
    if int(value) >> bits:
        raise ValueError(f"{name} = {value}: at most 2**{bits} - 1")
    return int(value)


def unsigned_seed(value: Any) -> int:
    """A seed: any unsigned 64-bit integer."""
    return count(value, "seed", 0, bits=64)


def _order(given: npt.NDArray[Any]) -> str:
    if given.flags.c_contiguous:
        return "in C order"
    return "in Fortran order" if given.flags.f_contiguous else "not contiguous"


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"an {name}" if name[:1] in "AEIOUaeio" else f"a {name}"
