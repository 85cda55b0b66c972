"""Primary keys of rows: arrays of integers or text on their way in, tables of them on their way out."""

from __future__ import annotations

from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Int64

#: Integers, or the number of columns and texts row after row, None in empty slots.
Slots = Union[Int64, npt.NDArray[np.uint64], tuple[int, list[Optional[str]]]]


def row_ids(values: Optional[npt.ArrayLike]) -> Optional[_core.Ids]:
    """One id per row, of integers or text. Raises ``ValueError`` where two rows have one id, or it is of another kind."""
    if values is None:
        return None
    given = np.asarray(values)
    if given.ndim != 1:
        raise ValueError(f"ids has {given.ndim} dimensions: one id a row is needed")
    if given.dtype.kind == "i":
        return _core.Ids(np.ascontiguousarray(given, dtype=np.int64), None, None)
    if given.dtype.kind == "u":
        return _core.Ids(None, np.ascontiguousarray(given, dtype=np.uint64), None)
    texts = given.tolist()
    if given.dtype.kind in "OU" and all(isinstance(text, str) for text in texts):
        return _core.Ids(None, None, texts)
    raise ValueError(f"ids holds {given.dtype}: integers or text are needed")


def slots(values: npt.ArrayLike, name: str, ids: Optional[_core.Ids]) -> Slots:
    """Ids of queries × slots; of text only where rows have ``ids``."""
    given = np.asarray(values)
    if given.ndim != 2:
        raise ValueError(f"{name} has {given.ndim} dimensions: a table of queries × slots is needed")
    if given.dtype.kind in "OU" and ids is not None:
        texts = [None if text is None or text == "" else text for text in given.ravel().tolist()]
        if all(text is None or isinstance(text, str) for text in texts):
            return given.shape[1], texts
    if given.dtype.kind not in "iu":
        wanted = "ids are integers, -1 in an empty slot" + (", or text" if ids is not None else "; text needs ids=")
        raise ValueError(f"{name} holds {given.dtype}: {wanted}")
    wide = given.dtype == np.uint64 and ids is not None and bool((given >> np.uint64(63)).any())
    return np.require(given, dtype=np.uint64 if wide else np.int64, requirements=["C", "A"])


def table(found: Any, rows: int) -> npt.NDArray[Any]:
    """What the core returns of queries × slots, as an array; of text an array of objects, None in empty slots."""
    if isinstance(found, np.ndarray):
        return found
    texts = np.empty(len(found), dtype=object)
    texts[:] = found
    return texts.reshape(rows, -1)
