"""Rule files without the rules that a test of an alert does not need, so that it takes less time."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from mlmonitor import promql
from mlmonitor.generate import output
from mlmonitor.generate.promtool.needs import fixed_labels
from tests.promtool_values import complaints

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

Group = dict[str, Any]


def needed(rule_files: Iterable[str], alert: str) -> set[str]:
    """The series that an alert reads, itself and those behind them; files are given as texts."""
    rules = [rule for text in rule_files for group in groups(text) for rule in group["rules"]]
    reads: dict[str, set[str]] = {}
    for rule in rules:
        names = _names(rule["expr"])
        reads.setdefault(made_by(rule), set()).update(names)
        if "ALERTS" in names:
            reads[made_by(rule)] |= _alerts_read(rule["expr"], rules)
    found, open_ = {alert}, [alert]
    while open_:
        fresh = {name for name in reads.get(open_.pop(), ()) if name in reads} - found
        found |= fresh
        open_ += fresh
    return found


def _alerts_read(expr: str, rules: Iterable[Mapping[str, Any]]) -> set[str]:
    return {
        one["alert"]
        for selector in promql.selectors(expr)
        if selector.name == "ALERTS"
        for one in rules
        if "alert" in one and selector.may_be(fixed_labels(one))
    }


@cache
def _names(expr: str) -> frozenset[str]:
    return frozenset(promql.vocabulary(expr)[0])


def made_by(rule: Mapping[str, Any]) -> str:
    """The series that a rule records, or its alert."""
    name: str = rule.get("record") or rule["alert"]
    return name


@cache
def groups(text: str) -> list[Group]:
    """The groups of a rule file."""
    return yaml.load(text, Loader=yaml.CSafeLoader)["groups"]  # type: ignore[no-any-return]


def pruned(text: str, wanted: Container[str]) -> str:
    """A rule file with the rules that make what is wanted; empty where none does."""
    kept = []
    for group in groups(text):
        rules = [rule for rule in group["rules"] if made_by(rule) in wanted]
        kept += [{**group, "rules": rules}] if rules else []
    return dumped({"groups": kept}) if kept else ""


def complaints_about(
    promtool: Path,
    alert: str,
    files: Mapping[str, str],
    tests: Iterable[Mapping[str, Any]],
    folder: Path,
    *,
    every: str = "5m",
) -> str:
    """What promtool says of tests of one alert, without other rules; nothing if all is well.

    All groups are evaluated at one pace, by default a step: steps that are recorded must not overlap.
    """
    wanted = needed(files.values(), alert)
    parts = {path: pruned(text, wanted) for path, text in files.items()}
    rules = {path: text for path, text in parts.items() if text}
    output.write(rules, folder)
    document = {
        "rule_files": [str(folder / path) for path in rules],
        "evaluation_interval": every,
        "group_eval_order": [group["name"] for text in rules.values() for group in groups(text)],
        "tests": [*tests],
    }
    path = folder / "tests.yml"
    path.write_text(dumped(document))
    return complaints(promtool, path)


def dumped(content: Any) -> str:
    """A YAML document, quickly."""
    return yaml.dump(content, Dumper=yaml.CSafeDumper, width=1_000_000, sort_keys=False)
