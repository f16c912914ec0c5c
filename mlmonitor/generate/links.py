"""Addresses that dashboards lead to: they keep the time, the data source and what is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor import names
from mlmonitor.generate.kibana.objects import VIEW

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.config.links import LinkSettings
    from mlmonitor.generate.panelspec import Link

Json = dict[str, Any]

_FIELDS: Final = {"model": names.LOG_MODEL.name, "version": names.LOG_VERSION.name}
_TIME: Final = "time:(from:'${__from:date:iso}',to:'${__to:date:iso}')"


@dataclass(frozen=True)
class Links:
    """What links are made from.

    Attributes:
        settings: base addresses.
        variables: that the dashboard offers, by which the next one is filled.
        dashboards: uids that exist; links to others are left out.
    """

    settings: LinkSettings
    variables: tuple[str, ...]
    dashboards: frozenset[str]

    def panel(self, links: Iterable[Link]) -> list[Json]:
        """Links at the top of a panel."""
        return [self._written(link, None) for link in links if self._exists(link)]

    def cells(self, links: Iterable[Link]) -> list[Json]:
        """Links of a table's cells; what chooses is the title of a column."""
        form = '${{__data.fields["{}"]:percentencode}}'
        return [self._written(link, form) for link in links if self._exists(link)]

    def series(self, links: Iterable[Link]) -> list[Json]:
        """Links of series; what chooses is a label."""
        form = "${{__field.labels.{}:percentencode}}"
        return [self._written(link, form) for link in links if self._exists(link)]

    def runbook(self, alert: str) -> Json:
        """To the runbook of an alert."""
        address = f"{self.settings.runbooks}/{alert}"
        return {"targetBlank": True, "title": f"Runbook of {alert}", "url": address}

    def kibana(self, column: str | None = None) -> str | None:
        """Address of the records of what is chosen, where Kibana is known.

        Args:
            column: what stands for a column, whose violations alone are shown.
        """
        if self.settings.kibana is None:
            return None
        chosen = [
            f"{field}:/${{{name}:regex}}/"
            for name, field in _FIELDS.items()
            if name in self.variables
        ]
        if column is not None:
            chosen.append(f"{names.LOG_VIOLATION_COLUMN.name}:%22{column}%22")
        query = " AND ".join(chosen) or "*"
        view = f"dataSource:(dataViewId:{VIEW},type:dataView),index:{VIEW}"
        state = f"{view},query:(language:lucene,query:'{query}')".replace(" ", "%20")
        return f"{self.settings.kibana}/app/discover#/?_g=({_TIME})&_a=({state})"

    def _exists(self, link: Link) -> bool:
        if link.kibana:
            return self.settings.kibana is not None
        return link.dashboard is None or link.dashboard in self.dashboards

    def _written(self, link: Link, form: str | None) -> Json:
        blank = link.dashboard is None
        return {"targetBlank": blank, "title": link.title, "url": self._address(link, form)}

    def _address(self, link: Link, form: str | None) -> str:
        if link.kibana:
            column = link.choose.get("column")
            filled = form.format(column) if form and column else column
            return self.kibana(filled) or ""
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
