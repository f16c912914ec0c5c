"""The examples of docs/drift.md."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlmonitor import names
from mlmonitor.thresholds import FALSE_DISCOVERY_RATE, Thresholds

PAGE = Path(__file__).parents[2] / "docs" / "drift.md"


def test_the_examples_run_as_printed() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried > 10
    assert failed == 0


def test_the_defaults_are_those_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, value in vars(Thresholds()).items():
        shown = FALSE_DISCOVERY_RATE if value is None else value
        assert f"| `{name}` | {shown:g} |" in page


def test_the_series_that_the_page_names_exist() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = {word.strip("`|:;,.()").split("{")[0] for word in page.replace("(", " ").split()}
    series = {word for word in named if word.startswith("mlmonitor:") and word.isascii()}
    assert {word for word in series if "<" not in word} <= set(names.RECORDS)
