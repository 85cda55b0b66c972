"""Every block of code in the README and the docs runs: page by page, from top to bottom, in one folder and one namespace.

A fence's first word is its language: `python` and `sh` run, others are pictures of output. Words after it:
`needs-X` runs where X can be imported (`pgvector`: where a server is, `parquet`: where the command reads it), `slow` runs
with ANNATOMY_DOCS=all alone, `by-hand` never (they compile). The README finds the files that its lines name.
"""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
README = ROOT / "README.md"
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    words: tuple[str, ...]
    source: str
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in FENCE.finditer(text):
        language, *words = fence.group(1).split() or [""]
        found.append(Block(language, tuple(words), fence.group(2), text.count("\n", 0, fence.start()) + 2))
    return found


def command() -> Path:
    named = os.environ.get("ANNATOMY_COMMAND")
    return Path(named) if named else ROOT / "target/ci/annatomy"


def missing(block: Block, names: dict[str, object]) -> str:
    """What a block needs and is not there; empty where it can run."""
    for word in block.words:
        if word == "by-hand":
            return "time"
        if word == "slow":
            if os.environ.get("ANNATOMY_DOCS") != "all":
                return "time"
            continue
        kind, _, need = word.partition("-")
        assert kind == "needs", f"{word!r} is no word of a fence"
        there = {
            "pgvector": lambda: "connection" in names,
            "parquet": lambda: "parquet" in subprocess.check_output([command(), "--version"], text=True),
        }.get(need, lambda: importlib.util.find_spec(need) is not None)()
        if not there:
            return need
    return ""


def run(block: Block, page: Path, folder: Path, names: dict[str, object]) -> None:
    if block.language == "python":
        # Tracebacks name the page and its line.
        exec(compile("\n" * (block.line - 1) + block.source, str(page), "exec"), names)
    else:
        shell = {**os.environ, "PATH": f"{folder / '.bin'}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(["sh", "-e", "-c", block.source], cwd=folder, env=shell, capture_output=True, text=True)
        assert done.returncode == 0, f"{page}:{block.line}\n{block.source}\n{done.stdout}{done.stderr}"


def prepare(folder: Path) -> None:
    """The command under its name, where a shell finds it."""
    (folder / ".bin").mkdir()
    (folder / ".bin" / "annatomy").symlink_to(command())


@contextmanager
def pgvector(found: list[Block]) -> Iterator[dict[str, object]]:
    """A connection, where a block asks for one and there is a server."""
    if not any("needs-pgvector" in block.words for block in found):
        yield {}
        return
    runpy.run_path(str(Path(__file__).parent / "pglite.py"))["start"]()
    if not os.environ.get("ANNATOMY_PGVECTOR"):
        yield {}
        return
    import psycopg

    with psycopg.connect(os.environ["ANNATOMY_PGVECTOR"], autocommit=True) as connection:
        yield {"connection": connection}


def readme_names(folder: Path) -> dict[str, object]:
    """What the README's blocks call by a name, as files and as values."""
    import faiss
    import numpy as np

    random = np.random.default_rng(0)
    X = (random.normal(size=(9, 16))[random.integers(9, size=700)] + random.normal(size=(700, 16))).astype(np.float32)
    index = faiss.IndexHNSWFlat(16, 8)
    index.add(X)
    distances, ids = index.search(X, 501)
    np.save(folder / "embeddings.npy", X)
    np.save(folder / "ids.npy", ids)
    np.save(folder / "d.npy", distances)
    np.save(folder / "mask.npy", np.arange(700) % 3 > 0)
    (folder / "rows.csv").write_text("sku,row\n" + "".join(f"sku-{row},{row}\n" for row in range(700)))
    answers = ("[" + ",".join(f'"sku-{near}"' for near in row) + "]\n" for row in ids[:, :101])
    (folder / "answers.jsonl").write_text("".join(answers))
    for number, half in ((1, X[:400]), (2, X[400:])):
        segment = faiss.IndexHNSWFlat(16, 8)
        segment.add(half)
        faiss.write_index(segment, str(folder / f"segment-{number}.index"))
    index.hnsw.efSearch = 200
    faiss.write_index(index, str(folder / "faiss.index"))
    coded = faiss.index_factory(16, "IVF8,PQ4")
    coded.train(X)
    coded.add(X)
    faiss.write_index(coded, str(folder / "ivfpq.index"))
    run(Block("sh", (), "annatomy audit --index faiss.index --out last-week", 0), README, folder, {})

    class Client:
        def search(self, queries, k):
            return index.search(queries, k)[1]

    exact = np.argsort(((X[:, None] - X[None]) ** 2).sum(axis=2), axis=1, kind="stable")[:, 1:101]
    return {"X": X, "faiss_index": index, "client": Client(), "exact": exact, "returned": ids[:, :101]}


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_of_a_page_run(page, tmp_path, monkeypatch):
    found = [block for block in blocks(page) if block.language in ("python", "sh")]
    if not found:
        return
    if not command().exists():
        pytest.skip("the command is not built")
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAY_ADDRESS", "local")  # a cluster of the page's own, whichever else runs here
    left_out = {}
    with pgvector(found) as servers:
        names: dict[str, object] = {"__name__": "page", **servers}
        if page == README:
            names.update(readme_names(tmp_path))
        for block in found:
            if need := missing(block, names):
                left_out[block.line] = need
            else:
                run(block, page, tmp_path, names)
    if left_out and set(left_out.values()) != {"time"}:
        pytest.skip(f"lines {', '.join(map(str, left_out))} need {', '.join(sorted(set(left_out.values())))}")


def test_blocks_are_found():
    counts = {language: 0 for language in ("python", "sh")}
    for page in PAGES:
        for block in blocks(page):
            counts[block.language] = counts.get(block.language, 0) + 1
    assert counts["python"] > 25 and counts["sh"] > 12, counts
    # A language that is not known would never run.
    assert set(counts) <= {"python", "sh", "text", "console", "rust", "sql", "toml"}, counts


def test_the_table_of_contents_has_every_page_once():
    """mdBook leaves out a page that is not listed, and stops at one that is listed twice."""
    listed = re.findall(r"\]\(([^)]+\.md)\)", (ROOT / "docs" / "SUMMARY.md").read_text(encoding="utf-8"))
    there = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES} - {"SUMMARY.md", "paper.md"}
    assert sorted(listed) == sorted(there)


def test_a_failing_block_names_its_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text\n\n```python\nx = 1\nraise KeyError(x)\n```\n", encoding="utf-8")
    (block,) = blocks(page)
    with pytest.raises(KeyError) as caught:
        run(block, page, tmp_path, {})
    assert caught.traceback[-1].lineno + 1 == 5
    assert shutil.which("sh")
    with pytest.raises(AssertionError, match="nonsense"):
        run(Block("sh", (), "nonsense-command\n", 1), page, tmp_path, {})
