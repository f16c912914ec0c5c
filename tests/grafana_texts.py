"""What Grafana does with variables before it asks Prometheus, as far as our dashboards use it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMES: Final = {"__rate_interval": "5s", "__range": "1m"}
ALL: Final = ".+"
_VARIABLE: Final = re.compile(r"\$\{(\w+):regex\}|\$(\w+)")
_SPECIAL: Final = re.compile(r"[\\^$*+?.()|\[\]{}/]")


def regex(value: str) -> str:
    """Format `regex` of Grafana: a value in which no sign has a special meaning."""
    return _SPECIAL.sub(lambda sign: f"\\{sign[0]}", value)


def filled(expression: str, values: Mapping[str, str], times: Mapping[str, str] = TIMES) -> str:
    """An expression with its variables filled in; `ALL` is written as it is."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name.isdigit():
            return found[0]
        if name in times:
            return times[name]
        given = values[name]
        return given if given == ALL or found[2] else regex(given)

    return _VARIABLE.sub(value, expression)


def used(expression: str) -> set[str]:
    """The variables of an expression."""
    names = {one[0] or one[1] for one in _VARIABLE.findall(expression)}
    return {name for name in names if not name.isdigit()} - TIMES.keys()
