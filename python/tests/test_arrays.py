"""What enters: no copy of float32 in C order, a word and a copy of anything else; what long calls leave to others."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
import time

import annatomy as an
import numpy as np
import pytest


def run(code: str, *, interrupt_after: float = 0.0) -> tuple[str, float]:
    """Runs ``code`` in a process of its own; what it printed, and the seconds from its interruption to its end."""
    # A process started in the background inherits that interrupts are ignored.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    command = [sys.executable, "-c", heed + textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        started = time.monotonic()
        if interrupt_after:
            assert process.stdout.readline() == "begins\n"
            time.sleep(interrupt_after)
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
        text = process.stdout.read()
        process.wait(60)
        return text, time.monotonic() - started


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    "call",
    ["an.exact_knn(X, 10, queries=X[:8].copy())", "an.exact_knn(X, 10, queries=X[:8].copy(), metric='ip')",
     "an.Hnsw(X[:20_000], m=4, ef_construction=4, memory_budget_bytes=0).search(X[:8].copy(), 10, 10)",
     "an.audit(X, queries=X[:8].copy(), neighbors=np.tile(np.arange(20), (8, 1)), k=10)"],
)
def test_peak_memory_shows_no_copy_of_the_input(call):
    """A 160 MB array goes in; the peak rises by less than a quarter of it (the core's own blocks)."""
    text, _ = run(
        f"""
        import annatomy as an, numpy as np
        def peak():
            with open("/proc/self/status") as status:
                return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e3
        X = np.random.default_rng(0).random((40_000, 1_000), dtype=np.float32)
        an.exact_knn(X[:300], 3)
        before = peak()
        {call}
        print(peak() - before)
        """
    )
    assert float(text) < 40


def test_anything_else_is_converted_with_a_word(clustered):
    expected, _ = an.exact_knn(clustered, 5)
    others = [clustered.astype(np.float64), np.asfortranarray(clustered), np.repeat(clustered, 2, 1)[:, ::2]]
    for other, word in zip(others, ["float64, in C order", "float32, in Fortran order", "float32, not contiguous"]):
        with pytest.warns(an.ConversionWarning, match=word) as caught:
            ids, _ = an.exact_knn(other, 5)
        np.testing.assert_array_equal(ids, expected)
        assert caught[0].filename == __file__
    ids, _ = an.exact_knn(clustered.tolist(), 5)
    np.testing.assert_array_equal(ids, expected)
    assert an.exact_knn(np.array([[1], [2], [4]]).tolist(), 1)[0].ravel().tolist() == [1, 0, 1]


def test_read_only_arrays_enter_as_they_are(clustered):
    frozen = clustered.view()
    frozen.flags.writeable = False
    assert np.shares_memory(an.Hnsw(frozen, m=4, ef_construction=8).X, clustered)


def test_other_threads_run_meanwhile():
    rows = np.random.default_rng(0).random((6_000, 400), dtype=np.float32)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    ticker = threading.Thread(target=tick)
    ticker.start()
    started = time.monotonic()
    an.exact_knn(rows, 50, threads=1)
    ended = time.monotonic()
    done.set()
    ticker.join()
    inside = [t for t in ticks if started < t < ended]
    assert max(np.diff([started, *inside, ended])) < max(0.5 * (ended - started), 0.1)


LONG = {
    "neighbors": "an.exact_knn(np.random.default_rng(0).random((40_000, 2_000), dtype=np.float32), 10)",
    "table": "an.exact_knn(np.random.default_rng(0).random((20_000, 4_000), dtype=np.float32), 10)",
    "graph": "an.Hnsw(np.random.default_rng(0).random((60_000, 500), dtype=np.float32))",
    "study": "an.study(runs=50)",
    "subset": "an.subset(10**8, 9 * 10**7, 0)",
    "audit": "an.audit(np.random.default_rng(0).random((15_000, 256), dtype=np.float32))",
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("name", LONG)
def test_interrupts_stop_long_calls_within_a_second(name):
    text, seconds = run(
        f"""
        import annatomy as an, numpy as np
        print("begins", flush=True)
        try:
            {LONG[name]}
            print("not interrupted")
        except KeyboardInterrupt:
            print("interrupted")
        """,
        interrupt_after=0.2 if name == "subset" else 2.0,
    )
    # A second to stop, and what the interpreter takes to leave.
    assert text == "interrupted\n" and seconds < 2
