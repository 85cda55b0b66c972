"""The published study, on an array, a file or built-in data."""

from __future__ import annotations

import csv
import io
import json
import os
import warnings
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import Float32, count, matrix
from ._distributed import Executor
from ._frames import Columns, Figure, Tabular
from ._progress import Telling, telling

_STUDIES = {"ef": "efSearch_study", "efc": "efConstruction_study", "alpha": "alpha_study", "order": "order_study", "methods": "methods_study"}
_COUNTS = {"run", "k", "ef", "ef_construction"}
_NAMES = {"study", "condition", "conventions"}


class StudyResults(Tabular):
    """What a study found: a tidy table, a summary over runs, figures, and the report."""

    def __init__(self, core: _core.StudyResults) -> None:
        self._core = core

    @property
    def summary(self) -> dict[str, Any]:
        """Every figure over runs with its 95 % interval, breakpoints, settings, machine."""
        summary: dict[str, Any] = json.loads(self._core.summary())
        return summary

    def to_columns(self) -> Columns:
        """One row per run × study × condition × k, as measurements.csv."""
        header, *rows = csv.reader(io.StringIO(self._core.csv()))
        return {name: _column(name, [row[place] for row in rows]) for place, name in enumerate(header)}

    def figures(self) -> list[Figure]:
        """Every curve and the surface, as SVG."""
        return [Figure(*parts) for parts in self._core.figures()]

    def report(self) -> str:
        """The page, as HTML that needs no other file."""
        return self._core.report()

    def write(self, folder: Union[str, os.PathLike[str]]) -> None:
        """Writes measurements.csv, summary.json, the study's own layout, figures/ and report.html under ``folder``.

        Raises ``OSError`` where a file cannot be written, ``FileExistsError`` where the folder holds files that no study wrote,
        or the records of a study that the command ran.
        """
        self._core.write(os.fspath(folder))

    def __repr__(self) -> str:
        settings = self.summary["settings"]
        return f"StudyResults({settings['data']}, {settings['runs']} runs)"

    def _repr_html_(self) -> str:
        return "".join(f"<figure>{figure.svg}</figure>" for figure in self.figures())


def study(
    X: Union[npt.ArrayLike, str, os.PathLike[str], None] = None,
    *,
    config: Optional[Union[str, os.PathLike[str]]] = None,
    out: Optional[Union[str, os.PathLike[str]]] = None,
    resume: bool = False,
    threads: int = 0,
    memory_budget_bytes: int = 3 << 30,
    progress: Telling = None,
    executor: Optional[Executor] = None,
    **settings: Any,
) -> StudyResults:
    """The three experiments of Cooper & Busch (J. Imaging 2026, 12, 55), in both conventions.

    Parameters
    ----------
    X : array, n × d, or a file, or "resnet50-like"
        Vectors in memory (each run works on a copy of its rows), the path of a file of vectors, or built-in data. By default
        what ``config`` names, or built-in data.
    config : path, optional
        Settings as TOML, or the study's own config.yaml; settings given here win. What it asks for that no study follows is a
        ``UserWarning``.
    out : path, optional
        A folder in which each finished run is kept, and to which everything is written, as the command does.
    resume : bool
        Whether the finished runs of the same study in ``out`` are kept, and the others computed.
    threads, memory_budget_bytes : int
        See :func:`annatomy.exact_knn`.
    progress : bool or callable, optional
        A callable gets (stage, done, total); True draws a bar on stderr, None does so in notebooks only.
    executor : optional
        Anything with ``submit``, as in :func:`annatomy.exact_knn`: each task computes a run, on ``threads`` threads (0: one). The
        figures are those of one machine. A file is one that every worker can read.
    **settings
        Any of runs, subset, sample, seed, metric, m, ef_construction, ef_search, ef_values, ef_construction_values,
        alpha_values, ks, studies (of "ef", "efc", "alpha", "order", "methods"), conventions ("corrected", "published"), preset. Defaults are
        the study's own: M = 32, ef_construction 200, k = 10..500 by 10, three runs.

    Raises
    ------
    ValueError
        For settings that no study can follow, or values that are not finite.
    OSError
        For a file that cannot be read or written; ``FileExistsError`` for a folder that holds something else.

    >>> import annatomy as an
    >>> found = an.study(subset=300, ks=[10, 20], runs=1, studies=["ef"])
    >>> sorted(set(found.to_columns()["condition"].tolist()))
    ['ef_100', 'ef_25', 'ef_50', 'ef_75']
    """
    if resume and out is None:
        raise ValueError("resume without out: finished runs are kept in a folder")
    request: dict[str, Any] = json.loads(_core.study_defaults() if config is None else _core.study_config(os.fspath(config)))
    unknown = sorted(set(settings) - set(request) | {"data"} & set(settings))
    if unknown:
        known = ", ".join(sorted(set(request) - {"data"}))
        raise ValueError(f"no setting {', '.join(unknown)}; known: {known}")
    request.update({name: _plain(value) for name, value in settings.items()})
    request["studies"] = [_STUDIES.get(name, name) for name in request["studies"]]
    rows = None
    if isinstance(X, (str, os.PathLike)):
        request["data"] = os.fspath(X)
    elif X is not None:
        rows = matrix(X, "X")
        request["data"] = f"array of {rows.shape[0]} × {rows.shape[1]}"
    if config is not None:
        for difference in _core.study_config_notes(os.fspath(config), json.dumps(request)):
            warnings.warn(f"{os.fspath(config)}: {difference}", stacklevel=2)
    kept: Optional[_core._Kept] = None if out is None else {"folder": os.fspath(out), "resume": bool(resume)}
    budget = count(memory_budget_bytes, "memory_budget_bytes", 0)
    with telling(progress, "study") as tell:
        tasks = None if executor is None else _Runs(executor, rows, json.dumps(request), max(threads, 1), budget)
        try:
            return StudyResults(
                _core.study(rows, json.dumps(request), kept, count(threads, "threads", 0), budget, tasks, tell)
            )
        finally:
            if tasks is not None:
                tasks.end()


class _Runs:
    """Runs by tasks of an executor, as the core asks for them: first which, then each."""

    def __init__(self, executor: Executor, rows: Optional[Float32], request: str, threads: int, budget: int) -> None:
        self.executor, self.arguments = executor, (rows, request)
        self.limits = (threads, budget)
        self.running: dict[int, Any] = {}

    def __call__(self, asked: Union[list[int], int]) -> Optional[bytes]:
        if isinstance(asked, int):
            result: bytes = self.running.pop(asked).result()
            return result
        for run in asked:
            self.running[run] = self.executor.submit(run_of, *self.arguments, run, *self.limits)
        return None

    def end(self) -> None:
        """Cancels what nothing will ask for."""
        for future in self.running.values():
            future.cancel()


def run_of(rows: Optional[Float32], request: str, run: int, threads: int, budget: int) -> bytes:
    """What a task does."""
    return _core.study_run(rows, request, run, threads, budget)


def _plain(value: Any) -> Any:
    """Arrays, ranges and NumPy's numbers as what JSON knows."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    return np.asarray(value).tolist()


def _column(name: str, texts: list[str]) -> npt.NDArray[Any]:
    if name in _NAMES:
        return np.asarray(texts)
    if name in _COUNTS:
        return np.asarray([int(text) for text in texts], dtype=np.int64)
    return np.asarray([float(text) if text else np.nan for text in texts])


def default_settings() -> dict[str, Any]:
    """The study's own settings."""
    settings: dict[str, Any] = json.loads(_core.study_defaults())
    return settings
