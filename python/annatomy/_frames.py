"""Tables on their way out: columns of arrays that become pandas or polars frames, and figures that show themselves."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Columns = dict[str, npt.NDArray[Any]]


class Tabular:
    """A result that is a tidy table: one row per observation."""

    def to_columns(self) -> Columns:
        """The table as a dictionary of equally long one-dimensional arrays."""
        raise NotImplementedError

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a pandas frame. Raises ``ImportError`` where pandas is not installed."""
        import pandas

        return pandas.DataFrame(self.to_columns())

    def to_arrow(self) -> pyarrow.Table:
        """The table as an Arrow table. Raises ``ImportError`` where pyarrow is not installed."""
        import pyarrow

        return pyarrow.table(self.to_columns())

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The table for whoever takes Arrow streams (duckdb, pyarrow, polars, …), by pyarrow or else polars."""
        try:
            table: Any = self.to_arrow()
        except ImportError:
            table = self._polars()
        return table.__arrow_c_stream__(requested_schema)

    def to_polars(self) -> polars.DataFrame:
        """The table as a polars frame, through Arrow where pyarrow is installed.

        Raises ``ImportError`` where polars is not.
        """
        import polars

        try:
            return polars.DataFrame(polars.from_arrow(self.to_arrow()))
        except ImportError:
            return self._polars()

    def _polars(self) -> polars.DataFrame:
        import polars

        return polars.DataFrame(self.to_columns())


class Table(Tabular):
    """Rows that become frames, are indexed one by one, and show themselves."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def to_columns(self) -> Columns:
        """The table as a dictionary of equally long one-dimensional arrays."""
        return dict(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), []))

    def __getitem__(self, row: int) -> dict[str, Any]:
        if not -len(self) <= row < len(self):
            raise IndexError(f"no row {row} of {len(self)}")
        return {name: values[row].item() for name, values in self._columns.items()}

    def __repr__(self) -> str:
        return f"Table({len(self)} rows: {', '.join(self._columns)})"

    def __str__(self) -> str:
        return text_table(self._columns)

    def _repr_html_(self) -> str:
        return html_table(self._columns)


@dataclass(frozen=True)
class Figure:
    """A drawing that shows itself in a notebook."""

    name: str
    title: str
    caption: str
    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"Figure({self.name!r}: {self.title})"


def html_table(columns: Columns, most_rows: int = 12) -> str:
    """The first rows as an HTML table, every text escaped."""
    rows = len(next(iter(columns.values()), []))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    lines = []
    for row in range(min(rows, most_rows)):
        cells = "".join(f"<td>{html.escape(text(values[row]))}</td>" for values in columns.values())
        lines.append(f"<tr>{cells}</tr>")
    more = f"<p>{rows - most_rows} more rows</p>" if rows > most_rows else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{more}"


def text_table(columns: Columns, most_rows: int = 12) -> str:
    """The first rows as lines of text, columns flush right."""
    rows = len(next(iter(columns.values()), []))
    shown = min(rows, most_rows)
    cells = [[name, *(text(values[row]) for row in range(shown))] for name, values in columns.items()]
    widths = [max(map(len, column)) for column in cells]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in zip(*cells)]
    if rows > shown:
        lines.append(f"{rows - shown} more rows")
    return "\n".join(lines)


def text(value: Any) -> str:
    """Four significant digits for a real number."""
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
