"""Which rule files a test needs, and which series of the world they read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from mlmonitor import promql
from mlmonitor.promql import Selector

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Annotations are templates that ask for series; what they ask is not PromQL until they are filled in.
_SHOWN: Final = re.compile(r"\b(mlmonitor[_:][\w:]+)(?:\{([^{}]*)\})?")
_MATCHER: Final = re.compile(r"""(\w+)=['"]([^'"%]*)['"]""")


@dataclass(frozen=True)
class RuleFile:
    """What a rule file makes, and what it reads.

    Attributes:
        groups: names of its groups.
        makes: names of series and the labels that their rules give them.
        reads: what the expressions and the annotations select.
    """

    groups: tuple[str, ...]
    makes: tuple[tuple[str, Mapping[str, str]], ...]
    reads: frozenset[Selector]


def read_files(rule_files: Mapping[str, str]) -> dict[str, RuleFile]:
    """What stands in some rule files, given as relative path -> text."""
    found = {}
    for path, text in rule_files.items():
        groups = _groups(text)
        rules = [rule for group in groups for rule in group["rules"]]
        found[path] = read_rules(rules, tuple(group["name"] for group in groups))
    return found


def rules_of(text: str) -> list[dict[str, Any]]:
    """All rules of a rule file."""
    return [rule for group in _groups(text) for rule in group["rules"]]


def _groups(text: str) -> list[dict[str, Any]]:
    return yaml.load(text, _LOADER)["groups"]  # type: ignore[no-any-return]  # noqa: S506 - a safe one


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_rules(rules: Iterable[Mapping[str, Any]], groups: tuple[str, ...] = ()) -> RuleFile:
    """What some rules make, read and show, in groups of these names."""
    listed = list(rules)
    notes = [text for rule in listed for text in rule.get("annotations", {}).values()]
    return RuleFile(
        groups,
        tuple(_made(rule) for rule in listed),
        frozenset(
            (
                *(one for rule in listed for one in promql.selectors(rule["expr"])),
                *(one for text in notes for one in _shown(text)),
            )
        ),
    )


def _shown(text: str) -> Iterator[Selector]:
    for name, inner in _SHOWN.findall(text):
        yield Selector(name, tuple((label, "=", value) for label, value in _MATCHER.findall(inner)))


def _made(rule: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    labels = fixed_labels(rule)
    if "record" in rule:
        return rule["record"], labels
    return "ALERTS", {"alertname": rule["alert"], **labels}


def fixed_labels(rule: Mapping[str, Any]) -> dict[str, str]:
    """The labels that a rule gives, without those that are templates."""
    return {name: text for name, text in rule.get("labels", {}).items() if "{{" not in text}


def needed_files(files: Mapping[str, RuleFile], rules: RuleFile) -> set[str]:
    """The files that record what some rules read, those that these need, and so on."""
    found: set[str] = set()
    open_ = [rules]
    while open_:
        one = open_.pop()
        fresh = {path for path, made in files.items() if _is_read(made, one)} - found
        found |= fresh
        open_ += [files[path] for path in fresh]
    return found


def _is_read(made: RuleFile, by: RuleFile) -> bool:
    return any(
        one.name == name and one.may_be(labels) for name, labels in made.makes for one in by.reads
    )


def read_names(files: Iterable[RuleFile]) -> set[str]:
    """The names of all series that some files read."""
    return {read.name for one in files for read in one.reads}
