"""Shards of a base: what one task searches, wherever it runs. No task knows of the others.

Enters: a base as an array, a path, or a list of either (local, or a URL that fsspec opens). Leaves: shards in the order of
their rows; each gives its own partial, numbered from 0, and partials of neighbors join until one is left.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import MEMORY_BUDGET_BYTES, Float32, matrix
from ._partial import Path, is_path

Base = Union[Path, npt.ArrayLike, Sequence[Union[Path, npt.ArrayLike]]]

#: What is read from elsewhere is asked for this many times; the pause doubles from the first.
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.5
#: Bytes of rows, and rows per neighbor, of a task by default: those of a block of a partial search.
TASK_BYTES = 128 << 20
TASK_ROWS_PER_NEIGHBOR = 100


@dataclass(frozen=True)
class Request:
    """What is asked of every shard."""

    k: int
    metric: str
    threads: int
    #: Whether rows are scaled to unit length first, one by one, as an audit by cosine scales them.
    scaled: bool = False


@dataclass(frozen=True)
class Shard:
    """Some base rows: an array, or rows of a file, all of them where their number is not known yet."""

    name: str
    source: Union[str, Float32]
    rows: Optional[tuple[int, int]] = None
    #: Bytes and last change of a file here, when it was first looked at.
    state: Optional[tuple[int, int]] = None

    def search(self, queries: Float32, request: Request) -> _core.Partial:
        """Neighbors among its rows, numbered from 0."""
        queries = _aligned(queries)
        if not isinstance(self.source, str):
            return _partial_of(_aligned(self.source), queries, request)
        if not is_remote(self.source):
            return self._search_file(self.source, queries, request)
        with fetched(self.source) as local:
            return self._search_file(local, queries, request)

    def _search_file(self, path: str, queries: Float32, request: Request) -> _core.Partial:
        if request.scaled:
            partials = (_partial_of(block, queries, request) for block in self.blocks(path))
            return reduce(join, partials)
        return _core.partial_of_file(
            path, queries, self.rows, request.k, request.metric, False, request.threads, MEMORY_BUDGET_BYTES, None
        )

    def blocks(self, path: str) -> Iterator[Float32]:
        """Its rows in ``path``, in blocks."""
        rows, columns, _ = _core.file_facts(path)
        first, last = self.rows or (0, rows)
        for start, end in _cut(last - first, columns, 1, None):
            yield _core.read_rows(path, first + start, first + end)

    def named(self, error: Exception) -> Exception:
        """The error with what it is about, where it does not say so itself."""
        says_so = isinstance(self.source, str) and self.source in str(error)
        return error if says_so else type(error)(f"{self.name}: {error}")

    def key(self, queries_checksum: bytes, request: Request) -> str:
        """Names this search: the same only for the same rows, queries, k and metric."""
        digest = hashlib.sha256(queries_checksum)
        digest.update(f"{request.k} {request.metric} {self.rows}{' scaled' * request.scaled}".encode())
        if not isinstance(self.source, str):
            digest.update(f"array {self.source.shape}".encode())
            digest.update(self.source.data)
        elif is_remote(self.source):
            system, path = _opened(self.source)
            digest.update(f"url {self.source} {system.ukey(path)}".encode())
        else:
            size, changed = _state(self.source)
            digest.update(f"file {os.path.abspath(self.source)} {size} {changed}".encode())
        return digest.hexdigest()[:32]


def shards_of(base: Base, k: int, rows_per_task: Optional[int]) -> list[Shard]:
    """Shards in the order of their rows, of at most ``rows_per_task``; a file elsewhere is one."""
    parts: Sequence[Any] = base if is_list_of_parts(base) else [base]  # type: ignore[assignment]
    shards: list[Shard] = []
    for place, part in enumerate(parts):
        if not is_path(part):
            array = matrix(part, f"X[{place}]" if len(parts) > 1 else "X", 5)
            rows, columns = array.shape
            shards += [
                Shard(f"rows {start}:{end} of array {place}", array[start:end])
                for start, end in _cut(rows, columns, k, rows_per_task)
            ]
            continue
        path = os.fspath(part)
        if is_remote(path):
            shards.append(Shard(path, path))
            continue
        state = _state(path)
        rows, columns, _ = _core.file_facts(path)
        shards += [
            Shard(f"rows {start}:{end} of {path}", path, (start, end), state)
            for start, end in _cut(rows, columns, k, rows_per_task)
        ]
    if not shards:
        raise ValueError("the base has no rows")
    return shards


def check_unchanged(*shards: Shard) -> None:
    """Whether what tasks have read is of the state of each file here that was first looked at.

    Called when a task has ended, and before its partial is kept: a task looks after its own reading alone.

    Raises
    ------
    ValueError
        With the name of the first that was written to.
    """
    states = {shard.source: shard.state for shard in shards if isinstance(shard.source, str) and shard.state}
    for path, state in states.items():
        now = _state(path)
        if now != state:
            raise ValueError(
                f"{path}: the file changed while it was read: it had {state[0]} bytes at the beginning, now {now[0]}"
            )


def _state(path: str) -> tuple[int, int]:
    found = os.stat(file_of(path))
    return found.st_size, found.st_mtime_ns


def is_list_of_parts(base: Base) -> bool:
    """Whether this is a list of paths or of matrices, and not one matrix."""
    return isinstance(base, (list, tuple)) and any(is_path(part) or getattr(part, "ndim", 0) == 2 for part in base)


def _cut(rows: int, columns: int, k: int, rows_per_task: Optional[int]) -> list[tuple[int, int]]:
    """Ranges of nearly equal length."""
    most = rows_per_task or max(TASK_BYTES // (4 * max(columns, 1)), TASK_ROWS_PER_NEIGHBOR * k, 1)
    tasks = -(-rows // most)
    return [(rows * task // tasks, rows * (task + 1) // tasks) for task in range(tasks)]


def _aligned(array: Float32) -> Float32:
    """The array itself, or a copy of what came over a network to an odd address."""
    return np.require(array, dtype=np.float32, requirements=["C", "A"])


def _partial_of(rows: Float32, queries: Float32, request: Request) -> _core.Partial:
    if request.scaled:
        rows = _core.scaled_rows(rows)
    part, budget = (0, len(rows)), MEMORY_BUDGET_BYTES
    return _core.partial_of_rows(
        rows, queries, part, request.k, request.metric, None, request.threads, budget, None
    )


def join(first: _core.Partial, second: _core.Partial) -> _core.Partial:
    """The partial of two that follow one another, each numbered from 0."""
    return first.merge(second.numbered(first.facts[1], None))


def is_remote(path: str) -> bool:
    """Whether this is a URL."""
    return "://" in path


def file_of(path: str) -> str:
    """The file of ``FILE::MEMBER``."""
    return path if os.path.exists(path) else path.split("::")[0]


@contextmanager
def fetched(url: str) -> Iterator[str]:
    """A copy of a file from elsewhere, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="annatomy-") as folder:
        # The ending says the format.
        local = os.path.join(folder, os.path.basename(url.split("::")[0]))
        fetch(url, local)
        yield local


def fetch(url: str, local: str) -> None:
    """Copies a file from elsewhere; what fails is tried again.

    Raises
    ------
    OSError
        What the last attempt said, with the URL.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            system, path = _opened(url)
            system.get_file(path, local)
            return
        except (FileNotFoundError, ImportError):
            raise
        except Exception as error:
            if attempt == ATTEMPTS:
                raise OSError(f"{url}: {error} (after {ATTEMPTS} attempts)") from error
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))


def _opened(url: str) -> Any:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ImportError(f"{url}: files elsewhere are read by fsspec: pip install fsspec") from None
    return url_to_fs(url)
