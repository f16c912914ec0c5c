"""Comparing frames and files with a reference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlmonitor.drift import drift_frames
from mlmonitor.errors import ProfileError
from tests import drift_sample, references


def test_frames_are_compared_whatever_their_size() -> None:
    frame = pd.DataFrame(drift_sample.rows(1200, 1))
    reference = drift_sample.reference()
    whole = drift_frames([frame], reference)
    parts = drift_frames([frame[:500], frame[500:501], frame[501:]], reference)
    assert whole.rows == 1200
    assert [c.column for c in parts.columns] == [c.column for c in whole.columns]
    for one, other in zip(whole.columns, parts.columns, strict=True):
        assert other.psi == pytest.approx(one.psi, rel=1e-12) if one.psi else other.psi == one.psi
        assert other.reasons == one.reasons


def test_outputs_and_outcomes_may_have_other_names_in_the_files() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    reference = references.reference(
        references.binned("x", values),
        references.binned("prediction", values, side="output"),
        references.binned("price", values, side="outcome"),
    )
    frame = pd.DataFrame({"x": values, "guess": values + 1, "paid": values + 2})
    report = drift_frames([frame], reference, prediction="guess", target="paid")
    shifts = {column.side: column.mean_shift for column in report.columns}
    assert shifts == pytest.approx({"input": 0, "output": 1, "outcome": 2}, abs=0.1)


def test_files_without_predictions_are_compared_by_their_inputs() -> None:
    frame = pd.DataFrame(drift_sample.rows(200, 1)).drop(columns="prediction")
    report = drift_frames([frame], drift_sample.reference())
    prediction = next(column for column in report.columns if column.side == "output")
    assert prediction.rows == 0


def test_an_absent_input_is_named() -> None:
    frame = pd.DataFrame(drift_sample.rows(10, 1)).drop(columns="rooms")
    with pytest.raises(ProfileError, match="'rooms'"):
        drift_frames([frame], drift_sample.reference())


def test_no_rows_are_refused() -> None:
    with pytest.raises(ProfileError, match="no rows"):
        drift_frames([], drift_sample.reference())
