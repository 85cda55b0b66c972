"""Two audits of the same queries, paired."""

from __future__ import annotations

import json
import os
from typing import Any, Union

from . import _core
from ._frames import Table
from ._audited import _columns, _flat

Folder = Union[str, os.PathLike[str]]


class Comparison:
    """What changed between two audits.

    Attributes
    ----------
    changes : Table
        One row per measure and k: both means ``a`` and ``b``, ``difference`` = b − a with its 95 % interval over queries,
        how many ``gained`` and ``lost``, the exact test's ``test_p``, and ``adjusted_p`` for the number of tests (Holm).
    queries : int
        Queries that both measured.
    """

    def __init__(self, core: _core.Comparison) -> None:
        self._core = core
        found = json.loads(core.json())
        self.queries: int = found["queries"]
        self.changes = Table(_columns([_flat(change) for change in found["changes"]]))

    def to_dict(self) -> dict[str, Any]:
        """Everything found, as compare.json holds it."""
        everything: dict[str, Any] = json.loads(self._core.json())
        return everything

    def write(self, folder: Folder) -> None:
        """Writes compare.json, and changed.csv with every query that changed. Raises ``OSError`` where a file cannot be written."""
        self._core.write(os.fspath(folder))

    def __repr__(self) -> str:
        return self._core.words()


def compare(a: Folder, b: Folder) -> Comparison:
    """Compares two audits of the same queries: is the change real, and which queries does it hurt?

    Parameters
    ----------
    a, b : path
        Folders that :meth:`annatomy.Audit.write` or ``annatomy audit --out`` left.

    Raises
    ------
    ValueError
        For audits of different queries, under different metrics, or without a k in common.
    OSError
        Where a file cannot be read.
    """
    return Comparison(_core.compare(os.fspath(a), os.fspath(b)))
