"""What of PromQL every supported Prometheus reads, where the parser reads more; and where it stops."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final

from mlmonitor.durations import LONGEST, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promql_parser import Expr

FUNCTIONS: Final = frozenset(
    {
        "abs", "absent", "absent_over_time", "acos", "acosh", "asin", "asinh", "atan", "atanh",
        "avg_over_time", "ceil", "changes", "clamp", "clamp_max", "clamp_min", "cos", "cosh",
        "count_over_time", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "deg",
        "delta", "deriv", "exp", "floor", "histogram_count", "histogram_fraction",
        "histogram_quantile", "histogram_sum", "hour", "idelta", "increase", "irate", "label_join",
        "label_replace", "last_over_time", "ln", "log10", "log2", "max_over_time", "min_over_time",
        "minute", "month", "pi", "predict_linear", "present_over_time", "quantile_over_time", "rad",
        "rate", "resets", "round", "scalar", "sgn", "sin", "sinh", "sort", "sort_desc", "sqrt",
        "stddev_over_time", "stdvar_over_time", "sum_over_time", "tan", "tanh", "time", "timestamp",
        "vector", "year",
    }
)  # fmt: skip
"""Functions of Prometheus 2.42 that Prometheus 3 has, too."""

_NEW_AGGREGATIONS: Final = ("limitk", "limit_ratio")
_STRING: Final = re.compile(
    r"""#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`""", re.DOTALL
)
_QUOTED_NAME: Final = re.compile(
    r"""\{\s*""|\{[^{}]*,\s*""|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*""",
    re.IGNORECASE,
)
_ALTERNATIVE: Final = re.compile(r'\{[^{}]*""\s+or\b', re.IGNORECASE)
_FILL: Final = re.compile(r"\b(fill(?:_left|_right)?)\s*\(", re.IGNORECASE)
_DURATION: Final = r"(?:\d+(?:ms|[smhdwy]))+"
_RANGE: Final = re.compile(r"\[([^\[\]]*)\]")
_OFFSET: Final = re.compile(r"\boffset\s+-?\s*(?=[\w.])([\w.]+)", re.IGNORECASE)
_ALONE: Final = re.compile(rf"(?<![\w:.]){_DURATION}(?![\w:])")
_UNIT: Final = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS: Final = {
    "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "y": 365 * 86400.0,
}  # fmt: skip
_ESCAPED: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL)
_REPEATED: Final = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})(?:[*+?]|\{\d+(?:,\d*)?\})")
_LAZY: Final = re.compile(r"([*+?}])\?")
_COUNT: Final = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_FOREIGN_GROUP: Final = re.compile(r"\(\?<|\(\?[a-zA-Z]*x")
_MOST_REPEATS: Final = 1000
_VECTOR, _SCALAR, _RANGES, _TEXT = "instant vector", "scalar", "range vector", "string"
OF_RULES: Final = (_VECTOR, _SCALAR)
"""What the expression of a rule may give."""

_SYNTAX: Final = "invalid promql query"
_OF_SYNTAX: Final = (
    _SYNTAX,
    "unclosed",
    "unexpected",
    "unterminated",
    "bad number",
    "no expression",
)
_WORD: Final = re.compile(rf"{_STRING.pattern}|\s+|[\w:.$]+|==|!=|=~|!~|<=|>=|.", re.DOTALL)
# Ways on from the middle of an expression: whoever can be continued by one is right so far.
_WAYS_ON: Final = (
    "", "up", " up", "1", "5m", " 5m", "(up)", " (up)", "by (a) (up)", "up[5m]", "[5m]", "5m]", "m]", ":]",
    "a", '="x"', '"x"', 'a="x"', "(a)", "(a) up", "(a) (up)", " bool 1", '(up, "a", "b", "c", "d")',
)  # fmt: skip
_PAIRS: Final = {"(": ")", "{": "}", "[": "]"}


def depth(expression: str) -> int:
    """How many brackets stand within one another at most."""
    steps = {"(": 1, "{": 1, "[": 1, ")": -1, "}": -1, "]": -1}
    bare = _STRING.sub("", expression)
    return max(accumulate(steps.get(sign, 0) for sign in bare), default=0)


def problem(expression: str, tree: Expr) -> str | None:
    """What a supported Prometheus refuses in an expression that the parser reads, and the fix."""
    bare = _STRING.sub(lambda found: "" if found[0].startswith("#") else '""', expression)
    return next(
        chain(_names(bare), _durations(bare), _functions(bare, tree), _patterns(tree)),
        None,
    )


def result(tree: Expr) -> str:
    """What an expression gives: an instant vector, a scalar, a range vector or a string."""
    import promql_parser as parser  # noqa: PLC0415 - services never read an expression

    if isinstance(tree, parser.ParenExpr | parser.UnaryExpr):
        return result(tree.expr)
    if isinstance(tree, parser.BinaryExpr):
        both = {result(tree.lhs), result(tree.rhs)}
        return _SCALAR if both == {_SCALAR} else _VECTOR
    if isinstance(tree, parser.Call) and tree.func.return_type == parser.ValueType.Scalar:
        return _SCALAR
    others = {
        parser.MatrixSelector: _RANGES,
        parser.SubqueryExpr: _RANGES,
        parser.StringLiteral: _TEXT,
        parser.NumberLiteral: _SCALAR,
    }
    return others.get(type(tree), _VECTOR)


