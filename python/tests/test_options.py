"""What the command can do, Python can: every option has its counterpart, and those that only files show are tried here.

The command is named by `ANNATOMY_COMMAND`; `cargo xtask python` builds it and sets this.
"""

from __future__ import annotations

import csv
import inspect
import json
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree

import annatomy as an
import numpy as np
import pytest

COMMAND = os.environ.get("ANNATOMY_COMMAND")


def parameters(*functions):
    return {name for function in functions for name in inspect.signature(function).parameters}


#: Of each command: what offers its options, those that go by another name, and those that print or show progress.
COUNTERPARTS = {
    "audit": (
        (an.audit, an.Audit.report, an.Audit.junit, an.Audit.atlas, an.Audit.write),
        {
            "vectors": "X", "ef": "efs", "per-query": "Audit.per_query", "out": "folder", "junit": "Audit.junit",
            "atlas": "Audit.atlas", "json": "Audit.to_dict",
        },
    ),
    "compare": ((an.compare,), {"out": "Comparison.write", "json": "Comparison.to_dict"}),
    "study": (
        (an.study,),
        {name: "settings" for name in ("runs", "subset", "sample", "seed", "studies", "ks", "conventions", "metric", "preset")}
        | {"data": "X"},
    ),
    "knn": (
        (an.exact_knn, an.partial_knn, an.plan_knn),
        {"vectors": "X", "out": "exact_knn", "distances": "exact_knn", "partial": "Partial.save", "first-row": "exact_knn", "plan": "plan_knn"},
    ),
    "merge": ((an.merge,), {"out": "merge", "distances": "merge"}),
}


@pytest.mark.skipif(COMMAND is None, reason="ANNATOMY_COMMAND is not set")
@pytest.mark.parametrize("name", COUNTERPARTS)
def test_every_option_has_its_counterpart(name):
    functions, others = COUNTERPARTS[name]
    usage = subprocess.run([COMMAND, name, "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"^\s+(?:-\w, )?--([a-z][a-z-]*)", usage, re.MULTILINE)) - {"help", "version"}
    assert len(options) >= 2
    offered = parameters(*functions)
    for option in sorted(options):
        counterpart = others.get(option, option.replace("-", "_"))
        if counterpart == "settings":
            assert option in json.loads(an._core.study_defaults()), option
        elif counterpart not in offered:
            owner, _, member = counterpart.partition(".")
            assert hasattr(an, owner) and hasattr(getattr(an, owner), member or "__call__"), option


@pytest.fixture(scope="module")
def found():
    rows = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    return an.audit(rows, k=[5], graphs=1, efs=8, require=["overlap@5>=0.5", "overlap_p1@5>=1"], m=2, ef_construction=4)


def header(page):
    return json.loads(re.search(r'id="explorer-header">(.*?)</script>', page, re.DOTALL).group(1))


def test_a_page_has_labels_and_pictures(found, tmp_path):
    for number in range(60):
        (tmp_path / f"{number:03}.ppm").write_bytes(b"P6 8 6 255\n" + bytes([4 * number, 0, 0]) * 48)
    plain = header(found.report())
    assert plain["labels"] == {} and plain["pictures"] == {}
    shown = dict(labels=[f"word {row}" for row in range(60)], images=tmp_path)
    page = header(found.report(**shown))
    assert page["labels"]["7"] == "word 7" and len(page["pictures"]) == 60
    assert page["pictures"]["7"].startswith("data:image/jpeg;base64,")
    # The names say which picture is whose.
    turned = header(found.report(images=tmp_path, image_names=[f"{59 - row:03}.ppm" for row in range(60)]))
    assert turned["pictures"]["0"] == page["pictures"]["59"]
    none = header(found.report(images=tmp_path, page_megabytes=0))
    assert none["pictures"] == {} and any("60 rows are left out" in note for note in none["notes"])
    found.write(tmp_path / "out", **shown)
    assert header((tmp_path / "out" / "report.html").read_text(encoding="utf-8")) == page
    assert "word 7" in found.explore(**shown).page
    with pytest.raises(ValueError, match="3 labels of 60 rows"):
        found.report(labels=["a", "b", "c"])
    with pytest.raises(OSError):
        found.report(images=tmp_path / "nowhere")


def test_conditions_are_junit_cases(found, tmp_path):
    suite = ElementTree.fromstring(found.junit(tmp_path / "cases.xml"))
    assert suite.get("tests") == "2" and suite.get("failures") == "1"
    assert [len(case) for case in suite] == [int(not row["shown"]) for row in found.requirements]
    assert (tmp_path / "cases.xml").read_text(encoding="utf-8") == found.junit()


def test_a_comparison_leaves_its_files(found, tmp_path):
    rows = np.random.default_rng(3).normal(size=(60, 4)).astype(np.float32)
    found.write(tmp_path / "a")
    an.audit(rows, k=[5], graphs=1, efs=1, m=2, ef_construction=4).write(tmp_path / "b")
    both = an.compare(tmp_path / "a", tmp_path / "b")
    both.write(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "compare.json").read_text(encoding="utf-8")) == both.to_dict()
    with open(tmp_path / "out" / "changed.csv", encoding="utf-8", newline="") as file:
        changed = list(csv.DictReader(file))
    counts = {change["measure"]: change["lost"] + change["gained"] for change in both.changes}
    assert {name: sum(row["measure"] == name for row in changed) for name in counts} == counts
    assert counts["overlap"] > 0


def test_a_study_reads_a_config_and_resumes(clustered, tmp_path):
    (tmp_path / "own.yaml").write_text(
        "experiment: {exp_runs: 1}\nsearch: {distance_metric: cosine}\n", encoding="utf-8"
    )
    settings = dict(config=tmp_path / "own.yaml", ks=[5], studies=["ef"], ef_values=[9])
    with pytest.warns(UserWarning, match="distance_metric"):
        once = an.study(clustered, **settings, out=tmp_path / "kept")
    assert once.summary["settings"]["runs"] == 1
    table = (tmp_path / "kept" / "measurements.csv").read_text(encoding="utf-8")
    with pytest.warns(UserWarning):
        again = an.study(clustered, **settings, out=tmp_path / "kept", resume=True)
    assert (tmp_path / "kept" / "measurements.csv").read_text(encoding="utf-8") == table
    assert again.summary["runs"] == once.summary["runs"] if "runs" in once.summary else True
    with pytest.raises(ValueError, match="without out"):
        an.study(clustered, resume=True)
    with pytest.raises(OSError):
        an.study(clustered, config=tmp_path / "nowhere.toml")
