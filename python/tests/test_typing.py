"""Types, checked strictly: the package itself, and what users write against it. The stub names what is compiled."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import annatomy
import pytest
from annatomy import _core
from mypy import api

TESTS = Path(__file__).parent
PACKAGE = Path(annatomy.__file__).parent
#: Behind a feature that most wheels are built without.
ABSENT = {"HnswRs"} - set(dir(_core))
SETTINGS = TESTS.parent.parent / "pyproject.toml"
MODULES = ["_audit", "_neighbors", "_partial", "_hnsw", "_surface", "_fidelity", "_lid", "_study"]


@pytest.mark.parametrize("what", [["--package", "annatomy"], [str(TESTS / "typed.py")]], ids=["package", "users"])
def test_types_hold_strictly(what, tmp_path):
    text, errors, status = api.run(["--config-file", str(SETTINGS), "--cache-dir", str(tmp_path), *what])
    assert status == 0, text + errors


def test_the_stub_names_what_is_compiled():
    stub = ast.parse((PACKAGE / "_core.pyi").read_text(encoding="utf-8"))
    stub.body = [node for node in stub.body if getattr(node, "name", "") not in ABSENT]
    public = [node for node in stub.body if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_"]
    assert {node.name for node in public} == {name for name in dir(_core) if name[0] != "_"}
    for node in public:
        if isinstance(node, ast.ClassDef):
            methods = {item.name for item in node.body if isinstance(item, ast.FunctionDef) and item.name[0] != "_"}
            assert methods == {name for name in vars(getattr(_core, node.name)) if name[0] != "_"}
        else:
            given = getattr(_core, node.name).__text_signature__
            assert given == f"({', '.join(argument.arg for argument in node.args.args)})"


def test_everything_public_is_documented():
    for name in annatomy.__all__:
        thing = getattr(annatomy, name)
        assert name == "__version__" or thing.__doc__, name


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_examples_run(module):
    found = importlib.import_module("annatomy" if module == "__init__" else f"annatomy.{module}")
    result = doctest.testmod(found, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0 and result.attempted > 0
