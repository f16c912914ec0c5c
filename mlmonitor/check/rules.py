"""Rule files: names, what is read and never recorded, and how other groups' series are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import promql_parser
import yaml

from mlmonitor import names, promql
from mlmonitor.check.finding import Finding, expression_findings
from mlmonitor.errors import GenerationError
from mlmonitor.generate.alerting import PAGES_UNLESS_SHADOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_OVER_TIME: Final = "_over_time"
_ANNOTATIONS: Final = ("summary", "description", "runbook_url", "dashboard_url")
_MAPPINGS: Final = ("labels", "annotations")
_SEVERITIES: Final = ("critical", "warning", "info")
_OF_THE_SERIES: Final = ("{{ $labels.severity }}", PAGES_UNLESS_SHADOW)


@dataclass(frozen=True)
class PlacedRule:
    """A rule, its group and where it stands."""

    rule: dict[str, Any]
    group: str
    place: str

    @property
    def record(self) -> str | None:
        """The series that it records."""
        return self.rule.get("record")


def placed_rules(files: Mapping[str, str]) -> list[PlacedRule]:
    """The rules of all files among `files` that hold groups of rules.

    Raises:
        GenerationError: a file is no YAML.
    """
    found = []
    for path, text in files.items():
        for index, group in enumerate(_groups(path, text)):
            for rule in _rules(group, f"{path}: groups[{index}].rules"):
                name = rule.get("record") or rule.get("alert") or "a rule without a name"
                found.append(PlacedRule(rule, str(group.get("name")), f"{path}, {name}"))
    return found


def _rules(group: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    """The rules of a group; those whose parts have another form are refused."""
    listed = group.get("rules") or []
    if not isinstance(listed, list):
        message = f"{place}: must be a list of rules; mend it."
        raise GenerationError(message)
    for index, rule in enumerate(listed):
        parts = (
            (rule, *(rule.get(key) or {} for key in _MAPPINGS)) if _is_mapping(rule) else (rule,)
        )
        if not all(map(_is_mapping, parts)):
            message = f"{place}[{index}]: rule, labels and annotations must be mappings; mend it."
            raise GenerationError(message)
    return listed


def _is_mapping(found: object) -> bool:
    return isinstance(found, dict)


def rule_findings(rules: Iterable[PlacedRule], scope: tuple[str, ...]) -> Iterator[Finding]:
    """What is wrong with rules that Prometheus loads together."""
    rules = list(rules)
    groups: dict[str, set[str]] = {}
    for one in rules:
        if one.record:
            groups.setdefault(one.record, set()).add(one.group)
    for one in rules:
        expression = str(one.rule.get("expr", ""))
        wrong = list(expression_findings(expression, scope, one.place, own=False, rule=True))
        yield from wrong
        if not wrong:
            yield from _reads(one, expression, groups)
        yield from _alert_findings(one)


def _reads(one: PlacedRule, expression: str, groups: Mapping[str, set[str]]) -> Iterator[Finding]:
    for name, over_time in selected(expression):
        if ":" not in name or not name.startswith("mlmonitor"):
            continue
        if name not in groups:
            if name in names.RECORDS and names.RECORDS[name].declared:
                continue
            problem = f"reads {name}, which no rule records{promql.nearest(name, groups)}"
            yield Finding(one.place, problem)
        elif not over_time and one.group not in groups[name]:
            problem = (
                f"reads {name} of another group at an instant; between two evaluations it may be "
                f"gone, so write last_over_time({name}[...])."
            )
            yield Finding(one.place, problem)


def selected(expression: str) -> list[tuple[str, bool]]:
    """Each metric that an expression selects, and whether over a range."""
    found: list[tuple[str, bool]] = []
    inside = 0

    def enter(node: Any) -> None:
        nonlocal inside
        if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            inside += 1
        if isinstance(node, promql_parser.VectorSelector) and node.name:
            found.append((node.name, inside > 0))

    def leave(node: Any) -> None:
        nonlocal inside
        if isinstance(node, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
            inside -= 1

    promql_parser.walk(promql.parse(expression, "expression"), enter, leave)
    return found


def _alert_findings(one: PlacedRule) -> Iterator[Finding]:
    if "alert" not in one.rule:
        return
    labels, annotations = one.rule.get("labels") or {}, one.rule.get("annotations") or {}
    if labels.get("severity") not in (*_SEVERITIES, *_OF_THE_SERIES):
        yield Finding(one.place, f"needs a severity: one of {', '.join(_SEVERITIES)}.")
    for key in _ANNOTATIONS:
        if not annotations.get(key):
            yield Finding(one.place, f"has no annotation {key}; whoever is paged needs it.")


def threshold_findings(rules: Iterable[PlacedRule]) -> Iterator[Finding]:
    """Thresholds that are read and not recorded, or recorded for an alert that does not exist."""
    rules = list(rules)
    alerts = {str(one.rule["alert"]) for one in rules if "alert" in one.rule}
    recorded = {
        str((one.rule.get("labels") or {}).get("alert"))
        for one in rules
        if one.record == names.ALERT_THRESHOLD
    }
    for name in sorted(recorded - alerts):
        near = promql.nearest(name, alerts)
        yield Finding(names.ALERT_THRESHOLD, f"is recorded for {name}, which is no alert{near}")
    for one in rules:
        expression = str(one.rule.get("expr", ""))
        for name in sorted(_threshold_alerts(expression) - recorded):
            near = promql.nearest(name, recorded)
            yield Finding(one.place, f"reads the threshold of {name}, which none records{near}")


def _threshold_alerts(expression: str) -> set[str]:
    found: set[str] = set()

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector) and node.name == names.ALERT_THRESHOLD:
            found.update(one.value for one in node.matchers.matchers if one.name == "alert")

    try:
        promql_parser.walk(promql.parse(expression, "expression"), visit)
    except GenerationError:
        return set()
    return found


def _groups(path: str, text: str) -> list[dict[str, Any]]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"{path}: no YAML ({' '.join(str(error).split())}); mend it."
        raise GenerationError(message) from error
    groups = document.get("groups", []) if isinstance(document, dict) else []
    if not isinstance(groups, list) or not all(map(_is_mapping, groups)):
        message = f"{path}: groups: must be a list of groups of rules; mend it."
        raise GenerationError(message)
    return groups
