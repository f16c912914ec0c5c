"""The monitors of a registry: as a collector of prometheus_client, and as text at full speed."""

from __future__ import annotations

import logging
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from mlmonitor import names
from mlmonitor.expose.negotiate import chosen_format
from mlmonitor.expose.series import Plan, last_values, momentary, values
from mlmonitor.expose.text import CONTENT_TYPES, SourceText, families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmonitor.expose.source import Source
    from mlmonitor.expose.text import Format, Part, Samples

    _Sample = tuple[str, dict[str, str], float]

T = TypeVar("T")

_EOF: Final = b"# EOF\n"
_log = logging.getLogger("mlmonitor")
_lock = threading.Lock()
_writing: ContextVar[MonitorCollector | None] = ContextVar("mlmonitor_writing", default=None)


class MonitorCollector:
    """All monitors of one registry, by model, version and role."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str, str], _Entry] = {}

    def add(self, source: Source) -> None:
        """Expose a source, in place of one with the same identity."""
        if source.identity in self._entries:
            _log.warning(
                "A second monitor of %r version %r (%s) replaces the first in its registry; what "
                "the first counts is not exposed any more. Make one and share it.",
                *source.identity,
            )
        self._entries = {**self._entries, source.identity: _Entry(source)}

    def discard(self, source: Source) -> bool:
        """Expose a source no longer; true when none is left."""
        kept = {key: one for key, one in self._entries.items() if one.source is not source}
        self._entries = kept
        return not kept

    def describe(self) -> Iterator[Family]:
        """The families, empty, from which a registry learns their names."""
        for metric in names.METRICS.values():
            yield _family(metric)

    def collect(self) -> Iterator[Family]:
        """The families with their samples; nothing while they are being written as text."""
        if _writing.get() is self:
            return
        found = [one for entry in self._entries.values() if (one := entry.read(entry.collected))]
        for metric in names.METRICS.values():
            samples = [sample for one in found for sample in one.get(metric, ())]
            if samples:
                family = _family(metric)
                for name, labels, value in samples:
                    family.add_sample(name, labels, value)
                yield family

    def samples(self, part: Part) -> list[Samples]:
        """The samples of each source as text; one that fails is left out."""
        found = [entry.read(partial(entry.samples, part)) for entry in self._entries.values()]
        return [one for one in found if one is not None]


@dataclass
class _Entry:
    """A source and what was made ready to expose it."""

    source: Source

    @cached_property
    def _text(self) -> SourceText:
        return SourceText(self.source)

    @cached_property
    def _plan(self) -> Plan:
        return Plan.of(self.source.identity, self.source.layout, self.source.reference)

    def samples(self, part: Part) -> Samples:
        """The samples as text."""
        return self._text.samples(part)

    def collected(self) -> dict[names.Metric, list[_Sample]]:
        """Name, labels and value of each sample, by metric."""
        plan, source = self._plan, self.source
        found: dict[names.Metric, list[_Sample]] = {}
        cells = source.totals().cells
        extended = plan.derivation.extended(cells)
        for metric, series in plan.live.items():
            counts = values(extended, *plan.derivation.of(series)).tolist()
            found[metric] = [
                (metric.name + one.suffix, dict(one.labels), value)
                for one, value in zip(series, counts, strict=True)
            ]
        known = [one for series in plan.fixed.values() for one in series]
        for one in (*momentary(source), *last_values(source, cells), *known):
            sample = (one.metric.name, dict(one.labels), one.value)
            found.setdefault(one.metric, []).append(sample)
        return found

    def read(self, reading: Callable[[], T]) -> T | None:
        """What `reading` gives; None, and a failure that is counted, where it raises."""
        try:
            return reading()
        except Exception as error:  # noqa: BLE001 - the others are exposed all the same
            report = getattr(self.source, "failed", None)
            if report is None:
                _log.warning("%s: cannot be exposed (%r).", self.source.identity[0], error)
            else:
                report("expose", error)
            return None


_collectors: WeakKeyDictionary[CollectorRegistry, MonitorCollector] = WeakKeyDictionary()


def register(source: Source, registry: CollectorRegistry = REGISTRY) -> None:
    """Expose a source wherever the registry is exposed.

    Raises:
        ValueError: the registry has other metrics of the same names.
    """
    with _lock:
        collector = _collectors.get(registry)
        if collector is None:
            collector = MonitorCollector()
            registry.register(collector)
            _collectors[registry] = collector
        collector.add(source)


def unregister(source: Source, registry: CollectorRegistry = REGISTRY) -> None:
    """Expose a source no longer; nothing happens where it is not registered."""
    with _lock:
        collector = _collectors.get(registry)
        if collector is not None and collector.discard(source):
            registry.unregister(collector)
            del _collectors[registry]


def render(
    registry: CollectorRegistry = REGISTRY, accept: str | None = None, part: Part = "all"
) -> tuple[bytes, str]:
    """All metrics of a registry as text, and its content type.

    Args:
        registry: whose metrics; those that are not the monitors' are written by prometheus_client.
        accept: value of the request's Accept header.
        part: `live` leaves out the gauges of the reference, `reference` all but them.
    """
    form = chosen_format(accept)
    collector = _collectors.get(registry)
    own = families(collector.samples(part), form) if collector else b""
    others = b"" if part == "reference" else _others(registry, collector, form)
    end = _EOF if form == "openmetrics" else b""
    return b"".join((own, others, end)), CONTENT_TYPES[form]


def _others(registry: CollectorRegistry, collector: MonitorCollector | None, form: Format) -> bytes:
    token = _writing.set(collector)
    try:
        if form == "text":
            return generate_latest(registry)
        whole: bytes = generate_openmetrics(registry)  # type: ignore[no-untyped-call] # no hints there
        return whole.removesuffix(_EOF)
    finally:
        _writing.reset(token)


def _family(metric: names.Metric) -> Family:
    return Family(metric.family, metric.help, metric.type, metric.unit)
