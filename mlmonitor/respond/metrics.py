"""What the responder exposes of itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from mlmonitor import names
from mlmonitor.breaker import CLOSED, PHASES
from mlmonitor.respond.ladder import outcomes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client import Metric as Family

    from mlmonitor.breaker import BreakerState
    from mlmonitor.config.respond import RespondSettings

_CODES: Final = (
    HTTPStatus.OK,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
)


class ResponderMetrics:
    """Counters of requests and steps, and the breakers, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(names.RESPOND_REQUESTS)
        self._steps = self._counter(names.RESPOND_STEPS)
        self._states: dict[str, BreakerState] = {}
        self.registry.register(self)

    def expect(self, models: Iterable[str], settings: RespondSettings) -> None:
        """Expose from 0 on what may be counted: Prometheus sees no increase of a series that is new.

        Args:
            models: names of those that the ladder is for.
            settings: section `respond`.
        """
        for code in _CODES:
            self._requests.labels(str(code.value))
        for model in models:
            self.shows(model, CLOSED)
            for step in settings.steps:
                if step.match.get("model", model) == model:
                    for outcome in outcomes(step, dry_run=settings.dry_run):
                        self._steps.labels(model, step.do, outcome)

    def answered(self, code: int) -> None:
        """Count a request."""
        self._requests.labels(str(code)).inc()

    def took(self, model: str, action: str, outcome: str) -> None:
        """Count a step."""
        self._steps.labels(model, action, outcome).inc()

    def shows(self, model: str, state: BreakerState) -> None:
        """Expose the breaker of a model as it is now."""
        self._states = {**self._states, model: state}

    def collect(self) -> Iterator[Family]:
        """The breakers."""
        phases, switches = names.BREAKER_STATE, names.BREAKER_SWITCHES
        states = GaugeMetricFamily(phases.name, phases.help, labels=phases.labels)
        counts = CounterMetricFamily(switches.family, switches.help, labels=switches.labels)
        for model, state in sorted(self._states.items()):
            for phase in PHASES:
                states.add_metric([model, phase], float(state.phase == phase))
            counts.add_metric([model], state.switches)
        yield states
        yield counts

    def _counter(self, metric: names.Metric) -> Counter:
        return Counter(metric.family, metric.help, metric.labels, registry=self.registry)
