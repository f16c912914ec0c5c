"""Alerts: the sources in `alerts/alerting/` and the user's own, filled in for one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names, promql
from mlmonitor.errors import GenerationError, placed
from mlmonitor.generate import rulefile
from mlmonitor.generate.annotations import check_template
from mlmonitor.generate.changes import check_changes
from mlmonitor.generate.kibana.evidence import HOLE, Evidence, annotation
from mlmonitor.generate.kibana.objects import check_fields
from mlmonitor.generate.rulespec import alert_sources, alerts_of
from mlmonitor.generate.settings import RuleSettings, placeholders, window_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.config.alerts import AlertChange, Severity
    from mlmonitor.generate.rulespec import AlertRule, AlertSource

_SHOWN: Final = (
    "{{{{ with query (printf \"last_over_time({metric}{{alert='{alert}', %s}}[{recent}])\" $own) }}}}"
    "{{{{ . | first | value | {form} }}}}{{{{ end }}}}"
)
# The five inputs that drifted most, by effect times importance, the alert's own matchers left open.
_WORST: Final = (
    "topk(5, max by (column) (last_over_time({effect}{{%s, {chosen}}}[{recent}])"
    " and on (column) max by (column) (last_over_time({drifted}{{%s, {chosen}}}[{recent}])) == 1)"
    " * on (column) (max by (column) ({importance}{{%s}})"
    " or 0 * max by (column) (last_over_time({effect}{{%s, {chosen}}}[{recent}])) + 1))"
)
# Annotations that are made of a key of another name.
_WRITTEN_AS: Final = {
    "dashboard_url": "dashboard",
    "records_url": "records",
    "runbook_url": "alert",
}
PAGES_UNLESS_SHADOW: Final = '{{ if eq $labels.role "shadow" }}warning{{ else }}critical{{ end }}'
_FORMS: Final = {
    "shown.limit": "humanize",
    "shown.limit_percent": "humanizePercentage",
    "shown.limit_duration": "humanizeDuration",
}


def alert_rules(config: MonitoringConfig, folder: Path | None = None) -> dict[str, str]:
    """All files of alerts, as relative path -> text; the same configuration, the same text.

    Raises:
        GenerationError: a source, or what monitoring.yaml says of an alert, is wrong.
    """
    settings = RuleSettings.of(config)
    sources = active_sources(config, folder)
    files = {}
    for source in sources:
        rules = [
            rule
            for index in range(len(source.alerts))
            for rule in rules_of_alert(source, index, config)
        ]
        if rules:
            interval = promql.duration(settings.evaluation)
            group = rulefile.group(f"mlmonitor-alerts-{source.name}", interval, rules)
            origin = f"{source.place} and monitoring.yaml"
            files[f"prometheus/alerts-{source.name}.rules.yml"] = rulefile.text([group], origin)
    return files


def active_sources(config: MonitoringConfig, folder: Path | None = None) -> list[AlertSource]:
    """The sources of all alerts, those that are switched off included.

    Raises:
        GenerationError: a source is wrong, or what monitoring.yaml changes about an alert.
    """
    place = config.place("alerts", "include")
    sources = alert_sources(config.alerts.include, folder, place)
    check_changes(config, {alert.alert: alert for _, alert in alerts_of(sources)})
    return sources


def is_on(alert: AlertRule, config: MonitoringConfig) -> bool:
    """Whether the configuration asks for an alert."""
    change = config.alerts.rules.get(alert.alert)
    if change is not None and not change.enabled:
        return False
    return alert.needs is None or alert.needs in features(config)


def features(config: MonitoringConfig) -> set[str]:
    """What monitoring.yaml has switched on."""
    found = {"reference"}
    if "previous" in config.alerts.baselines:
        found.add("previous")
    if any(model.depends_on for model in config.models):
        found.add("dependencies")
    if any(one.alert for model in config.models for one in model.business.values()):
        found.add("business")
    return found


def rules_of_alert(
    source: AlertSource, index: int, config: MonitoringConfig
) -> Iterator[dict[str, Any]]:
    """The rules of one alert of a source, once or for each window; none where it is switched off.

    Raises:
        GenerationError: the source, or what monitoring.yaml says of the alert, is wrong.
    """
    alert, settings = source.alerts[index], RuleSettings.of(config)
    if not is_on(alert, config):
        return
    base = placeholders(settings) | _own_placeholders(alert, settings, config)
    if alert.each == "once":
        # What is broken is looked for over the longest of these.
        yield _rule(source, index, base, config, settings.short_windows[-1])
    else:
        for window in sorted(set(settings.windows)):
            if alert.each == "slow" and not settings.is_slow(window):
                continue
            values = base | window_placeholders(settings, window)
            yield _rule(source, index, values | {"worst": _worst(values)}, config, window)


def _worst(values: Mapping[str, str]) -> str:
    """The worst inputs over a window, as a template of `printf` with four times the matchers."""
    return _WORST.format(
        effect=names.TEST_EFFECT,
        drifted=names.COLUMN_DRIFTED,
        importance=names.IMPORTANCE,
        chosen=f"baseline='reference', window='{values['window']}', side='input'",
        recent=values["window_recent"],
    )


def _own_placeholders(
    alert: AlertRule, settings: RuleSettings, config: MonitoringConfig
) -> dict[str, str]:
    """How an alert reads its threshold, and shows it."""
    if alert.threshold is None:
        return {}
    recent = promql.recent(settings.step)
    metric = names.ALERT_THRESHOLD
    shown = {
        name: _SHOWN.format(metric=metric, alert=alert.alert, recent=recent, form=form)
        for name, form in _FORMS.items()
    }
    change = config.alerts.rules.get(alert.alert)
    number = (change and change.threshold) or alert.threshold
    limit = f'last_over_time({metric}{{alert="{alert.alert}"}}[{recent}])'
    return {"limit": limit, "limit.number": f"{number:g}", **shown}


def _rule(
    source: AlertSource,
    index: int,
    values: Mapping[str, str],
    config: MonitoringConfig,
    seconds: float,
) -> dict[str, Any]:
    """The rule of an alert, which looks back over so many seconds."""
    alert, settings = source.alerts[index], RuleSettings.of(config)
    change = config.alerts.rules.get(alert.alert)

    def fill(key: str, text: str) -> str:
        place = source.at("alerts", index, key)
        with placed(place):
            timed = promql.render_times(text, settings.waits)
        return promql.render(timed, values, place).strip()

    def wait(key: str, text: str) -> str:
        return _duration(fill(key, text), source.at("alerts", index, key))

    expr = fill("expr", alert.expr)
    place = source.at("alerts", index, "expr")
    promql.check(expr, settings.scope, place, own=source.ships)
    promql.check_result(expr, place)
    notes = {"summary": alert.summary, "description": alert.description}
    texts = {key: fill(key, text) for key, text in notes.items()}
    labels = {
        "severity": _severity((change and change.severity) or alert.severity),
        "concern": source.name,
        **({"window": values["window"]} if alert.each != "once" else {}),
        **{key: fill("labels", value) for key, value in alert.labels.items()},
    }
    annotations = _annotations(alert, texts, config) | _records(
        source, index, fill, config, seconds
    )
    for key, text in annotations.items():
        check_template(text, source.at("alerts", index, _WRITTEN_AS.get(key, key)))
    for key, text in labels.items():
        check_template(text, source.at("alerts", index, "labels", key))
    return rulefile.rule(
        alert=alert.alert,
        expr=expr,
        _for=_wait(change) or wait("for", alert.waits),
        keep_firing_for=wait("keep_firing_for", alert.keep_firing_for),
        labels=labels,
        annotations=annotations,
    )


def _severity(severity: Severity) -> str:
    """What a shadow does is no reason to wake anybody, for nobody gets its answers."""
    return PAGES_UNLESS_SHADOW if severity == "critical" else severity


def _wait(change: AlertChange | None) -> str | None:
    return promql.duration(change.waits) if change is not None and change.waits else None


def _duration(text: str, place: str) -> str:
    """A waiting time as it is written, which may be none."""
    with placed(place):
        return text if text == "0s" else promql.duration(promql.seconds(text))


def _annotations(
    alert: AlertRule, texts: Mapping[str, str], config: MonitoringConfig
) -> dict[str, str]:
    scope = config.scope_labels
    return {
        **{key: _with_own(text, scope) for key, text in texts.items()},
        "runbook_url": f"{config.links.runbooks}/{alert.alert}",
        "dashboard_url": dashboard_url(config.links.grafana, alert.dashboard, scope),
    }


def _records(
    source: AlertSource, index: int, fill: Any, config: MonitoringConfig, seconds: float
) -> dict[str, str]:
    """The annotation that leads to the records, where Kibana is known."""
    alert = source.alerts[index]
    asked = alert.records
    key = ("alerts", index, "records")
    queries = {"where": HOLE.sub('""', asked.where), "sort": f"{asked.sort}:"}
    for name, query in queries.items():
        check_fields(query, config, source.document, (*key, name))
    columns = None if asked.columns is None else fill("records", asked.columns)
    if columns is not None:
        place = f"{source.at(*key)}.columns"
        whole = columns.replace("%s", 'model!=""')
        if "%" in whole:
            message = f"{place}: has % other than %s, which is for the matchers; write it without."
            raise GenerationError(message)
        promql.check(whole, config.scope_labels, place, own=source.ships)
        promql.check_result(whole, place)
    if config.links.kibana is None:
        return {}
    of_column = "$labels.column" in alert.summary + alert.description
    evidence = Evidence(asked.where, asked.sort, of_column, columns, seconds)
    text = annotation(config.links.kibana, evidence)
    return {"records_url": _with_own(text, config.scope_labels)}


def _with_own(text: str, scope: tuple[str, ...]) -> str:
    """The text, with `$own` set to the matchers of the alert's own model where it is used."""
    if "$own" not in text:
        return text
    labels = (*scope, *names.IDENTITY)
    form = ", ".join(f"{label}=%q" for label in labels)
    values = " ".join(f"$labels.{label}" for label in labels)
    return f'{{{{ $own := printf "{form}" {values} }}}}{text}'


def dashboard_url(grafana: str, uid: str, scope: tuple[str, ...]) -> str:
    """Address of a dashboard that shows what the labels of an alert name, as its template."""
    parts = [
        f"{{{{ with $labels.{label} }}}}&var-{label}={{{{ . | urlquery }}}}{{{{ end }}}}"
        for label in (*scope, *names.IDENTITY, "column", "window")
    ]
    return f"{grafana}/d/{uid}?from=now-6h&to=now{''.join(parts)}"
