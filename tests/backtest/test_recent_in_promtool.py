"""A changed unit, told from a shift, as the rules see it: promtool and the replay agree, case by case."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from mlmonitor.backtest.promtool import Promtool
from mlmonitor.backtest.recent import Recent, changed_unit
from mlmonitor.backtest.series import raw_series
from mlmonitor.backtest.steps import Traffic
from mlmonitor.backtest.values import encode_numbers
from mlmonitor.generate.recording import recording_rules
from mlmonitor.generate.settings import RuleSettings
from mlmonitor.reference import Reference
from tests import components, references

SETTINGS = RuleSettings(windows=(3600.0,))
STEPS, ROWS = 2, 15
DISTRIBUTIONS = {
    "normal": lambda rng, size: rng.normal(170, 10, size),
    "around zero": lambda rng, size: rng.uniform(-3, 1.2, size),
    "celsius": lambda rng, size: rng.normal(12, 8, size),
    "lognormal": lambda rng, size: np.exp(rng.normal(0, 1, size)),
    "long": lambda rng, size: np.exp(rng.normal(0, 2, size)),
    "pareto": lambda rng, size: 1 + rng.pareto(2.1, size),
}
CHANGES = {
    "usual": lambda values, _: values,
    "shift": lambda values, column: values + column.deviation,
    "shift and one far out": lambda values, column: np.append(
        values[1:] + column.deviation, column.mean + column.extreme * column.deviation
    ),
    "thousandfold": lambda values, _: values * 1000,
    "inches": lambda values, _: values / 2.54,
    "feet": lambda values, _: values / 10.764,
    "sign": lambda values, _: -values,
    "fahrenheit": lambda values, _: values * 1.8 + 32,
}


@cache
def traffic() -> Traffic:
    """A column for each distribution and change, thirty rows in two steps."""
    rng = np.random.default_rng(9)
    columns, counted = [], []
    place = np.repeat(np.arange(STEPS), ROWS)
    for name, draw in DISTRIBUTIONS.items():
        sample = draw(rng, 1460)
        for change, apply in CHANGES.items():
            column = references.binned(f"{name} {change}", sample)
            values = apply(draw(rng, STEPS * ROWS), column)
            columns.append(column)
            counted.append(encode_numbers(column, values).counted(column, place, STEPS))
    reference = Reference(model="m", version="1", rows=1460, columns=tuple(columns))
    return Traffic(reference, 0.0, SETTINGS.step, STEPS, counted)


@cache
def replayed() -> dict[str, Recent]:
    """What the replay makes of the two steps, by column."""
    ends = np.array([0]), np.array([STEPS])
    return {
        one.column.name: Recent(one.sums(*ends), np.zeros(1, bool), 0.001)
        for one in traffic().columns
    }


@cache
def recorded(version: str) -> dict[tuple[str, str], float]:
    """What the rules make of them, by series and column."""
    rules = next(text for text in recording_rules(SETTINGS).values() if "column_recent" in text)
    answer = Promtool(str(components.promtool(version))).answer(
        rules,
        raw_series(traffic(), SETTINGS.scope),
        SETTINGS.step,
        '{__name__=~"mlmonitor:column_recent:(factor|least_shift|least_spread)", window="10m"}',
        STEPS * SETTINGS.step,
    )
    return {
        (labels["__name__"].rpartition(":")[2], labels["column"]): value for labels, value in answer
    }


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_rules_and_replay_find_the_same_columns(version):
    found = {column for name, column in recorded(version) if name == "factor"}
    assert found == {name for name, one in replayed().items() if changed_unit(one)[0]}


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_what_two_extreme_values_do_not_explain_is_the_same(version):
    for name, one in replayed().items():
        found = recorded(version)
        assert found["least_shift", name] == pytest.approx(one.least_shift[0], rel=1e-4, abs=1e-4)
        assert found["least_spread", name] == pytest.approx(one.least_spread[0], rel=1e-4, abs=1e-2)


def test_a_shift_is_no_change_of_unit_and_a_thousandfold_is_one_whatever_the_tails():
    found = {name: bool(changed_unit(one)[0]) for name, one in replayed().items()}
    for name in DISTRIBUTIONS:
        assert not found[f"{name} usual"]
        assert not found[f"{name} shift"]
        assert not found[f"{name} shift and one far out"]
        assert found[f"{name} thousandfold"]
    for change in ("feet", "sign", "inches"):
        assert found[f"normal {change}"]
    assert found["celsius fahrenheit"]


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("rows", [10, 30, 100, 600])
def test_of_many_windows_with_a_shift_few_look_like_a_change_of_unit(name, rows):
    rng = np.random.default_rng(4)
    column = references.binned(name, DISTRIBUTIONS[name](rng, 1460))
    windows, deviation = 500, column.deviation or 0.0
    values = DISTRIBUTIONS[name](rng, windows * rows)

    def share(changed: np.ndarray) -> float:
        place = np.repeat(np.arange(windows), rows)
        sums = encode_numbers(column, changed).counted(column, place, windows)
        return float(changed_unit(Recent(sums, np.zeros(windows, bool), 0.001)).mean())

    assert share(values + deviation) <= share(values) + 0.004
    assert share(values * 1000) == 1.0
