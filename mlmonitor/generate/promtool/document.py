"""Tests of alerts as files for `promtool test rules`."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlmonitor import promql
from mlmonitor.generate import rulefile
from mlmonitor.generate.alerting import active_sources, is_on
from mlmonitor.generate.promtool.cases import Case, cases
from mlmonitor.generate.promtool.change import Change
from mlmonitor.generate.promtool.model import MODEL
from mlmonitor.generate.promtool.world import Phase, Pod, World
from mlmonitor.generate.settings import RuleSettings
from mlmonitor.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.rulespec import AlertRule

NORMAL: Final = Change()
_SILENT_FOR: Final = 7200.0
_HOUR: Final = 3600.0
_CONCERN_READ: Final = 'ALERTS{{concern="{}"}}'


def rule_tests(
    config: MonitoringConfig, rule_files: Mapping[str, str], folder: Path | None = None
) -> dict[str, str]:
    """All files of tests, as relative path -> text.

    Args:
        config: what the rules were generated for.
        rule_files: all rule files, as relative path -> text.
        folder: where `alerting/` and `tests/` are; by default what ships with the package.

    Raises:
        GenerationError: a test is wrong, or names an alert that does not exist.
    """
    needs = needed_files(rule_files)
    found = cases(folder)
    files = {}
    for source in active_sources(config, folder):
        tests = [
            test
            for alert in source.alerts
            if is_on(alert, config)
            for case in found.get(alert.alert, ())
            for test in [_test(case, alert, config)]
        ]
        if tests:
            path = f"prometheus/tests/{source.name}.yml"
            listed = needs[f"prometheus/alerts-{source.name}.rules.yml"]
            files[path] = _document(listed, tests, config, f"alerts/tests/{source.name}.yaml")
    files["prometheus/tests/quiet.yml"] = _document(
        list(rule_files), [*_quiet(config)], config, "alerts/tests and monitoring.yaml"
    )
    return files


def needed_files(rule_files: Mapping[str, str]) -> dict[str, list[str]]:
    """For each rule file, itself and those that record what its expressions read."""
    reads: dict[str, set[str]] = {}
    recorded: dict[str, str] = {}
    for path, text in rule_files.items():
        rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
        reads[path] = {name for rule in rules for name in _read(rule["expr"])}
        for rule in rules:
            made = rule.get("record") or _CONCERN_READ.format(rule["labels"]["concern"])
            recorded[made] = path
    needed: dict[str, list[str]] = {}
    for path in rule_files:
        found, open_ = {path}, [path]
        while open_:
            fresh = {recorded[name] for name in reads[open_.pop()] if name in recorded} - found
            found |= fresh
            open_ += fresh
        needed[path] = sorted(found)
    return needed


def _read(expression: str) -> set[str]:
    """The series that an expression reads, alerts that fire by their concern."""
    concerns = promql.matched(expression, "ALERTS", "concern")
    return promql.vocabulary(expression)[0] | {_CONCERN_READ.format(one) for one in concerns}


def _document(
    rule_files: list[str], tests: list[dict[str, Any]], config: MonitoringConfig, source: str
) -> str:
    # promtool evaluates every group at one interval, and steps must not overlap.
    interval = promql.duration(config.prometheus.step)
    listed = [f"../{path.removeprefix('prometheus/')}" for path in sorted(rule_files)]
    head = rulefile.dump({"rule_files": listed, "evaluation_interval": interval})
    return rulefile.header(source) + head + "tests:\n" + "".join(map(_text, tests))


def _text(test: dict[str, Any]) -> str:
    """A test as an item of YAML's; its many series by hand, since the library takes seconds."""
    head = {key: value for key, value in test.items() if key != "input_series"}
    lines = rulefile.dump(head).splitlines()
    series = [
        line
        for one in test["input_series"]
        for line in (f"- series: {_quoted(one['series'])}", f"  values: {_quoted(one['values'])}")
    ]
    item = [*lines, "input_series:", *series]
    return "".join(f"{'  ' if index else '- '}{line}\n" for index, line in enumerate(item))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def factors(alert: AlertRule, config: MonitoringConfig) -> dict[str, float]:
    """What numbers of a test may be multiplied by: the alert's threshold, and those of columns."""
    settings = RuleSettings.of(config)
    thresholds = {
        one.name: value
        for one in fields(Thresholds)
        if (value := getattr(settings.thresholds, one.name)) is not None
    }
    change = config.alerts.rules.get(alert.alert)
    own = (change and change.threshold) or alert.threshold
    return {**thresholds, **({"threshold": own} if own is not None else {})}


