"""What is counted in a step, and in the two steps, the hour and the six hours that broken columns show in.

Rows arrive in eras: six hours, the hour and the two steps at their end, at other rates and with other
values in each, so that no range is mistaken for another. Everything that `alerts/recording/data.yaml`
records of them is held against NumPy on the rows; each increase against the growth of its counter.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
import yaml

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.thresholds import Thresholds
from tests import components, drift_oracle
from tests.promtool_values import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SCRAPE: Final = 60
END: Final = 365
# Samples that each era lasts, in front of the end: the five hours, fifty minutes, ten minutes.
ERAS: Final = (END - 60, 50, 10)
WINDOWS: Final = {"10m": (2,), "1h": (1, 2), "6h": (0, 1, 2)}
# Of five hours and five minutes, six hours hold five hours.
HELD: Final = (300 / 305, 1.0, 1.0)
CONFIG: Final = MonitoringConfig.model_validate(
    {"scope_labels": [], "prometheus": {"scrape_interval": "1m", "windows": ["1h", "2h"]}}
)
IDENTITY: Final = {"model": "houses", "version": "7", "role": "live"}
OF: Final = {**IDENTITY, "reference": "abcd1234", "side": "input"}
EVIDENCE: Final = 500.0
# Deviations that the farthest value of a reference lies away, where its range is not told.
EXTREME: Final = 5.0
# Of a counter that begins at zero, Prometheus does not extrapolate the first increase.
STOOD: Final = 4096.0
REASONS: Final = ("out_of_range", "not_finite")
FILE: Final = "prometheus/drift.rules.yml"
NEEDED: Final = re.compile(
    r":increase$|:(reference|column_recent|model|baseline_values)|:correlation$"
)
Found = dict[tuple[str, ...], float]
Series = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Era:
    """How many rows arrive, their values in equal shares, and the shares that lack one or are invalid."""

    rows: float
    values: tuple[float | str, ...]
    missing: float = 0.0
    invalid: tuple[float, ...] = (0.0, 0.0)


@dataclass(frozen=True)
class Column:
    """A column of the reference, and what arrives of it in each era."""

    name: str
    eras: tuple[Era, Era, Era]
    mean: float = 45.0
    deviation: float = 8.0
    correlation: Mapping[str, float] = field(default_factory=dict)
    missing: float = 0.0
    extreme: float | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether its values are numbers."""
        return not isinstance(self.eras[0].values[0], str)


@dataclass(frozen=True)
class Seen:
    """What is seen of a number in a window, in deviations of the reference from its mean.

    Attributes:
        shift, spread: mean and standard deviation.
        values: how many there are.
        below: mean distance of those below the reference's mean, the others taken as 0.
        extreme: deviations that the farthest value of the reference lies away.
        alike: rows that are worth one row of evidence.
    """

    shift: float
    spread: float
    values: float
    below: float
    extreme: float
    alike: float

    @property
    def few(self) -> float:
        """Share of two values, or of those that are worth one row."""
        return max(2.0, self.alike) / self.values

    @property
    def least_shift(self) -> float:
        """What so many values at the extreme of the reference do not explain of the mean."""
        return max(abs(self.shift) - self.extreme * self.few, 0.0)

    @property
    def least_spread(self) -> float:
        """What they do not explain of the standard deviation."""
        return math.sqrt(max(self.spread**2 - self.extreme**2 * self.few, 0.0))

    @property
    def is_beyond_shifts(self) -> bool:
        """Whether values spread more, and lie too far off, or on too many sides, for a mere shift."""
        distance = self.shift + 2 * self.below
        return self.least_spread > 1 and (self.least_shift > 2 or self.below / distance > 0.02)


def _two(mean: float, deviation: float) -> tuple[float, float]:
    """Values of just this mean and standard deviation."""
    return mean - deviation, mean + deviation


