"""What `monitoring.yaml` says of single models, as recorded series that rules and dashboards read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names, promql
from mlmonitor.expose.numbers import go_float
from mlmonitor.generate import rulefile
from mlmonitor.generate.alerting import active_sources, is_on
from mlmonitor.generate.business import business_rules
from mlmonitor.generate.rulespec import alerts_of
from mlmonitor.generate.settings import RuleSettings, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.config.dependencies import DependencySettings
    from mlmonitor.config.models import ModelSettings

Rule = dict[str, Any]
AVAILABILITY: Final = 0.99
LATENCY: Final = 0.5
LATENCY_OBJECTIVE: Final = 0.99
_HOUR: Final = 3600.0


def settings_rules(config: MonitoringConfig, folder: Path | None = None) -> dict[str, str]:
    """The file of recorded settings, as relative path -> text.

    Raises:
        GenerationError: a source of alerts is wrong, or a dependency's PromQL.
    """
    settings = RuleSettings.of(config)
    identity = placeholders(settings)["identity"]
    rules = [
        *_alert_thresholds(config, identity, folder),
        *_objectives(config, identity),
        *_importances(config, placeholders(settings)["column"]),
        *_dependencies(config, settings, identity),
        *business_rules(config),
    ]
    interval = promql.duration(min(settings.step, settings.evaluation))
    group = rulefile.group("mlmonitor-settings", interval, rules)
    return {"prometheus/settings.rules.yml": rulefile.text([group], "monitoring.yaml")}


def _alert_thresholds(
    config: MonitoringConfig, identity: str, folder: Path | None
) -> Iterator[Rule]:
    for _, alert in alerts_of(active_sources(config, folder)):
        if alert.threshold is not None and alert.is_of_models and is_on(alert, config):
            change = config.alerts.rules.get(alert.alert)
            default = (change and change.threshold) or alert.threshold
            own = {model.name: model.alerts.get(alert.alert) for model in config.models}
            expr = _by_model(default, own, identity)
            labels = {"alert": alert.alert}
            yield rulefile.rule(record=names.ALERT_THRESHOLD, expr=expr, labels=labels)


def _objectives(config: MonitoringConfig, identity: str) -> Iterator[Rule]:
    models = {model.name: model.slo for model in config.models}
    for record, key, default in (
        (names.SLO_AVAILABILITY, "availability", AVAILABILITY),
        (names.SLO_LATENCY_OBJECTIVE, "latency_objective", LATENCY_OBJECTIVE),
    ):
        given = getattr(config.slo, key)
        own = {name: getattr(slo, key) for name, slo in models.items()}
        yield rulefile.rule(record=record, expr=_by_model(given or default, own, identity))
    default = config.slo.latency or LATENCY
    own = {name: slo.latency or default for name, slo in models.items()}
    for edge in sorted({default, *own.values()}):
        yield rulefile.rule(
            record=names.SLO_LATENCY_EDGE,
            expr=_edge(edge, default, own, identity),
            labels={"le": go_float(edge)},
        )


def _edge(edge: float, default: float, own: dict[str, float], identity: str) -> str:
    """1 for the models whose calls count as quick up to `edge` seconds."""
    if edge == default:
        others = sorted(name for name, value in own.items() if value != default)
        matcher = f"model!~{promql.quoted('|'.join(map(_literal, others)))}" if others else ""
    else:
        chosen = sorted(name for name, value in own.items() if value == edge)
        matcher = f"model=~{promql.quoted('|'.join(map(_literal, chosen)))}"
    selector = f"{names.MODEL_INFO.name}{{{matcher}}}" if matcher else names.MODEL_INFO.name
    return f"max by ({identity}) ({selector})"


def _importances(config: MonitoringConfig, column: str) -> Iterator[Rule]:
    rows = names.REFERENCE_ROWS.name
    for model in config.models:
        for name, given in sorted(model.columns.items()):
            matchers = f"{_matchers(config, model)}, column={promql.quoted(name)}"
            expr = f"0 * max by ({column}) ({rows}{{{matchers}}}) + {given.importance!r}"
            yield rulefile.rule(record=names.IMPORTANCE, expr=expr)


def _dependencies(
    config: MonitoringConfig, settings: RuleSettings, identity: str
) -> Iterator[Rule]:
    known = promql.duration(settings.waits(_HOUR))
    for position, model in enumerate(config.models):
        for index, one in enumerate(model.depends_on):
            place = config.place("models", position, "depends_on", index)
            for key in ("up", "fresh", "unchanged"):
                # By itself first: errors then tell of what is written, and not of what is around it.
                if (selector := getattr(one, key)) is not None:
                    own = config.place("models", position, "depends_on", index, key)
                    promql.check(selector, settings.scope, own, own=False)
            # A model may go down with what it depends on.
            info = f"{names.MODEL_INFO.name}{{{_matchers(config, model)}}}"
            chosen = f"last_over_time({info}[{known}])"
            for record, expr in _dependency(one, settings):
                promql.check(expr, settings.scope, place, own=False)
                whole = f"0 * max by ({identity}) ({chosen}) + on () group_left () ({expr})"
                yield rulefile.rule(record=record, expr=whole, labels={"dependency": one.name})


def _dependency(one: DependencySettings, settings: RuleSettings) -> Iterator[tuple[str, str]]:
    """The records of a dependency, and one number for each; a series that is gone is down."""
    if one.up is not None:
        yield names.DEPENDENCY_UP, f"max({one.up}) or vector(0)"
        return
    yield names.DEPENDENCY_UP, f"group({one.fresh or one.unchanged}) or vector(0)"
    if one.fresh is not None:
        yield names.DEPENDENCY_AGE, f"(time() - min({one.fresh})) / {one.within:g}"
        return
    span, step = promql.duration(settings.waits(_HOUR)), promql.duration(settings.evaluation)
    # The largest of all series: a new value that comes with a new pod changes no series.
    yield names.DEPENDENCY_CHANGED, f"changes(max({one.unchanged})[{span}:{step}])"


def _matchers(config: MonitoringConfig, model: ModelSettings) -> str:
    """Which series a model of `monitoring.yaml` is about: of any version, if it is alone in its role.

    The file need not follow every release.
    """
    same = [one for one in config.models if (one.name, one.role) == (model.name, model.role)]
    labels = {"model": model.name, "role": model.role}
    if len(same) > 1:
        labels["version"] = model.version
    return ", ".join(f"{key}={promql.quoted(value)}" for key, value in labels.items())


def _by_model(default: float, own: dict[str, float | None], identity: str) -> str:
    """A number as a series for each model: `default`, or its own."""
    info = names.MODEL_INFO.name
    parts = [
        f"0 * max by ({identity}) ({info}{{model={promql.quoted(model)}}}) + {value!r}"
        for model, value in sorted(own.items())
        if value is not None and value != default
    ]
    return "\nor ".join((*parts, f"0 * max by ({identity}) ({info}) + {default!r}"))


def _literal(text: str) -> str:
    """A text as a regular expression of its own (RE2)."""
    return "".join(sign if sign.isalnum() or sign in "_ -" else f"\\{sign}" for sign in text)
