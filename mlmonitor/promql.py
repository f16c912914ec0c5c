"""Building blocks of PromQL: durations, templates, and the check that every name is catalogued.

The formulas themselves stand in `alerts/`, where an SRE can read them; see `Template`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor import dialect, durations, names
from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from promql_parser import Call, Expr

_PLACEHOLDER: Final = re.compile(r"<([a-z_][a-z0-9_.]*)>")
_TIME: Final = re.compile(r"<(\d+(?:ms|s|m|h|d))(\.steps)?>")
_DASHBOARD_TIMES: Final = re.compile(r"\$__(?:rate_interval|interval|range)\b")
# Words more alike than this are one word, mistyped.
_SLIP: Final = 0.8
# The parser takes for ever over many more.
_DEEPEST: Final = 100
_HISTOGRAM_SUFFIXES: Final = ("_bucket", "_sum", "_count")
_FOREIGN_METRICS: Final = frozenset(
    {
        "ALERTS",
        "ALERTS_FOR_STATE",
        "prometheus_rule_evaluation_failures_total",
        "prometheus_rule_group_interval_seconds",
        "prometheus_rule_group_last_duration_seconds",
        "prometheus_rule_group_iterations_missed_total",
        "scrape_duration_seconds",
        "scrape_samples_scraped",
        "up",
    }
)
_FOREIGN_LABELS: Final = frozenset(
    {"job", "instance", "severity", "alertname", "alertstate", "rule_group", "__name__"}
)


duration, seconds = durations.duration, durations.seconds


@dataclass(frozen=True)
class Identity:
    """The labels that keep models and columns apart.

    Attributes:
        scope: the scope labels of the configuration.
    """

    scope: tuple[str, ...] = ("namespace",)

    @property
    def model(self) -> str:
        """Labels of a model and its reference, for `by`, `on` and their like."""
        return ", ".join((*self.scope, *names.IDENTITY, "reference"))

    @property
    def column(self) -> str:
        """Labels of a column, for `by`, `on` and their like."""
        return ", ".join((*self.scope, *names.COLUMN))


def recent(step: float) -> str:
    """How far back a series recorded every `step` seconds is looked for: 2 steps and 30 s.

    A sample is due every step; one may be late, and the instant look-back of 5 minutes would then
    find none.
    """
    return duration(2 * step + 30)


def render(template: str, values: Mapping[str, str], place: str) -> str:
    """Fill in the `<placeholders>` of a text; `place` names it in the error.

    Raises:
        GenerationError: a placeholder that `values` lacks.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            message = f"{place}: <{name}> is no placeholder{nearest(name, values)}"
            raise GenerationError(message)
        return values[name]

    # Labels of a list may be none at all, as where no scope labels are configured.
    empty = [f"<{name}>, " for name, text in values.items() if not text]
    for start in empty:
        template = template.replace(start, "")
    return _PLACEHOLDER.sub(value, template)


def render_times(text: str, length: Callable[[float], float]) -> str:
    """Fill in time literals such as `<5m>`; `length` says how long one becomes, in seconds.

    `<30m.steps>` is a millisecond less: the range of so many steps on every Prometheus, of which 2.x
    counts both ends.
    """
    return _TIME.sub(
        lambda found: duration(length(seconds(found[1])) - (0.001 if found[2] else 0.0)), text
    )


def threshold(
    default: float, by_model: Mapping[str, float], columns: str = names.MODEL_COLUMNS
) -> str:
    """A threshold as a series for each model: `default`, or what `by_model` says.

    `columns` is what selects a series of every model, with or without a range.
    """
    special = (
        f"0 * {_of_model(columns, model)} + {value!r}"
        for model, value in sorted(by_model.items())
        if value != default
    )
    return "\nor ".join((*special, f"0 * {columns} + {default!r}"))


def _of_model(columns: str, model: str) -> str:
    name = names.MODEL_COLUMNS
    return columns.replace(name, f"{name}{{model={quoted(model)}}}", 1)