def _steady(name: str, mean: float, deviation: float, base: tuple[float, float]) -> Column:
    """A column that is spread alike in all eras."""
    values = _two(mean, deviation)
    return Column(name, (Era(900, values), Era(170, values), Era(40, values)), *base)


def _around(*limits: tuple[float, float]) -> Iterator[tuple[float, ...]]:
    """The middles, and each in turn a tenth within and beyond its limit, to both sides."""
    middles = tuple(middle for middle, _ in limits)
    yield middles
    for place, (middle, limit) in enumerate(limits):
        for share in (-1.1, -0.9, 0.9, 1.1):
            moved = middle + share * limit
            yield (*middles[:place], moved, *middles[place + 1 :])


def _units() -> Iterator[Column]:
    """Columns on both sides of every limit that tells a changed unit."""
    for base in ((20.0, 8.0), (3.0, 0.5), (-5.0, 4.0)):
        mean, deviation = base
        fahrenheit = _around((1.8, 0.2), (1.8 * mean + 32, 0.3 * deviation))
        celsius = _around((1 / 1.8, 0.07), ((mean - 32) / 1.8, 0.3 * deviation))
        for spread, moved in itertools.chain(fahrenheit, celsius):
            yield _steady("degrees", moved, spread * deviation, base)
    for deviation in (48.0, 52.0):
        yield _steady("far apart", 212.0, 1.8 * deviation, (100.0, deviation))
        yield _steady("far apart", 100.0, deviation / 1.8, (212.0, deviation))
    for base in ((20.0, 8.0), (3.0, 0.5), (-5.0, 4.0)):
        mean, deviation = base
        for (ratio,) in _around((0.0, 0.65)):
            for (unlike,) in _around((0.0, 0.2)):
                factor = math.exp(ratio)
                yield _steady("factor", factor * mean, factor * math.exp(unlike) * deviation, base)
        for ratio, unlike in _around((-1.0, 0.2), (0.0, 0.2)):
            yield _steady("sign", ratio * mean, math.exp(unlike) * deviation, base)
        for shift, spread in ((0, 4.5), (0, 5.5), (2.7, 1.3), (3.3, 1.3), (-2.7, 1.3), (-3.3, 1.3)):
            yield _steady("unknown", mean + shift * deviation, spread * deviation, base)
    for near in (1.05, 1.2):
        yield _steady("near zero", -near * 8, 8.0, (near * 8, 8.0))
    yield _steady("about zero", 30.0, 8.0, (0.0, 8.0))
    yield _steady("constant before", 77.0, 2.0, (25.0, 0.0))


def _doubled() -> Iterator[Column]:
    """Columns near twice of what they were, which values below the old mean tell from a mere shift."""
    for ratio, deviation in ((1.95, 8.25), (1.95, 9.8), (1.95, 9.95), (0.51, 2.55)):
        yield _steady("doubled", ratio * 10, deviation, (10.0, 5.0))
    early = Era(900, _two(10, 5))
    below, above = Era(170, _two(9, 1)), Era(170, _two(30, 1))
    yield Column("below before", (early, below, Era(40, _two(19.5, 8.25))), 10.0, 5.0)
    yield Column("above before", (early, above, Era(40, _two(19.5, 9.95))), 10.0, 5.0)
    few = Era(26, _two(19.5, 12.8))
    yield Column("doubled, few", (early, Era(170, _two(10, 5)), few), 10.0, 8.0)


def _degrees() -> Iterator[Column]:
    """Degrees of a column with long tails, which are no temperatures, and of too few rows."""
    for mean, deviation in ((68.0, 14.4), (-20 / 3, 8 / 1.8)):
        steady = _steady("tails", mean, deviation, (20.0, 8.0))
        yield replace(steady, name=f"tails {mean:g}", extreme=9.0)
    usual = Era(170, _two(20, 8))
    yield Column("8 rows of degrees", (usual, usual, Era(8, _two(68, 14.4))), 20.0, 8.0)


