"""What monitoring.yaml says of single alerts, held against the alerts that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmonitor import promql
from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.rulespec import AlertRule
    from mlmonitor.yamlfile import Key


def check_changes(config: MonitoringConfig, alerts: Mapping[str, AlertRule]) -> None:
    """Refuse changes to alerts that do not exist, and thresholds that an alert cannot have.

    Raises:
        GenerationError: naming file, line, key and fix.
    """
    for key, threshold in _changes(config):
        name = str(key[2] if key[0] == "alerts" else key[3])
        if name not in alerts:
            ending = promql.nearest(name, alerts)
            message = f"{config.place(*key)}: there is no such alert{ending}"
            raise GenerationError(message)
        if key[0] == "models" and not alerts[name].is_of_models:
            message = f"{config.place(*key)}: {name} is of no model; set alerts.rules.{name}."
            raise GenerationError(message)
        if threshold is not None:
            place = (*key, "threshold") if key[0] == "alerts" else key
            _check_threshold(config.place(*place), threshold, alerts[name])


def _changes(config: MonitoringConfig) -> Iterator[tuple[Key, float | None]]:
    """Where an alert is named, and the threshold that it is given there."""
    for name, change in config.alerts.rules.items():
        yield ("alerts", "rules", name), change.threshold
    for index, model in enumerate(config.models):
        for name, threshold in model.alerts.items():
            yield ("models", index, "alerts", name), threshold


def _check_threshold(place: str, threshold: float, alert: AlertRule) -> None:
    if alert.threshold is None:
        message = f"{place}: {alert.alert} has no threshold that could be changed; remove it."
        raise GenerationError(message)
    if alert.share and threshold >= 1:
        message = (
            f"{place}: {threshold:g} is never exceeded, since {alert.alert} compares a share; "
            f"write one between 0 and 1, such as {alert.threshold:g}."
        )
        raise GenerationError(message)
