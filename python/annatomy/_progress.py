"""Progress of long calls: silent in scripts, a bar in notebooks, and wherever it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, Optional, Union

#: None: in notebooks alone; True or False; or what is called with the news.
Telling = Optional[Union[bool, Callable[..., None]]]


@contextmanager
def telling(progress: Telling, name: str) -> Iterator[Optional[Callable[..., None]]]:
    """What to call with (stage) or (stage, done, total); None where no progress is wanted."""
    if callable(progress):
        yield progress
    elif progress or (progress is None and in_notebook()):
        line = _Line(name)
        try:
            yield line
        finally:
            line.close()
    else:
        yield None


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None and hasattr(shell, "get_ipython") else None
    return type(running).__name__ == "ZMQInteractiveShell"


class _Line:
    """A bar of tqdm where that is installed, else a line that is written over."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stage: Any = None
        self.bar: Any = None
        try:
            from tqdm.auto import tqdm
        except ImportError:
            self.bars = None
        else:
            self.bars = tqdm

    def __call__(self, *news: Any) -> None:
        stage, done, total = (*news, 0, 0)[:3]
        words = f"{self.name}: {stage}"
        if self.bars is None:
            share = f" {done}/{total}" if total else ""
            print(f"\r\x1b[K{words}{share}", end="", file=sys.stderr, flush=True)
            return
        if words != self.stage:
            self._close_bar()
            self.stage, self.bar = words, self.bars(desc=words, total=total or None, leave=False)
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bars is None:
            print(file=sys.stderr)
        self._close_bar()

    def _close_bar(self) -> None:
        if self.bar is not None:
            self.bar.close()
