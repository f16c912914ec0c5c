"""The alerts that a backtest can follow, with what their sources and monitoring.yaml say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor import promql
from mlmonitor.backtest.episodes import Waits
from mlmonitor.generate.alerting import active_sources, is_on
from mlmonitor.generate.settings import RuleSettings, placeholders, window_placeholders

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.rulespec import AlertRule

_EVERY_STEP: Final = 0.0


@dataclass(frozen=True)
class Rule:
    """An alert as one model has it.

    Attributes:
        alert: its name.
        severity: critical pages, warning makes a ticket, info records.
        threshold: what its condition is compared with, None where it has none of its own.
        by_window: how long it waits and keeps, by window in seconds; an alert that is written once
            has the key 0.
    """

    alert: str
    severity: str
    threshold: float | None
    by_window: dict[float, Waits]

    @property
    def each_window(self) -> bool:
        """Whether each window has an alert of its own."""
        return _EVERY_STEP not in self.by_window

    def waits(self, window: float = _EVERY_STEP) -> Waits:
        """How long it waits and keeps over a window."""
        return self.by_window[window if self.each_window else _EVERY_STEP]


def rules_of(config: MonitoringConfig, model: str) -> dict[str, Rule]:
    """All alerts that are switched on, by name.

    Raises:
        GenerationError: a source, or what monitoring.yaml says of an alert, is wrong.
    """
    return {
        alert.alert: _rule(alert, config, model)
        for source in active_sources(config)
        for alert in source.alerts
        if is_on(alert, config)
    }


def _rule(alert: AlertRule, config: MonitoringConfig, model: str) -> Rule:
    settings = RuleSettings.of(config)
    change = config.alerts.rules.get(alert.alert)
    own = next((one.alerts.get(alert.alert) for one in config.models if one.name == model), None)
    threshold = own or (change and change.threshold) or alert.threshold
    waits = change.waits if change is not None else None
    base = placeholders(settings)
    windows = [w for w in settings.windows if alert.each == "window" or settings.is_slow(w)]
    filled = {window: base | window_placeholders(settings, window) for window in windows}
    if alert.each == "once":
        filled = {_EVERY_STEP: base}
    by_window = {
        window: Waits(
            waits or _seconds(alert.waits, settings, values),
            _seconds(alert.keep_firing_for, settings, values),
            settings.evaluation,
        )
        for window, values in filled.items()
    }
    return Rule(alert.alert, (change and change.severity) or alert.severity, threshold, by_window)


def _seconds(text: str, settings: RuleSettings, values: dict[str, str]) -> float:
    """A waiting time of a source, such as `<5m>`, `<interval>` or `0s`."""
    timed = promql.render(promql.render_times(text, settings.waits), values, "alerts")
    return 0.0 if timed in {"0s", "0"} else promql.seconds(timed)
