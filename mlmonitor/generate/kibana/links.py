"""Addresses of Kibana's Discover: the records of a model, version, column and time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor import names, streams
from mlmonitor.generate.kibana.objects import view_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELDS: Final = {
    "model": names.LOG_MODEL.name,
    "version": names.LOG_VERSION.name,
    "role": names.LOG_ROLE.name,
    "violation": names.LOG_VIOLATION_COLUMN.name,
    "reason": names.LOG_VIOLATION_REASON.name,
    "prediction": names.LOG_PREDICTION_ID.name,
}
"""What records can be chosen by, and the field that holds it."""

SINCE: Final = "now-6h"
EVERY: Final = f"{names.LOG_EVENT_ACTION.name}: prediction"
"""What all queries ask for: lines of a service are no predictions."""

_PLAIN: Final = re.compile(r"[A-Za-z_.~/][A-Za-z0-9_.~/-]*")
_SHOWN: Final = (
    names.LOG_MODEL, names.LOG_VERSION, names.LOG_ROLE, names.LOG_EVENT_OUTCOME,
    names.LOG_EVENT_DURATION, names.LOG_VIOLATION_COLUMN, names.LOG_VIOLATION_REASON,
)  # fmt: skip


@dataclass(frozen=True)
class Hole:
    """A place that another program fills in, already escaped: `${model:percentencode}` of Grafana."""

    text: str


class Holes:
    """Texts that stand in an address as they are, whatever is escaped around them."""

    def __init__(self) -> None:
        self._texts: list[tuple[str, str]] = []

    def kept(self, value: str | Hole, *, bare: bool = False) -> str:
        """A text itself, or for a hole what stands there until all else is escaped.

        Args:
            value: either.
            bare: the hole takes the place of a whole member of a list, its comma and quotes too.
        """
        if isinstance(value, str):
            return value
        mark = f"mlmonitor hole {len(self._texts)};"
        around = f",'{quote(mark)}'" if bare else quote(mark)
        self._texts.append((around, value.text))
        return mark

    def filled(self, address: str) -> str:
        """The address with the texts of its holes."""
        for mark, text in self._texts:
            address = address.replace(mark, text)
        return address


def discover(
    kibana: str,
    chosen: Mapping[str, str | Hole],
    *,
    model: str | None = None,
    column: tuple[str, str] | None = None,
    since: str | Hole = SINCE,
    until: str | Hole = "now",
) -> str:
    """The address of the records that are chosen, newest first.

    Args:
        kibana: its address, with the space.
        chosen: values by keys of `FIELDS`.
        model: whose data view to use; that of all models without one.
        column: side and name of a column to show beside the others.
        since: time as Kibana writes it: `now-1h`, or in ISO 8601.
        until: the same.
    """
    holes = Holes()
    terms = [f'{FIELDS[key]}: "{quoted(value, holes)}"' for key, value in chosen.items()]
    shown = [] if column is None else [field_of(*column)]
    found = state(" and ".join([EVERY, *terms]), view_id(model), shown)
    return address(kibana, found, (since, until), holes)


def state(
    query: str,
    view: str,
    columns: Sequence[str] = (),
    *,
    sort: str = names.LOG_TIMESTAMP.name,
    language: str = "kuery",
) -> dict[str, Any]:
    """What Discover shows.

    Args:
        query: in the language.
        view: id of the data view.
        columns: fields to show beside the usual ones.
        sort: field of which the largest come first.
        language: Kibana's, or `lucene`.
    """
    return {
        "columns": [*(field.name for field in _SHOWN), *columns],
        "dataSource": {"dataViewId": view, "type": "dataView"},
        "index": view,
        "query": {"language": language, "query": query},
        "sort": [[sort, "desc"]],
    }


def address(
    kibana: str, found: dict[str, Any], time: tuple[str | Hole, str | Hole], holes: Holes
) -> str:
    """The address of Discover in a state, from one time to another."""
    since, until = map(holes.kept, time)
    parts = ({"time": {"from": since, "to": until}}, found)
    around, own = (escaped(rison(part)) for part in parts)
    return holes.filled(f"{kibana}/app/discover#/?_g={around}&_a={own}")


def rison(value: Any) -> str:
    """A value as rison, the form of JSON that Kibana keeps in addresses."""
    if value is None or isinstance(value, bool):
        return {None: "!n", True: "!t", False: "!f"}[value]
    if isinstance(value, dict):
        return f"({','.join(f'{rison(key)}:{rison(one)}' for key, one in value.items())})"
    if isinstance(value, (list, tuple)):
        return f"!({','.join(rison(one) for one in value)})"
    if isinstance(value, str):
        if _PLAIN.fullmatch(value):
            return value
        return "'" + re.sub("([!'])", r"!\1", value) + "'"
    return str(value)


def escaped(text: str) -> str:
    """Rison in the fragment of an address; what rison is made of stays readable."""
    return quote(text, safe="~._-!(),:'@/")


def field_of(side: str, column: str) -> str:
    """The field of a column."""
    return f"{names.COLUMNS_OF_SIDE[side].name}.{streams.field(column)}"


def quoted(value: str | Hole, holes: Holes) -> str:
    """A value between quotes, in Kibana's language and in Lucene's."""
    if isinstance(value, Hole):
        return holes.kept(value)
    return re.sub(r'(["\\])', r"\\\1", value)
