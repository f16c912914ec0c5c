"""Every statistic that the rules record against SciPy, for both baselines, on both promtools.

Four hours of rows, then two of others: counted by a monitor, grown into counters, evaluated by the
engine of Prometheus. Some columns have measured correlations, the rest the stated default. Of some
next to nothing arrives, or next to nothing was known: one row or less, and one row of evidence.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mlmonitor import names
from mlmonitor.generate.prometheus import RuleSettings, drift_rules
from mlmonitor.monitor import Monitor
from mlmonitor.thresholds import Thresholds
from tests import components, drift_oracle, drift_sample, references, versions
from tests.drift_oracle import Sample
from tests.promtool_values import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmonitor.reference import Column, Reference
    from tests.drift_sample import Rows

HOUR: Final = 3600
SCRAPE: Final = 60
PREVIOUS: Final = 4 * HOUR
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
CORRELATION: Final = {
    ("shift 0.1", "2h"): 0.01, ("of 4", "2h"): 0.02, ("pool", "2h"): 0.005, ("shift 0.3", "2h"): 0.6,
    ("city", "2h"): 0.013,
}  # fmt: skip
EVIDENCE: Final = {
    "shift 0.1": 400.0, "of 4": 250.0, "pool": 900.0, "shift 0.15": 1.6, "known once": 0.7,
    "shift 0.05": 1.6, "rooms": 1.6,
}  # fmt: skip
# Rows before and in the window, of columns like those of the same name without the first word.
FEW: Final = {"few": (1.8, 1.8), "rare": (0.9, 1.8)}
LIKE: Final = ("pool", "shift 0.1", "city")
SPREAD: Final = 0.79
EARLY, LATER = 4000, 1300
# Of a counter that begins at zero, Prometheus does not extrapolate the first increase.
STOOD: Final = 4096


def _measured(column: Column) -> Column:
    """The column with what was measured of it."""
    bounds = {window: rho for (name, window), rho in CORRELATION.items() if name == column.name}
    known = {"correlation": bounds or None, "effective_rows": EVIDENCE.get(column.name)}
    return column.model_copy(update=known)


def _small(column: Column) -> Column:
    """A column in hundredths: its deviation is less than one."""
    scaled = {
        "name": "small",
        "edges": tuple(edge / 100 for edge in column.edges or ()),
        "mean": (column.mean or 0) / 100,
        "deviation": (column.deviation or 0) / 100,
        "range": column.range and (column.range[0] / 100, column.range[1] / 100),
    }
    return column.model_copy(update=scaled)


def _reference() -> Reference:
    """The sample's, with columns of which little arrives, or of which it knows little itself."""
    sample = drift_sample.reference()
    known = {column.name: column for column in sample.columns}
    nothing = known["note"].model_copy(
        update={"name": "never known", "missing": known["note"].rows}
    )
    once = references.binned("known once", [10.0, *[math.nan] * (nothing.rows - 1)], edges=[9.0])
    small = _small(known["shift 0.15"])
    alike = [
        known[like].model_copy(update={"name": f"{little} {like}"})
        for little in FEW
        for like in LIKE
    ]
    columns = (*sample.columns, nothing, once, small, *alike)
    return sample.model_copy(update={"columns": tuple(map(_measured, columns))})


REFERENCE: Final = _reference()
PARTS: Final = ("upper", "category", "direction", "test", "reason", "quantile")
STATISTICS: Final = (
    "psi", "psi_noise", "js", "ks", "chi2", "mean_shift", "variance_ratio", "missing_ratio",
    "rank_shift",
)  # fmt: skip
# Records of short windows have a test of their own: tests/test_steps_in_rules.py.
SHORT: Final = re.compile(r"mlmonitor:column_recent:")
# promtool of Prometheus 2 answers with ten thousand series at most.
QUERIES: Final = (
    '{__name__=~"mlmonitor:column_.+"}',
    '{__name__=~"mlmonitor:.+", __name__!~"mlmonitor:column_.+"}',
)
PREVIOUS_SUMS: Final = {
    "rows": "mlmonitor:baseline_rows:count",
    "cumulative": "mlmonitor:baseline_cumulative:sum",
    "category": "mlmonitor:baseline_category:sum",
    "deviation": "mlmonitor:baseline_deviation:sum",
}
Series = tuple[str, tuple[tuple[str, str], ...]]
Recorded = dict[tuple[str, ...], float]


def _counted(rows: Rows) -> dict[Series, float]:
    """What a monitor exposes after these rows."""
    registry = CollectorRegistry()
    monitor = Monitor("houses", version="7", reference=REFERENCE, registry=registry)
    for row in rows:
        inputs = {name: value for name, value in row.items() if name != "prediction"}
        inputs |= {"never known": "a", "known once": row["shift 0.1"]}
        inputs["small"] = row["shift 0.15"] / 100
        inputs |= {f"{little} {like}": row[like] for little in FEW for like in LIKE}
        with monitor.prediction(inputs) as prediction:
            prediction.output = row["prediction"]
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if sample.name.startswith(("mlmonitor_column", "mlmonitor_reference"))
    }


