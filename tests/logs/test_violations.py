from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmonitor import names
from mlmonitor.logs.violations import Checker
from mlmonitor.tally import Layout, Tally
from tests.logs.monitors import ROW, reference
from tests.logs.test_quick import rows


def reasons(**changes: object) -> dict[str, str]:
    checker = Checker(reference().side("input"))
    return {v.column: v.reason for v in checker({**ROW, **changes})}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("area", 501, "out_of_range"),
        ("area", "12", "wrong_type"),
        ("area", float("inf"), "not_finite"),
        ("area", None, "missing"),
        ("area", float("nan"), "missing"),
        ("rooms", None, None),
        ("rooms", np.int64(3), None),
        ("rooms", True, None),
        ("town", "Paris", "unseen"),
        ("town", 60.0, None),
        ("town", ["Ames"], "wrong_type"),
        ("town", pd.NA, "missing"),
        ("heating", "coal", "not_allowed"),
        ("heating", "peat", "not_allowed"),
        ("heating", "heat pump", None),
        ("note", 7, "wrong_type"),
        ("note", None, None),
    ],
)
def test_a_value_that_breaks_a_rule_of_the_reference_says_which(column, value, reason):
    assert reasons(**{column: value}) == ({} if reason is None else {column: reason})


def test_an_absent_column_is_missing_where_the_reference_always_has_it():
    checker = Checker(reference().side("input"))
    assert {v.column for v in checker({"rooms": 3})} == {"area", "town", "heating"}


def test_an_output_that_is_no_number_is_not_finite():
    checker = Checker(reference().side("output"))
    assert [v.reason for v in checker({"price": float("nan")})] == ["not_finite"]
    assert [v.reason for v in checker({"price": 2e6})] == ["out_of_range"]
    assert checker({"price": 2e5}) == []


@given(st.lists(rows, min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_violations_are_counted_as_metrics_count_invalid_values(found):
    layout = Layout.of(reference())
    tally = Tally(layout)
    checker = Checker(reference().side("input"))
    listed: Counter[tuple[str, str]] = Counter()
    for row in found:
        tally.fold_row("input", row)
        listed.update((v.column, v.reason) for v in checker(row))
    totals = tally.totals()
    for column in reference().side("input"):
        counted = totals.column("input", column.name)
        for reason in (names.WRONG_TYPE, names.NOT_FINITE, names.OUT_OF_RANGE, names.NOT_ALLOWED):
            assert listed[column.name, reason] == counted.invalid.get(reason, 0), (
                column.name,
                reason,
            )
        if not column.missing:
            assert listed[column.name, names.MISSING_VALUE] == counted.missing
        if column.is_categorical and column.allowed is None and counted.categories is not None:
            assert listed[column.name, names.UNSEEN_VALUE] == counted.categories[-1]
