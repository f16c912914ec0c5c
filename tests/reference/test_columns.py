"""Categories of rows, one by one, against those that the profile counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmonitor.reference import Reference
from mlmonitor.reference.columns import categories_of, values_of

VALUES = st.one_of(
    st.sampled_from(["a", "b", "7", "007", "true", " ", "nan"]),
    st.integers(-2, 2),
    st.sampled_from([0.5, float("nan"), float("inf")]),
    st.booleans(),
    st.none(),
    st.just([1]),
)


def _check(column: pd.Series[Any], kept: int) -> None:
    entry = Reference.from_frame(
        pd.DataFrame({"x": column}), model="m", version="1", kinds={"x": "categorical"},
        categories=kept,
    ).columns[0]  # fmt: skip
    known = entry.categories or {}
    places = {name: place for place, name in enumerate(known)}
    values = values_of(column)
    as_boolean = values.booleans == np.count_nonzero(~np.isnan(values.numbers))
    found = categories_of(column, places, as_boolean=as_boolean)
    counts = np.bincount(found[found >= 0], minlength=len(known) + 1)
    assert counts.tolist() == [*known.values(), entry.other]
    assert int((found < 0).sum()) == entry.missing


@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
@given(st.lists(VALUES, min_size=1, max_size=40), st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_each_row_has_the_category_that_the_profile_counts_it_in(
    values: list[Any], kept: int
) -> None:
    _check(pd.Series(values, dtype=object), kept)


@pytest.mark.filterwarnings("ignore::mlmonitor.reference.build.ProfileWarning")
@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, 2, 2, None], dtype="Int64"),
        pd.Series([True, False, None], dtype="boolean"),
        pd.Series([True, False, True]),
        pd.Series([1.5, 2.0, float("nan")]),
        pd.Series(["x", "y", None], dtype="category"),
        pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02", None])),
        pd.to_datetime(pd.Series(["2024-01-01 10:00", None]), utc=True),
    ],
    ids=lambda column: str(column.dtype),
)
def test_whatever_the_type_of_the_column(column: pd.Series[Any]) -> None:
    _check(column, 5)
