"""The variables at the top of a dashboard: what each offers, and what is chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.preview import template
from mlmonitor.preview.source import SilentError
from mlmonitor.preview.template import ALL, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlmonitor.preview.source import Source
    from mlmonitor.preview.timerange import TimeRange

Json = dict[str, Any]
Option = tuple[str, str]

_QUERY: Final = re.compile(
    r"\s*(label_values|label_names|metrics|query_result)\s*\((.*)\)\s*", re.DOTALL
)
_PATTERN: Final = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)
_NUMBER: Final = re.compile(r"\d+")
_BY_NUMBER, _IGNORING_CASE, _NATURAL = {3, 4}, {5, 6}, {7, 8}
_DESCENDING: Final = {2, 4, 6, 8}


@dataclass(frozen=True)
class Variable:
    """A variable of a dashboard, resolved.

    Attributes:
        name: as queries name it.
        label: as people read it.
        type: Grafana's type of variable.
        options: what it offers, as (text, value).
        chosen: values, or `$__all` alone.
        value: what it stands for.
        several: whether more than one may be chosen.
        hidden: whether it is shown to nobody.
        error: why nothing is on offer.
    """

    name: str
    label: str
    type: str
    options: tuple[Option, ...]
    chosen: tuple[str, ...]
    value: Value
    several: bool = False
    hidden: bool = False
    error: str = ""

    def described(self) -> Json:
        """For the page."""
        return {
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "options": [{"text": text, "value": value} for text, value in self.options],
            "chosen": list(self.chosen),
            "several": self.several,
            "hidden": self.hidden,
            "error": self.error,
        }


@dataclass
class Resolver:
    """Resolves variables in their order, each with those before it.

    Attributes:
        source: where queries are asked.
        time: the range in which values are looked for.
        requested: values by variable, as the address of the page has them.
        values: what the variables resolved so far stand for.
        silent: why no more is asked: who waits for one answer in vain need not wait for six.
    """

    source: Source
    time: TimeRange
    requested: Mapping[str, Sequence[str]]
    values: dict[str, Value] = field(default_factory=dict)
    silent: SilentError | None = None

    def resolve(self, listed: Sequence[Json]) -> list[Variable]:
        """All variables of a dashboard; `values` holds what they stand for, by name."""
        found = []
        for definition in listed:
            variable = self._variable(definition)
            self.values[variable.name] = variable.value
            found.append(variable)
        return found

    def _variable(self, definition: Json) -> Variable:
        error = ""
        offers = _OFFERS.get(definition["type"], _nothing)
        try:
            options = offers(definition, self)
        except SilentError as problem:
            self.silent, options, error = problem, [], str(problem)
        except (MlmonitorError, re.error) as problem:
            options, error = [], str(problem)
        everything = bool(definition.get("includeAll"))
        if everything:
            options = [("All", ALL), *options]
        several = bool(definition.get("multi"))
        chosen = self._chosen(definition, options, several=several)
        return Variable(
            definition["name"],
            definition.get("label") or definition["name"],
            definition["type"],
            tuple(options),
            chosen,
            _value(chosen, options, definition, several=several or everything),
            several,
            definition.get("hide") == 2 or definition["type"] == "constant",  # noqa: PLR2004 - Grafana's "hide variable"
            error,
        )

    def _chosen(
        self, definition: Json, options: Sequence[Option], *, several: bool
    ) -> tuple[str, ...]:
        """What was asked for, else the dashboard's own choice, else the first of the options."""
        offered = [value for _, value in options]
        asked = list(self.requested.get(definition["name"], ()))
        if definition["type"] == "textbox":
            return tuple(asked[:1] or offered[:1])
        saved = (definition.get("current") or {}).get("value", [])
        for wanted in (asked, [saved] if isinstance(saved, str) else list(saved)):
            usable = [one for one in dict.fromkeys(map(str, wanted)) if one in offered]
            if usable:
                return (ALL,) if ALL in usable else tuple(usable if several else usable[:1])
        return tuple(offered[:1])


def _value(
    chosen: Sequence[str], options: Sequence[Option], definition: Json, *, several: bool
) -> Value:
    if tuple(chosen) == (ALL,):
        plain = [(text, value) for text, value in options if value != ALL]
        texts, values = tuple(text for text, _ in plain), tuple(value for _, value in plain)
        given = definition.get("allValue")
        return Value(values, texts, several, given or (None if values else ".*"))
    names = {value: text for text, value in options}
    return Value(tuple(chosen), tuple(names.get(one, one) for one in chosen), several)


