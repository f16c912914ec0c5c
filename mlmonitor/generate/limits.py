"""Thresholds of panels, taken from the alerts that they belong to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mlmonitor import names, promql
from mlmonitor.errors import GenerationError
from mlmonitor.generate.alerting import active_sources, is_on
from mlmonitor.generate.rulespec import alerts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.panelspec import Step
    from mlmonitor.generate.rulespec import AlertRule

_SEVERITIES: Final = {"critical": "red", "warning": "orange", "info": "blue"}
_LAST_NUMBER: Final = re.compile(r"[<>]=?\s*(\d[\d.e+-]*)\s*(?=\n\s*or\b|$)")


@dataclass(frozen=True)
class Limits:
    """The thresholds of a panel.

    Attributes:
        steps: (from this value on, this color), ascending.
        series: expressions of those that differ between models.
        alerts: that were named.
    """

    steps: tuple[tuple[float, str], ...] = ()
    series: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()


class Alerts:
    """The alerts of a configuration, as panels refer to them."""

    def __init__(self, config: MonitoringConfig) -> None:
        self._config = config

    @cached_property
    def _known(self) -> dict[str, AlertRule]:
        return {alert.alert: alert for _, alert in alerts_of(active_sources(self._config))}

    @property
    def names(self) -> tuple[str, ...]:
        """All alerts, those that are switched off included."""
        return tuple(self._known)

    def limits(self, steps: Iterable[Step]) -> Limits:
        """Steps with their numbers and colors; those of alerts that are switched off are left out.

        Raises:
            GenerationError: no such alert, it has no threshold, or not the one that a step names.
        """
        found: list[tuple[float, str]] = []
        series, listed = [], []
        for step in steps:
            if step.alert is None:
                found.append((float(step.above or 0), step.color or "red"))
                continue
            alert = self.alert(step.alert)
            if not is_on(alert, self._config):
                continue
            listed.append(step.alert)
            if step.above is None and self._differs(step.alert):
                series.append(_series(step.alert))
            else:
                found.append((self._number(alert, step), step.color or self._color(alert)))
        return Limits(tuple(sorted(found)), tuple(series), tuple(dict.fromkeys(listed)))

    def alert(self, name: str) -> AlertRule:
        """An alert by its name.

        Raises:
            GenerationError: there is none.
        """
        if name not in self._known:
            message = f"there is no alert {name}{promql.nearest(name, self._known)}"
            raise GenerationError(message)
        return self._known[name]

    def _differs(self, name: str) -> bool:
        """Whether monitoring.yaml gives single models thresholds of their own."""
        return any(name in model.alerts for model in self._config.models)

    def _color(self, alert: AlertRule) -> str:
        change = self._config.alerts.rules.get(alert.alert)
        return _SEVERITIES[(change and change.severity) or alert.severity]

    def _number(self, alert: AlertRule, step: Step) -> float:
        if step.above is not None:
            if not re.search(rf"(?<![\w.]){re.escape(f'{step.above:g}')}(?![\w.])", alert.expr):
                message = (
                    f"{alert.alert} compares with no {step.above:g}; take a number of its own."
                )
                raise GenerationError(message)
            return step.above
        change = self._config.alerts.rules.get(alert.alert)
        given = (change and change.threshold) or alert.threshold
        if given is not None:
            return given
        number = _LAST_NUMBER.search(alert.expr.strip())
        if number is None or float(number[1]) <= 0:
            message = (
                f"{alert.alert} has no threshold that is one number; write `above` and `color`."
            )
            raise GenerationError(message)
        return float(number[1])


def _series(alert: str) -> str:
    """What <limit> is in the alert's expression, for what is chosen."""
    return f'max(last_over_time({names.ALERT_THRESHOLD}{{alert="{alert}", <selected>}}[<recent>]))'
