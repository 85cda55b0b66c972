"""Engines as they are: one adapter per file around a live index, each stating how its engine treats k > ef.

An adapter imports its engine's package; this package imports none. :mod:`annatomy.engines.table` measures what comes
back, of indexes that :mod:`annatomy.engines.builders` makes.
"""

from ._engine import Engine

__all__ = ["Engine"]
