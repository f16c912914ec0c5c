"""Every statistic that the rules record against SciPy, for both baselines, on both promtools.

Six hours of rows, then two of others: counted by a monitor, grown into counters, evaluated by the
engine of Prometheus. Some columns have measured correlations, the rest the stated default.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mlmonitor import names
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import RuleSettings, drift_rules
from mlmonitor.monitor import Monitor
from mlmonitor.thresholds import Thresholds
from tests import components, drift_oracle, drift_sample
from tests.drift_oracle import Sample
from tests.promtool_values import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmonitor.reference import Column
    from tests.drift_sample import Rows

HOUR: Final = 3600
SCRAPE: Final = 60
PREVIOUS: Final = 6 * HOUR
WINDOW: Final = 2 * HOUR
SETTINGS: Final = RuleSettings(
    scope=(),
    scrape_interval=SCRAPE,
    windows=(HOUR, WINDOW),
    baselines=("reference", "previous"),
    previous=PREVIOUS,
    thresholds=Thresholds(correlation=0.002),
)
# As a profile with timestamps would say it: of some columns, and of one window only.
CORRELATION: Final = {("shift 0.1", "2h"): 0.01, ("of 4", "2h"): 0.02, ("pool", "2h"): 0.005}
EVIDENCE: Final = {"shift 0.1": 400.0, "of 4": 250.0, "pool": 900.0}
SPREAD: Final = 0.79


def _measured(column: Column) -> Column:
    """The column with what was measured of it."""
    bounds = {window: rho for (name, window), rho in CORRELATION.items() if name == column.name}
    known = {"correlation": bounds or None, "effective_rows": EVIDENCE.get(column.name)}
    return column.model_copy(update=known)


_SAMPLE: Final = drift_sample.reference()
REFERENCE: Final = _SAMPLE.model_copy(update={"columns": tuple(map(_measured, _SAMPLE.columns))})
STATISTICS: Final = (
    "psi", "psi_noise", "js", "ks", "chi2", "mean_shift", "variance_ratio", "missing_ratio",
    "rank_shift",
)  # fmt: skip
Series = tuple[str, tuple[tuple[str, str], ...]]
Recorded = dict[tuple[str, ...], float]


def _counted(rows: Rows) -> dict[Series, float]:
    """What a monitor exposes after these rows."""
    registry = CollectorRegistry()
    monitor = Monitor("houses", version="7", reference=REFERENCE, registry=registry)
    for row in rows:
        inputs = {name: value for name, value in row.items() if name != "prediction"}
        with monitor.prediction(inputs) as prediction:
            prediction.output = row["prediction"]
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name.startswith(("mlmonitor_column", "mlmonitor_reference"))
    }


@cache
def _series() -> dict[str, str]:
    """Counters that grow by the rows of six hours, then of two; gauges that stand."""
    none, early = _counted([]), _counted(drift_sample.rows(4000, 1, 0.05))
    later = _counted(drift_sample.rows(1300, 2))
    gauges: dict[Series, float] = {}
    for column in REFERENCE.columns:
        labels = (
            ("column", column.name), ("model", "houses"), ("reference", REFERENCE.hash8),
            ("role", "live"), ("side", column.side), ("version", "7"),
        )  # fmt: skip
        if column.is_binned and column.deviation:
            gauges[names.REFERENCE_ABSOLUTE_DEVIATION.name, labels] = SPREAD
    written = {}
    for series, start in none.items():
        if series[0].endswith("_total"):
            first = _exact((early[series] - start) / (PREVIOUS / SCRAPE))
            second = _exact((later[series] - start) / (WINDOW / SCRAPE))
            middle = first * (PREVIOUS // SCRAPE)
            values = f"0+{first:.12f}x{PREVIOUS // SCRAPE - 1} "
            values += f"{middle:.12f}+{second:.12f}x{WINDOW // SCRAPE + 30}"
            written[_text(series)] = values
        else:
            gauges.setdefault(series, start)
    span = (PREVIOUS + WINDOW) // SCRAPE + 30
    return written | {_text(series): f"{float(value)!r}x{span}" for series, value in gauges.items()}


def _exact(growth: float) -> float:
    """A binary fraction, so that promtool adds it up without an error."""
    return round(growth * 2**16) / 2**16


def _text(series: Series) -> str:
    inner = ", ".join(f'{label}="{value}"' for label, value in series[1])
    return f"{series[0]}{{{inner}}}"


@pytest.fixture(scope="module", params=components.PROMETHEUS_VERSIONS)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    promtool = components.promtool(request.param)
    return evaluated(promtool, drift_rules(SETTINGS), tmp_path_factory.mktemp("statistics"))


def evaluated(promtool: Path, rules: dict[str, str], folder: Path) -> Recorded:
    """(record, window, baseline, column, part...) -> value, in the middle of the last step."""
    output.write(rules, folder)
    samples = recorded(
        str(promtool),
        sorted((folder / "prometheus").glob("*.yml")),
        _series(),
        '{__name__=~"mlmonitor:.+"}',
        at=f"{PREVIOUS + WINDOW + 5 * 60}s",
        scrape=f"{SCRAPE}s",
        step="5m",
        folder=folder,
    )
    values: Recorded = {}
    for labels, value in samples:
        part = [labels[one] for one in ("upper", "category", "direction", "test") if one in labels]
        key = (labels.get("window", ""), labels.get("baseline", ""), labels.get("column", ""))
        if "lower" not in labels or "upper" in labels:
            values[(labels["__name__"], *key, *part)] = value
    return values


def _parts(found: Recorded, *key: str) -> dict[str, float]:
    return {one[-1]: value for one, value in found.items() if one[: len(key)] == key}


class _Where(NamedTuple):
    """Which recorded sums: of a window, or of the time before it."""

    prefix: str
    window: str
    baseline: str = ""
    windows: float = 1.0


def _sample(found: Recorded, column: Column, where: _Where) -> Sample:
    def of(name: str, *part: str) -> float:
        key = (f"{where.prefix}_{name}", where.window, where.baseline, column.name, *part)
        return found.get(key, 0.0)

    correlation = CORRELATION.get((column.name, where.window), SETTINGS.thresholds.correlation)
    cells = _cells(found, column, where)
    rows = of("rows:sum") or of("rows:count")
    n = float(cells.sum())
    above, below = of("deviation:sum", "above"), of("deviation:sum", "below")
    sparse = column.kind == "sparse"
    return Sample(
        rows,
        of("missing:sum") or of("part:ratio", "missing") * rows,
        cells,
        drift_oracle.moments(n, above, below, of("squared_deviation:sum")) if n > 1 else {},
        (of("nonzero:sum") or of("part:ratio", "nonzero") * n) if sparse else None,
        drift_oracle.effective(n, correlation, where.windows),
        drift_oracle.effective(rows, correlation, where.windows),
    )


def _cells(found: Recorded, column: Column, where: _Where) -> drift_oracle.Array:
    prefix, window, baseline, _ = where
    if column.is_binned:
        sums = _parts(found, f"{prefix}_cumulative:sum", window, baseline, column.name)
        return np.diff([0.0, *(sums[edge] for edge in sorted(sums, key=float))])
    sums = _parts(found, f"{prefix}_category:sum", window, baseline, column.name)
    order = [*(column.categories or ()), "__other__", "__unseen__"]
    return np.array([sums[category] for category in order] if column.is_categorical else [])


def _before(found: Recorded, column: Column, window: str, baseline: str) -> Sample:
    if baseline == "reference":
        spread = SPREAD if column.is_binned and column.deviation else None
        return drift_oracle.of_reference(column, spread, EVIDENCE.get(column.name))
    where = _Where("mlmonitor:baseline", window, baseline, PREVIOUS / WINDOW)
    sample = _sample(found, column, where)
    # The squares of the time before are in its variance only; sums and cells are independent.
    name = "mlmonitor:baseline_moment:variance"
    variances = _parts(found, name, window, baseline, column.name)
    known = {test: (sample.moments[test][0], value) for test, value in variances.items()}
    return replace(sample, moments=known)


def _pairs(found: Recorded) -> Iterator[tuple[str, str, Column, Sample, Sample]]:
    for window, baseline in (("1h", "reference"), ("2h", "reference"), ("2h", "previous")):
        for column in REFERENCE.columns:
            now, before = (
                _sample(found, column, _Where("mlmonitor:column", window)),
                _before(found, column, window, baseline),
            )
            yield window, baseline, column, now, before


def test_each_statistic_equals_scipy(found: Recorded) -> None:
    compared = 0
    for window, baseline, column, now, before in _pairs(found):
        expected = drift_oracle.statistics(column, now, before)
        for name in STATISTICS:
            own = baseline if name not in {"mean_shift", "variance_ratio", "missing_ratio"} else ""
            value = found.get((f"mlmonitor:column:{name}", window, own, column.name))
            place = (name, window, baseline, column.name)
            if name not in expected:
                assert value is None, place
                continue
            assert value == pytest.approx(expected[name], rel=1e-9, abs=1e-12), place
            compared += 1
    assert compared > 300


def test_each_p_value_equals_scipy(found: Recorded) -> None:
    told = 0
    for window, baseline, column, now, before in _pairs(found):
        expected = drift_oracle.p_values(column, now, before, SETTINGS.thresholds.minimum_rows)
        key = ("mlmonitor:column_test:p_value", window, baseline, column.name)
        values = _parts(found, *key)
        assert values.keys() == expected.keys(), key
        for test, p_value in expected.items():
            if 1e-8 <= p_value <= 0.5:
                told += 1
                assert values[test] == pytest.approx(p_value, rel=0.01), (*key, test)
            else:
                assert (values[test] < 1e-7) == (p_value < 1e-7), (*key, test)
    assert told > 60


def test_each_effect_equals_scipy(found: Recorded) -> None:
    for window, baseline, column, now, before in _pairs(found):
        expected = drift_oracle.effects(column, now, before, SETTINGS.thresholds)
        key = ("mlmonitor:column_test:effect", window, baseline, column.name)
        assert _parts(found, *key) == pytest.approx(expected, rel=1e-9, abs=1e-9), key


def test_verdicts_need_effect_and_evidence_within_the_budget(found: Recorded) -> None:
    for window, baseline in (("1h", "reference"), ("2h", "reference"), ("2h", "previous")):
        for side in (("input",), ("output", "score", "outcome")):
            columns = [one for one in REFERENCE.columns if one.side in side]
            p_values = {
                one.name: _parts(found, "mlmonitor:column_test:p_value", window, baseline, one.name)
                for one in columns
            }
            budget = SETTINGS.warnings if side == ("input",) else SETTINGS.pages
            alpha = SETTINGS.alpha(WINDOW if window == "2h" else HOUR, budget)
            limit = _limit(
                [min(1, len(p) * min(p.values())) for p in p_values.values() if p], alpha
            )
            for column in columns:
                tests = p_values[column.name]
                effect = _parts(
                    found, "mlmonitor:column_test:effect", window, baseline, column.name
                )
                drifted = any(
                    effect.get(test, 0) > 1 and p * len(tests) <= limit for test, p in tests.items()
                )
                value = found["mlmonitor:column:drifted", window, baseline, column.name]
                assert value == drifted, (window, baseline, column.name)


def _limit(p_values: list[float], alpha: float) -> float:
    """Benjamini and Hochberg at ranks 1, 2, 4 ... as the rules take them."""
    ranked = np.array(p_values) * len(p_values) / alpha
    ranks = [2**power for power in range(12, 0, -1)]
    rank = next((one for one in ranks if (ranked <= one).sum() >= one), 1)
    return rank * alpha / len(p_values)


def test_what_drifted_is_found_against_both_baselines(found: Recorded) -> None:
    for baseline in ("reference", "previous"):
        drifted = {
            key[3]
            for key, value in found.items()
            if key[:3] == ("mlmonitor:column:drifted", "2h", baseline) and value == 1
        }
        assert drifted >= {"gone", "changed", "prediction"}, baseline
        assert not drifted & {"constant", "only", "shift 0.0"}, baseline