def _test(case: Case, alert: AlertRule, config: MonitoringConfig) -> dict[str, Any]:
    scale = config.alerts.time_scale
    before = case.before * scale
    lasts = (case.lasts or (case.within if case.fires else _SILENT_FOR)) * scale
    after = (case.resolves or 0) * scale
    phases = (
        Phase(before, case.usual),
        Phase(lasts, case.change),
        *((Phase(after, case.usual),) if after else ()),
    )
    world = World(
        (Pod("pod-0", phases),),
        config.prometheus.scrape_interval,
        config.scope_labels,
        factors(alert, config),
        f"alerts/tests, {alert.alert}, {case.title}",
    )
    end = before + lasts + after
    if case.silent is not None:
        checks = [_never(alert.alert, end)]
    else:
        checks = [_never(alert.alert, before)]
        checks.append(_firing(case, alert, before + case.within * scale, config))
        checks += [_over(alert.alert, end)] if after else []
    return _written(f"{alert.alert} {case.title}", world, checks)


def _written(name: str, world: World, checks: list[dict[str, Any]]) -> dict[str, Any]:
    series = [{"series": key, "values": values} for key, values in world.series().items()]
    return {
        "name": name,
        "interval": promql.duration(world.scrape),
        "input_series": series,
        "promql_expr_test": checks,
    }


def _never(alert: str, moment: float) -> dict[str, Any]:
    """The alert has not fired up to a moment."""
    span = promql.duration(moment)
    expr = f'count_over_time(ALERTS{{alertname="{alert}", alertstate="firing"}}[{span}])'
    return {"expr": expr, "eval_time": span}


def _over(alert: str, moment: float) -> dict[str, Any]:
    expr = f'ALERTS{{alertname="{alert}", alertstate="firing"}}'
    return {"expr": expr, "eval_time": promql.duration(moment)}


def _firing(
    case: Case, alert: AlertRule, moment: float, config: MonitoringConfig
) -> dict[str, Any]:
    """The alert fires, with the labels that the case names."""
    change = config.alerts.rules.get(alert.alert)
    labels = {
        "severity": (change and change.severity) or alert.severity,
        **({"model": MODEL} if "model" not in case.labels else {}),
        **case.labels,
    }
    labels = {key: value for key, value in labels.items() if value}
    by = ", ".join(sorted(labels))
    inner = ", ".join(f"{key}={promql.quoted(value)}" for key, value in sorted(labels.items()))
    selector = f'ALERTS{{alertname="{alert.alert}", alertstate="firing", {inner}}}'
    expr = f"group by ({by}) ({selector})"
    sample = {"labels": f"{{{inner}}}", "value": 1}
    return {"expr": expr, "eval_time": promql.duration(moment), "exp_samples": [sample]}


def _quiet(config: MonitoringConfig) -> Iterator[dict[str, Any]]:
    """Worlds in which nothing at all may fire."""
    hour = _HOUR * config.alerts.time_scale
    restart, none, gone = Change(restarts=True), Change(rate=0.0), Change(gone=True)
    worlds = {
        "normal traffic": (Pod("pod-0", (Phase(8 * hour, NORMAL),)),),
        "never any traffic": (Pod("pod-0", (Phase(8 * hour, none),)),),
        "a counter reset": (
            Pod("pod-0", (Phase(3 * hour, NORMAL), Phase(4 * hour, restart)), share=0.5),
            Pod("pod-1", (Phase(7 * hour, NORMAL),), share=0.5),
        ),
        "a rolling deployment of another version": (
            Pod("pod-0", (Phase(3 * hour, NORMAL), Phase(4 * hour, gone)), share=0.5),
            Pod("pod-1", (Phase(3.1 * hour, NORMAL), Phase(3.9 * hour, gone)), share=0.5),
            Pod("pod-2", (Phase(3 * hour, gone), Phase(4 * hour, NORMAL)), "2", 0.5),
            Pod("pod-3", (Phase(3.1 * hour, gone), Phase(3.9 * hour, NORMAL)), "2", 0.5),
        ),
    }
    for name, pods in worlds.items():
        world = World(pods, config.prometheus.scrape_interval, config.scope_labels)
        end = sum(phase.seconds for phase in pods[0].phases)
        span = promql.duration(end)
        expr = f'count by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{span}]))'
        yield _written(f"nothing fires: {name}", world, [{"expr": expr, "eval_time": span}])
