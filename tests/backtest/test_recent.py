"""Conditions on broken columns, of values that arrive in the last ten minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlmonitor.backtest.recent import Recent, conditions
from mlmonitor.backtest.rules import Rule
from mlmonitor.backtest.values import encode_categories, encode_numbers
from tests import references

if TYPE_CHECKING:
    from mlmonitor.reference import Column

RNG = np.random.default_rng(5)
TALL = references.binned("tall", RNG.normal(170, 10, 1460))
SKEWED = references.binned("skewed", np.exp(RNG.normal(0, 1.1, 1460)))
CELSIUS = references.binned("celsius", RNG.normal(12, 8, 1460))
ZERO = references.binned("zero", RNG.normal(0, 1, 1460))
CITY = references.categorical("city", {"Oslo": 600, "Bergen": 400}, allowed=None)
SCORE = references.binned("score", RNG.normal(0, 1, 1460), side="output")
LIMITS = {
    "MlmonitorFeatureMissing": 0.8,
    "MlmonitorFeatureUnseen": 0.8,
    "MlmonitorFeatureDead": None,
    "MlmonitorScaleChanged": None,
    "MlmonitorMissingShareHigh": 0.1,
    "MlmonitorUnseenCategories": 0.05,
    "MlmonitorOutOfRange": 0.05,
    "MlmonitorOutputsNotFinite": 0.01,
}
RULES = {name: Rule(name, "critical", limit, {}) for name, limit in LIMITS.items()}


def _found(
    column: Column,
    values: np.ndarray,
    *,
    before: np.ndarray | None = None,
    long_before: np.ndarray | None = None,
) -> set[str]:
    """What holds where `values` arrived in all short windows, and others in the longer or longest, too."""
    longer = values if before is None else np.concatenate([values, before])
    longest = longer if long_before is None else np.concatenate([longer, long_before])
    recent = [
        Recent(_counted(column, some), np.zeros(1, bool), 0.001)
        for some in (values, longer, longest)
    ]
    return {name for name, holds in conditions(tuple(recent), RULES).items() if holds[0]}  # type: ignore[arg-type]


def _counted(column: Column, values: np.ndarray):
    place = np.zeros(len(values), np.int64)
    if column.is_categorical:
        return encode_categories(column, values.astype(np.int64)).counted(column, place, 1)
    return encode_numbers(column, values).counted(column, place, 1)


def _tall(count: int = 60) -> np.ndarray:
    return np.random.default_rng(1).normal(170, 10, count)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (TALL, _tall() / 100),
        (TALL, _tall() * 1000),
        (TALL, _tall() * -1),
        (CELSIUS, np.random.default_rng(1).normal(12, 8, 60) * 1.8 + 32),
        (ZERO, np.random.default_rng(1).normal(0, 1, 12) * 1000),
    ],
    ids=["metres", "thousandths", "sign", "Fahrenheit", "around zero"],
)
def test_another_unit_is_seen(column, values):
    assert "MlmonitorScaleChanged" in _found(column, values)


def test_a_huge_value_among_few_is_no_change_of_unit():
    usual = np.exp(np.random.default_rng(1).normal(0, 1.1, 11))
    assert _found(SKEWED, np.append(usual, 80.0)) == set()


def test_one_huge_value_alone_proves_nothing_for_longer_windows():
    usual = np.exp(np.random.default_rng(2).normal(0, 1.1, 30))
    assert _found(SKEWED, np.array([80.0]), before=usual) == set()


@pytest.mark.parametrize(
    ("column", "values"),
    [(TALL, _tall()), (SCORE, RNG.normal(0, 1, 60)), (CITY, RNG.integers(0, 2, 60))],
    ids=["number", "output", "category"],
)
def test_usual_values_break_nothing(column, values):
    assert _found(column, values) == set()


def test_where_32_degrees_hardly_show_what_nearly_doubles_is_not_fahrenheit():
    income = CELSIUS.model_copy(update={"mean": 200.0, "deviation": 120.0})
    values = np.repeat([200.0 - 120, 200.0 + 120], 100) * 1.8 + 10
    assert "MlmonitorScaleChanged" not in _found(income, values)


def test_a_drift_of_a_deviation_is_no_change_of_unit():
    assert "MlmonitorScaleChanged" not in _found(TALL, _tall() + 10)


@pytest.mark.parametrize(("since", "holds"), [(9, True), (10, False)])
def test_a_feature_that_is_back_ends_its_page_after_ten_rows(since, holds):
    before, back = np.full(600, np.nan), _tall(since)
    assert ("MlmonitorFeatureMissing" in _found(TALL, back, before=before)) is holds
    before, back = np.full(600, 3), np.zeros(since)
    assert ("MlmonitorFeatureUnseen" in _found(CITY, back, before=before)) is holds


@pytest.mark.parametrize(("count", "holds"), [(9, False), (10, True)])
def test_ten_rows_without_a_value_are_a_missing_feature(count, holds):
    assert ("MlmonitorFeatureMissing" in _found(TALL, np.full(count, np.nan))) is holds


@pytest.mark.parametrize(("usual", "holds"), [(0, True), (219, False)])
def test_rows_that_are_alike_and_often_missing_are_no_missing_feature(usual, holds):
    column = TALL.model_copy(update={"missing": usual})
    recent = Recent(_counted(column, np.full(40, np.nan)), np.zeros(1, bool), 0.95)
    found = conditions((recent, recent, recent), RULES)
    assert ("MlmonitorFeatureMissing" in found) is holds


@pytest.mark.parametrize(("count", "holds"), [(29, False), (30, True)])
def test_thirty_equal_values_are_a_dead_feature(count, holds):
    assert ("MlmonitorFeatureDead" in _found(TALL, np.full(count, 190.0))) is holds


@pytest.mark.parametrize(("count", "holds"), [(99, False), (100, True)])
def test_a_missing_share_warns_above_its_limit_from_a_hundred_rows_in_an_hour_on(count, holds):
    values = _tall(count)
    values[:40] = np.nan
    found = _found(TALL, values, long_before=_tall(600))
    assert ("MlmonitorMissingShareHigh" in found) is holds


@pytest.mark.parametrize(("count", "holds"), [(9, False), (10, True)])
def test_a_missing_share_warns_from_thirty_rows_in_six_hours_on_where_the_hour_has_few(
    count, holds
):
    values = _tall(20)
    values[:15] = np.nan
    found = _found(TALL, values, long_before=_tall(count))
    assert ("MlmonitorMissingShareHigh" in found) is holds


@pytest.mark.parametrize(("wrong", "holds"), [(4, False), (5, True)])
def test_five_values_of_few_must_be_wrong(wrong, holds):
    values = np.full(wrong, 400.0)
    found = _found(TALL, values, long_before=_tall(50))
    assert ("MlmonitorOutOfRange" in found) is holds
    found = _found(CITY, np.full(wrong, 3), long_before=np.zeros(50))
    assert ("MlmonitorUnseenCategories" in found) is holds


@pytest.mark.parametrize(("rho", "holds"), [(0.0, True), (0.9, False)])
def test_few_rows_that_are_alike_are_one_value_out_of_range(rho, holds):
    hour = _counted(TALL, np.full(6, 400.0))
    longest = _counted(TALL, np.append(np.full(6, 400.0), _tall(50)))
    recent = [Recent(some, np.zeros(1, bool), rho) for some in (hour, hour, longest)]
    found = conditions(tuple(recent), RULES)
    assert ("MlmonitorOutOfRange" in found) is holds


def test_categories_that_training_never_saw_are_told():
    unseen = np.full(20, 3)
    assert _found(CITY, unseen) >= {"MlmonitorFeatureUnseen"}
    mixed = np.concatenate([np.full(20, 3), np.zeros(180), np.ones(20)])
    assert _found(CITY, mixed) == {"MlmonitorUnseenCategories"}


def test_outputs_that_are_no_numbers_are_told_and_inputs_are_not():
    values = RNG.normal(0, 1, 60)
    values[:2] = np.nan
    assert _found(SCORE, values) == {"MlmonitorOutputsNotFinite"}
    assert _found(ZERO, values) == set()


def test_values_out_of_range_are_told():
    assert "MlmonitorOutOfRange" in _found(TALL, np.append(_tall(200), np.full(20, 240.0)))


def test_errors_of_the_mean_count_rows_as_evidence_and_the_larger_variance():
    values = np.full(100, TALL.mean + 2 * TALL.deviation)
    still = Recent(_counted(TALL, values), np.zeros(1, bool), 0.0)
    alike = Recent(_counted(TALL, values), np.zeros(1, bool), 0.1)
    assert still.mean_errors[0] == pytest.approx(2 / np.sqrt(1 / 100 + 1 / 1460))
    assert alike.mean_errors[0] == pytest.approx(2 / np.sqrt(10.9 / 100 + 1 / 1460))


@pytest.mark.parametrize(("rho", "least"), [(0.0, 19.6), (0.5, 14.95), (1.0, 10.0)])
def test_rows_that_are_alike_lie_as_far_out_as_one_may_without_another_unit(rho, least):
    values = np.full(50, TALL.mean + 20 * TALL.deviation)
    column = TALL.model_copy(update={"range": (TALL.mean, TALL.mean + 10 * TALL.deviation)})
    recent = Recent(_counted(column, values), np.zeros(1, bool), rho)
    assert recent.extreme == pytest.approx(10.0)
    assert recent.least_shift[0] == pytest.approx(20 - 10 * max(2, 1 + 49 * rho) / 50)
    assert recent.least_shift[0] == pytest.approx(least, abs=0.06)


def test_alerts_that_are_switched_off_are_left_out():
    recent = Recent(_counted(TALL, np.full(30, np.nan)), np.zeros(1, bool), 0.0)
    assert conditions((recent, recent, recent), {}) == {}
