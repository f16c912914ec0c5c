"""Tests of alerts as files for `promtool test rules`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import promql
from mlmonitor.generate import rulefile
from mlmonitor.generate.alerting import active_sources, is_on
from mlmonitor.generate.promtool.cases import Case, cases
from mlmonitor.generate.promtool.change import Change
from mlmonitor.generate.promtool.model import MODEL
from mlmonitor.generate.promtool.needs import (
    RuleFile,
    needed_files,
    read_files,
    read_names,
    read_rules,
    rules_of,
)
from mlmonitor.generate.promtool.world import Phase, Pod, World
from mlmonitor.generate.recorded import AVAILABILITY, LATENCY, LATENCY_OBJECTIVE
from mlmonitor.generate.settings import RuleSettings
from mlmonitor.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.rulespec import AlertRule

NORMAL: Final = Change()
_SILENT_FOR: Final = 7200.0
_HOUR: Final = 3600.0
_ALERTS: Final = "prometheus/alerts-"


def rule_tests(
    config: MonitoringConfig, rule_files: Mapping[str, str], folder: Path | None = None
) -> dict[str, str]:
    """A file of tests for each alert, and one of quiet worlds, as relative path -> text.

    Alerts on what monitoring.yaml itself names, such as dependencies, and alerts of the user's own
    have no tests, since nobody knows their series. A demonstration in a time of its own has none
    at all: in so few scrapes, nothing is proven.

    Args:
        config: what the rules were generated for.
        rule_files: all rule files, as relative path -> text.
        folder: where `alerting/` and `tests/` are; by default what ships with the package.

    Raises:
        GenerationError: a test is wrong, or names an alert that does not exist.
    """
    if config.alerts.time_scale != 1:
        return {}
    files = read_files(rule_files)
    found = cases(folder)
    made, tested = {}, dict.fromkeys(path for path in files if not path.startswith(_ALERTS))
    for source in active_sources(config, folder):
        path = f"{_ALERTS}{source.name}.rules.yml"
        rules = rules_of(rule_files[path]) if path in rule_files else []
        for alert in source.alerts:
            numbers = factors(alert, config)
            chosen = [
                (case, window)
                for case in found.get(alert.alert, ())
                if is_on(alert, config)
                and (window := case.chosen_window(config)) is not None
                and case.is_possible(numbers, alert.alert)
            ]
            if chosen:
                needs = _Needs.of(alert.alert, {window for _, window in chosen}, rules, files)
                tests = [_test(case, window, alert, config, needs) for case, window in chosen]
                tested[path] = None
                named = {one: files[one] for one in files if one in {path, *needs.files}}
                made[f"prometheus/tests/{alert.alert}.yml"] = _document(
                    named, tests, config, f"alerts/tests/{source.name}.yaml"
                )
    every = {path: files[path] for path in tested}
    quiet = [*_quiet(config, read_names(every.values()))]
    made["prometheus/tests/quiet.yml"] = _document(
        every, quiet, config, "alerts/tests and monitoring.yaml"
    )
    return made


@dataclass(frozen=True)
class _Needs:
    """What the tests of an alert need.

    Attributes:
        files: rule files.
        series: names of the series that they read.
    """

    files: frozenset[str]
    series: frozenset[str]

    @classmethod
    def of(
        cls,
        alert: str,
        windows: set[str],
        rules: Iterable[Mapping[str, Any]],
        files: Mapping[str, RuleFile],
    ) -> _Needs:
        """What an alert needs that stands among these rules, once or for some windows."""
        own = read_rules(
            rule
            for rule in rules
            if rule["alert"] == alert
            and ("" in windows or rule["labels"].get("window", "") in windows)
        )
        needed = needed_files(files, own)
        return cls(
            frozenset(needed), frozenset(read_names([own, *(files[path] for path in needed)]))
        )


def _document(
    rule_files: Mapping[str, RuleFile],
    tests: list[dict[str, Any]],
    config: MonitoringConfig,
    source: str,
) -> str:
    # promtool evaluates every group at one interval, and steps must not overlap. It would take the
    # groups in any order, and alerts must see the step that has just been recorded.
    head = rulefile.dump(
        {
            "rule_files": [f"../{path.removeprefix('prometheus/')}" for path in sorted(rule_files)],
            "evaluation_interval": promql.duration(config.prometheus.step),
            "group_eval_order": [name for one in rule_files.values() for name in one.groups],
        }
    )
    return rulefile.header(source) + head + "tests:\n" + "".join(map(test_text, tests))


def test_text(test: Mapping[str, Any]) -> str:
    """A test as an item of YAML's `tests`; its many series by hand, since the library takes seconds."""
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
    """What numbers of a test may be multiplied by.

    The alert's threshold, those of columns, the `shift` of a normal column that just reaches one of
    them, the rates at which one row arrives in two or twelve steps, and the objectives: the budgets of
    errors and of slow calls, and how many seconds a call may take.
    """
    settings = RuleSettings.of(config)
    found = {
        one.name: value
        for one in fields(Thresholds)
        if (value := getattr(settings.thresholds, one.name)) is not None
    }
    found["shift"] = _smallest_shift(found)
    found["row_in_two_steps"] = 1 / (2 * settings.step)
    found["row_in_twelve_steps"] = 1 / (12 * settings.step)
    slo = config.slo
    found["errors"] = 1 - (slo.availability or AVAILABILITY)
    found["slow"] = 1 - (slo.latency_objective or LATENCY_OBJECTIVE)
    found["latency"] = slo.latency or LATENCY
    change = config.alerts.rules.get(alert.alert)
    own = (change and change.threshold) or alert.threshold
    return {**found, **({"threshold": own} if own is not None else {})}


