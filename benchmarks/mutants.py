"""Mistakes in rule sources, made on purpose: one change of one expression each."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS: Final = ("threshold", "comparison", "window", "label", "join", "arm")
_TURNED: Final = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
_JOINS: Final = {
    "group_left": "group_right", "group_right": "group_left", "and": "unless", "unless": "and",
}  # fmt: skip
_SHORT: Final = {"<short.1>": "<short.3>", "<short.2>": "<short.3>", "<short.3>": "<short.1>"}
_IDENTITY: Final = "namespace, model, version, role"
_LABELS: Final = {
    "<identity>": _IDENTITY,
    "<model>": f"{_IDENTITY}, reference",
    "<column>": f"{_IDENTITY}, reference, side, column",
}
# A range that none of the rules has.
_OTHER_RANGE: Final = "25m"
_TOKEN: Final = re.compile(
    r"(?P<string>\"(?:[^\"\\\\]|\\\\.)*\")|(?P<fill><[a-z_0-9][a-z0-9_.]*>)|(?P<matchers>\{[^{}]*\})"
    r"|(?P<range>\[[^\[\]]*\])|(?P<comparison>[<>=!]=|[<>])|(?P<word>[a-zA-Z_:][\w:]*)"
    r"|(?P<number>\d+(?:\.\d+)?(?:e[-+]?\d+)?)|(?P<open>\()|(?P<close>\))|(?P<comma>,)"
)
_MATCHING: Final = re.compile(
    r"\s*(?:bool\b)?\s*(?:(?:on|ignoring)\s*\([^()]*\))?\s*(?:group_(?:left|right)\s*\([^()]*\))?\s*"
)
_LIST: Final = re.compile(r"\b(?:by|on)\s*\(([^()]*)\)")
_OVER: Final = re.compile(r"(\w+)\(\s*[\w:]*(?:\{[^{}]*\})?$")


@dataclass(frozen=True)
class Rule:
    """Where an expression stands: its file under `alerts/`, its keys, and the series it makes."""

    file: str
    keys: tuple[str | int, ...]
    name: str
    needs: bool


@dataclass(frozen=True)
class Mutant:
    """A rule with a mistake.

    Attributes:
        rule: the rule.
        kind: one of `KINDS`.
        told: what was changed, for people.
        expr: the expression with the mistake.
    """

    rule: Rule
    kind: str
    told: str
    expr: str


def rules(folder: Path, files: tuple[str, ...]) -> dict[Rule, str]:
    """The expressions of some files under `alerts/`."""
    found = {}
    for file in files:
        document = yaml.safe_load((folder / file).read_text())
        for keys, rule, needs in _listed(document):
            name = rule.get("record") or rule["alert"]
            found[Rule(file, (*keys, "expr"), name, needs)] = rule["expr"]
    return found


def _listed(document: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any, bool]]:
    for section, content in document.items():
        if section == "alerts":
            for index, rule in enumerate(content):
                yield (section, index), rule, "needs" in rule
        else:
            for index, rule in enumerate(content["rules"]):
                yield (section, "rules", index), rule, "needs" in content


def sample(expressions: dict[Rule, str], count: int, seed: int) -> list[Mutant]:
    """So many different mutants: kinds in turn, each rule as likely as another, then a place in it."""
    rng = random.Random(seed)  # noqa: S311 - a sample that can be drawn again
    places: dict[str, dict[Rule, list[Mutant]]] = {kind: {} for kind in KINDS}
    for rule, expr in expressions.items():
        for kind, told, text in mutations(expr):
            places[kind].setdefault(rule, []).append(Mutant(rule, kind, told, text))
    chosen: list[Mutant] = []
    for kind in itertools.cycle(KINDS):
        if len(chosen) == count or not any(places.values()):
            return chosen
        by_rule = places[kind]
        if by_rule:
            rule = rng.choice(sorted(by_rule, key=str))
            chosen.append(by_rule[rule].pop(rng.randrange(len(by_rule[rule]))))
            if not by_rule[rule]:
                del by_rule[rule]
    return chosen


def mutations(expr: str) -> Iterator[tuple[str, str, str]]:
    """Every mutation of an expression: kind, what was changed, the new text."""
    for kind, start, end, texts in (*_tokens(expr), *_lists(expr), *_arms(expr)):
        for text in texts:
            was = " ".join(expr[start:end].split())
            line = expr.count("\n", 0, start) + 1
            told = f"line {line}: {was} -> {' '.join(text.split()) or 'nothing'}"
            yield kind, told, expr[:start] + text + expr[end:]


Place = tuple[str, int, int, list[str]]


def _tokens(expr: str) -> Iterator[Place]:
    for token in _TOKEN.finditer(expr):
        kind, text, (start, end) = token.lastgroup, token[0], token.span()
        if kind == "comparison":
            yield "comparison", start, end, [_TURNED[text]]
            yield from _limit(expr, end)
        elif kind == "word" and text in _JOINS:
            yield "join", start, end, [_JOINS[text]]
        elif kind == "matchers":
            for fill in re.finditer(r"<short\.\d>", text):
                yield "window", start + fill.start(), start + fill.end(), [_SHORT[fill[0]]]
        elif kind == "range" and not _is_allowance(expr, start):
            yield "window", start, end, [f"[{_OTHER_RANGE}]"]


def _limit(expr: str, end: int) -> Iterator[Place]:
    """The number or the threshold that a comparison is made with."""
    matching = _MATCHING.match(expr, end)
    start = matching.end() if matching else end
    found = _TOKEN.match(expr, start)
    if found is None:
        return
    if found.lastgroup == "number":
        value = float(found[0])
        texts = [f"{value * 2:g}", f"{value / 2:g}"] if value else ["1"]
        yield "threshold", *found.span(), texts
    elif found[0] == "<limit>":
        yield "threshold", *found.span(), ["(1.5 * <limit>)", "(0.5 * <limit>)"]


def _is_allowance(expr: str, start: int) -> bool:
    """Whether a range only says how old a recorded value may be; time decides that, not a value."""
    function = _OVER.search(expr, 0, start)
    return function is not None and function[1] == "last_over_time"


def _lists(expr: str) -> Iterator[Place]:
    """Lists of labels, each label dropped in turn."""
    for found in _LIST.finditer(expr):
        text = found[1]
        for name, labels in _LABELS.items():
            text = text.replace(name, labels)
        every = [one.strip() for one in text.split(",") if one.strip() != "<scope>"]
        shorter = [", ".join(one for one in every if one != dropped) for dropped in every]
        yield "label", found.start(1), found.end(1), shorter


def _arms(expr: str) -> Iterator[Place]:
    """Arms of `or`, which binds less than anything else: they end at the next one or at a bracket."""
    levels: list[list[tuple[int, int]]] = [[]]
    starts = [0]
    for token in [*_TOKEN.finditer(expr), None]:
        kind = token.lastgroup if token else "end"
        if kind == "open" and token:
            levels.append([])
            starts.append(token.end())
        elif kind == "word" and token and token[0] == "or":
            matching = _MATCHING.match(expr, token.end())
            levels[-1].append((token.start(), matching.end() if matching else token.end()))
        elif kind in {"close", "comma", "end"}:
            end = token.start() if token else len(expr)
            yield from _removed(levels[-1], starts[-1], end)
            if kind == "comma" and token:
                levels[-1], starts[-1] = [], token.end()
            else:
                levels.pop()
                starts.pop()


def _removed(joints: list[tuple[int, int]], start: int, end: int) -> Iterator[Place]:
    if joints:
        yield "arm", start, joints[0][1], [""]
    for index, (left, _) in enumerate(joints):
        until = joints[index + 1][0] if index + 1 < len(joints) else end
        yield "arm", left, until, [" "]
