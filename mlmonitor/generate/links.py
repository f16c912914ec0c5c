"""Addresses that dashboards lead to: they keep the time, the data source and what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor import names, streams
from mlmonitor.generate.kibana.links import Hole, Holes, address, field_of, quoted, state
from mlmonitor.generate.kibana.objects import VIEW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.config.links import LinkSettings
    from mlmonitor.generate.panelspec import Link

Json = dict[str, Any]

_FIELDS: Final = {"model": names.LOG_MODEL.name, "version": names.LOG_VERSION.name}
_SINCE: Final = Hole("${__from:date:iso}")
_UNTIL: Final = Hole("${__to:date:iso}")
_CELL: Final = '${{__data.fields["{}"]:percentencode}}'
_LABEL: Final = "${{__field.labels.{}:percentencode}}"
_MOST_ODD: Final = 40
"""Columns with links of their own in each panel, each of which is half a kilobyte."""


@dataclass(frozen=True)
class Links:
    """What links are made from.

    Attributes:
        settings: base addresses.
        variables: that the dashboard offers, by which the next one is filled.
        dashboards: uids that exist; links to others are left out.
        columns: side and name of those that the references have.
    """

    settings: LinkSettings
    variables: tuple[str, ...]
    dashboards: frozenset[str]
    columns: tuple[tuple[str, str], ...] = ()

    def panel(self, links: Iterable[Link]) -> list[Json]:
        """Links at the top of a panel."""
        return [self._written(link, None) for link in links if self._exists(link)]

    def cells(self, links: Iterable[Link]) -> list[Json]:
        """Links of a table's cells; what chooses is the title of a column."""
        return [self._written(link, _CELL) for link in links if self._exists(link)]

    def series(self, links: Iterable[Link]) -> list[Json]:
        """Links of series; what chooses is a label."""
        return [self._written(link, _LABEL) for link in links if self._exists(link)]

    def odd_series(self, links: Iterable[Link]) -> dict[str, list[Json]]:
        """Links of the series of single columns, by name.

        Grafana can escape a value for an address, and not for the query and the field's name that
        stand in it. Of columns whose names are known and need that, the address is written out.
        """
        known = [link for link in links if self._exists(link)]
        if all(link.is_of_all for link in known):
            return {}
        found: dict[str, list[Json]] = {}
        for side, column in self.columns:
            if column not in found and len(found) < _MOST_ODD and _is_odd(column):
                found[column] = [self._written_out(link, side, column) for link in known]
        return found

    def runbook(self, alert: str) -> Json:
        """To the runbook of an alert."""
        address = f"{self.settings.runbooks}/{alert}"
        return {"targetBlank": True, "title": f"Runbook of {alert}", "url": address}

    def kibana(
        self,
        records: str = "all",
        column: str | Hole | None = None,
        field: str | Hole | None = None,
    ) -> str | None:
        """Address of the records of what is chosen, where Kibana is known.

        Args:
            records: `violating` where the column breaks a rule, `missing` where it has no value.
            column: its name.
            field: its field, to show beside the others.
        """
        if self.settings.kibana is None:
            return None
        holes = Holes()
        terms = [f"{names.LOG_EVENT_ACTION.name}:prediction"]
        # Lucene's language, since several values, and all of them, come as a regular expression.
        terms += [
            f"{asked}:/{holes.kept(Hole(f'${{{name}:regex}}'))}/"
            for name, asked in _FIELDS.items()
            if name in self.variables
        ]
        if records == "violating" and column is not None:
            terms.append(f'{names.LOG_VIOLATION_COLUMN.name}:"{quoted(column, holes)}"')
        if records == "missing" and field is not None:
            terms.append(f'NOT _exists_:"{quoted(field, holes)}"')
        shown = [] if field is None else [holes.kept(field)]
        asked = state(" AND ".join(terms), VIEW, shown, language="lucene")
        return address(self.settings.kibana, asked, (_SINCE, _UNTIL), holes)

    def _exists(self, link: Link) -> bool:
        if link.kibana:
            return self.settings.kibana is not None
        return link.dashboard is None or link.dashboard in self.dashboards

    def _written(self, link: Link, form: str | None) -> Json:
        blank = link.dashboard is None
        return {"targetBlank": blank, "title": link.title, "url": self._address(link, form)}

    def _address(self, link: Link, form: str | None) -> str:
        if link.kibana:
            return self._records(link, form)
        if link.runbook:
            last = form.format(link.runbook) if form else link.runbook
            return f"{self.settings.runbooks}/{last}"
        if link.url:
            return link.url
        chosen = {
            name: form.format(value) if form else quote(value, safe="$")
            for name, value in link.choose.items()
        }
        kept = [f"${{{name}:queryparam}}" for name in self.variables if name not in chosen]
        given = [f"var-{name}={value}" for name, value in chosen.items()]
        return f"/d/{link.dashboard}?" + "&".join(["${__url_time_range}", *kept, *given])

    def _records(self, link: Link, form: str | None) -> str:
        """The records of a link; what chooses the column of a panel's own is taken as it is."""
        chosen = {key: (form or "{}").format(value) for key, value in link.choose.items()}
        column = Hole(chosen["column"]) if "column" in chosen else None
        # The fields of inputs stand below `inputs`, and so on.
        field = Hole("mlmonitor.{side}s.{column}".format(**chosen)) if "side" in chosen else None
        return self.kibana(link.records, column, field) or ""

    def _written_out(self, link: Link, side: str, column: str) -> Json:
        made = self._written(link, _LABEL)
        if link.is_of_all:
            return made
        return {**made, "url": self.kibana(link.records, column, field_of(side, column))}


def _is_odd(column: str) -> bool:
    return streams.field(column) != column or any(sign in column for sign in "'!")
