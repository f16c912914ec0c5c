"""What `monitoring.yaml` has switched on, so that panels are generated for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.config import MonitoringConfig

_KINDS: Final = {
    "counter": "business-counters",
    "gauge": "business-values",
    "distribution": "business-distributions",
}


def panel_features(config: MonitoringConfig) -> frozenset[str]:
    """The features that panels, rows and dashboards can wait for by `when`."""
    return frozenset(_features(config))


def _features(config: MonitoringConfig) -> Iterator[str]:
    if "previous" in config.alerts.baselines:
        yield "previous"
    if any(model.depends_on for model in config.models):
        yield "dependencies"
    if config.links.kibana:
        yield "kibana"
    if config.respond.steps:
        yield "respond"
    for metric in (one for model in config.models for one in model.business.values()):
        yield "business"
        yield _KINDS[metric.type]
        if metric.alert is not None:
            yield "business-bounds"