def syntax_error(expression: str, told: str) -> str:
    """What the parser told of an expression that it cannot read, with the place where it stops."""
    if told != _SYNTAX:
        return told
    words = [word for word in _WORD.finditer(expression) if not _is_between(word[0])]
    # What begins so that nothing can follow does not get better by more words.
    wrong = bisect_left(words, True, key=lambda word: not _goes_on(expression[: word.end()]))
    if wrong < len(words):
        return f"unexpected {words[wrong][0]!r} at character {words[wrong].start() + 1}"
    return f"something is missing at its end, character {len(expression.rstrip())}"


def _is_between(word: str) -> bool:
    return word.isspace() or word.startswith("#")


def _names(bare: str) -> Iterator[str]:
    for found in _QUOTED_NAME.finditer(bare):
        if '""' in found[0]:
            yield (
                "has a name in quotes, which Prometheus 2.42 refuses; write names without quotes, "
                'and odd ones of metrics as {__name__="…"}.'
            )
    if _ALTERNATIVE.search(bare):
        yield "has `or` between matchers, which Prometheus refuses; write two selectors, or =~."


def _durations(bare: str) -> Iterator[str]:
    spans = [part for found in _RANGE.findall(bare) for part in found.split(":") if part.strip()]
    spans += _OFFSET.findall(bare)
    for span in spans:
        if span.strip().replace(".", "").isdigit():
            yield f"has {span.strip()} without a unit, which Prometheus 2.42 refuses; write {span.strip()}s."
    rest = _OFFSET.sub("", _RANGE.sub("", bare))
    if found := _ALONE.search(rest):
        length = f"{_length(found[0]):g}"
        yield (
            f"has {found[0]} as a number, which Prometheus 2.42 refuses; write it in seconds: {length}."
        )
    for span in spans:
        if _length(span) > LONGEST:
            yield f"has {span.strip()}, longer than Prometheus counts; write {duration(LONGEST)} at most."


def _length(text: str) -> float:
    return sum(int(number[:30]) * _SECONDS[unit] for number, unit in _UNIT.findall(text))


def _functions(bare: str, tree: Expr) -> Iterator[str]:
    import promql_parser as parser  # noqa: PLC0415 - see result

    # Of a binary operation, where the parser's tree does not tell.
    unknown = _FILL.findall(bare)

    def visit(node: Expr) -> None:
        if isinstance(node, parser.Call) and node.func.name not in FUNCTIONS:
            unknown.append(node.func.name)
        elif isinstance(node, parser.AggregateExpr) and str(node.op) in _NEW_AGGREGATIONS:
            unknown.append(str(node.op))

    parser.walk(tree, visit)
    for name in unknown:
        yield f"has the function {name}, which not every Prometheus since 2.42 knows; write another."


def _patterns(tree: Expr) -> Iterator[str]:
    import promql_parser as parser  # noqa: PLC0415 - see result

    patterns: list[str] = []

    def visit(node: Expr) -> None:
        if isinstance(node, parser.VectorSelector):
            patterns.extend(
                one.value
                for one in node.matchers.matchers
                if any(one.op == kind for kind in (parser.MatchOp.Re, parser.MatchOp.NotRe))
            )

    parser.walk(tree, visit)
    for pattern in patterns:
        # An escaped sign and a class stand for one sign.
        plain = _ESCAPED.sub("_", pattern)
        counts = [int(count[:9]) for pair in _COUNT.findall(plain) for count in pair if count]
        if (
            _REPEATED.search(_LAZY.sub(r"\1", plain))
            or _FOREIGN_GROUP.search(plain)
            or max(counts, default=0) > _MOST_REPEATS
        ):
            yield f"has the pattern {pattern!r}, which Prometheus refuses; write it as RE2 knows it."


def _goes_on(start: str) -> bool:
    """Whether an expression can go on from here: the parser finds no fault but that it ends."""
    closing: list[str] = []
    for sign in re.sub(r"[^(){}\[\]]", "", _STRING.sub("", start)):
        if sign in _PAIRS:
            closing.append(_PAIRS[sign])
        elif closing:
            closing.pop()
    end = "".join(reversed(closing))
    ways = [way + end for way in _WAYS_ON] + [f"{way}{end} (up)" for way in ("", "a")]
    return any(_is_grammatical(start + way) for way in ways)


def _is_grammatical(expression: str) -> bool:
    """Whether the parser finds no fault, or none but in what the parts of an expression are."""
    import promql_parser as parser  # noqa: PLC0415 - see result

    try:
        parser.parse(expression)
    except ValueError as error:
        return not any(word in str(error) for word in _OF_SYNTAX)
    return True
