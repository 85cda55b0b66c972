"""What an audit found."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Float32, count
from ._frames import Columns, Figure, Table
from ._ids import table

#: (ef, k, rule for k > ef); see :meth:`annatomy.Hnsw.search`.
Prediction = tuple[int, int, str]

FilePath = Union[str, os.PathLike[str]]


@dataclass(frozen=True)
class Repaired:
    """Answers whose bad rows were searched again, exactly: what ``precomputed_knn`` of UMAP and its kin takes."""

    ids: npt.NDArray[Any]
    distances: Float32
    replaced: int


@dataclass(frozen=True)
class Explorer:
    """A page that a notebook shows in a frame of its own; it asks nothing of any server."""

    page: str
    height: int

    def _repr_html_(self) -> str:
        inner = html.escape(self.page, quote=True)
        style = f"width:100%;height:{self.height}px;border:0"
        return f'<iframe srcdoc="{inner}" title="annatomy explorer" style="{style}"></iframe>'

    def __repr__(self) -> str:
        return f"Explorer({len(self.page):,} characters of page)"


class Audit:
    """What an audit found; figures are fields, tables become frames, the whole shows itself.

    Attributes
    ----------
    data : dict
        Rows, columns, metric, queries measured and to draw from, duplicate rows.
    method : dict or None
        Of an index of codes, cells, transforms or a rerank: what it is, and ``stages``, one per effort and k: the share of
        the neighbors that the transforms and the codes keep at most, and the missing neighbors a query, each charged to the
        first stage that lost it.
    graphs : dict or None
        Where the graphs come from, their rule for k > ef, M, efConstruction, links per node, and the rows that no path
        leads to, a list per graph; ``health``. None where no graph was looked at.
    segments : dict or None
        Of several segments: rows of each and how many no path reaches; ``one_graph``, where asked for: overlap, fill and
        distances of both ``at`` the same ef, and its own ``advice``.
    answers : dict or None
        Conventions of the answers given: first id, self included, kind of distance, sentinels by kind, ids that no row has.
    advice : Table
        One row per k and target: ``recommended_ef``, the ef that is shown to suffice (NaN where none is: ``queries_needed``
        says about how many queries could show one), and how the rule did on the other half of the queries,
        ``recommended_judged_reached``; second the smallest ``ef`` whose estimate suffices, with its 95 % interval ``ef_low``
        to ``ef_high`` over queries and graphs, ``alpha`` = ef/k, ``distance_evaluations`` a query, the measure ``reached``
        there; ef is NaN where no effort reaches the target, and ``best_overlap`` says how far any could come.
    cells : Table
        All measures, one row per ``what`` (returned, effort, default), who, ef and k; a figure's 95 % interval stands
        beside it as ``_low`` and ``_high``.
    curves : Table
        Fill and overlap, with its 5th percentile, against ef.
    difficulty : Table
        LID, relative contrast, hubness and antihubs of the exact neighbors, per k.
    predictions : dict of (ef, k, class) to int64, queries × k
        What the traversal says an engine of that class returns; primary keys of any type where ``ids`` were given.
    repaired : Repaired or None
    requirements : list of dict
        Each condition asked for, what was found, and whether that shows it.
    groups : list of dict
        Per k and effort, where groups were given: the overlap, fill and LID of each, its share of the queries and of the loss.
    until : dict or None
        What an interval as narrow as wanted took: queries of the pilot and of the sample, the half width; and about how many
        queries other widths take, at each k and effort.
    where_lost : list of dict
        Per k and effort, and per difficulty of the queries (LID, contrast, distance to the base): Spearman's ρ with the loss,
        and the overlap by fifths of the queries.
    selectivity : list of dict
        Per kind of filter ("random", "nearest") and share of the rows, where asked for: rows ``allowed``, every measure at
        the ``efforts`` looked at, and ``advice``, among the allowed rows.
    growth : dict or None
        Where asked for: ``points``, the smallest ef of each sample by ``rows``, ``seed``, ``k`` and ``target``; ``laws``, for
        each k and target ef = ``intercept`` + ``per_doubling``·log₂ n with its misfit, and ``forecasts`` at n, 10 n, 100 n.
    map : float32, queries × 2, or None
        Where the queries lie on the explorer's map, a layout of their exact neighbors; None beyond 20,000 queries.
    notes : list of str
        What a reader should know of how things were taken.
    """

    def __init__(self, core: _core.AuditResults, predictions: Sequence[Prediction] = ()) -> None:
        self._core = core
        found = json.loads(core.json())
        self.data: dict[str, Any] = found["data"]
        self.graphs: Optional[dict[str, Any]] = found["graphs"]
        self.method: Optional[dict[str, Any]] = found["method"]
        self.segments: Optional[dict[str, Any]] = found["segments"]
        self.selectivity: list[dict[str, Any]] = found["selectivity"]
        self.growth: Optional[dict[str, Any]] = found["growth"]
        self.answers: Optional[dict[str, Any]] = found["answers"]
        self.map: Optional[Float32] = core.map()
        self.notes: list[str] = core.notes()
        self.seconds: float = found["seconds"]
        self.advice = Table(_columns([_flat({"k": row["k"], **row.pop("target"), **row}) for row in found["advice"]]))
        kinds = {"returned": "returned", "efforts": "effort", "engines": "default"}
        cells = [{"what": what, **_flat(cell)} for kind, what in kinds.items() for cell in found[kind]]
        self.cells = Table(_columns(cells))
        self.curves = Table(_columns([row for curve in found["curves"] for row in _points(curve)]))
        self.difficulty = Table(_columns([_flat(row) for row in found["difficulty"]]))
        self.predictions = dict(zip(predictions, (table(ids, found["data"]["queries"]) for ids in core.predictions())))
        self.groups: list[dict[str, Any]] = found["groups"]
        self.until: Optional[dict[str, Any]] = found["until"]
        self.requirements: list[dict[str, Any]] = found["requirements"]
        self.where_lost: list[dict[str, Any]] = found["where_lost"]
        repaired = core.repaired()
        self.repaired: Optional[Repaired] = None
        if repaired is not None:
            (ids, distances), replaced = repaired
            self.repaired = Repaired(table(ids, len(distances)), distances, replaced)

    @property
    def per_query(self) -> Any:
        """One row per query and k, of the answers given, or at the efforts looked at, or else at one advised per k.

        An Arrow table where pyarrow is installed, else a dictionary of arrays. Columns: query, k, ef, overlap,
        overlap_strict, fill, unreachable, unvisited, displaced, tied, required_ef, visited, lid, contrast, self_hit,
        cut_off, nearest_distance, epsilon_recall, inverse_ratio, rank_biased_overlap, displacement; what a query does not have is null, or NaN in arrays.
        """
        columns = {name: np.asarray(values) for name, values in self._core.per_query()}
        try:
            import pyarrow
        except ImportError:
            return columns
        return pyarrow.table({name: pyarrow.array(values, from_pandas=True) for name, values in columns.items()})

    @property
    def verdict(self) -> str:
        """A screenful of words, as the command says them."""
        return self._core.verdict()

    def figures(self) -> list[Figure]:
        """Overlap, its tail and fill against ef, as SVG; none where no graph was looked at."""
        return [Figure(*parts) for parts in self._core.figures()]

    def report(
        self,
        path: Optional[FilePath] = None,
        *,
        labels: Optional[Sequence[str]] = None,
        images: Optional[FilePath] = None,
        image_names: Optional[Sequence[str]] = None,
        page_megabytes: int = 20,
    ) -> str:
        """The page, as self-contained HTML; written to ``path`` where given.

        Parameters
        ----------
        path : path, optional
        labels : sequence of str, optional
            What each base row is called, one per row.
        images : path, optional
            Pictures of the base rows: a folder, a .zip or .tar, a list of paths, an STL-10 or CIFAR-10 binary, or a column of a
            .parquet. Row i is the i-th that can be read, as ``annatomy embed`` numbers them, or the one of ``image_names``.
        image_names : sequence of str, optional
            The name in ``images`` of each base row, as the ``.ids.txt`` of ``annatomy embed`` lists them.
        page_megabytes : int
            Most megabytes that pictures take.

        Raises
        ------
        ValueError
            If there are not as many labels as rows, or ``images`` is no source of pictures.
        OSError
            If a file cannot be read or written.
        """
        page = self._core.report(_shown(labels, images, image_names, page_megabytes))
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def explore(self, height: int = 1100, **shown: Any) -> Explorer:
        """The page with its explorer within a notebook, ``height`` pixels tall: every query at every (ef, k).

        ``shown``: labels and images, as in :meth:`report`.
        """
        return Explorer(self.report(**shown), height)

    def junit(self, path: Optional[FilePath] = None) -> str:
        """The conditions of ``require`` as JUnit test cases, the form that CI systems read; written to ``path`` where given."""
        cases = self._core.junit()
        if path is not None:
            Path(path).write_text(cases, encoding="utf-8")
        return cases

    def atlas(self, path: FilePath, texts: Sequence[str] = ()) -> None:
        """Writes ``path``, a .parquet that Embedding Atlas opens: one row per query.

        Columns: query, x, y, every column of :attr:`per_query` for each k (``overlap_k10``; with several efs,
        ``overlap_k10_ef64``), hubness, and ``neighbors``, ``{"ids": [...], "distances": [...]}`` whose ids are rows of the file.

        Parameters
        ----------
        path : path
        texts : sequence of str
            What each base row is called, one per row: the column ``text``.

        Raises
        ------
        ValueError
            If there is no map (beyond 20,000 queries, under a filter), or not as many texts as rows.
        OSError
            If the file cannot be written.
        """
        words = [str(text) for text in texts]
        if words and len(words) != self.data["rows"]:
            raise ValueError(f"{len(words)} texts for {self.data['rows']} rows")
        self._core.atlas(os.fspath(path), words)

    def write(
        self,
        folder: FilePath,
        *,
        labels: Optional[Sequence[str]] = None,
        images: Optional[FilePath] = None,
        image_names: Optional[Sequence[str]] = None,
        page_megabytes: int = 20,
    ) -> None:
        """Writes audit.json, per_query.npz, figures/ and report.html under ``folder``. Raises ``OSError`` where a file cannot be.

        Labels and images as in :meth:`report`.
        """
        self._core.write(os.fspath(folder), _shown(labels, images, image_names, page_megabytes))

    def to_dict(self) -> dict[str, Any]:
        """Everything found, as audit.json holds it."""
        everything: dict[str, Any] = json.loads(self._core.json())
        return everything

    def __repr__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        drawn = "".join(f"<figure>{figure.svg}</figure>" for figure in self.figures()[:1])
        tables = [self.advice, self.cells] if len(self.advice) else [self.cells]
        return drawn + "".join(table._repr_html_() for table in tables)


def _shown(
    labels: Optional[Sequence[str]], images: Optional[FilePath], image_names: Optional[Sequence[str]], page_megabytes: int
) -> _core._Shown:
    return {
        "labels": None if labels is None else [str(label) for label in labels],
        "images": None if images is None else os.fspath(images),
        "image_names": None if image_names is None else [str(name) for name in image_names],
        "page_megabytes": count(page_megabytes, "page_megabytes", 0),
    }


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """One row: an estimate as three columns, causes as columns, lists left out."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict) and "point" in value:
            flat.update({name: value["point"], f"{name}_low": value["low"], f"{name}_high": value["high"]})
        elif isinstance(value, dict):
            flat.update({f"{name}_{cause}": amount for cause, amount in _flat(value).items()})
        elif not isinstance(value, list):
            flat[name] = value
    return flat


def _points(curve: dict[str, Any]) -> list[dict[str, Any]]:
    figures = ("overlap", "overlap_p5", "fill")
    return [
        {"k": curve["k"], "ef": ef, **_flat({name: curve[name][place] for name in figures})}
        for place, ef in enumerate(curve["efs"])
    ]


def _columns(rows: list[dict[str, Any]]) -> Columns:
    """Columns of every name that some row has; numbers that are missing are NaN, words empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: _column([row.get(name) for row in rows]) for name in names}


def _column(values: list[Any]) -> npt.NDArray[Any]:
    present = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in present):
        return np.asarray(["" if value is None else value for value in values])
    if len(present) == len(values):
        return np.asarray(values)
    return np.asarray([np.nan if value is None else value for value in values], dtype=np.float64)