def _columns() -> Iterator[Column]:
    for index, column in enumerate((*_units(), *_doubled())):
        yield replace(column, name=f"{column.name} {index}")
    yield from _degrees()
    early = Era(800, _two(45, 8), 0.1, (0.02, 0.01))
    middle = Era(150, _two(49, 10), 0.3, (0.1, 0.0))
    correlation = {"1h": 0.03, "2h": 0.01}
    yield Column("mixed", (early, middle, Era(40, _two(90, 2), 0.6, (0.3, 0.2))))
    yield Column("alike", (early, middle, Era(40, _two(41, 2))), correlation=correlation)
    for moved, spread in ((45 + 8 * 3.5, 8), (45 + 8 * 6, 8), (45, 8 * 5.2), (45, 8 * 6.5)):
        now, rain = Era(40, _two(moved, spread)), {"1h": 0.5}
        yield Column(f"rain of {moved} by {spread}", (early, middle, now), correlation=rain)
    usual = Era(150, _two(45, 8), 0.4)
    for share in (0.3, 0.7):
        yield Column(f"{share:g} missing", (usual, usual, Era(40, _two(45, 8), share)), missing=0.4)
    for rows in (4.0, 6.0):
        for share in (0.45, 0.55):
            now = Era(rows, _two(46, 8), 0.0, (share, 0.9))
            yield Column(f"{share:g} of {rows:g} out of range", (early, middle, now))
    for rows in (0.8, 9.0, 11.0):
        now = Era(rows, _two(60, 9), 0.1 if rows < 1 else 0.0, (0.2, 0.1))
        few = Era(0.1, _two(45, 8)) if rows < 1 else middle
        yield Column(f"{rows:g} rows", (early, few, now))
        now = Era(rows, ("a", "b", "b", "__unseen__"), 0.1 if rows < 1 else 0.0)
        few = Era(0.1, ("a",)) if rows < 1 else Era(150, ("a", "a", "b", "__other__"))
        yield Column(f"{rows:g} categories", (Era(800, ("a", "b", "__unseen__")), few, now))
    silent = Era(0, _two(45, 8))
    yield Column("silent now", (early, middle, silent))
    yield Column("empty now", (early, middle, Era(40, _two(45, 8), 1.0)))


COLUMNS: Final = tuple(_columns())


def _grown(column: Column, era: Era) -> dict[Series, float]:
    """How much the counters of a column grow in an era."""
    label = {**OF, "column": column.name}
    count = era.rows * (1 - era.missing)
    grown = {
        _key(names.COLUMN_ROWS.name, label): era.rows,
        _key(names.COLUMN_MISSING.name, label): era.rows * era.missing,
    }
    for reason, share in zip(REASONS, era.invalid, strict=True):
        grown[_key(names.COLUMN_INVALID.name, label, reason=reason)] = era.rows * share
    if not column.is_numeric:
        for category in ("a", "b", "__other__", "__unseen__"):
            share = era.values.count(category) / len(era.values)
            grown[_key(names.COLUMN_CATEGORY.name, label, category=category)] = count * share
        return grown
    z = _deviations(column, era)
    for lower, upper, share in (("-Inf", "45.0", (z <= 0).mean()), ("45.0", "+Inf", 1.0)):
        grown[_key(names.COLUMN_CUMULATIVE.name, label, lower=lower, upper=upper)] = count * share
    for direction, part in (("above", np.maximum(z, 0)), ("below", np.maximum(-z, 0))):
        key = _key(names.COLUMN_DEVIATION.name, label, direction=direction)
        grown[key] = count * part.mean()
    grown[_key(names.COLUMN_SQUARED_DEVIATION.name, label)] = count * (z**2).mean()
    return grown


def _deviations(column: Column, era: Era) -> drift_oracle.Array:
    """The values of an era as a monitor counts them: in reference deviations, those of 1 if it has none."""
    return (np.array(era.values, float) - column.mean) / (column.deviation or 1.0)


