from __future__ import annotations

import numpy as np

from mlmonitor.backtest.alerts import Episode, fired, incidents
from tests.backtest import sample

STEP = sample.STEP


def _of(alert: str, window: float = 0.0) -> list[Episode]:
    return [one for one in sample.found() if (one.alert, one.window) == (alert, window)]


def test_a_feature_that_stops_arriving_pages_within_fifteen_minutes():
    [page] = _of("MlmonitorFeatureMissing")
    assert page.severity == "critical"
    assert page.columns == (("input", "size"),)
    assert 0 < page.start / STEP - sample.GONE[0] <= 3
    assert sample.GONE[1] < page.end / STEP < sample.GONE[1] + 24


def test_inputs_that_drift_make_a_ticket_and_predictions_that_drift_a_page():
    warned = [one for one in _of("MlmonitorInputsDrifted", 3600.0) if one.columns[0][1] == "rooms"]
    [paged] = _of("MlmonitorPredictionsDrifted", 3600.0)
    assert [one.severity for one in warned] == ["warning"]
    assert paged.severity == "critical"
    assert 0 < paged.start / STEP - sample.SHIFTED[0] <= 12
    assert set(paged.tests) <= {"distribution", "mean", "rank"}


def test_drift_pages_where_a_feature_is_broken_as_well():
    [harmful] = _of("MlmonitorHarmfulDrift")
    [broken] = _of("MlmonitorFeatureMissing")
    assert harmful.columns == broken.columns
    assert harmful.start >= broken.start


def test_the_past_is_compared_with_only_where_windows_are_slow():
    assert not _of("MlmonitorInputsChanged", 3600.0)
    assert _of("MlmonitorPredictionsChanged", 21600.0)


def test_each_drifted_column_is_recorded():
    detail = {one.columns[0][1] for one in _of("MlmonitorColumnDrifted", 3600.0)}
    assert detail == {"size", "rooms", "prediction"}


def test_nothing_fires_where_nothing_happens():
    assert sample.found(()) == []


def test_alerts_that_are_switched_off_do_not_fire():
    rules = {"MlmonitorFeatureMissing": sample.rules()["MlmonitorFeatureMissing"]}
    found = fired(sample.replayed(), rules)
    assert {one.alert for one in found} == {"MlmonitorFeatureMissing"}


def test_higher_thresholds_find_less():
    factors = np.full(len(sample.replayed().verdicts[0].tests), 100.0)
    found = fired(sample.replayed(), sample.rules(), factors)
    assert not {one.alert for one in found} & {"MlmonitorInputsDrifted", "MlmonitorColumnDrifted"}


def _episode(start: float, end: float, severity: str = "warning") -> Episode:
    return Episode("A", severity, 0.0, start, end, ())


def test_episodes_close_to_each_other_are_one_incident():
    found = incidents([_episode(0, 50), _episode(100, 9000, "critical"), _episode(12700, 12800)])
    assert [(one.start, one.end, one.severity) for one in found] == [
        (0, 9000, "critical"),
        (12700, 12800, "warning"),
    ]


def test_records_are_no_incident():
    assert incidents([_episode(0, 50, "info")]) == []
