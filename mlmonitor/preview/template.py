"""Putting variables into texts, as Grafana does: `$name`, `${name:format}` and `[[name]]`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALL: Final = "$__all"
_PLACE: Final = re.compile(
    r"\$\{(?P<braced>\w+(?:\.\w+)?)(?::(?P<form>\w+))?\}|\$(?P<plain>\w+)|\[\[(?P<old>\w+)\]\]"
)
_REGEX: Final = re.compile(r"[\\^$.|?*+()\[\]{}]")


@dataclass(frozen=True)
class Value:
    """What a variable stands for.

    Attributes:
        values: the chosen ones; every option where all are chosen.
        texts: the same, as people read them.
        several: whether more than one could be chosen, so that queries match by regex.
        everything: written in place of all options, where that was given.
    """

    values: tuple[str, ...]
    texts: tuple[str, ...] = ()
    several: bool = False
    everything: str | None = None

    @property
    def text(self) -> str:
        """As people read it."""
        return "All" if self.everything is not None else " + ".join(self.texts or self.values)


def for_promql(value: Value) -> str:
    """As it stands between the quotes of a matcher."""
    if value.everything is not None:
        return value.everything
    if not value.several:
        return _in_quotes("".join(value.values[:1]))
    parts = [_in_quotes(_REGEX.sub(r"\\\g<0>", one)) for one in value.values]
    return parts[0] if len(parts) == 1 else f"({'|'.join(parts)})"


def for_people(value: Value) -> str:
    """As it stands in a title."""
    return value.text


def for_urls(value: Value) -> str:
    """As it stands in an address."""
    return quote(value.everything or ",".join(value.values), safe="")


_FORMATS: Final[dict[str, Callable[[Value], str]]] = {
    "csv": lambda value: ",".join(value.values),
    "doublequote": lambda value: ",".join(json.dumps(one) for one in value.values),
    "json": lambda value: json.dumps(list(value.values)),
    "percentencode": for_urls,
    "pipe": lambda value: "|".join(value.values),
    "raw": lambda value: value.everything or ",".join(value.values),
    "regex": lambda value: (
        value.everything or "|".join(_REGEX.sub(r"\\\g<0>", one) for one in value.values)
    ),
    "text": for_people,
}


def fill(
    text: str, values: Mapping[str, Value], default: Callable[[Value], str] = for_people
) -> str:
    """A text with its variables filled in; what is no variable stays as it is.

    Args:
        text: with places such as `$model` or `${model:regex}`.
        values: by name; names such as `__interval` among them.
        default: how to write a value where the place does not say.
    """

    def filled(found: re.Match[str]) -> str:
        name = found["braced"] or found["plain"] or found["old"]
        if name not in values:
            return found[0]
        if found["form"] == "queryparam":
            return parameters(name, values[name])
        return _FORMATS.get(found["form"] or "", default)(values[name])

    return _PLACE.sub(filled, text)


def parameters(name: str, value: Value) -> str:
    """A variable in the query of an address: `var-model=a&var-model=b`."""
    chosen = (ALL,) if value.everything is not None else value.values
    return "&".join(f"var-{quote(name, safe='')}={quote(one, safe='')}" for one in chosen)


def names(text: str) -> set[str]:
    """The variables that a text names."""
    return {found["braced"] or found["plain"] or found["old"] for found in _PLACE.finditer(text)}


def _in_quotes(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