def _reference(column: Column) -> dict[Series, float]:
    label = {**OF, "column": column.name}
    gauges = {
        _key(names.REFERENCE_ROWS.name, label): 2000.0,
        _key(names.REFERENCE_MISSING.name, label): column.missing,
        _key(names.REFERENCE_EFFECTIVE.name, label): EVIDENCE,
    }
    if column.is_numeric:
        gauges[_key(names.REFERENCE_MEAN.name, label)] = column.mean
        gauges[_key(names.REFERENCE_DEVIATION.name, label)] = column.deviation
    if column.extreme:
        gauges[_key(names.REFERENCE_EXTREME.name, label)] = column.extreme
    for window, bound in column.correlation.items():
        gauges[_key(names.REFERENCE_CORRELATION.name, label, window=window)] = bound
    return gauges


def _key(name: str, labels: Mapping[str, str], **more: str) -> Series:
    return name, tuple(sorted({**labels, **more}.items()))


def _text(series: Series) -> str:
    inner = ", ".join(f'{label}="{value}"' for label, value in series[1])
    return f"{series[0]}{{{inner}}}"


def _counter(grown: tuple[float, ...], eras: tuple[int, ...] = ERAS) -> str:
    """A counter that stands, and grows so much in each era: evenly, by binary fractions, exactly added."""
    parts, last = [f"{STOOD:g}"], STOOD
    for growth, samples in zip(grown, eras, strict=True):
        slope = round(growth / samples * 2**24) / 2**24
        parts.append(f"{last + slope:.20f}+{slope:.20f}x{samples - 1}")
        last += slope * samples
    return " ".join(parts)


def _world() -> dict[str, str]:
    series = {}
    for column in COLUMNS:
        eras = [_grown(column, era) for era in column.eras]
        for one in eras[0]:
            series[_text(one)] = _counter(tuple(era[one] for era in eras))
        for one, value in _reference(column).items():
            series[_text(one)] = f"{value!r}x{END}"
    return series


def evaluated(promtool: Path, files: Mapping[str, str], folder: Path) -> Found:
    """(record, window, column, part...) -> value, of the short windows."""
    group = yaml.load(files[FILE], yaml.CSafeLoader)["groups"][0]
    group["rules"] = [rule for rule in group["rules"] if NEEDED.search(rule["record"])]
    path = folder / "steps.rules.yml"
    path.write_text(yaml.dump({"groups": [group]}, Dumper=yaml.CSafeDumper))
    samples = recorded(
        promtool,
        [path],
        _world(),
        ['{__name__=~"mlmonitor:column_recent:.+"}'],
        at=f"{END}m",
        scrape=f"{SCRAPE}s",
        step="5m",
        folder=folder,
    )
    return {
        (one["__name__"].rpartition(":")[2], one["window"], one["column"], one.get("reason", "")): v
        for one, v in samples
    }


def expected() -> Found:
    """The same by NumPy, of the rows of each window."""
    found = {}
    for column in COLUMNS:
        for window, places in WINDOWS.items():
            arrived = [(column.eras[place], HELD[place]) for place in places]
            seen = _statistics(column, arrived)
            for (name, part), value in {**seen, **_evidence(column, seen)}.items():
                found[name, window, column.name, part] = value
    return found


