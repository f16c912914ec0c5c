"""Which format and encoding a client accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.expose.text import Format

_VERSIONS: Final[dict[str, tuple[Format, frozenset[str]]]] = {
    "application/openmetrics-text": ("openmetrics", frozenset({"", "1.0.0"})),
    "text/plain": ("text", frozenset({"", "0.0.4"})),
    "text/*": ("text", frozenset({""})),
    "*/*": ("text", frozenset({""})),
}


class _Choice(NamedTuple):
    """One item of an Accept or Accept-Encoding header."""

    value: str
    parameters: dict[str, str]
    weight: float


def chosen_format(accept: str | None) -> Format:
    """The format that an Accept header likes best of ours; Prometheus text where it likes none."""
    best: Format = "text"
    weight = 0.0
    for choice in _choices(accept):
        form, versions = _VERSIONS.get(choice.value, (None, frozenset[str]()))
        known = choice.parameters.get("version", "") in versions
        if form is not None and known and choice.weight > weight:
            best, weight = form, choice.weight
    return best


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether an Accept-Encoding header admits gzip."""
    weights = {choice.value: choice.weight for choice in _choices(accept_encoding)}
    return weights.get("gzip", weights.get("*", 0.0)) > 0


def _choices(header: str | None) -> Iterator[_Choice]:
    for item in (header or "").split(","):
        value, *rest = (part.strip() for part in item.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {key.strip().lower(): text.strip(' "') for key, _, text in pairs}
        yield _Choice(value.lower(), parameters, _weight(parameters.get("q", "1")))


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