@cache
def _grown() -> dict[Series, tuple[float, float]]:
    """How much each counter grows between two scrapes, before the window and in it."""
    none, early = _counted([]), _counted(drift_sample.rows(EARLY, 1, 0.05))
    later = _counted(drift_sample.rows(LATER, 2))
    grown = {}
    for series, start in none.items():
        if series[0].endswith("_total"):
            few = FEW.get(dict(series[1])["column"].split()[0], (EARLY, LATER))
            grown[series] = (
                _exact((early[series] - start) / (PREVIOUS / SCRAPE) * few[0] / EARLY),
                _exact((later[series] - start) / (WINDOW / SCRAPE) * few[1] / LATER),
            )
    return grown


@cache
def _series() -> dict[str, str]:
    """Counters that grow by the rows of four hours, then of two; gauges that stand."""
    gauges: dict[Series, float] = {}
    for column in REFERENCE.columns:
        labels = (
            ("column", column.name), ("model", "houses"), ("reference", REFERENCE.hash8),
            ("role", "live"), ("side", column.side), ("version", "7"),
        )  # fmt: skip
        if column.is_binned and column.deviation:
            gauges[names.REFERENCE_ABSOLUTE_DEVIATION.name, labels] = SPREAD
    for series, value in _counted([]).items():
        if series not in _grown():
            gauges.setdefault(series, value)
    span = (PREVIOUS + WINDOW) // SCRAPE + 30
    written = {_text(series): f"{float(value)!r}x{span}" for series, value in gauges.items()}
    for series, (first, second) in _grown().items():
        middle = first * (PREVIOUS // SCRAPE)
        values = f"{STOOD}+{first:.20f}x{PREVIOUS // SCRAPE - 1} "
        values += f"{STOOD + middle:.20f}+{second:.20f}x{WINDOW // SCRAPE + 30}"
        written[_text(series)] = values
    return written


def _exact(growth: float) -> float:
    """A binary fraction, so that promtool adds it up without an error."""
    return round(growth * 2**24) / 2**24


def _text(series: Series) -> str:
    inner = ", ".join(f'{label}="{value}"' for label, value in series[1])
    return f"{series[0]}{{{inner}}}"


@pytest.fixture(scope="module", params=versions.in_one_process("statistics"))
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    promtool = components.promtool(request.param)
    return evaluated(promtool, drift_rules(SETTINGS), tmp_path_factory.mktemp("statistics"))


def evaluated(promtool: Path, rules: dict[str, str], folder: Path) -> Recorded:
    """(record, window, baseline, column, part...) -> value, in the middle of the last step."""
    files = []
    for path, text in rules.items():
        groups = yaml.load(text, yaml.CSafeLoader)["groups"]
        for group in groups:
            group["rules"] = [rule for rule in group["rules"] if not SHORT.match(rule["record"])]
        files.append(folder / path.rpartition("/")[2])
        files[-1].parent.mkdir(exist_ok=True)
        files[-1].write_text(yaml.dump({"groups": groups}, Dumper=yaml.CSafeDumper))
    samples = recorded(
        promtool,
        files,
        _series(),
        QUERIES,
        at=f"{PREVIOUS + WINDOW + 5 * 60}s",
        scrape=f"{SCRAPE}s",
        step="5m",
        folder=folder,
    )
    values: Recorded = {}
    for labels, value in samples:
        part = [labels[one] for one in PARTS if one in labels]
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
        drift_oracle.moments(n, above, below, of("squared_deviation:sum")) if n else {},
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
    known = {
        test: (mean, variances.get(test, math.nan))
        for test, (mean, _) in sample.moments.items()
        if test == "mean" or mean > 0
    }
    return replace(sample, moments=known)


def _pairs(found: Recorded) -> Iterator[tuple[str, str, Column, Sample, Sample]]:
    for window, baseline in (("1h", "reference"), ("2h", "reference"), ("2h", "previous")):
        for column in REFERENCE.columns:
            now, before = (
                _sample(found, column, _Where("mlmonitor:column", window)),
                _before(found, column, window, baseline),
            )
            yield window, baseline, column, now, before


def test_each_sum_is_the_growth_of_its_counter(found: Recorded) -> None:
    """In the window, and before it; give or take a scrape, since Prometheus 2 takes one more."""
    compared = 0
    for (name, labels), growth in _grown().items():
        part = dict(labels)
        kind = name.removeprefix("mlmonitor_column_").removesuffix("_total")
        more = [part[one] for one in ("upper", "category", "direction") if one in part]
        scrape = max(growth)
        for window, scrapes in (("1h", 60), ("2h", 120)):
            key = (f"mlmonitor:column_{kind}:sum", window, "", part["column"], *more)
            if kind != "invalid":
                assert found[key] == pytest.approx(growth[1] * scrapes, rel=1e-6, abs=scrape), key
                compared += 1
        record = PREVIOUS_SUMS.get(kind)
        if record:
            key = (record, "2h", "previous", part["column"], *more)
            before = growth[0] * PREVIOUS / SCRAPE
            assert found.get(key, 0.0) == pytest.approx(before, rel=1e-6, abs=scrape), key
            compared += 1
    assert compared > 1000


def test_invalid_and_unseen_shares_are_those_of_the_rows(found: Recorded) -> None:
    """Give or take what a scrape of the time before may change in 120."""
    rows = {
        dict(labels)["column"]: growth[1]
        for (name, labels), growth in _grown().items()
        if name == names.COLUMN_ROWS.name
    }
    compared = 0
    for (name, labels), growth in _grown().items():
        part = dict(labels)
        column = part["column"]
        for window in ("1h", "2h"):
            if name == names.COLUMN_INVALID.name:
                key = ("mlmonitor:column:invalid_ratio", window, "", column, part["reason"])
                assert found[key] == pytest.approx(growth[1] / rows[column], abs=0.01), key
                compared += growth[1] > 0
            elif part.get("category") == "__unseen__":
                key = ("mlmonitor:column:unseen_ratio", window, "", column, *())
                share = growth[1] / _values(column)
                assert found[key] == pytest.approx(share, abs=0.01), key
                compared += growth[1] > 0
    assert compared > 3


def _values(column: str) -> float:
    """Values of a categorical column that arrive between two scrapes of the window."""
    return sum(
        growth[1]
        for (name, labels), growth in _grown().items()
        if name == names.COLUMN_CATEGORY.name and dict(labels)["column"] == column
    )


def test_what_is_known_of_the_reference_is_what_its_profile_says(found: Recorded) -> None:
    compared = 0
    for column in REFERENCE.columns:
        known = _before(found, column, "", "reference")
        parts = {"missing": known.missing / known.rows}
        evidence = {"missing": known.row_evidence}
        if known.nonzero is not None:
            parts["nonzero"] = known.nonzero / known.values
            evidence["nonzero"] = known.evidence
        wanted = {
            ("values:count",): column.values or None,
            ("values:effective",): known.evidence or None,
            **{("part:ratio", test): share for test, share in parts.items()},
            **{("part:effective", test): rows for test, rows in evidence.items()},
        }
        for test, (mean, variance) in known.moments.items():
            wanted |= {("moment:value", test): mean, ("moment:variance", test): variance}
        for (name, *part), value in wanted.items():
            key = (f"mlmonitor:baseline_{name}", "", "reference", column.name, *part)
            assert found.get(key) == (value and pytest.approx(value, rel=1e-9)), key
            compared += value is not None
    assert compared > 150


def _sides(found: Recorded) -> Iterator[tuple[str, Column, str, str, Sample]]:
    """What arrived in each window, and in the time before: how it is named, its baseline, and its rows."""
    for window, baseline, column, now, before in _pairs(found):
        yield window, column, "column", "", now
        if baseline == "previous":
            yield window, column, "baseline", baseline, before


def test_rows_of_evidence_are_those_of_kish(found: Recorded) -> None:
    compared = 0
    for window, column, side, own, sample in _sides(found):
        wanted = {
            ("values",): sample.evidence,
            ("part", "missing"): sample.row_evidence,
            ("part", "nonzero"): sample.evidence if column.kind == "sparse" else 0,
        }
        for (kind, *test), rows in wanted.items():
            key = (f"mlmonitor:{side}_{kind}:effective", window, own, column.name, *test)
            assert found.get(key, 0) == pytest.approx(rows, rel=1e-9), key
            compared += rows > 0
    assert compared > 200


def test_a_variance_is_known_of_more_than_one_value(found: Recorded) -> None:
    unknown = 0
    for window, column, side, own, sample in _sides(found):
        key = (f"mlmonitor:{side}_moment:variance", window, own, column.name, "mean")
        assert (key in found) == (column.is_binned and sample.values > 1), key
        unknown += column.is_binned and 0 < sample.values <= 1
    assert unknown > 3


def test_quantiles_are_those_of_the_cells(found: Recorded) -> None:
    compared = 0
    for window, baseline, column, now, _ in _pairs(found):
        if baseline == "reference" and column.is_binned and now.values:
            for quantile in (0.05, 0.5, 0.95):
                key = ("mlmonitor:column:quantile", window, "", column.name, f"{quantile:g}")
                expected = drift_oracle.quantile(quantile, column.edges or (), now.cells)
                assert found[key] == pytest.approx(expected, rel=1e-9), key
                compared += 1
    assert compared > 30


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
            assert 0 <= values[test] <= 1, (*key, test)
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
