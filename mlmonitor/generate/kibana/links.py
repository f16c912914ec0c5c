"""Addresses of Kibana's Discover: the records of a model, version, column and time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor import names, streams
from mlmonitor.generate.kibana.objects import VIEW, view_id

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS: Final = {
    "model": names.LOG_MODEL.name,
    "version": names.LOG_VERSION.name,
    "role": names.LOG_ROLE.name,
    "violation": names.LOG_VIOLATION_COLUMN.name,
    "reason": names.LOG_VIOLATION_REASON.name,
    "prediction": names.LOG_PREDICTION_ID.name,
}
"""What records can be chosen by, and the field that holds it."""

_PLAIN: Final = re.compile(r"[A-Za-z_.~/][A-Za-z0-9_.~/-]*")
_SHOWN: Final = (
    names.LOG_MODEL, names.LOG_VERSION, names.LOG_ROLE, names.LOG_EVENT_OUTCOME,
    names.LOG_EVENT_DURATION, names.LOG_VIOLATION_COLUMN, names.LOG_VIOLATION_REASON,
)  # fmt: skip
_EVERY: Final = f"{names.LOG_EVENT_ACTION.name}: prediction"
_SINCE: Final = "now-6h"
# In the templates of Prometheus: a value in KQL in rison in an address, innermost first.
_VALUE: Final = ". | reReplaceAll `([\"\\\\])` `\\$1` | reReplaceAll `([!'])` `!$1` | urlquery"
_FIELD: Final = ". | reReplaceAll `@` `@40` | reReplaceAll `[.]` `@2e` | urlquery"


@dataclass(frozen=True)
class Hole:
    """A place that another program fills in, already escaped: `${model:percentencode}` of Grafana."""

    text: str


def discover(
    kibana: str,
    chosen: Mapping[str, str | Hole],
    *,
    model: str | None = None,
    column: tuple[str, str] | None = None,
    since: str | Hole = _SINCE,
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
    holes: list[str] = []
    terms = [f'{FIELDS[key]}: "{_kql(value, holes)}"' for key, value in chosen.items()]
    shown = [field.name for field in _SHOWN]
    if column is not None:
        shown.append(f"{names.COLUMNS_OF_SIDE[column[0]].name}.{streams.field(column[1])}")
    state = _state(" and ".join([_EVERY, *terms]), shown, view_id(model))
    time = {"time": {"from": _kept(since, holes), "to": _kept(until, holes)}}
    text = f"{kibana}/app/discover#/?_g={_address(time)}&_a={_address(state)}"
    for index, hole in enumerate(holes):
        text = text.replace(quote(_mark(index)), hole)
    return text


def annotation(kibana: str) -> str:
    """The address of the records behind an alert, as a template of Prometheus.

    What the alert's labels name is filtered for: model, version, role. Its column is shown.
    """
    mark = "mlmonitor.hole"
    query, shown = f"{_EVERY}{mark}", [*(field.name for field in _SHOWN), mark]
    time = {"time": {"from": _SINCE, "to": "now"}}
    state = _address(_state(query, shown, VIEW))
    terms = "".join(
        f"{{{{ with $labels.{label} }}}}{quote(f' and {FIELDS[label]}: ')}%22"
        f"{{{{ {_VALUE} }}}}%22{{{{ end }}}}"
        for label in names.IDENTITY
    )
    columns = "".join(
        f'{{{{ if eq $labels.side "{side}" }}}}{{{{ with $labels.column }}}}'
        f",%27{field.name}.{{{{ {_FIELD} }}}}%27{{{{ end }}}}{{{{ end }}}}"
        for side, field in names.COLUMNS_OF_SIDE.items()
    )
    state = state.replace(f",{mark}", columns).replace(mark, terms)
    return f"{kibana}/app/discover#/?_g={_address(time)}&_a={state}"


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


def _state(query: str, shown: list[str], view: str) -> dict[str, Any]:
    return {
        "columns": shown,
        "dataSource": {"dataViewId": view, "type": "dataView"},
        "index": view,
        "query": {"language": "kuery", "query": query},
        "sort": [[names.LOG_TIMESTAMP.name, "desc"]],
    }


def _kql(value: str | Hole, holes: list[str]) -> str:
    """A value between quotes in Kibana's language."""
    if isinstance(value, Hole):
        return _kept(value, holes)
    return re.sub(r'(["\\])', r"\\\1", value)


def _kept(value: str | Hole, holes: list[str]) -> str:
    """A text, or for a hole what stands there until all else is escaped."""
    if isinstance(value, str):
        return value
    holes.append(value.text)
    return _mark(len(holes) - 1)


def _mark(index: int) -> str:
    return f"mlmonitor hole {index};"


def _address(value: Any) -> str:
    """A value as rison in the fragment of an address; what rison is made of stays readable."""
    return quote(rison(value), safe="~._-!(),:'@/")
