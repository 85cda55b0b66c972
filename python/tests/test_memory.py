"""What a task freed goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest
from annatomy import _memory

MEBIBYTE = 1 << 20


def free_pieces(size: int = 64 << 10, count: int = 1024) -> None:
    """Leaves 63 MiB free between pieces that are held: the allocator keeps them."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    pieces = [libc.malloc(size) for _ in range(count)]
    for piece in pieces:
        ctypes.memset(piece, 1, size)
    for place, piece in enumerate(pieces):
        if place % 64:
            libc.free(piece)


def resident(process: object = "self") -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another allocator than glibc's"
)
def test_what_is_free_is_given_back_at_either_end_of_a_task():
    free_pieces()
    kept = resident()

    def task():
        assert resident() < kept - 48 * MEBIBYTE
        free_pieces()
        return resident()

    before = _memory.trimmed(task)()
    assert resident() < before - 48 * MEBIBYTE


def test_a_task_keeps_its_name_result_and_error():
    def halve(number, by):
        return number // by

    task = _memory.trimmed(halve)
    assert task.__name__ == "halve" and task(9, 2) == 4
    with pytest.raises(ZeroDivisionError):
        task(9, 0)


def test_where_the_allocator_has_no_such_call_nothing_is_done(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    _memory.trim()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(ctypes, "CDLL")
    _memory.trim()