def _smallest_shift(thresholds: Mapping[str, float]) -> float:
    """The shift of a normal column, in deviations, that reaches one of the thresholds of location."""
    quantile = NormalDist().inv_cdf
    return min(
        thresholds["mean_shift"],
        2 * quantile((1 + thresholds["ks"]) / 2),
        math.sqrt(2) * quantile((1 + thresholds["rank"]) / 2),
        math.sqrt(thresholds["psi"]),
    )


def _test(
    case: Case, window: str, alert: AlertRule, config: MonitoringConfig, needs: _Needs
) -> dict[str, Any]:
    pace = case.pace(window, config)
    before = case.before * pace
    later = case.later(window, config) if case.fires else 0.0
    lasts = (case.lasts or (case.within if case.fires else _SILENT_FOR)) * pace + later
    after = (case.resolves or 0) * pace if case.fires or case.after else 0.0
    phases = (
        Phase(before, case.usual),
        Phase(lasts, case.change),
        *((Phase(after, case.after or case.usual),) if after else ()),
    )
    world = World(
        (Pod("pod-0", phases),),
        config.prometheus.scrape_interval,
        config.scope_labels,
        factors(alert, config),
        f"alerts/tests, {alert.alert}, {case.title}",
        pace,
        needs.series,
    )
    end = before + lasts + after
    if case.silent is not None:
        checks = [_never(alert.alert, end)]
    else:
        within = before + case.within * pace + later + _longer_wait(alert, config)
        checks = [_never(alert.alert, before)]
        checks.append(_firing(case, window, alert, within, config))
        checks += [_over(alert.alert, window, end)] if after else []
    return _written(f"{alert.alert} {case.title}", world, checks)


def _written(name: str, world: World, checks: list[dict[str, Any]]) -> dict[str, Any]:
    series = [{"series": key, "values": values} for key, values in world.series().items()]
    return {
        "name": name,
        "interval": promql.duration(world.scrape),
        "input_series": series,
        "promql_expr_test": checks,
    }


def _longer_wait(alert: AlertRule, config: MonitoringConfig) -> float:
    """Seconds that monitoring.yaml lets an alert wait in addition."""
    change = config.alerts.rules.get(alert.alert)
    if change is None or change.waits is None:
        return 0.0
    usual = promql.render_times(alert.waits, lambda seconds: seconds)
    return max(change.waits - (0.0 if usual == "0s" else promql.seconds(usual)), 0.0)


def _never(alert: str, moment: float) -> dict[str, Any]:
    """The alert has not fired up to a moment."""
    span = promql.duration(moment)
    expr = f'count_over_time(ALERTS{{alertname="{alert}", alertstate="firing"}}[{span}])'
    return {"expr": expr, "eval_time": span}


def _over(alert: str, window: str, moment: float) -> dict[str, Any]:
    """The alert no longer fires; longer windows may still hold what happened."""
    about = f', window="{window}"' if window else ""
    expr = f'ALERTS{{alertname="{alert}", alertstate="firing"{about}}}'
    return {"expr": expr, "eval_time": promql.duration(moment)}


def _firing(
    case: Case, window: str, alert: AlertRule, moment: float, config: MonitoringConfig
) -> dict[str, Any]:
    """The alert fires, with the labels that the case names."""
    change = config.alerts.rules.get(alert.alert)
    labels = {
        "severity": (change and change.severity) or alert.severity,
        "model": MODEL,
        "window": window,
        **case.labels,
    }
    labels = {key: value for key, value in labels.items() if value}
    by = ", ".join(sorted(labels))
    inner = ", ".join(f"{key}={promql.quoted(value)}" for key, value in sorted(labels.items()))
    selector = f'ALERTS{{alertname="{alert.alert}", alertstate="firing", {inner}}}'
    expr = f"group by ({by}) ({selector})"
    sample = {"labels": f"{{{inner}}}", "value": 1}
    return {"expr": expr, "eval_time": promql.duration(moment), "exp_samples": [sample]}


def _quiet(config: MonitoringConfig, read: Container[str]) -> Iterator[dict[str, Any]]:
    """Worlds in which nothing at all may fire."""
    hour = _HOUR
    restart, none, gone = Change(restarts=True), Change(rate=0.0), Change(gone=True)
    worlds = {
        "normal traffic": (Pod("pod-0", (Phase(7 * hour, NORMAL),)),),
        "never any traffic": (Pod("pod-0", (Phase(3 * hour, none),)),),
        "a counter reset": (
            Pod("pod-0", (Phase(2 * hour, NORMAL), Phase(2 * hour, restart)), share=0.5),
            Pod("pod-1", (Phase(4 * hour, NORMAL),), share=0.5),
        ),
        "a rolling deployment of another version": (
            Pod("pod-0", (Phase(2 * hour, NORMAL), Phase(2 * hour, gone)), share=0.5),
            Pod("pod-1", (Phase(2.1 * hour, NORMAL), Phase(1.9 * hour, gone)), share=0.5),
            Pod("pod-2", (Phase(2 * hour, gone), Phase(2 * hour, NORMAL)), "2", 0.5),
            Pod("pod-3", (Phase(2.1 * hour, gone), Phase(1.9 * hour, NORMAL)), "2", 0.5),
        ),
    }
    for name, pods in worlds.items():
        scrape, scope = config.prometheus.scrape_interval, config.scope_labels
        world = World(pods, scrape, scope, read=read)
        end = sum(phase.seconds for phase in pods[0].phases)
        span = promql.duration(end)
        expr = f'count by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{span}]))'
        yield _written(f"nothing fires: {name}", world, [{"expr": expr, "eval_time": span}])
