"""A simulated world: one model in some pods through phases, as the series that Prometheus scrapes."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mlmonitor import names, promql
from mlmonitor.expose.numbers import go_float
from mlmonitor.generate.promtool.change import (
    Change,
    Gauge,
    changed_rows,
    latencies,
    number,
    seen_in_rows,
)
from mlmonitor.generate.promtool.model import MODEL, ROWS, Row, Series, counted
from mlmonitor.tally.layout import DURATION_EDGES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

ROWS_A_MINUTE: Final = 60.0
JOB: Final = "models"
_DAY: Final = 86400.0
_FRACTION: Final = 2**20
_COUNTED: Final = ("_total", "_bucket", "_count", "_sum")
_SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?")
_MATCHER: Final = re.compile(r'(\w+)="([^"]*)"')
_DURATION: Final = names.PREDICTION_DURATION.name

# What depends on the machine and the moment is set; time starts at 0 in a test.
_GAUGES: Final[dict[str, float]] = {
    names.MODEL_LOADED.name: -7 * _DAY,
    names.IN_FLIGHT.name: 1.0,
    names.PROCESS_MEMORY.name: 3e8,
    names.PROCESS_DESCRIPTORS.name: 40.0,
    names.PROCESS_MAX_DESCRIPTORS.name: 1024.0,
    names.PROCESS_STARTED.name: -7 * _DAY,
    names.PROCESS_MEMORY_LIMIT.name: 2e9,
    names.PROCESS_CPU_LIMIT.name: 2.0,
}
_COUNTERS: Final[dict[str, float]] = {names.PROCESS_CPU.name: 6.0, names.PROCESS_GC.name: 1.0}


# Tests share their phases: most of the time the world is normal.
_CACHE: Final[dict[tuple[str, str], dict[Series, float]]] = {}


@dataclass(frozen=True)
class Phase:
    """A length of time in which the world stays as it is."""

    seconds: float
    change: Change


@dataclass(frozen=True)
class Pod:
    """One pod through the phases of a test; `share` of all rows are its own."""

    name: str
    phases: tuple[Phase, ...]
    version: str = "1"
    share: float = 1.0


@dataclass(frozen=True)
class World:
    """What a test simulates.

    Attributes:
        pods: all of the same length.
        scrape: seconds between two samples.
        scope: labels that keep environments apart; each gets the value `test`.
        factors: what numbers of changes may be multiplied by.
        place: names the test in errors.
        pace: how many times as long everything takes, at fewer rows a minute.
        read: the names of the series that are wanted; None wants all.
    """

    pods: tuple[Pod, ...]
    scrape: float
    scope: tuple[str, ...] = ("namespace",)
    factors: Mapping[str, float] = field(default_factory=dict)
    place: str = "alerts/tests"
    pace: float = 1.0
    read: Container[str] | None = None

    def series(self) -> dict[str, str]:
        """Series in Prometheus' notation -> values in promtool's, in the order of their names."""
        found: dict[str, str] = {}
        for index, pod in enumerate(self.pods):
            found |= self._pod(pod, first=index == 0)
        return dict(sorted(found.items()))

    def _pod(self, pod: Pod, *, first: bool) -> dict[str, str]:
        writers: defaultdict[str, _Writer] = defaultdict(_Writer)
        samples = 0
        for phase in pod.phases:
            count = round(phase.seconds / self.scrape)
            for series, state in self._states(pod, phase.change, first=first).items():
                writers[series].wait(samples)
                writers[series].write(state, self.scrape, count, again=phase.change.restarts)
            samples += count
        for writer in writers.values():
            writer.wait(samples)
        return {series: writer.text() for series, writer in writers.items()}

    def _states(self, pod: Pod, change: Change, *, first: bool) -> dict[str, _State]:
        """Every series of a pod in a phase."""
        target = {**dict.fromkeys(self.scope, "test"), "instance": pod.name, "job": JOB}
        states: dict[str, _State] = {}
        if not change.gone:
            states[_text("up", target)] = _State(0.0 if change.down else 1.0, every=change.rarer)
        if not (change.down or change.gone):
            exposed = self._exposed(pod, change)
            states |= {
                _text(name, {**target, **dict(labels)}): state
                for (name, labels), state in exposed.items()
                if self._is_read(name)
                and not any(name.startswith(absent) for absent in change.absent)
            }
        if first:
            states |= {
                self._scoped(key): _State(self._number(n)) for key, n in change.series.items()
            }
            states |= {
                self._scoped(key): _State(None, self._number(n))
                for key, n in change.counters.items()
            }
        return {key: one for key, one in states.items() if self._is_read(key.partition("{")[0])}

    def _scoped(self, series: str) -> str:
        """A series of another pod with the labels that keep environments apart."""
        missing = [f'{label}="test"' for label in self.scope if f"{label}=" not in series]
        if "instance=" not in series:
            return series
        return series.replace("{", "{" + "".join(f"{one}, " for one in missing), 1)

    def _is_read(self, name: str) -> bool:
        return self.read is None or name in self.read

    def _exposed(self, pod: Pod, change: Change) -> dict[Series, _State]:
        rate = self._number(change.rate) * ROWS_A_MINUTE * pod.share / self.pace
        states: dict[Series, _State] = {}
        for series, value in self._counted(change, pod.version).items():
            if not self._is_read(series[0]):
                continue
            if series[0] in _COUNTERS:
                states[series] = _State(None, _COUNTERS[series[0]])
            elif _is_counter(series[0]):
                states[series] = _State(None, value / ROWS * rate)
            else:
                states[series] = _State(_GAUGES.get(series[0], value))
        states |= self._durations(change, rate, pod.version)
        for selector, growth in change.growth.items():
            for series in _matching(selector, states, pod.version):
                slope = states[series].slope if series in states else 0.0
                states[series] = _State(None, slope + self._number(growth))
        for selector, given in change.gauges.items():
            for series in _matching(selector, states, pod.version):
                states[series] = self._gauge(given)
        return states

    def _counted(self, change: Change, version: str) -> dict[Series, float]:
        """What a monitor counts of all rows under a change; the pid is not the machine's."""
        seen = seen_in_rows(change, self._number)
        key = (seen.model_dump_json(), version)
        if key not in _CACHE:
            found = counted(self.rows(seen), self._number(seen.errors), version)
            _CACHE[key] = {
                (name, tuple((k, "1" if k == "pid" else v) for k, v in labels)): count
                for (name, labels), count in found.items()
            }
            # Where the machine that generates the tests has no limits, there are some all the same.
            _CACHE[key][names.PROCESS_MEMORY_LIMIT.name, _identity(version)] = 0.0
            worker = tuple(sorted((*_identity(version), ("pid", "1"))))
            _CACHE[key][names.PROCESS_MAX_DESCRIPTORS.name, worker] = 0.0
        return _CACHE[key]

    def rows(self, change: Change) -> list[Row]:
        """The rows of the model under a change."""
        return changed_rows(change, self._number)

    def _durations(self, change: Change, rate: float, version: str) -> dict[Series, _State]:
        """The latency histogram: calls do take their time here."""
        labels = _identity(version)
        taken = latencies(change, self._number)
        states = {}
        for edge in (*DURATION_EDGES, float("inf")):
            share = sum(part for seconds, part in taken if seconds <= edge)
            bucket = tuple(sorted((*labels, ("le", go_float(edge)))))
            states[f"{_DURATION}_bucket", bucket] = _State(None, share * rate)
        total = sum(seconds * part for seconds, part in taken)
        states[f"{_DURATION}_count", labels] = _State(None, rate)
        states[f"{_DURATION}_sum", labels] = _State(None, total * rate)
        return states

    def _gauge(self, given: float | str | Gauge) -> _State:
        if isinstance(given, Gauge):
            return _State(self._number(given.start), self._number(given.per_hour) / 60)
        return _State(self._number(given))

    def _number(self, value: float | str) -> float:
        return number(value, self.factors, self.place)


