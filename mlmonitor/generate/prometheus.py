"""Rule sources in `alerts/`, filled in for one configuration, as files for Prometheus."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlmonitor import bundled, names, promql
from mlmonitor.errors import GenerationError
from mlmonitor.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.config import MonitoringConfig

_SOURCE: Final = "recording/drift.yaml"
_SLOWEST: Final = 3600.0
_EVALUATIONS_A_WINDOW: Final = 12
_RULE_KEYS: Final = frozenset(
    {"record", "alert", "expr", "labels", "for", "keep_firing_for", "annotations"}
)


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

    Raises:
        GenerationError: a step shorter than two scrapes, or a window that is no multiple of it.
    """

    scope: tuple[str, ...] = ("namespace",)
    scrape_interval: float = 15.0
    step: float = 300.0
    windows: tuple[float, ...] = (3600.0, 21600.0, 86400.0)
    thresholds: Thresholds = field(default_factory=Thresholds)
    by_model: Mapping[str, Thresholds] = field(default_factory=dict)

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
        )

    def interval(self, window: float) -> float:
        """Seconds between two evaluations of a window: 12 a window, hourly at the least."""
        steps = int(min(window / _EVALUATIONS_A_WINDOW, _SLOWEST) // self.step)
        return max(steps, 1) * self.step


def rules(config: MonitoringConfig) -> dict[str, str]:
    """All rule files for `monitoring.yaml`, as relative path -> text.

    Raises:
        GenerationError: see `drift_rules`.
    """
    return drift_rules(RuleSettings.of(config))


def drift_rules(settings: RuleSettings) -> dict[str, str]:
    """The recording rules of drift, as relative path -> text; the same settings, the same text.

    Raises:
        GenerationError: the source names a metric, label or placeholder that does not exist.
    """
    source = yaml.safe_load(_read(_SOURCE))
    base = _values(settings)
    first = _rules(source["step"], base, settings) + _rules(source["reference"], base, settings)
    groups = [{"name": "mlmonitor-drift", "interval": base["step"], "rules": first}]
    for window in sorted(set(settings.windows)):
        interval = settings.interval(window)
        together = interval == settings.step
        values = base | {
            "window": promql.duration(window),
            "range": promql.duration(window - 0.001),
            "offset": "" if together else f" offset {base['step']}",
            "interval": promql.duration(interval),
        }
        filled = _rules(source["window"], values, settings)
        if together:
            first += filled
        else:
            name = f"mlmonitor-drift-{values['window']}"
            groups.append({"name": name, "interval": values["interval"], "rules": filled})
    return {"prometheus/drift.rules.yml": _document(groups)}


def _thresholds(given: dict[str, float]) -> Thresholds:
    return Thresholds(**given)  # type: ignore[arg-type]


def _values(settings: RuleSettings) -> dict[str, str]:
    identity = promql.Identity(settings.scope)
    step, reach = settings.step, settings.step + settings.scrape_interval
    values = {
        "column": identity.column,
        "model": identity.model,
        "step": promql.duration(step),
        "reach": promql.duration(reach),
        "share": f"{step:g} / {reach:g}",
        "recent": promql.recent(step),
    }
    for one in fields(Thresholds):
        by_model = {model: getattr(own, one.name) for model, own in settings.by_model.items()}
        default = getattr(settings.thresholds, one.name)
        values[f"threshold.{one.name}"] = promql.threshold(default, by_model)
    return values


def _rules(
    section: dict[str, Any], values: Mapping[str, str], settings: RuleSettings
) -> list[dict[str, Any]]:
    return [_rule(rule, section.get("labels", {}), values, settings) for rule in section["rules"]]


def _rule(
    rule: dict[str, Any],
    shared: dict[str, str],
    values: Mapping[str, str],
    settings: RuleSettings,
) -> dict[str, Any]:
    name = str(rule.get("record") or rule.get("alert"))
    place = f"alerts/{_SOURCE}, {name}"
    unknown = sorted(set(rule) - _RULE_KEYS)
    if unknown:
        message = f"{place}: unknown key {unknown[0]}{promql.nearest(unknown[0], _RULE_KEYS)}."
        raise GenerationError(message)
    filled = _filled({**rule, "labels": {**shared, **rule.get("labels", {})}}, values, place)
    if "record" in rule and name not in names.RECORDS:
        message = f"{place}: no such record in the catalogue{promql.nearest(name, names.RECORDS)}."
        raise GenerationError(message)
    promql.check(filled["expr"], settings.scope, place)
    promql.check_labels(filled["labels"], settings.scope, place)
    if not filled["labels"]:
        del filled["labels"]
    return {key: filled[key] for key in sorted(filled, key=_ORDER.index)}


_ORDER: Final = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")


def _filled(value: Any, values: Mapping[str, str], place: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(part, values, place) for key, part in value.items()}
    return promql.render(value, values, place) if isinstance(value, str) else value


def _document(groups: list[dict[str, Any]]) -> str:
    text = yaml.dump(
        {"groups": groups}, Dumper=_Dumper, sort_keys=False, width=1_000_000, allow_unicode=True
    )
    return (
        f"# Generated by mlmonitor from alerts/{_SOURCE} and monitoring.yaml; edit those.\n{text}"
    )


class _Dumper(yaml.SafeDumper):
    """Writes long texts as literal blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def _read(name: str) -> str:
    return (bundled.folder("alerts") / name).read_text(encoding="utf-8")
