"""The response ladder in monitoring.yaml, held against the alerts that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlmonitor import names, promql
from mlmonitor.errors import ConfigError
from mlmonitor.generate.alerting import active_sources
from mlmonitor.generate.rulespec import alerts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mlmonitor.config import MonitoringConfig

_SEVERITIES: Final = ("critical", "warning", "info")


def check_ladder(config: MonitoringConfig) -> None:
    """Refuse steps that no alert could ever lead to.

    Raises:
        ConfigError: naming file, line, key and the nearest name that exists.
    """
    sources = active_sources(config)
    alerts = [alert.alert for _, alert in alerts_of(sources)]
    values: dict[str, Collection[str]] = {
        "alertname": alerts,
        "severity": _SEVERITIES,
        "concern": [source.name for source in sources],
        "model": {model.name for model in config.models},
        "role": names.ROLES,
        "side": names.SIDES,
    }
    for index, step in enumerate(config.respond.steps):
        place = ("respond", "steps", index)
        if step.alert is not None and step.alert not in alerts:
            ending = promql.nearest(step.alert, alerts)
            message = f"{config.place(*place, 'alert')}: no alert is named {step.alert!r}{ending}"
            raise ConfigError(message)
        for label, value in step.match.items():
            _check_label(config, label, config.place(*place, "match", label))
            _check_value(label, value, values, config.place(*place, "match", label))
    for label in config.respond.scope:
        if label not in config.scope_labels:
            ending = promql.nearest(label, config.scope_labels, "; add it there, or remove it.")
            message = (
                f"{config.place('respond', 'scope', label)}: is not among scope_labels{ending}"
            )
            raise ConfigError(message)


def _check_label(config: MonitoringConfig, label: str, place: str) -> None:
    """Alerts may carry labels that Prometheus adds, and none that is one of ours mistyped."""
    if meant := promql.misspelt(label, promql.known_labels(config.scope_labels)):
        message = f"{place}: no alert has this label; did you mean {meant}?"
        raise ConfigError(message)


def _check_value(label: str, value: str, values: Mapping[str, Collection[str]], place: str) -> None:
    known = values.get(label)
    if known and value not in known:
        ending = promql.nearest(value, known, f"; use one of {', '.join(sorted(known))}.")
        message = f"{place}: no alert has {value!r}{ending}"
        raise ConfigError(message)
