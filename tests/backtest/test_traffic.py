from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mlmonitor.backtest.traffic import traffic_of_files, traffic_of_frames
from mlmonitor.errors import ProfileError
from mlmonitor.tally import Layout, Tally
from tests import references

ROWS = 1500
START = 1_700_000_100


def _frame(count: int = ROWS) -> pd.DataFrame:
    rows = references.mixed_rows(count)
    frame = pd.DataFrame(rows)
    rng = np.random.default_rng(3)
    frame["prediction"] = np.where(rng.random(count) < 0.1, np.nan, rng.normal(1e4, 3e3, count))
    frame["when"] = START + np.sort(rng.uniform(0, 7200, count))
    return frame


def test_the_counts_of_all_steps_add_up_to_those_of_the_tally():
    reference, frame = references.mixed(), _frame()
    tally = Tally(Layout.of(reference))
    for block in tally.layout.blocks:
        tally.fold_batch(block.side, frame[[c.name for c in block.columns]])
    expected = {(one.column.side, one.column.name): one for one in tally.totals().columns()}

    traffic = traffic_of_frames([frame], reference, "when")

    for column in traffic.columns:
        counted = column.sums(np.array([0]), np.array([traffic.steps])).totals(0)
        wanted = expected[column.column.side, column.column.name]
        assert (counted.rows, counted.missing) == (wanted.rows, wanted.missing)
        told = {reason: count for reason, count in counted.invalid.items() if count}
        assert told == {reason: count for reason, count in wanted.invalid.items() if count}
        for name in ("bins", "categories"):
            np.testing.assert_array_equal(getattr(counted, name), getattr(wanted, name))
        for name in ("above", "below", "squares"):
            np.testing.assert_allclose(getattr(counted, name), getattr(wanted, name), rtol=1e-6)
        if column.column.kind == "sparse":
            assert counted.nonzero == wanted.nonzero


def test_a_step_holds_the_rows_of_its_five_minutes():
    reference, frame = references.mixed(), _frame()

    traffic = traffic_of_frames([frame], reference, "when")

    first = next(iter(traffic.columns))
    expected = np.bincount((frame["when"] // 300 - traffic.start // 300).astype(int))
    np.testing.assert_array_equal(first.rows, expected)


def test_order_and_chunks_do_not_matter():
    reference, frame = references.mixed(), _frame()
    shuffled = frame.sample(frac=1.0, random_state=1)
    parts = [shuffled.iloc[:100], shuffled.iloc[100:]]

    one = traffic_of_frames([frame], reference, "when")
    other = traffic_of_frames(parts, reference, "when")

    assert (one.start, one.steps) == (other.start, other.steps)
    for left, right in zip(one.columns, other.columns, strict=True):
        np.testing.assert_array_equal(left.cells, right.cells)
        np.testing.assert_allclose(left.squares, right.squares)


@pytest.mark.parametrize("form", ["text", "zone", "datetime"])
def test_timestamps_come_in_several_forms(form):
    reference, frame = references.mixed(), _frame(50)
    seconds = frame["when"].round()
    moments = pd.to_datetime(seconds, unit="s", utc=True)
    texts = moments.dt.tz_convert("Europe/Oslo").astype(str)
    other = {"text": moments.dt.tz_localize(None).astype(str), "zone": texts, "datetime": moments}

    expected = traffic_of_frames([frame.assign(when=seconds)], reference, "when")
    found = traffic_of_frames([frame.assign(when=other[form])], reference, "when")

    assert (found.start, found.steps) == (expected.start, expected.steps)


def test_a_file_is_counted_too(tmp_path):
    path = tmp_path / "traffic.csv"
    frame = _frame(40)[["size", "city", "rooms", "pool", "garden", "id", "note", "when"]]
    frame.to_csv(path, index=False)

    traffic = traffic_of_files([path], references.mixed(), "when")

    assert sum(column.rows.sum() for column in traffic.columns) == 40 * 7


@pytest.mark.parametrize(
    ("change", "time", "message"),
    [
        ({}, "whem", "Time column 'whem' is missing from the files; did you mean `when`"),
        ({"when": "soon"}, "when", "--time when: 'soon' is no time; write ISO 8601"),
        ({"when": 1.7e12}, "when", "'1700000000000' is no time"),
        ({"when": None}, "when", "--time when: a row has no time; leave such rows out"),
    ],
)
def test_a_bad_time_column_is_told(change, time, message):
    frame = _frame(10).assign(**change)
    with pytest.raises(ProfileError, match=message):
        traffic_of_frames([frame], references.mixed(), time)


def test_a_missing_column_is_told_with_the_nearest():
    frame = _frame(10).rename(columns={"size": "sizes"})
    with pytest.raises(ProfileError, match=r"'size' \(input\) .* did you mean `sizes`"):
        traffic_of_frames([frame], references.mixed(), "when")


def test_no_rows_are_told():
    with pytest.raises(ProfileError, match="no rows"):
        traffic_of_frames([], references.mixed(), "when")
