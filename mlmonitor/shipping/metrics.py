"""What an exporter, or a direct handler, exposes of itself."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily

from mlmonitor import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry
    from prometheus_client import Metric as Family


class ShippingMetrics:
    """Counters of records and requests, and how far behind shipping is.

    Args:
        registry: where they are exposed; nowhere without one.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._registry = registry
        self.records = self._counter(names.SHIPPING_RECORDS, names.SHIPPING_OUTCOMES)
        self.retries = self._counter(names.SHIPPING_RETRIES, names.RETRY_REASONS)
        self.dropped = self._counter(names.SHIPPING_DROPPED, names.SHIPPING_DROP_REASONS)
        self.waiting: Callable[[], int] = int
        self.files: Callable[[], int] = int
        self.head = ""
        if registry is not None:
            registry.register(self)

    def done(self, outcome: str, records: int = 1) -> None:
        """Count records that are done with."""
        self.records.labels(outcome).inc(records)

    def again(self, reason: str) -> None:
        """Count a request that has to be made again."""
        self.retries.labels(reason).inc()

    def lost(self, reason: str, records: int = 1) -> None:
        """Count records that nobody has any more."""
        self.dropped.labels(reason).inc(records)

    def summary(self) -> str:
        """What was done, in a sentence."""
        counts = {name: self._value(self.records, name) for name in names.SHIPPING_OUTCOMES}
        return (
            f"{counts[names.SHIPPED]:,} records shipped, {counts[names.PRESENT]:,} were there "
            f"already, {counts[names.DEAD_LETTER]:,} are dead letters."
        )

    @staticmethod
    def _value(counter: Counter, label: str) -> int:
        samples = (sample for family in counter.collect() for sample in family.samples)
        return sum(
            int(sample.value)
            for sample in samples
            if sample.name.endswith("_total") and label in sample.labels.values()
        )

    def collect(self) -> Iterator[Family]:
        """The gauges."""
        for metric, value in (
            (names.SHIPPING_LAG_BYTES, float(self.waiting())),
            (names.SHIPPING_LAG_SECONDS, _age(self.head)),
            (names.SHIPPING_FILES, float(self.files())),
        ):
            yield GaugeMetricFamily(metric.name, metric.help, value=value)

    def _counter(self, metric: names.Metric, values: tuple[str, ...]) -> Counter:
        counter = Counter(metric.family, metric.help, metric.labels, registry=self._registry)
        for value in values:
            counter.labels(value)
        return counter


def _age(timestamp: str) -> float:
    """Seconds since a time as records have it; 0 for none, or one that is no time."""
    try:
        then = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return max((datetime.now(timezone.utc) - then).total_seconds(), 0.0)