@dataclass(frozen=True)
class _State:
    """A series in a phase: a gauge with its value, or a counter; growth is a minute's.

    Of a series that is scraped more rarely, one of `every` so many samples is there.
    """

    value: float | None
    slope: float = 0.0
    every: float = 1


class _Writer:
    """The values of one series in promtool's notation."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.samples = 0
        self.last = 0.0

    def wait(self, until: int) -> None:
        """No sample until so many would have been taken."""
        missing = until - self.samples
        if missing > 0:
            # A series that ends is marked as stale, as Prometheus does when a target goes.
            ended = bool(self.parts)
            gap = missing - 1 if ended else missing
            self.parts += ["stale"] * ended + [f"_x{gap}"] * bool(gap)
            self.samples = until
            self.last = 0.0

    def write(self, state: _State, scrape: float, count: int, *, again: bool) -> None:
        """So many samples of a phase; a counter goes on where it was, or starts `again`."""
        slope = _exact(state.slope * scrape / 60)
        grown = slope if again else self.last + slope
        start = grown if state.value is None else state.value
        if state.every > 1:
            self.parts += [
                _value(start + slope * index) if _is_taken(index, state.every) else "_"
                for index in range(count)
            ]
        else:
            self.parts.append(
                f"{_value(start)}{_signed(slope)}x{count - 1}" if count > 1 else _value(start)
            )
        self.last = start + slope * (count - 1)
        self.samples += count

    def text(self) -> str:
        """All values."""
        return " ".join(self.parts)


def _is_taken(index: int, every: float) -> bool:
    """Whether a scrape is the first of `every` so many."""
    return math.floor(index / every) != math.floor((index - 1) / every)


def _exact(number: float) -> float:
    """A binary fraction: promtool adds it up without an error that would look like a restart."""
    return round(number * _FRACTION) / _FRACTION


def _value(number: float) -> str:
    text = f"{number:.20f}".rstrip("0").rstrip(".")
    return text if math.isfinite(number) else f"{number:g}"


def _signed(number: float) -> str:
    return f"+{_value(number)}" if number >= 0 else _value(number)


def _text(name: str, labels: Mapping[str, str]) -> str:
    inner = ", ".join(f"{key}={promql.quoted(value)}" for key, value in sorted(labels.items()))
    return f"{name}{{{inner}}}"


def _identity(version: str) -> tuple[tuple[str, str], ...]:
    return (("model", MODEL), ("role", "live"), ("version", version))


def _is_counter(name: str) -> bool:
    return name.endswith(_COUNTED)


def _matching(selector: str, states: Iterable[Series], version: str) -> list[Series]:
    """The series that a selector means; one of its own where there is none yet."""
    found = _SELECTOR.fullmatch(selector)
    name, inner = (found[1], found[2] or "") if found else (selector, "")
    wanted = set(_MATCHER.findall(inner))
    matching = [one for one in states if one[0] == name and wanted <= set(one[1])]
    return matching or [(name, tuple(sorted({*_identity(version), *wanted})))]