def _statistics(column: Column, arrived: list[tuple[Era, float]]) -> dict[tuple[str, str], float]:
    rows = sum(era.rows * held for era, held in arrived)
    weights = [era.rows * held * (1 - era.missing) for era, held in arrived]
    values = sum(weights)
    known = drift_oracle.effective
    rho = max(column.correlation.values(), default=Thresholds().correlation)
    found = {("rows", ""): rows}
    if rows:
        found["effective", ""] = known(rows, rho)
        found["missing_ratio", ""] = 1 - values / rows
        for place, reason in enumerate(REASONS):
            invalid = sum(era.invalid[place] * era.rows * held for era, held in arrived)
            found["invalid_ratio", reason] = invalid / rows
    if not values:
        return found
    found["values", ""] = values
    alike = found["design_effect", ""] = values / known(values, rho)
    share = [weight / values for weight in weights]
    if not column.is_numeric:
        shares = {
            category: sum(
                part * era.values.count(category) / len(era.values)
                for part, (era, _) in zip(share, arrived, strict=True)
            )
            for category in ("a", "b", "__other__", "__unseen__")
        }
        found["unseen_ratio", ""] = shares["__unseen__"]
        found["top_ratio", ""] = max(shares.values())
        return found
    z = np.concatenate([_deviations(column, era) for era, _ in arrived])
    each = np.repeat(share, 2) / 2
    shift = float(np.average(z, weights=each))
    spread = float(np.sqrt(np.average((z - shift) ** 2, weights=each)))
    below = float(np.average(np.maximum(-z, 0), weights=each))
    seen = Seen(shift, spread, values, below, column.extreme or EXTREME, alike)
    found |= {
        ("mean_shift", ""): shift,
        ("spread_ratio", ""): spread,
        ("least_shift", ""): seen.least_shift,
        ("least_spread", ""): seen.least_spread,
    }
    if column.mean:
        found["mean_ratio", ""] = 1 + shift * column.deviation / column.mean
    if values >= 10:
        error = math.sqrt(max(spread**2, 1) / known(values, rho) + 1 / EVIDENCE)
        found["mean_errors", ""] = abs(shift) / error
        factor = _factor(column, seen)
        if factor is not None:
            found["factor", ""] = factor
    return found


