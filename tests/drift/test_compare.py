"""Comparing tallies with references, and the verdicts."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import numpy as np
import pytest

import mlmonitor
from mlmonitor.drift import ColumnReport, Report, Thresholds, compare, json_schema
from mlmonitor.errors import MlmonitorError
from mlmonitor.tally import ColumnTotals, Layout, Tally
from tests import drift_sample, references

DEFAULTS = Thresholds()
if TYPE_CHECKING:
    from mlmonitor.reference import Reference

SCHEMA = Path(mlmonitor.__file__).parent / "schemas" / "drift.schema.json"


@cache
def _totals(count: int, drift: float) -> tuple[ColumnTotals, ...]:
    tally = Tally(Layout.of(drift_sample.reference()))
    for row in drift_sample.rows(count, 1, drift):
        tally.fold_row("output", {"prediction": row.pop("prediction")})
        tally.fold_row("input", row)
    return tuple(tally.totals().columns())


def _report(count: int, drift: float = 1.0, thresholds: Thresholds = DEFAULTS) -> Report:
    return compare(_totals(count, drift), drift_sample.reference(), thresholds)


def _column(report: Report, name: str) -> ColumnReport:
    return next(column for column in report.columns if column.column == name)


def test_drifted_columns_come_first_and_the_worst_of_them_at_the_top() -> None:
    columns = _report(1500).columns
    assert [column.drifted for column in columns] == sorted(
        (column.drifted for column in columns), reverse=True
    )
    effects = [column.effect for column in columns if column.drifted]
    assert effects == sorted(effects, reverse=True)


def test_what_drifted_is_found_for_its_reason() -> None:
    report = _report(1500)
    reasons = {column.column: set(column.reasons) for column in report.columns if column.drifted}
    assert reasons["gone"] == {"missing"}
    assert reasons["prediction"] == {"distribution", "mean", "rank"}
    assert "distribution" in reasons["changed"]
    assert report.drifted == len(reasons)


def test_what_did_not_drift_stays_silent() -> None:
    assert _report(3000, 0.0).drifted == 0
    assert not {"constant", "only", "shift 0.0"} & {
        column.column for column in _report(1500).columns if column.drifted
    }


def test_a_constant_column_that_stays_has_no_effect() -> None:
    column = _column(_report(1500), "constant")
    assert (column.ks, column.mean_shift, column.p_value) == (0, 0, 1)


def test_too_few_rows_give_statistics_but_no_verdict() -> None:
    report = _report(99)
    assert report.drifted == 0
    assert {column.p_value for column in report.columns} == {None}
    assert _column(report, "prediction").psi is not None


def test_a_column_without_rows_or_values_has_no_statistics() -> None:
    report = _report(0)
    assert report.rows == 0
    assert {(column.psi, column.missing_ratio) for column in report.columns} == {(None, None)}
    assert _column(_report(1500), "gone").psi is None


def test_a_large_effect_without_evidence_is_no_drift() -> None:
    strict = _report(150, 1.0, replace(DEFAULTS, alpha=1e-12))
    column = _column(strict, "shift 0.3")
    assert column.effect > 1
    assert not column.drifted


def test_evidence_of_a_small_effect_is_no_drift() -> None:
    lenient = replace(DEFAULTS, mean_shift=2, ks=0.9, psi=5)
    column = _column(_report(1500, 1.0, lenient), "shift 0.3")
    assert column.p_value is not None
    assert column.p_value < 1e-6
    assert not column.drifted


def test_unseen_and_other_categories_count_as_drift() -> None:
    column = references.categorical(
        "city", {"Oslo": 900}, rows=1000, other=100, other_values=("Hamar",), allowed=None
    )
    for counts in ([0, 0, 500], [0, 500, 0]):
        totals = ColumnTotals(column, 500, 0, {}, None, np.array(counts, dtype=np.float64))
        found = compare([totals], references.reference(column)).columns[0]
        assert found.reasons == ("distribution",)
        assert found.psi is not None
        assert found.psi > 1


def test_columns_without_bins_are_judged_by_what_is_missing() -> None:
    column = _column(_report(1500, 2.0), "note")
    assert column.reasons == ("missing",)
    assert column.psi is None


@pytest.mark.parametrize("count", [0, 50, 1500])
def test_the_published_schema_accepts_a_report(count: int) -> None:
    report = _report(count)
    jsonschema.validate(json.loads(report.to_json()), json_schema())
    assert list(report.to_dict())[:4] == ["model", "version", "rows", "drifted"]
    assert f'"rows": {count},' in report.to_json()


def test_the_published_schema_is_the_generated_one() -> None:
    assert json.loads(SCHEMA.read_text()) == json_schema()
    assert SCHEMA.read_text() == json.dumps(json_schema(), indent=2) + "\n"


def _alike(name: str, correlation: dict[str, float], share: float) -> Reference:
    """The reference with one column whose rows are alike."""
    reference = drift_sample.reference()
    columns = tuple(
        one.model_copy(update={"correlation": correlation, "effective_rows": share * one.values})
        if one.name == name
        else one
        for one in reference.columns
    )
    return reference.model_copy(
        update={"columns": columns, "windows": dict.fromkeys(correlation, 90)}
    )


def _compared(reference: Reference, window: float | None = None) -> Report:
    columns = {one.name: one for one in reference.columns}
    totals = [replace(one, column=columns[one.column.name]) for one in _totals(1500, 1.0)]
    return compare(totals, reference, window=window)


def test_rows_that_are_alike_are_less_evidence_by_the_window_that_they_cover() -> None:
    name = "shift 0.3"
    reference = _alike(name, {"1h": 0.3, "1d": 0.01}, 0.5)
    p_values = [
        _column(_compared(reference, window), name).p_value or 0.0 for window in (3600, 86_400)
    ]
    plain = _column(_report(1500), name).p_value or 0.0
    assert p_values[0] > 100 * p_values[1] > 10_000 * plain
    assert _column(_compared(reference), name).p_value == p_values[1]
    hour = _column(_compared(reference, 3600), name)
    assert not hour.drifted
    assert (hour.psi_noise or 0) > 10 * (_column(_report(1500), name).psi_noise or 0)


def test_a_window_that_the_profile_has_not_measured_is_refused() -> None:
    with pytest.raises(MlmonitorError, match="not measured windows of 2h, but of 1h, 1d; choose"):
        _compared(_alike("shift 0.3", {"1h": 0.3, "1d": 0.01}, 0.5), 7200)


@pytest.mark.parametrize(("name", "value"), [("psi", 0), ("ks", 1), ("alpha", -1), ("missing", 2)])
def test_a_threshold_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(MlmonitorError, match=f"{name} is {value}"):
        Thresholds(**{name: value})  # type: ignore[arg-type]
