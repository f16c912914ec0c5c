"""Kibana's query language, as Kibana reads it and asks Elasticsearch: a reader of its own, from the grammar."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

_TOKEN = re.compile(
    r"""\s*(?:
    "(?P<quoted>(?:\\.|[^"\\])*)"
    |(?P<sign>[():]|[<>]=?)
    |(?P<word>(?:(?!\s(?:and|or)\s)[^\\():<>"*{}\s])+|\*)
    )""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def query(text: str) -> Json:
    """The query that Elasticsearch is asked.

    Raises:
        ValueError: the text is none that this reader knows.
    """
    if not text.strip():
        return {"match_all": {}}
    reader = _Reader(_tokens(text))
    found = reader.either()
    if reader.rest:
        message = f"{text!r}: what is {reader.rest[0][1]!r} for?"
        raise ValueError(message)
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            message = f"{text!r}: cannot be read from {text[at : at + 20]!r} on"
            raise ValueError(message)
        kind, value = next((k, v) for k, v in match.groupdict().items() if v is not None)
        if kind == "quoted":
            value = re.sub(r"\\([\\\"])", r"\1", value)
        found.append((kind, value))
        at = match.end()
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.rest = tokens

    def either(self) -> Json:
        parts = [self._all()]
        while self._takes("word", "or"):
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        return {"bool": {"should": parts, "minimum_should_match": 1}}

    def _all(self) -> Json:
        parts = [self._not()]
        while self._takes("word", "and"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def _not(self) -> Json:
        if self._takes("word", "not"):
            return {"bool": {"must_not": [self._not()]}}
        if self._takes("sign", "("):
            found = self.either()
            self._expect(")")
            return found
        return self._field()

    def _field(self) -> Json:
        kind, name = self.rest.pop(0)
        if kind == "sign":
            message = f"{name!r} is no field"
            raise ValueError(message)
        sign = self.rest.pop(0)[1]
        if sign in _RANGES:
            return {"range": {name: {_RANGES[sign]: self.rest.pop(0)[1]}}}
        if sign != ":":
            message = f"{sign!r} behind {name!r}"
            raise ValueError(message)
        if not self._takes("sign", "("):
            return self._value(name)
        values = [self._value(name)]
        while self._takes("word", "or"):
            values.append(self._value(name))
        self._expect(")")
        return {"bool": {"should": values, "minimum_should_match": 1}}

    def _value(self, name: str) -> Json:
        kind, value = self.rest.pop(0)
        if kind == "quoted":
            return {"match_phrase": {name: value}}
        if value == "*":
            return {"exists": {"field": name}}
        return {"match": {name: value}}

    def _takes(self, kind: str, value: str) -> bool:
        if self.rest and self.rest[0] == (kind, value):
            self.rest.pop(0)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._takes("sign", sign):
            message = f"a {sign!r} is missing"
            raise ValueError(message)
