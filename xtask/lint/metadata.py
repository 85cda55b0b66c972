"""CITATION.cff, codemeta.json, pyproject.toml, Cargo.toml, CHANGELOG.md and the issue forms agree.

Enters: the files at the top of the repository. Leaves: exit code 1 and the faults, one a line.
"""

import json
import re
import sys
from pathlib import Path

import yaml

faults = []


def same(what: str, found: object, expected: object) -> None:
    if found != expected:
        faults.append(f"{what}: {found!r}, where {expected!r} should be")


cargo = Path("Cargo.toml").read_text(encoding="utf-8")
version = re.search(r'^version = "(.+?)"$', cargo, re.MULTILINE).group(1)
license_ = re.search(r'^license = "(.+?)"$', cargo, re.MULTILINE).group(1)
for name, rest in re.findall(r"^(annatomy[a-z-]*) = \{ path = (.*)$", cargo, re.MULTILINE):
    found = re.search(r'version = "(.+?)"', rest)
    same(f"Cargo.toml, version of {name}", found and found.group(1), version)
for manifest in sorted(Path("crates").glob("*/Cargo.toml")):
    text = manifest.read_text(encoding="utf-8")
    if "publish = false" in text:
        continue
    for key in ("description", "readme", "documentation", "keywords", "categories", "include"):
        if not re.search(rf"^{key}(\.workspace)? = ", text, re.MULTILINE):
            faults.append(f"{manifest}: no {key}")
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        if not (manifest.parent / name).exists():
            faults.append(f"{manifest.parent}: no {name}")

citation = yaml.safe_load(Path("CITATION.cff").read_text(encoding="utf-8"))
for key in ("cff-version", "message", "title", "authors", "version", "license"):
    if key not in citation:
        faults.append(f"CITATION.cff: no {key}")
same("CITATION.cff, cff-version", citation.get("cff-version"), "1.2.0")
same("CITATION.cff, version", citation.get("version"), version)
same("CITATION.cff, license", citation.get("license"), license_.split(" OR "))

codemeta = json.loads(Path("codemeta.json").read_text(encoding="utf-8"))
same("codemeta.json, version", codemeta.get("version"), version)
same("codemeta.json, name", codemeta.get("name"), citation.get("title", "").split(":")[0])
same("codemeta.json, license", sorted(codemeta.get("license", [])), sorted(f"https://spdx.org/licenses/{name}" for name in license_.split(" OR ")))

changes = Path("CHANGELOG.md").read_text(encoding="utf-8")
headings = re.findall(r"^## (.+)$", changes, re.MULTILINE)
if not headings or headings[0] != "Unreleased":
    faults.append("CHANGELOG.md does not begin with Unreleased")
dates = re.findall(rf"^## {re.escape(version)} - (\d{{4}}-\d\d-\d\d)$", changes, re.MULTILINE)
if not dates:
    faults.append(f"CHANGELOG.md has no section of {version} with its date")
else:
    same("CITATION.cff, date-released", str(citation.get("date-released")), dates[0])
    same("codemeta.json, datePublished", codemeta.get("datePublished"), dates[0])

for form in sorted(Path(".github/ISSUE_TEMPLATE").glob("*.yml")):
    held = yaml.safe_load(form.read_text(encoding="utf-8"))
    if form.name == "config.yml":
        same(f"{form}, keys", set(held) <= {"blank_issues_enabled", "contact_links"}, True)
        continue
    for key in ("name", "description", "body"):
        if not held.get(key):
            faults.append(f"{form}: no {key}")
    for field in held.get("body", []):
        if field.get("type") not in {"markdown", "textarea", "input", "dropdown", "checkboxes"}:
            faults.append(f"{form}: a field of type {field.get('type')!r}")
        if field.get("type") != "markdown" and not field.get("attributes", {}).get("label"):
            faults.append(f"{form}: a field without a label")

print(*faults, sep="\n")
sys.exit(bool(faults))
