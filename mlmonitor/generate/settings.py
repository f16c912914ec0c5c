"""What the rules depend on, and the placeholders that it fills in."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

from mlmonitor import names, promql
from mlmonitor.errors import GenerationError
from mlmonitor.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.config import MonitoringConfig

SLOWEST: Final = 3600.0
_MOST_EVALUATIONS: Final = 12
_SCRAPES_A_RANGE: Final = 4
_STEPS_A_REFERENCE: Final = 3
_ALPHA: Final = 0.01
BUDGET_SECONDS: Final = 28 * 86400.0


@dataclass(frozen=True)
class RuleSettings:
    """What the rules depend on.

    Attributes:
        scope: labels that keep environments apart, such as the namespace.
        scrape_interval: seconds between two scrapes of a pod.
        step: seconds between two evaluations; all windows are sums of steps.
        windows: lengths in seconds, multiples of `step`.
        thresholds: for every model that `by_model` does not name.
        by_model: thresholds of single models, by name.
        baselines: what live traffic is compared with, `reference` and `previous`.
        previous: seconds of the past that the baseline `previous` covers.
        pages: bearable false alarms in outputs and scores, a model and 28 days.
        warnings: bearable false alarms in inputs, a model and 28 days.
        evaluation: seconds between two evaluations of the alerts.
        time_scale: what waiting times of alerts are multiplied by.
        evaluations: how often a window is evaluated in its own length, 12 times at the most.

    Raises:
        GenerationError: a step shorter than two scrapes, or a window that is no multiple of it.
    """

    scope: tuple[str, ...] = ("namespace",)
    scrape_interval: float = 15.0
    step: float = 300.0
    windows: tuple[float, ...] = (3600.0, 21600.0, 86400.0, 604800.0)
    thresholds: Thresholds = field(default_factory=Thresholds)
    by_model: Mapping[str, Thresholds] = field(default_factory=dict)
    baselines: tuple[str, ...] = ("reference",)
    previous: float = 7 * 86400.0
    pages: float = 1.0
    warnings: float = 4.0
    evaluation: float = 60.0
    time_scale: float = 1.0
    evaluations: int = _MOST_EVALUATIONS

    def __post_init__(self) -> None:
        """Check that the lengths fit together."""
        if self.step < 2 * self.scrape_interval:
            message = (
                f"prometheus.step ({promql.duration(self.step)}) must hold at least two scrapes of "
                f"{promql.duration(self.scrape_interval)}; raise the step or scrape more often."
            )
            raise GenerationError(message)
        for window in self.windows:
            if window < self.step or round(window * 1000) % round(self.step * 1000):
                message = (
                    f"prometheus.windows: {promql.duration(window)} is no multiple of the step "
                    f"{promql.duration(self.step)}; choose one."
                )
                raise GenerationError(message)

    @classmethod
    def of(cls, config: MonitoringConfig) -> RuleSettings:
        """The settings that `monitoring.yaml` asks for."""
        return cls(
            config.scope_labels,
            config.prometheus.scrape_interval,
            config.prometheus.step,
            config.prometheus.windows,
            _thresholds(config.thresholds.given),
            {model: _thresholds(given) for model, given in config.thresholds_by_model.items()},
            config.alerts.baselines,
            config.alerts.previous,
            config.alerts.budget.pages,
            config.alerts.budget.warnings,
            config.alerts.evaluation_interval,
            config.alerts.time_scale,
            config.prometheus.evaluations,
        )

    def interval(self, window: float) -> float:
        """Seconds between two evaluations of a window.

        With twelve a window they are at most an hour apart, with fewer as many times longer.
        """
        slowest = SLOWEST * _MOST_EVALUATIONS / self.evaluations
        return self._whole_steps(min(window / self.evaluations, slowest))

    @property
    def slowest(self) -> float:
        """The longest time between two evaluations of any window, in seconds."""
        return max(self.interval(window) for window in self.windows)

    @property
    def reference_interval(self) -> float:
        """Seconds between two looks at the cells of the reference, which change with a deployment only.

        Three steps, with fewer evaluations as many times longer, but an hour at the most.
        """
        usual = _STEPS_A_REFERENCE * self.step
        longer = min(usual * _MOST_EVALUATIONS / self.evaluations, SLOWEST)
        return self._whole_steps(max(usual, longer))

    def part(self, window: float) -> float:
        """Seconds of the part of a window that may still be to come when alerts look at it."""
        return window / _MOST_EVALUATIONS

    @property
    def short_windows(self) -> tuple[float, float, float]:
        """Lengths over which broken columns are looked for; the shortest that has rows counts."""
        return (2 * self.step, 12 * self.step, 72 * self.step)

    def is_slow(self, window: float) -> bool:
        """Whether a window is so long that it is compared with the time before it, too."""
        return self._whole_steps(window / _MOST_EVALUATIONS) > self.step

    def has_own_group(self, window: float) -> bool:
        """Whether a window is evaluated less often than every step, in a group of its own."""
        return self.interval(window) > self.step

    def alpha(self, window: float, budget: float) -> float:
        """False discovery rate of a window that keeps to a budget of false alarms in 28 days.

        A union bound: every evaluation of every window and baseline spends its part.
        """
        evaluations = BUDGET_SECONDS / self.interval(window)
        return min(budget / (len(self.windows) * len(self.baselines) * evaluations), 1.0)

    def _whole_steps(self, seconds: float) -> float:
        return max(int(seconds // self.step), 1) * self.step

    def waits(self, seconds: float) -> float:
        """A waiting time or range of an alert, as long as the time scale and the scrapes allow."""
        return max(seconds * self.time_scale, _SCRAPES_A_RANGE * self.scrape_interval)


def placeholders(settings: RuleSettings) -> dict[str, str]:
    """What all rules may name, by placeholder."""
    identity = promql.Identity(settings.scope)
    step, reach = settings.step, settings.step + settings.scrape_interval
    shortest = sorted(set(settings.windows))[:2]
    slower = promql.recent(settings.interval(shortest[-1]))
    values = {
        "scope": ", ".join(settings.scope),
        "identity": ", ".join((*settings.scope, *names.IDENTITY)),
        "model": identity.model,
        "column": identity.column,
        "step": promql.duration(step),
        "reach": promql.duration(reach),
        "share": f"{step:g} / {reach:g}",
        "recent": promql.recent(step),
        "reference_interval": promql.duration(settings.reference_interval),
        "reference_recent": promql.recent(settings.reference_interval),
        "scrape": promql.duration(settings.scrape_interval),
        "scrapes.20": promql.duration(20 * settings.scrape_interval),
        "evaluation": promql.duration(settings.evaluation),
        **{
            f"short.{index}": promql.duration(length)
            for index, length in enumerate(settings.short_windows, 1)
        },
        "shortest": "|".join(promql.duration(length) for length in shortest),
        "shortest_recent": slower,
        "slowest_recent": promql.recent(settings.slowest),
        "previous": promql.duration(settings.previous),
        "previous_range": promql.duration(settings.previous - 0.001),
    }
    for one in fields(Thresholds):
        values[f"threshold.{one.name}"] = _threshold(settings, one.name)
    return values


def window_placeholders(settings: RuleSettings, window: float) -> dict[str, str]:
    """What the rules of one window may name in addition."""
    interval = settings.interval(window)
    own_group = settings.has_own_group(window)
    offset = f" offset {promql.duration(settings.step)}" if own_group else ""
    return {
        "window": promql.duration(window),
        "range": promql.duration(window - 0.001),
        "offset": offset,
        "interval": promql.duration(interval),
        "window_recent": promql.recent(interval),
        "previous_offset": promql.duration(window + (settings.step if own_group else 0)),
        "window_steps": f"{round(window / settings.step)}",
        "first_part": promql.duration(max(settings.part(window), 2 * settings.step + 30)),
        "other_parts": promql.duration(window - settings.part(window)),
        "alpha.input": _alpha(settings, window, settings.warnings),
        "alpha.output": _alpha(settings, window, settings.pages),
    }


def short_placeholders(window: float) -> dict[str, str]:
    """What the rules of one short window may name in addition."""
    return {"window": promql.duration(window), "range": promql.duration(window - 0.001)}


def _threshold(settings: RuleSettings, name: str) -> str:
    by_model = {
        model: value
        for model, own in settings.by_model.items()
        if (value := getattr(own, name)) is not None
    }
    default = getattr(settings.thresholds, name)
    return promql.threshold(_ALPHA if default is None else default, by_model)


def _alpha(settings: RuleSettings, window: float, budget: float) -> str:
    """The false discovery rate as a series for each model."""
    derived = settings.alpha(window, budget)
    by_model = {
        model: derived if own.alpha is None else own.alpha
        for model, own in settings.by_model.items()
    }
    chosen = settings.thresholds.alpha
    columns = f"last_over_time({names.MODEL_COLUMNS}[{promql.recent(settings.step)}])"
    return promql.threshold(derived if chosen is None else chosen, by_model, columns)


def _thresholds(given: dict[str, float]) -> Thresholds:
    return Thresholds(**given)  # type: ignore[arg-type]
