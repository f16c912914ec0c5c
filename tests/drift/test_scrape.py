"""Reading counts back from what a monitor exposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from mlmonitor.drift import compare, from_metrics, window
from mlmonitor.expose import render
from mlmonitor.monitor import Monitor
from tests import drift_sample

if TYPE_CHECKING:
    from mlmonitor.reference import Reference
    from mlmonitor.tally import ColumnTotals

REFERENCE = drift_sample.reference()
IDENTITY = ("houses", "7", "live", REFERENCE.hash8)


class _Service:
    """A monitored model and the text that it exposes."""

    def __init__(self, role: str = "live", reference: Reference = REFERENCE) -> None:
        self.registry = CollectorRegistry()
        self.monitor = Monitor(
            "houses", version="7", reference=reference, role=role, registry=self.registry
        )

    def predict(self, count: int, seed: int) -> None:
        for row in drift_sample.rows(count, seed):
            output = row.pop("prediction")
            with self.monitor.prediction(row) as prediction:
                prediction.output = output

    def text(self) -> str:
        return render(self.registry)[0].decode()

    def read(self) -> list[ColumnTotals]:
        return from_metrics(self.text(), REFERENCE)[IDENTITY]  # type: ignore[index]


def _assert_equal(found: list[ColumnTotals], expected: list[ColumnTotals]) -> None:
    own = {(one.column.side, one.column.name): one for one in expected}
    assert len(found) == len(own)
    for one in found:
        other = own[one.column.side, one.column.name]
        for name in ("rows", "missing", "above", "below", "squares"):
            # A tally rounds its sums of fractions to at most 2**-10, once a reading.
            near = pytest.approx(getattr(other, name), rel=1e-9, abs=2.0**-9)
            assert getattr(one, name) == near, name
        if one.column.kind == "sparse":
            assert one.nonzero == other.nonzero
        for name in ("bins", "categories"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_what_is_read_is_what_was_counted() -> None:
    service = _Service()
    service.predict(700, 1)
    found = service.read()
    assert [one.column.name for one in found] == [column.name for column in REFERENCE.columns]
    _assert_equal(found, service.monitor.totals().columns())


def test_a_report_on_a_scrape_is_the_report_on_the_tally() -> None:
    service = _Service()
    service.predict(700, 1)
    scraped = compare(service.read(), REFERENCE).to_dict()
    counted = compare(service.monitor.totals(), REFERENCE).to_dict()
    assert [c["column"] for c in scraped["columns"]] == [c["column"] for c in counted["columns"]]
    assert [c["drifted"] for c in scraped["columns"]] == [c["drifted"] for c in counted["columns"]]


def test_the_difference_of_two_scrapes_is_what_came_in_between() -> None:
    service, other = _Service(), _Service()
    service.predict(400, 1)
    before = service.read()
    service.predict(300, 2)
    other.predict(300, 2)
    _assert_equal(window(service.read(), before), other.monitor.totals().columns())
    _assert_equal(window(service.read(), None), service.monitor.totals().columns())


def test_after_a_restart_everything_counts() -> None:
    old, restarted = _Service(), _Service()
    old.predict(400, 1)
    restarted.predict(100, 2)
    found = restarted.read()
    _assert_equal(window(found, old.read()), found)


def test_roles_stay_apart_and_other_references_out() -> None:
    live, shadow = _Service(), _Service("shadow")
    strange = _Service(reference=drift_sample.reference(1))
    assert set(from_metrics(live.text() + shadow.text(), REFERENCE)) == {
        IDENTITY,
        ("houses", "7", "shadow", REFERENCE.hash8),
    }
    assert from_metrics(strange.text(), REFERENCE) == {}
