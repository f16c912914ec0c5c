"""The records behind an alert: an address of Discover as a template of Prometheus.

A value of a label stands in KQL, in rison, in an address, and is escaped for each, innermost first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor import names
from mlmonitor.generate.kibana import links
from mlmonitor.generate.kibana.links import Hole, Holes
from mlmonitor.generate.kibana.objects import VIEW

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLE: Final = re.compile(r"\{\{ \$(?:labels\.(\w+)|(field)) \}\}")
"""Where a query has the value of a label, or the field of the alert's column."""

_SIGNS: Final = {
    **{f"[{sign}]": sign for sign in '@.:"()*,<>?{}'},
    **{rf"[\{sign}]": sign for sign in "[]\\"},
}
"""What `mlmonitor.streams` escapes in the name of a column, `@` before those that bring one."""
_FIELD: Final = " | ".join(
    [
        *(f"reReplaceAll `{pattern}` `@{ord(sign):02x}`" for pattern, sign in _SIGNS.items()),
        'reReplaceAll "`" `@60`',
    ]
)
_RISON: Final = "reReplaceAll `([!'])` `!$1` | urlquery"
_VALUE: Final = f'reReplaceAll `(["\\\\])` `\\$1` | {_RISON}'
_SIDES: Final = "|".join(names.COLUMNS_OF_SIDE)
_OWN_FIELD: Final = (
    f'{{{{ $field := "" }}}}{{{{ if match "^({_SIDES})$" $labels.side }}}}'
    f'{{{{ $field = printf "mlmonitor.%ss.%s" $labels.side ($labels.column | {_FIELD}) }}}}{{{{ end }}}}'
)
_SHOWN: Final = f"{{{{ with $field }}}},'{{{{ . | {_RISON} }}}}'{{{{ end }}}}"
_FURTHER: Final = (
    f'{{{{ range query (%s) }}}}{{{{ if match "^({_SIDES})$" .Labels.side }}}}'
    f",'{{{{ printf `mlmonitor.%%ss.%%s` .Labels.side (.Labels.column | {_FIELD}) | {_RISON} }}}}'"
    "{{ end }}{{ end }}"
)
_TIME: Final = '{{{{ (query "time() - {ago:.0f}" | first | value | toTime).UTC.Format "2006-01-02T15:04:05Z" }}}}'


@dataclass(frozen=True)
class Evidence:
    """Which records are behind an alert.

    Attributes:
        where: KQL, in which values of labels and the field of the column may stand; see `HOLE`.
        sort: the field of which the largest come first.
        column: whether the alert is of one column, which is shown beside the others.
        columns: PromQL of the series whose columns are shown too, with `%s` for the matchers of
            the alert's model, which are to be in `$own`.
        seconds: how long before the alert they may have come.
    """

    where: str = ""
    sort: str = names.LOG_TIMESTAMP.name
    column: bool = False
    columns: str | None = None
    seconds: float = 6 * 3600.0


def annotation(kibana: str, evidence: Evidence) -> str:
    """The address of the records of the model, version and role that an alert's labels name.

    Its time ends with the evaluation, so that it shows the same records whenever it is opened.

    Args:
        kibana: its address, with the space.
        evidence: which of the records.
    """
    holes = Holes()
    query = links.EVERY + holes.kept(Hole("".join(map(_identity, names.IDENTITY))))
    if evidence.where:
        query += f" and ({HOLE.sub(lambda found: holes.kept(_hole(found)), evidence.where)})"
    shown = [holes.kept(Hole(one), bare=True) for one in _columns(evidence)]
    found = links.state(query, VIEW, shown, sort=evidence.sort)
    time = (Hole(_TIME.format(ago=evidence.seconds)), Hole(_TIME.format(ago=0)))
    address = links.address(kibana, found, time, holes)
    needed = evidence.column or "$field" in evidence.where
    return f"{_OWN_FIELD}{address}" if needed else address


def _identity(label: str) -> str:
    """What a label of a model adds to the query; nothing where the alert has it not."""
    asked = links.escaped(f" and {links.FIELDS[label]}: ")
    return f"{{{{ with $labels.{label} }}}}{asked}{_quoted(f'. | {_VALUE}')}{{{{ end }}}}"


def _hole(found: re.Match[str]) -> Hole:
    label = found[1]
    return Hole(_quoted(f"$labels.{label} | {_VALUE}" if label else f"$field | {_RISON}"))


def _quoted(pipeline: str) -> str:
    return f"%22{{{{ {pipeline} }}}}%22"


def _columns(evidence: Evidence) -> Iterator[str]:
    """Fields to show, each with a comma in front and quotes around; there may be none."""
    if evidence.column:
        yield _SHOWN
    if evidence.columns is not None:
        own = " $own" * evidence.columns.count("%s")
        yield _FURTHER % f"printf `{evidence.columns}`{own}"
