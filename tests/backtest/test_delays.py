from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlmonitor.backtest.delays import Delay, Noticed, changes, delays, notice, spliced
from tests.backtest import sample

if TYPE_CHECKING:
    from mlmonitor.backtest.simulate import Simulation


def _simulation() -> Simulation:
    return sample.traffic(()).columns.simulation  # type: ignore[attr-defined, no-any-return]


def _column(name: str):
    return next(one for one in _simulation().reference.columns if one.name == name)


def test_a_feature_that_goes_missing_is_noticed_and_paged():
    simulation, column = _simulation(), _column("size")
    gone = simulation.column(column, simulation.support(column).without(1.0))
    steps = spliced(simulation.column(column), gone, 200)

    found = notice(sample.replayed(()), sample.rules(), [steps], 200)

    assert found.paged is not None
    assert found.warned is not None
    assert 0 < found.warned <= found.paged <= 900


def test_what_does_not_change_is_not_noticed():
    steps = _simulation().column(_column("size"))
    assert notice(sample.replayed(()), sample.rules(), [steps], 200) == Noticed(None, None)


def test_alerts_on_other_columns_do_not_count():
    steps = _simulation().column(_column("pool"))
    assert notice(sample.replayed(), sample.rules(), [steps], 50) == Noticed(None, None)


def test_steps_are_spliced_at_the_change():
    simulation, column = _simulation(), _column("size")
    before, after = (
        simulation.column(column),
        simulation.column(column, simulation.support(column).without(1.0)),
    )
    both = spliced(before, after, 7)
    np.testing.assert_array_equal(both.cells[:7], before.cells[:7])
    np.testing.assert_array_equal(both.missing[7:], after.rows[7:])


def test_larger_shifts_are_noticed_sooner_and_every_change_is_tried():
    told = []
    base = sample.replayed(())
    tried = [one for one in changes((0.1, 2.0)) if one.name != "20 % missing"]

    found = delays(
        base,
        _simulation(),
        sample.rules(),
        tried,
        trials=2,
        progress=lambda *done: told.append(done),
    )

    by_name = {one.change: one for one in found}
    assert [*by_name] == ["mean +0.1 σ", "mean +2 σ", "all missing", "unit ×1000", "all unseen"]
    assert by_name["mean +0.1 σ"].warned == 0
    assert by_name["mean +2 σ"].warned == 1
    assert (by_name["mean +2 σ"].warned_after or 1e9) <= 3600
    assert by_name["all missing"].paged == by_name["all unseen"].paged == 1
    assert told[-1] == (10, 10)


def test_a_summary_holds_shares_and_medians():
    found = Delay.of("x", 1.0, [Noticed(300, None), Noticed(900, 1200), Noticed(None, None)])
    assert (found.trials, found.warned, found.warned_after) == (3, pytest.approx(2 / 3), 600)
    assert (found.paged, found.paged_after) == (pytest.approx(1 / 3), 1200)
    assert Delay.of("x", 1.0, []).warned_after is None
