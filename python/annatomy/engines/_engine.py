"""What every adapter offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib.metadata import version
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from .._arrays import Float32, Int64


class Engine(ABC):
    """A live index behind one form of search.

    Attributes
    ----------
    package : str
        Name in the package index; :meth:`version` says which one is installed.
    effort : str
        The engine's own name for ef; "none" where it has none, and then ``ef`` is not read.
    empty : str
        What the engine's own answer holds in a slot it cannot fill.
    engine_class : str
        How it treats k > ef: a rule of :meth:`annatomy.Hnsw.search`, "exact", or "iterate" (searches on, round after
        round, until it has k rows: the first are those of a search at ef).
    """

    package: ClassVar[str]
    effort: ClassVar[str]
    empty: ClassVar[str]
    engine_class: str

    @abstractmethod
    def search(self, queries: Float32, k: int, ef: int) -> Int64:
        """Ids of the ``k`` nearest, q × k, nearest first, −1 in slots that the engine did not fill.

        The index is left as it was. Not for several threads at once: some engines keep their effort in the index. What
        the engine raises comes through.
        """

    def version(self) -> str:
        """Version of the engine's installed package."""
        return version(self.package)


def padded(rows: list[list[int]], k: int) -> Int64:
    """Rows of ids, each filled up with −1 to ``k``."""
    ids = np.full((len(rows), k), -1, dtype=np.int64)
    for slots, row in zip(ids, rows):
        slots[: len(row)] = row
    return ids


def without(ids: npt.NDArray[np.integer], empty: npt.NDArray[np.bool_]) -> Int64:
    """``ids`` as int64 with −1 where ``empty``."""
    return np.where(empty, np.int64(-1), ids.astype(np.int64))


def behind_the_last(ids: npt.NDArray[np.integer], distances: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """The slots behind the last row of an answer that ascends, of engines that leave anything in slots they cannot fill:
    from the first on whose distance is less than the one before it, or whose id stood in the row already."""
    falls = np.zeros(ids.shape, dtype=bool)
    falls[:, 1:] = distances[:, 1:] < distances[:, :-1]
    for slots, row in zip(falls, ids):
        again = np.ones(len(row), dtype=bool)
        again[np.unique(row, return_index=True)[1]] = False
        slots |= again
    return np.logical_or.accumulate(falls, axis=1)