def quoted(text: str) -> str:
    """A string literal of PromQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def parse(expression: str, place: str) -> Expr:
    """The syntax tree of an expression; Grafana's intervals may stand in it.

    Raises:
        GenerationError: naming `place` and what is wrong with the expression.
    """
    import promql_parser  # noqa: PLC0415 - services read durations and never an expression

    if dialect.depth(expression) > _DEEPEST:
        message = f"{place}: nested too deeply; record a part of it as a series of its own."
        raise GenerationError(message)
    try:
        return promql_parser.parse(_DASHBOARD_TIMES.sub("5m", expression))
    except ValueError as error:
        told = dialect.syntax_error(expression, " ".join(str(error).split()))
        message = f"{place}: no valid PromQL ({told}); mend it."
        raise GenerationError(message) from error


def vocabulary(expression: str, place: str = "expression") -> tuple[set[str], set[str]]:
    """The metric names and the label names that an expression uses.

    Raises:
        GenerationError: see `parse`.
    """
    import promql_parser  # noqa: PLC0415 - see parse

    metrics, labels = set[str](), set[str]()

    def visit(node: Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            if node.name:
                metrics.add(node.name)
            labels.update(matcher.name for matcher in node.matchers.matchers)
        elif isinstance(node, promql_parser.AggregateExpr) and node.modifier:
            labels.update(node.modifier.labels)
        elif isinstance(node, promql_parser.BinaryExpr) and node.modifier:
            matching = node.modifier.matching
            labels.update(matching.labels if matching else ())
            labels.update(node.modifier.group_labels or ())
        elif isinstance(node, promql_parser.Call) and node.func.name == "label_replace":
            labels.update(_strings(node)[::2][:2])

    promql_parser.walk(parse(expression, place), visit)
    return metrics, labels


@dataclass(frozen=True)
class Selector:
    """What an expression asks the database for.

    Attributes:
        name: of the series; empty where only labels choose them.
        matchers: label, operator (`=`, `!=`, `=~` or `!~`) and value.
    """

    name: str
    matchers: tuple[tuple[str, str, str], ...]

    def may_be(self, labels: Mapping[str, str]) -> bool:
        """Whether a series may be chosen, of whose labels these are known."""
        return all(
            label not in labels or _matches(labels[label], operator, value)
            for label, operator, value in self.matchers
        )


def selectors(expression: str, place: str = "expression") -> set[Selector]:
    """All that an expression selects.

    Raises:
        GenerationError: see `parse`.
    """
    import promql_parser  # noqa: PLC0415 - see parse

    operator = promql_parser.MatchOp
    signs = (
        (operator.Equal, "="), (operator.NotEqual, "!="), (operator.Re, "=~"), (operator.NotRe, "!~"),
    )  # fmt: skip
    found = set[Selector]()

    def visit(node: Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            matchers = tuple(
                (one.name, next(sign for op, sign in signs if one.op == op), one.value)
                for one in node.matchers.matchers
            )
            found.add(Selector(node.name or "", matchers))

    promql_parser.walk(parse(expression, place), visit)
    return found


def _matches(text: str, operator: str, value: str) -> bool:
    same = text == value if operator in {"=", "!="} else re.fullmatch(value, text) is not None
    return same == (operator in {"=", "=~"})


def _strings(call: Call) -> list[str]:
    """The strings among the arguments of label_replace: to, replacement, from, pattern."""
    return [argument.val for argument in call.args if hasattr(argument, "val")]


def check(expression: str, scope: Iterable[str], place: str, *, own: bool = True) -> None:
    """Refuse an expression that some supported Prometheus does not read, or with a name of no series.

    Args:
        expression: PromQL.
        scope: labels that may stand in it besides those of the catalogue.
        place: names it in the error.
        own: whether the project wrote it; others may name any metric and label that is not ours.

    Raises:
        GenerationError: naming `place`, the name that the catalogue lacks, and the nearest one that
            exists; or what such a Prometheus refuses; or see `parse`.
    """
    problem = dialect.problem(expression, parse(expression, place))
    if problem is not None:
        message = f"{place}: {problem}"
        raise GenerationError(message)
    metrics, labels = vocabulary(expression, place)
    known_metrics = _known_metrics()
    for metric in sorted(metrics):
        if metric not in known_metrics and (own or metric.startswith("mlmonitor")):
            message = f"{place}: no metric {metric}{nearest(metric, known_metrics)}"
            raise GenerationError(message)
    if own:
        check_labels(labels, scope, place)
    elif metrics and all(metric.startswith("mlmonitor") for metric in metrics):
        # Others may name labels that their Prometheus adds, and none that is one of ours mistyped.
        known = known_labels(scope)
        for label in sorted(labels):
            if meant := misspelt(label, known):
                message = f"{place}: no label {label}; did you mean {meant}?"
                raise GenerationError(message)


def check_result(expression: str, place: str) -> None:
    """Refuse an expression of which no rule can be made, as it gives neither series nor a number.

    Raises:
        GenerationError: naming `place`, what it gives, and the fix; or see `parse`.
    """
    given = dialect.result(parse(expression, place))
    if given not in dialect.OF_RULES:
        fix = (
            "put a function such as last_over_time around it"
            if "range" in given
            else "compare series"
        )
        message = (
            f"{place}: gives a {given}, and a rule needs an instant vector or a scalar; {fix}."
        )
        raise GenerationError(message)


def check_labels(labels: Iterable[str], scope: Iterable[str], place: str) -> None:
    """Refuse labels that neither the catalogue nor the scope labels hold.

    Raises:
        GenerationError: naming `place`, the label, and the nearest one that exists.
    """
    known = known_labels(scope)
    for label in sorted(labels):
        if label not in known:
            message = f"{place}: no label {label}{nearest(label, known)}"
            raise GenerationError(message)


def known_labels(scope: Iterable[str]) -> set[str]:
    """All labels that series of ours, or their alerts, may carry."""
    return {*names.LABELS, *scope, *_FOREIGN_LABELS}


def nearest(name: str, known: Iterable[str], otherwise: str = ".") -> str:
    """The end of a sentence: a hint at the most similar of some names, or `otherwise`."""
    similar = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {similar[0]}?" if similar else otherwise


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """The name that is meant, where one is known that differs by a slip of the keyboard only."""
    listed = sorted(known)
    if name in listed:
        return None
    near = difflib.get_close_matches(name, listed, n=1, cutoff=_SLIP)
    return near[0] if near and abs(len(near[0]) - len(name)) <= 1 else None


def _known_metrics() -> set[str]:
    histograms = (metric.name for metric in names.METRICS.values() if metric.type == "histogram")
    parts = {name + suffix for name in histograms for suffix in _HISTOGRAM_SUFFIXES}
    return {*names.METRICS, *parts, *names.RECORDS, *_FOREIGN_METRICS}
