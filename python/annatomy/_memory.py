"""Memory of a worker between its tasks: what the allocator keeps of freed blocks goes back to the system.

glibc keeps freed blocks of up to 32 MB in the arena of each thread, in case they are asked for again. After some searches that is
30 MB of a worker, on top of what a search holds; ``malloc_trim`` gives them back. Other allocators keep less, and nothing is done there.
"""

from __future__ import annotations

import ctypes
import sys
from functools import wraps
from typing import Any, Callable


def trimmed(task: Callable[..., Any]) -> Callable[..., Any]:
    """The task; what the one before left of its result on the way out is given back first, and at the end what it freed itself."""

    @wraps(task)
    def run(*arguments: Any) -> Any:
        trim()
        try:
            return task(*arguments)
        finally:
            trim()

    return run


def trim() -> None:
    """Gives back what is free: less than a millisecond in a worker."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if malloc_trim is not None:
        malloc_trim(0)
