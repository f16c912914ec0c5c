from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlmonitor import names

ROOT = Path(__file__).parents[1]
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT, capture_output=True, text=True, check=False,
).stdout.split("\n")  # fmt: skip
FILES = [ROOT / name for name in TRACKED if name and (ROOT / name).is_file()]
TEXTS = [file for file in FILES if file.suffix not in {".png", ".csv", ".gz", ".parquet", ".woff2"}]
UNWANTED = ("scipy", "pandas", "grafanalib", "elasticsearch", "click", "fastapi", "sklearn", "yaml")


@pytest.mark.skipif(not TEXTS, reason="no git checkout: which files are the project's is unknown")
def test_no_module_is_longer_than_a_thousand_lines():
    long = {file: text.count("\n") for file in TEXTS if file.suffix == ".py"
            if (text := file.read_text()).count("\n") > 1000}  # fmt: skip
    assert not long


@pytest.mark.skipif(not TEXTS, reason="no git checkout: which files are the project's is unknown")
def test_no_file_names_a_registry_or_a_path_of_somebodys_machine():
    words = "|".join(["/ro" + "ot/", "/wo" + "rk/", "pypi" + r"\.org", "files.python" + "hosted",
                      "proxy.go" + "lang", "repo1.ma" + "ven", "deb.deb" + "ian"])  # fmt: skip
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in TEXTS
        for match in re.finditer(words, file.read_text(errors="replace"))
    ]
    assert not found


def literals(text: str) -> set[str]:
    """The strings of a module, those inside f-strings included and docstrings left out."""
    tree = ast.parse(text)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in documentation
    }


def test_metric_names_are_spelled_in_the_catalogue_alone():
    spelled = re.compile("|".join([*map(re.escape, names.METRICS), r"mlmonitor_[a-z]+_"]))
    found = [
        f"{file.relative_to(ROOT)}: {text}"
        for file in (ROOT / "mlmonitor").rglob("*.py")
        if file.parent.name != "names"
        for text in literals(file.read_text())
        if spelled.search(text)
    ]
    assert not found


def test_the_changelog_has_a_place_for_what_is_not_released_yet():
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_import_loads_no_framework_and_writes_nothing(tmp_path):
    code = f"import mlmonitor, sys; print([m for m in {UNWANTED!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert not list(tmp_path.iterdir())
