from __future__ import annotations

import numpy as np

from mlmonitor.backtest.drill import Part
from tests.backtest import sample

SIZE = ("input", "size")


def test_a_part_holds_the_sums_of_its_spans_evenly_spread():
    traffic = sample.traffic()
    edges = np.array([90, 102, 103])

    part = Part(edges, {SIZE}).of(traffic)

    whole = next(one for one in traffic.columns if one.column.name == "size")
    kept = next(one for one in part.columns if one.column.name == "size")
    assert (part.start, part.steps) == (0.0, 13)
    np.testing.assert_allclose(kept.cells[:12].sum(axis=0), whole.cells[90:102].sum(axis=0))
    np.testing.assert_allclose(kept.missing[:12], whole.missing[90:102].mean())
    np.testing.assert_allclose(kept.cells[12], whole.cells[102])


def test_other_columns_are_only_counted_and_drift_beyond_doubt_or_not_at_all():
    part = Part(np.array([0, 12]), {SIZE}, {("input", "city")}).of(sample.traffic())
    counted = {one.column.name: one for one in part.columns}
    assert [one.column.kind for one in part.columns].count("text") == 7
    np.testing.assert_array_equal(counted["city"].missing, counted["city"].rows)
    assert not counted["rooms"].missing.any()
    assert [one.name for one in part.reference.columns] == [*counted]


def test_a_longer_step_makes_fewer_of_them():
    part = Part(np.array([0, 12, 24]), {SIZE}, step=1800.0).of(sample.traffic())
    whole = next(one for one in sample.traffic().columns if one.column.name == "size")
    [size] = [one for one in part.columns if one.column.name == "size"]
    assert (part.step, part.steps) == (1800.0, 4)
    np.testing.assert_allclose(size.rows[:2], whole.rows[:12].sum() / 2)