def _nothing(_definition: Json, _resolver: Resolver) -> list[Option]:
    return []


def _sources(_definition: Json, resolver: Resolver) -> list[Option]:
    return [(resolver.source.url, resolver.source.url)]


def _fixed(definition: Json, _resolver: Resolver) -> list[Option]:
    text = str(definition.get("query", ""))
    return [(text, text)] if text else []


def _listed(definition: Json, _resolver: Resolver) -> list[Option]:
    """`a, b : 2`: texts, with a value of their own behind a colon; a comma may be escaped."""
    options = []
    for part in re.split(r"(?<!\\),", str(definition.get("query", ""))):
        text, _, value = part.replace("\\,", ",").partition(" : ")
        if text.strip():
            options.append((text.strip(), (value or text).strip()))
    return options


def _queried(definition: Json, resolver: Resolver) -> list[Option]:
    if resolver.silent is not None:
        raise resolver.silent
    query = definition.get("query", "")
    text = query.get("query", "") if isinstance(query, dict) else str(query)
    filled = template.fill(text, resolver.values, template.for_promql)
    found = _QUERY.fullmatch(filled)
    if not found:
        message = f"{text}: is no query for a variable; write label_values(metric, label)."
        raise MlmonitorError(message)
    raw = _FUNCTIONS[found[1]](found[2].strip(), resolver)
    return _sorted(_matching(raw, definition.get("regex", "")), definition.get("sort", 0))


def _label_values(inner: str, resolver: Resolver) -> list[str]:
    selector, comma, label = inner.rpartition(",")
    matchers = [selector.strip()] if comma else []
    return resolver.source.values(label.strip(), matchers, resolver.time.start, resolver.time.end)


def _label_names(inner: str, resolver: Resolver) -> list[str]:
    matchers = [inner] if inner else []
    return resolver.source.labels(matchers, resolver.time.start, resolver.time.end)


def _metrics(pattern: str, resolver: Resolver) -> list[str]:
    found = resolver.source.values("__name__", [], resolver.time.start, resolver.time.end)
    return [name for name in found if re.search(pattern, name)]


def _query_result(expression: str, resolver: Resolver) -> list[str]:
    data = resolver.source.instant(expression, resolver.time.end)
    return [_sample(one) for one in data["result"]] if data["resultType"] == "vector" else []


def _sample(one: Json) -> str:
    labels = dict(one["metric"])
    name = labels.pop("__name__", "")
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    stamp, value = one["value"]
    return f"{name}{{{inner}}} {value} {round(float(stamp) * 1000)}"


def _matching(raw: Sequence[str], pattern: str) -> list[Option]:
    """What a regex keeps and captures: group `text` and `value`, or the first, or all."""
    found = _PATTERN.fullmatch(pattern)
    text = found[1] if found else pattern
    if not text:
        return list(dict.fromkeys((one, one) for one in raw))
    flags = re.IGNORECASE if found and "i" in found[2] else re.RegexFlag(0)
    compiled = re.compile(re.sub(r"\(\?<(?=[a-zA-Z])", "(?P<", text), flags)
    options: dict[Option, None] = {}
    for one in raw:
        match = compiled.search(one)
        if match:
            named = match.groupdict()
            whole = match[1] if match.re.groups and not named else match[0]
            value = named.get("value") or named.get("text") or whole
            if value:
                options[named.get("text") or value, value] = None
    return list(options)


def _sorted(options: list[Option], order: int) -> list[Option]:
    if not order:
        return options
    key: Callable[[Option], Any] = lambda option: option[0]  # noqa: E731 - one of several
    if order in _BY_NUMBER:
        key = lambda option: int(found[0]) if (found := _NUMBER.search(option[0])) else -1  # noqa: E731
    elif order in _IGNORING_CASE:
        key = lambda option: option[0].casefold()  # noqa: E731
    elif order in _NATURAL:
        key = lambda option: [  # noqa: E731
            (0, int(part), "") if part.isdigit() else (1, 0, part.casefold())
            for part in re.split(r"(\d+)", option[0])
            if part
        ]
    return sorted(options, key=key, reverse=order in _DESCENDING)


_OFFERS: Final[dict[str, Callable[[Json, Resolver], list[Option]]]] = {
    "datasource": _sources,
    "constant": _fixed,
    "textbox": _fixed,
    "custom": _listed,
    "interval": _listed,
    "query": _queried,
}
_FUNCTIONS: Final[dict[str, Callable[[str, Resolver], list[str]]]] = {
    "label_values": _label_values,
    "label_names": _label_names,
    "metrics": _metrics,
    "query_result": _query_result,
}
