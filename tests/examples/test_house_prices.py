"""The house-price example: its data, its injections, their truth, and the judgement of findings."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from examples.house_prices import truth as truths
from examples.house_prices.houses import DATA, TARGET, as_rows, split
from examples.house_prices.inject import BY_NAME, INJECTIONS, NOTHING
from examples.house_prices.judge import Phase, judge
from examples.house_prices.train import new_model
from examples.house_prices.truth import Truth
from examples.house_prices.watch import Point
from mlmonitor.drift import Thresholds
from mlmonitor.reference import Reference

pytestmark = pytest.mark.xdist_group("house-prices")  # the truth of all injections takes a minute

FOLDER = DATA.parent.parent
SERVICE_LINES = 60


def test_the_service_is_short() -> None:
    assert len((FOLDER / "service.py").read_text().splitlines()) < SERVICE_LINES


def test_the_data_are_those_that_the_readme_names() -> None:
    digest = hashlib.sha256(DATA.read_bytes()).hexdigest()
    assert digest in (DATA.parent / "README.md").read_text()


def test_the_three_groups_share_no_house_and_leave_none_out() -> None:
    groups = split()
    together = pd.concat(groups)
    assert [len(group) for group in groups] == [500, 560, 400]
    assert sorted(together.index) == list(range(1460))
    assert pd.concat(split()).equals(together)


def test_another_seed_gives_other_groups() -> None:
    assert not split(1).replay.reset_index(drop=True).equals(split(2).replay.reset_index(drop=True))


def test_rows_carry_no_price_and_none_for_what_is_missing() -> None:
    houses = split().replay
    rows = as_rows(houses)
    assert all(TARGET not in row for row in rows)
    missing = sum(value is None for row in rows for value in row.values())
    assert missing == int(houses.drop(columns=TARGET).isna().to_numpy().sum())


@pytest.mark.parametrize("name", BY_NAME)
def test_an_injection_is_the_same_for_the_same_seed(name: str) -> None:
    houses = split().replay
    once, again = (BY_NAME[name].apply(houses, 3) for _ in range(2))
    assert once.equals(again)
    assert len(once) == len(houses)


def test_an_injection_leaves_the_houses_that_it_is_given_alone() -> None:
    houses = split().replay
    before = houses.copy()
    for injection in INJECTIONS:
        injection.apply(houses, 3)
    assert houses.equals(before)


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Truth]]:
    """The truth of every injection, by column."""
    houses = split()
    model = new_model().fit(as_rows(houses.fit), houses.fit[TARGET])
    held_out = houses.reference.assign(predicted=model.predict(as_rows(houses.reference)))
    reference = Reference.from_frame(
        held_out, model="house-prices", version="1", target=TARGET, prediction="predicted"
    )
    return {
        one.name: {
            column.column: column
            for column in truths.truth(one, houses.replay, model, reference, Thresholds(), seed=1)
        }
        for one in BY_NAME.values()
    }


def test_nothing_must_be_found_where_nothing_changes(found: dict[str, dict[str, Truth]]) -> None:
    assert {one.duty for one in found[NOTHING.name].values()} == {"must stay silent"}
    assert max(one.effect for one in found[NOTHING.name].values()) <= 0


def test_square_metres_must_be_found_where_they_are(found: dict[str, dict[str, Truth]]) -> None:
    changed = found["square_metres"]
    assert changed["GrLivArea"].duty == "must be found"
    silent = {name for name, one in changed.items() if one.duty == "must stay silent"}
    assert silent == set(changed) - {"GrLivArea", "prediction"}
    assert "PoolQC" in silent


def test_a_feature_gone_missing_must_be_found(found: dict[str, dict[str, Truth]]) -> None:
    changed = found["missing_basement"]
    assert changed["TotalBsmtSF"].effects == {"missing": pytest.approx(1 / 0.05)}
    assert changed["GrLivArea"].duty == "must stay silent"


def test_other_neighbourhoods_move_much_that_goes_with_them(
    found: dict[str, dict[str, Truth]],
) -> None:
    changed = found["neighbourhoods"]
    required = {name for name, one in changed.items() if one.duty == "must be found"}
    assert {"Neighborhood", "YearBuilt", "OverallQual"} <= required


def test_ks_is_that_of_scipy() -> None:
    random = np.random.default_rng(1)
    old, new = random.normal(size=300), np.round(random.normal(0.4, size=200), 1)
    assert truths.ks(old, new) == pytest.approx(stats.ks_2samp(old, new).statistic, abs=1e-12)


def test_psi_of_equal_counts_is_below_what_chance_gives() -> None:
    counts = np.array([30.0, 50.0, 20.0])
    assert truths.psi_excess(counts, counts) == pytest.approx(-2 * (1 / 100 + 1 / 100))


PHASE = Phase(INJECTIONS[1], 100.0, 120.0)


def _truth(column: str, effect: float, duty: truths.Duty) -> Truth:
    return Truth("input", column, duty, {"distribution": effect})


def test_a_column_is_found_by_its_first_alert_in_the_phase() -> None:
    points = [Point(95.0, 2.0, True), Point(103.0, 0.9, False), Point(106.0, 2.5, True)]
    verdict = judge(PHASE, [_truth("a", 3.0, "must be found")], {("input", "a"): points})
    assert verdict.passed
    assert verdict.first_after == pytest.approx(6.0)
    assert verdict.findings[0].effect == pytest.approx(2.5)


def test_an_alert_after_the_phase_comes_too_late() -> None:
    history = {("input", "a"): [Point(110.0, 0.5, False), Point(121.0, 2.5, True)]}
    verdict = judge(PHASE, [_truth("a", 3.0, "must be found")], history)
    assert [one.truth.column for one in verdict.missed] == ["a"]
    assert not verdict.passed


def test_an_unknown_column_that_must_be_found_is_missed() -> None:
    assert judge(PHASE, [_truth("a", 3.0, "must be found")], {}).missed


def test_an_alert_without_a_change_is_a_false_alarm() -> None:
    history = {("input", "a"): [Point(110.0, 1.5, True)]}
    verdict = judge(PHASE, [_truth("a", 0.0, "must stay silent")], history)
    assert [one.truth.column for one in verdict.false_alarms] == ["a"]
    assert not verdict.passed


def test_a_column_between_the_two_may_alert_or_not() -> None:
    history = {("input", "a"): [Point(110.0, 1.5, True)]}
    for known in (history, {}):
        assert judge(PHASE, [_truth("a", 1.5, "reported")], known).passed
