"""Times of rows, in whatever form they come."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlmonitor.errors import ProfileError
from mlmonitor.reference.times import times_of

MOMENT = 1_704_067_200.0


@pytest.mark.parametrize(
    "values",
    [
        ["2024-01-01", "2024-01-01T01:30:00", None],
        ["2024-01-01T00:00:00Z", "2024-01-01 02:30:00+01:00", None],
        [MOMENT, MOMENT + 5400, np.nan],
        ["1704067200", "1704072600.0", None],
        ["2024-01-01", 1_704_072_600, None],
        pd.to_datetime(pd.Series(["2024-01-01 00:00", "2024-01-01 01:30", None])),
        pd.to_datetime(
            pd.Series(["2023-12-31 23:00-01:00", "2024-01-01 01:30+00:00", None]), utc=True
        ),
        [date(2024, 1, 1), datetime(2024, 1, 1, 1, 30, tzinfo=timezone.utc), None],
        pd.array([1_704_067_200, 1_704_072_600, None], dtype="Int64"),
    ],
)
def test_times_are_seconds_since_1970(values: Any) -> None:
    expected = [MOMENT, MOMENT + 5400, np.nan]
    np.testing.assert_array_equal(times_of(pd.Series(values, name="when")), expected)


@pytest.mark.parametrize(
    ("values", "odd"),
    [
        (["2024-01-01", "yesterday"], "'yesterday'"),
        (["13.02.2024"], "'13.02.2024'"),
        ([1_704_067_200_000.0], "'1704067200000'"),
        ([float("inf")], "'inf'"),
        (["2024-01-01", "0001-01-01"], r"'0001-01-01 00:00:00\+00:00'"),
        (["9999-12-31T23:59:59"], r"'9999-12-31 23:59:59\+00:00'"),
        ([-62_135_596_800], "'-62135596800'"),
        ([253_402_300_700.0], "'253402300700'"),
        (np.array(["0001-01-01"], "datetime64[us]"), "'0001-01-01 00:00:00'"),
        (np.array(["9999-12-31", "NaT"], "datetime64[s]"), "'9999-12-31 00:00:00'"),
        ([date(1, 1, 1)], r"'0001-01-01 00:00:00\+00:00'"),
        ([""], "''"),
    ],
)
def test_what_is_no_time_is_named(values: Any, odd: str) -> None:
    with pytest.raises(ProfileError, match=rf"^--time when: {odd} is no time; write ISO 8601"):
        times_of(pd.Series(values, name="when"))