def _evidence(
    column: Column, seen: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """What the statistics of a window prove."""
    found = {}
    if seen["rows", ""] >= 10:
        variance = max(column.missing * (1 - column.missing), 0.01)
        above = seen["missing_ratio", ""] - column.missing
        found["missing_errors", ""] = above * math.sqrt(seen["effective", ""] / variance)
    is_beyond = seen.get(("invalid_ratio", "out_of_range"), 0) > 0.5 and seen["effective", ""] >= 5
    if is_beyond or seen.get(("mean_errors", ""), 0) > 8:
        found["implausible", ""] = 1.0
    return found


def _factor(column: Column, seen: Seen) -> float | None:
    """What the values were multiplied by, 32 and -32 for degrees, 0 where it is unknown."""
    base, deviation = column.mean, column.deviation
    mean = base + seen.shift * deviation
    if 0 < deviation < 50 and seen.extreme < 8:
        if abs(seen.spread - 1.8) < 0.2 and abs(mean - (1.8 * base + 32)) < 0.3 * deviation:
            return 32
        if abs(seen.spread - 1 / 1.8) < 0.07 and abs(mean - (base - 32) / 1.8) < 0.3 * deviation:
            return -32
    if base:
        ratio = 1 + seen.shift * deviation / base
        agree = ratio > 0 and abs(math.log(seen.spread / ratio)) < 0.2
        if agree and abs(math.log(ratio)) > 0.65 and (ratio < 1 or seen.is_beyond_shifts):
            return ratio
        if abs(ratio + 1) < 0.2 and abs(math.log(seen.spread)) < 0.2 and seen.least_shift > 2:
            return -1
    return 0 if seen.least_spread > 5 or seen.least_shift > 3 else None


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where a record of a short window is not what NumPy finds in the rows."""
    found, wanted = evaluated(promtool, files, folder), expected()
    assert found.keys() == wanted.keys()
    assert _even(found) == pytest.approx(_even(wanted), rel=3e-5, abs=1e-5)


def _even(found: Found) -> Found:
    """Roots of small differences as these: near zero, a root makes much of little."""
    return {key: v**2 if key[0] == "least_spread" else v for key, v in found.items()}


def test_what_shows_broken_columns_equals_numpy(tmp_path: Path) -> None:
    check(components.promtool("3"), rule_files(CONFIG), tmp_path)


INCREASES: Final = {
    "column_rows": (names.COLUMN_ROWS, {"column": "age"}),
    "column_missing": (names.COLUMN_MISSING, {"column": "age"}),
    "column_cumulative": (names.COLUMN_CUMULATIVE, {"column": "age", "lower": "1", "upper": "2"}),
    "column_category": (names.COLUMN_CATEGORY, {"column": "city", "category": "a"}),
    "column_deviation": (names.COLUMN_DEVIATION, {"column": "age", "direction": "above"}),
    "column_squared_deviation": (names.COLUMN_SQUARED_DEVIATION, {"column": "age"}),
    "column_nonzero": (names.COLUMN_NONZERO, {"column": "age"}),
    "column_invalid": (names.COLUMN_INVALID, {"column": "age", "reason": "wrong_type"}),
    "model_unexpected": (names.UNEXPECTED_COLUMNS, {}),
    "model_errors": (names.PREDICTION_ERRORS, {"exception": "ValueError"}),
}
# A minute, in the hours before the last step and in it, on each of two pods.
PODS: Final = ((7.0, 2.0), (11.0, 5.0))
STEPS: Final = re.compile(r"(drift|operation|settings)\.rules\.yml$")


def _of_steps(extra: int) -> tuple[dict[str, str], Found]:
    """Counters on two pods that grow otherwise in the last step, and what that makes of each record.

    Prometheus 2 takes `extra` minutes of the time before: both ends of a range are its own.
    """
    series: dict[str, str] = {}
    wanted: Found = {}

    def count(record: str, name: str, labels: Mapping[str, str], times: float) -> None:
        for pod, (before, last) in enumerate(PODS):
            grown = (before * (END - 5) * times, last * 5 * times)
            key = _key(name, {**labels, "instance": f"pod-{pod}"})
            series[_text(key)] = _counter(grown, (END - 5, 5))
        if record:
            part = tuple(sorted(value for key, value in labels.items() if key not in OF))
            part = part if record.startswith("column") else ()
            wanted[(record, *part)] = sum(
                (last * 5 + extra * before) * times for before, last in PODS
            ) * (5 / (5 + extra))

    for place, (record, (metric, labels)) in enumerate(INCREASES.items(), 1):
        of = IDENTITY if record == "model_errors" else OF
        count(record, metric.name, {**of, **labels}, place)
    duration = names.PREDICTION_DURATION.name
    count("model_calls", f"{duration}_count", IDENTITY, 20)
    count("model_busy", f"{duration}_sum", IDENTITY, 3)
    for edge, times in (("0.25", 11), ("0.5", 12), ("1.0", 16), ("+Inf", 20)):
        count("", f"{duration}_bucket", {**IDENTITY, "le": edge}, times)
    wanted[("model_slow",)] = wanted[("model_calls",)] * (20 - 12) / 20
    series[_text(_key(names.MODEL_INFO.name, {**IDENTITY, "reference": "abcd1234"}))] = f"1x{END}"
    return series, wanted


def check_steps(promtool: Path, files: Mapping[str, str], folder: Path, extra: int = 0) -> None:
    """Fail where what is recorded of the last step is not what was counted in it."""
    chosen = {path: text for path, text in files.items() if STEPS.search(path)}
    output.write(chosen, folder)
    series, wanted = _of_steps(extra)
    samples = recorded(
        promtool,
        [folder / path for path in chosen],
        series,
        '{__name__=~"mlmonitor:.+:increase"}',
        at=f"{END}m",
        scrape=f"{SCRAPE}s",
        step="5m",
        folder=folder,
    )
    kept = ("column", "lower", "upper", "category", "direction", "reason")
    found = {}
    for one, value in samples:
        part = sorted(one[label] for label in kept if label in one)
        found[(one["__name__"].split(":")[1], *part)] = value
    assert found == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_each_increase_is_the_growth_of_its_counter_on_all_pods(
    version: str, tmp_path: Path
) -> None:
    extra = 1 if version == "2.42" else 0
    check_steps(components.promtool(version), rule_files(CONFIG), tmp_path, extra)
