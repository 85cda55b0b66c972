"""The processor in one word, for names of files.

Enters: the lines of /proc/cpuinfo. Leaves: the microarchitecture (``zen5``, ``sapphire-rapids``) by vendor, family and model; of
others the model's name in small letters and dashes. Families and models as in LLVM's ``Host.cpp``.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable

#: Of (vendor, family): models from the first to the last of each range.
NAMES: dict[tuple[str, int], list[tuple[int, int, str]]] = {
    ("AuthenticAMD", 0x17): [(0x00, 0x2F, "zen1"), (0x30, 0xAF, "zen2")],
    ("AuthenticAMD", 0x19): [
        (0x00, 0x0F, "zen3"),
        (0x10, 0x1F, "zen4"),
        (0x20, 0x5F, "zen3"),
        (0x60, 0xAF, "zen4"),
    ],
    ("AuthenticAMD", 0x1A): [(0x00, 0x4F, "zen5"), (0x60, 0x7F, "zen5")],
    ("GenuineIntel", 6): [
        (0x3F, 0x3F, "haswell"),
        (0x4F, 0x4F, "broadwell"),
        (0x55, 0x55, "skylake-server"),
        (0x6A, 0x6A, "ice-lake-server"),
        (0x6C, 0x6C, "ice-lake-server"),
        (0x8F, 0x8F, "sapphire-rapids"),
        (0xAD, 0xAE, "granite-rapids"),
        (0xCF, 0xCF, "emerald-rapids"),
    ],
}


def processor(lines: Iterable[str]) -> str:
    """The name of the first processor that the lines describe."""
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    family, model = (int(facts[name]) if facts.get(name, "").isdigit() else -1 for name in ("cpu family", "model"))
    for first, last, known in NAMES.get((facts.get("vendor_id", ""), family), []):
        if first <= model <= last:
            return known
    return slug(facts.get("model name", "")) or slug(platform.machine())


def slug(text: str) -> str:
    """Small letters, digits, and dashes for what is between them."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
