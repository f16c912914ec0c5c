"""The rules of drift against NumPy and SciPy, on a real Prometheus that scrapes workers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

from mlmonitor.drift import Report, compare
from mlmonitor.tally import ColumnTotals
from tests import drift_session
from tests.components import PROMETHEUS_VERSIONS
from tests.drift_session import ALPHA, REACH, SCRAPE, SETTINGS, Recorded, Run, group

if TYPE_CHECKING:
    from mlmonitor.reference import Column

THRESHOLDS: Final = SETTINGS.thresholds
STATISTICS: Final = (
    "psi", "psi_noise", "js", "ks", "chi2", "mean_shift", "variance_ratio", "missing_ratio",
)  # fmt: skip
FOUND: Final = {"gone", "changed", "prediction", "shift 0.3"}
SILENT: Final = {"constant", "only", "shift 0.0"}

pytestmark = pytest.mark.xdist_group("demo")  # two at once would slow each other's scrapes


@pytest.fixture(scope="module", params=PROMETHEUS_VERSIONS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return drift_session.record(request.param, tmp_path_factory.mktemp("drift"))


def test_drift_in_python_agrees_with_prometheus(run: Run) -> None:
    for recorded in run.everything():
        report = _report(recorded)
        for one in report.columns:
            column = next(
                c for c in recorded.reference.columns if (c.side, c.name) == (one.side, one.column)
            )
            for name in STATISTICS:
                found, own = recorded.column(f"mlmonitor:column:{name}", column), getattr(one, name)
                if own is None or (name == "js" and column.is_binned):
                    assert found is None
                else:
                    assert found == pytest.approx(own, rel=1e-9, abs=1e-12), name
            effects = recorded.parts("mlmonitor:column_test:effect", column)
            assert effects == pytest.approx(one.effects, rel=1e-9, abs=1e-9)
            p_values = recorded.parts("mlmonitor:column_test:p_value", column)
            assert p_values.keys() == (one.p_values or {}).keys()
            for test, p_value in (one.p_values or {}).items():
                _assert_same_evidence(p_values[test], p_value, f"{test} of {column.name}")


def test_verdicts_agree_and_find_what_was_sent(run: Run) -> None:
    for key, recorded in run.groups.items():
        exact = {one.column for one in _report(recorded).columns if one.drifted}
        found = {
            column.name
            for column in recorded.reference.columns
            if recorded.column("mlmonitor:column:drifted", column) == 1
        }
        assert found == exact, key
        assert recorded.model("mlmonitor:model:drifted_columns") == len(found)
        if key in {group("production"), group("production", reference=run.other.hash8)}:
            assert found >= FOUND
        assert not found & SILENT


def test_recorded_counts_are_those_sent_within_the_bound(run: Run) -> None:
    for key, recorded in run.slow.items():
        sent = run.sent[key]
        for column in recorded.reference.columns:
            values = [row[column.name] for row in sent]
            first = run.first_steps[key]
            _assert_counted(
                recorded.column("mlmonitor:column_rows:sum", column), len(sent), first, column
            )
            missing = sum(value is None for value in values)
            _assert_counted(
                recorded.column("mlmonitor:column_missing:sum", column), missing, first, column
            )
            if column.is_binned or column.is_categorical:
                expected = _cells(column, values)
                found = _cumulated(column, _counts(recorded, column))
                assert len(found) == len(expected)
                for recorded_count, count in zip(found, expected, strict=True):
                    _assert_counted(recorded_count, count, first, column)


def test_scopes_roles_and_references_do_not_mix(run: Run) -> None:
    assert set(run.groups) == set(run.sent)
    assert len({len(rows) for rows in run.sent.values()}) == len(run.sent)
    column = run.reference.columns[0]
    for key, recorded in run.slow.items():
        found = recorded.column("mlmonitor:column_rows:sum", column)
        assert found is not None
        nearest = min(run.sent, key=lambda other: abs(len(run.sent[other]) - found))
        assert nearest == key


def test_a_pods_rows_before_its_first_scrape_are_not_seen(run: Run) -> None:
    column = run.reference.columns[0]
    found = run.slow[group("production")].column("mlmonitor:column_rows:sum", column)
    assert found is not None
    assert found < len(run.sent[group("production")]) + len(run.early) / 2


def _assert_same_evidence(found: float, expected: float, place: str) -> None:
    """To 1 % where both can be told, the same verdict elsewhere."""
    if 1e-8 <= expected <= 0.5:
        assert found == pytest.approx(expected, rel=0.01), place
    else:
        assert (found <= ALPHA) == (expected <= ALPHA), place


def _assert_counted(found: float | None, sent: float, first: float, column: Column) -> None:
    """Within what the first active window of each pod loses, and a scrape that came late.

    `first` is the share of the rows that the first active windows hold.
    """
    assert found is not None
    late = 2 + 0.03 * sent
    assert found <= sent + late, column.name
    assert found >= sent * (1 - first * SCRAPE / REACH) - late, column.name


def _cells(column: Column, values: list[object]) -> list[float]:
    """Rows by upper edge, cumulative, or by category."""
    present = [value for value in values if value is not None]
    if column.is_binned:
        numbers = np.array(present, dtype=np.float64)
        return [float(np.sum(numbers <= edge)) for edge in [*(column.edges or ()), math.inf]]
    texts = [str(value) for value in present]
    counts = [float(texts.count(category)) for category in column.categories or ()]
    counts.append(float(sum(text in column.other_values for text in texts)))
    return [*counts, len(texts) - sum(counts)]


def _cumulated(column: Column, counts: np.ndarray) -> list[float]:
    return [float(count) for count in (np.cumsum(counts) if column.is_binned else counts)]


def _report(recorded: Recorded) -> Report:
    columns = [_totals(recorded, column) for column in recorded.reference.columns]
    return compare(columns, recorded.reference, THRESHOLDS)


def _totals(recorded: Recorded, column: Column) -> ColumnTotals:
    def of(name: str, *more: str) -> float:
        return recorded.column(f"mlmonitor:column_{name}:sum", column, *more) or 0.0

    cells = _counts(recorded, column)
    return ColumnTotals(
        column,
        of("rows"),
        of("missing"),
        {},
        cells if column.is_binned else None,
        cells if column.is_categorical else None,
        of("deviation", "above"),
        of("deviation", "below"),
        of("squared_deviation"),
        of("nonzero"),
    )


def _counts(recorded: Recorded, column: Column) -> np.ndarray:
    """Recorded counts by bin or category, in the reference's order."""
    if column.is_binned:
        cumulative = recorded.parts("mlmonitor:column_cumulative:sum", column)
        return np.diff([0.0, *(cumulative[edge] for edge in sorted(cumulative, key=float))])
    counts = recorded.parts("mlmonitor:column_category:sum", column)
    order = [*(column.categories or ()), "__other__", "__unseen__"]
    return np.array([counts[category] for category in order if column.is_categorical])
