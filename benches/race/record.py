"""Tables, and the dated record they go into."""

from __future__ import annotations

import datetime
import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .processor import processor

FOLDER = Path("benches/record")
PEERS = ["annatomy", "faiss-cpu", "hnswlib", "usearch", "numpy", "ray", "pyarrow"]


def ratio_text(value: float) -> str:
    """Two figures; above 1 is slower where times are compared, faster where rates are."""
    return f"{value:.2f}"


@dataclass
class Table:
    """A titled table of text."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        self.rows.append([str(cell) for cell in cells])
        print("  " + " | ".join(self.rows[-1]), flush=True)

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", "| " + " | ".join(self.columns) + " |", "|---" * len(self.columns) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


def machine() -> str:
    """Processor, cores and load: what the figures depend on."""
    import annatomy._core as core

    model = next(
        (line.split(":", 1)[1].strip() for line in cpu_lines() if line.startswith("model name")), platform.machine()
    )
    flags = next((line.split() for line in cpu_lines() if line.startswith("flags")), [])
    instructions = core.instructions() + (", AMX" if "amx_int8" in flags else "")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores of {model} ({instructions}), load {load:.1f} when the race began"


def cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def installed(name: str) -> str:
    """The package and its version; nothing for one that the part does without."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def write(part: str, tables: list[Table], began: str, machine_text: str) -> Path:
    """Writes ``benches/record/DATE-PART-PROCESSOR-INSTRUCTIONS.md``: races of one day on two processors stand side by side."""
    import annatomy._core as core

    FOLDER.mkdir(parents=True, exist_ok=True)
    versions = ", ".join(filter(None, map(installed, PEERS)))
    instructions = core.instructions().split("+")[0]
    path = FOLDER / f"{datetime.date.today().isoformat()}-{part}-{processor(cpu_lines())}-{instructions}.md"
    head = f"# {part}, {began}\n\n{machine_text}. {versions}.\n\nMade by `cargo xtask bench {part}`.\n"
    path.write_text("\n".join([head, *(table.markdown() for table in tables)]))
    return path
