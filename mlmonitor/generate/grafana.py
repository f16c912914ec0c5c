"""Grafana's panels, variables and dashboards in their current shape, as classes of grafanalib.

grafanalib 0.7.1 writes what old versions of Grafana read. The subclasses here keep its constructors
and write the schema that Grafana 12 saves: no nulls, no legacy keys. Nothing else imports it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from grafanalib import core

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = dict[str, Any]

SCHEMA_VERSION: Final = 42
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
TABLE: Final = core.TABLE_TARGET_FORMAT
TIME_SERIES: Final = core.TIME_SERIES_TARGET_FORMAT
HEATMAP: Final = core.HEATMAP_TYPE
STATUS_HISTORY: Final = "status-history"

_COMMON_KEYS: Final = ("title", "description", "id", "gridPos")
_QUERY_KEYS: Final = ("targets", "transformations")
_LINK: Final[Json] = {
    "asDropdown": False,
    "icon": "external link",
    "includeVars": False,
    "keepTime": False,
    "tags": [],
    "targetBlank": False,
    "tooltip": "",
    "url": "",
}
_HIDDEN_LEGEND: Final = {
    "calcs": list[str](), "displayMode": "list", "placement": "bottom", "showLegend": False,
}  # fmt: skip
_NATURAL: Final = 7
"""Sorts options by letters, and the numbers in them by value."""
_HIDE_FROM: Final = {"legend": False, "tooltip": False, "viz": False}
_NEWEST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}


class _Panel:
    """What all panels write, in place of `grafanalib.core.Panel.panel_json`."""

    asks = True

    def panel_json(self, overrides: Json) -> Json:
        """The keys of every panel, those in `overrides`, and those in grafanalib's `extraJson`."""
        common: Json = {key: getattr(self, key) for key in _COMMON_KEYS}
        if self.asks:
            common |= {key: getattr(self, key) for key in _QUERY_KEYS} | {"datasource": SOURCE}
        common |= {"links": self.links} if self.links else {}  # type: ignore[attr-defined]
        common |= _repeated(self.repeat)  # type: ignore[attr-defined]
        extra: Json = getattr(self, "extraJson", None) or {}
        whole = merged({**common, **overrides}, extra)
        return without_nulls(whole)


def _repeated(over: core.Repeat) -> Json:
    """The keys of what is repeated, side by side, for each value of a variable."""
    return {"repeat": over.variable, "repeatDirection": over.direction} if over.variable else {}


def merged(base: Json, extra: Json) -> Json:
    """`base` with the keys of `extra`, mappings within mappings merged."""
    result = dict(base)
    for key, value in extra.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        result[key] = merged(base[key], value) if both else value
    return result


def without_nulls(data: Json) -> Json:
    """`data` without the keys that hold None, at any depth of mappings."""
    return {
        key: without_nulls(value) if isinstance(value, dict) else value
        for key, value in data.items()
        if value is not None
    }


class TimeSeries(_Panel, core.TimeSeries):  # type: ignore[misc]
    """Lines over time."""

    def to_json_data(self) -> Json:
        """Grafana's `timeseries` panel."""
        data: Json = super().to_json_data()
        scale = data["fieldConfig"]["defaults"]["custom"]["scaleDistribution"]
        if scale["type"] == "linear":
            del scale["log"]
        legend = data["options"]["legend"]
        legend["showLegend"] = legend["displayMode"] != "hidden"
        if not legend["showLegend"]:
            legend["displayMode"] = "list"
        data["options"]["tooltip"]["hideZeros"] = False
        return data


class Stat(_Panel, core.Stat):  # type: ignore[misc]
    """One large value."""

    def to_json_data(self) -> Json:
        """Grafana's `stat` panel."""
        data: Json = super().to_json_data()
        del data["fieldConfig"]["defaults"]["custom"]
        data["options"] |= {
            "percentChangeColorMode": "standard",
            "reduceOptions": _NEWEST,
            "showPercentChange": False,
            "wideLayout": True,
        }
        return data


class BarGauge(_Panel, core.BarGauge):  # type: ignore[misc]
    """A bar a series."""

    def to_json_data(self) -> Json:
        """Grafana's `bargauge` panel."""
        options = {
            "displayMode": self.displayMode,
            "legend": _HIDDEN_LEGEND,
            "maxVizHeight": 300,
            "minVizHeight": 16,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": self.orientation,
            "reduceOptions": _NEWEST,
            "showUnfilled": True,
            "sizing": "auto",
            "valueMode": "color",
        }
        fields = {"defaults": {"color": {"mode": "thresholds"}}, "overrides": []}
        return self.panel_json(
            {"fieldConfig": fields, "options": options, "type": core.BARGAUGE_TYPE}
        )


class StateTimeline(_Panel, core.StateTimeline):  # type: ignore[misc]
    """A band a series, colored by its state."""

    def to_json_data(self) -> Json:
        """Grafana's `state-timeline` panel."""
        data: Json = super().to_json_data()
        data["fieldConfig"]["defaults"]["custom"]["hideFrom"] = _HIDE_FROM
        data["options"]["legend"] |= {"calcs": [], "showLegend": True}
        data["options"]["tooltip"] |= {"hideZeros": False, "sort": "none"}
        return data


class Heatmap(_Panel, core.Heatmap):  # type: ignore[misc]
    """A distribution over time, of buckets that Prometheus has counted."""

    def to_json_data(self) -> Json:
        """Grafana's `heatmap` panel."""
        options = {
            "calculate": False,
            "cellGap": 1,
            "color": {
                "exponent": 0.5,
                "fill": "dark-orange",
                "mode": "scheme",
                "reverse": False,
                "scale": "exponential",
                "scheme": "Oranges",
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": self.yAxis.format},
        }
        custom = {"hideFrom": _HIDE_FROM, "scaleDistribution": {"type": "linear"}}
        fields = {"defaults": {"custom": custom}, "overrides": []}
        return self.panel_json({"fieldConfig": fields, "options": options, "type": HEATMAP})


class Gauge(_Panel, core.GaugePanel):  # type: ignore[misc]
    """One value between two bounds."""

    def to_json_data(self) -> Json:
        """Grafana's `gauge` panel."""
        options = {
            "minVizHeight": 75,
            "minVizWidth": 75,
            "orientation": "auto",
            "reduceOptions": _NEWEST,
            "showThresholdLabels": False,
            "showThresholdMarkers": True,
            "sizing": "auto",
        }
        fields = {"defaults": {"color": {"mode": "thresholds"}}, "overrides": []}
        return self.panel_json({"fieldConfig": fields, "options": options, "type": core.GAUGE_TYPE})


class StatusHistory(_Panel, core.StateTimeline):  # type: ignore[misc]
    """A row of squares a series, colored by its state."""

    def to_json_data(self) -> Json:
        """Grafana's `status-history` panel."""
        custom = {"fillOpacity": self.fillOpacity, "hideFrom": _HIDE_FROM, "lineWidth": 0}
        options = {
            "colWidth": 0.9,
            "legend": _HIDDEN_LEGEND,
            "rowHeight": self.rowHeight,
            "showValue": self.showValue,
            "tooltip": {"hideZeros": False, "mode": "single", "sort": "none"},
        }
        fields = {
            "defaults": {"color": {"mode": "thresholds"}, "custom": custom},
            "overrides": [],
        }
        return self.panel_json({"fieldConfig": fields, "options": options, "type": STATUS_HISTORY})


class Histogram(_Panel, core.Histogram):  # type: ignore[misc]
    """How many series have which value."""

    def to_json_data(self) -> Json:
        """Grafana's `histogram` panel."""
        custom = {
            "fillOpacity": self.fillOpacity,
            "gradientMode": "none",
            "hideFrom": _HIDE_FROM,
            "lineWidth": 1,
            "stacking": {"group": "A", "mode": "none"},
        }
        options = {
            "bucketOffset": self.bucketOffset,
            "combine": self.combine,
            "legend": _HIDDEN_LEGEND,
            "tooltip": {"hideZeros": False, "mode": "single", "sort": "none"},
        }
        fields = {
            "defaults": {"color": {"mode": "thresholds"}, "custom": custom},
            "overrides": [],
        }
        return self.panel_json(
            {"fieldConfig": fields, "options": options, "type": core.HISTOGRAM_TYPE}
        )


class Text(_Panel, core.Text):  # type: ignore[misc]
    """Words, in Markdown."""

    asks = False

    def to_json_data(self) -> Json:
        """Grafana's `text` panel."""
        code = {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False}
        options = {"code": code, "content": self.content, "mode": self.mode}
        fields: Json = {"defaults": {}, "overrides": []}
        return self.panel_json({"fieldConfig": fields, "options": options, "type": core.TEXT_TYPE})


class AlertList(_Panel, core.Panel):  # type: ignore[misc]
    """What Grafana knows of alerts, those of Prometheus included."""

    asks = False

    def to_json_data(self) -> Json:
        """Grafana's `alertlist` panel."""
        options = {
            "alertName": "",
            "dashboardAlerts": False,
            "groupBy": [],
            "groupMode": "default",
            "showInactiveAlerts": False,
            "sortOrder": 3,
            "stateFilter": {
                "error": True,
                "firing": True,
                "noData": False,
                "normal": False,
                "pending": True,
                "recovering": True,
            },
            "viewMode": "list",
        }
        fields: Json = {"defaults": {}, "overrides": []}
        return self.panel_json(
            {"fieldConfig": fields, "options": options, "type": core.ALERTLIST_TYPE}
        )


class Table(_Panel, core.Table):  # type: ignore[misc]
    """Instant values side by side."""

    def to_json_data(self) -> Json:
        """Grafana's `table` panel."""
        custom = {
            "align": self.align,
            "cellOptions": {"type": "auto"},
            "filterable": self.filterable,
            "inspect": False,
        }
        fields = {"defaults": {"custom": custom, "unit": self.unit}, "overrides": self.overrides}
        options = {"cellHeight": "sm", "showHeader": self.showHeader, "sortBy": self.sortBy}
        return self.panel_json({"fieldConfig": fields, "options": options, "type": core.TABLE_TYPE})


class Row(_Panel, core.RowPanel):  # type: ignore[misc]
    """A title above panels."""

    def to_json_data(self) -> Json:
        """Grafana's `row`."""
        return {
            "collapsed": self.collapsed,
            "gridPos": self.gridPos,
            "id": self.id,
            "panels": self.panels,
            "title": self.title,
            "type": core.ROW_TYPE,
            **({"repeat": self.repeat.variable} if self.repeat.variable else {}),
        }


class Target(core.Target):  # type: ignore[misc]
    """One query."""

    exemplars = False

    def to_json_data(self) -> Json:
        """Grafana's query of a Prometheus datasource."""
        return {
            "datasource": SOURCE,
            "editorMode": "code",
            **({"exemplar": True} if self.exemplars else {}),
            "expr": self.expr,
            "format": self.format,
            "instant": self.instant,
            "legendFormat": self.legendFormat,
            "range": not self.instant,
            "refId": self.refId,
        }


class Variable(core.Template):  # type: ignore[misc]
    """One variable at the top of the dashboard."""

    extra: Json

    @classmethod
    def of_datasource(cls) -> Variable:
        """Offer every Prometheus that Grafana knows."""
        variable = cls("datasource", "prometheus", label="Data source", type="datasource")
        variable.extra = {"refresh": core.REFRESH_ON_DASHBOARD_LOAD, "regex": ""}
        return variable

    @classmethod
    def of_query(
        cls,
        name: str,
        label: str,
        query: str,
        *,
        several: bool = False,
        everything: bool = True,
        optional: bool = False,
        first: str | None = None,
    ) -> Variable:
        """Offer what a query finds.

        Args:
            name: of the variable.
            label: its title.
            query: Grafana's query of a Prometheus data source.
            several: whether several can be chosen.
            everything: of those, whether all are chosen at first, and not the first alone.
            optional: whether series may lack the label.
            first: chosen at first of a single choice, where it is on offer.
        """
        # Grafana chooses all at first wherever it offers all, whatever else is said.
        offers_all = several and everything
        variable = cls(name, query, label=label, multi=several, includeAll=offers_all)
        variable.extra = {
            "datasource": SOURCE,
            "definition": query,
            "query": {"query": query, "refId": f"variable-{name}"},
            "refresh": core.REFRESH_ON_TIME_RANGE_CHANGE,
            "regex": "",
            "sort": _NATURAL,
        }
        if offers_all:
            variable.extra["allValue"] = ".*" if optional else ".+"
            variable.extra["current"] = {"selected": True, "text": ["All"], "value": ["$__all"]}
        elif first is not None and not several:
            variable.extra["current"] = {"selected": True, "text": first, "value": first}
        return variable

    @classmethod
    def of_choice(cls, name: str, label: str, choices: Sequence[str]) -> Variable:
        """Offer some texts; the first is chosen at first."""
        variable = cls(name, ",".join(choices), label=label, type="custom", default=choices[0])
        variable.extra = {"current": variable.options[0], "options": variable.options}
        return variable

    def to_json_data(self) -> Json:
        """Grafana's variable of this type."""
        return {
            "hide": self.hide,
            "includeAll": self.includeAll,
            "label": self.label,
            "multi": self.multi,
            "name": self.name,
            "query": self.query,
            "skipUrlSync": False,
            "type": self.type,
            **self.extra,
        }


class Dashboard(core.Dashboard):  # type: ignore[misc]
    """A dashboard of the current schema."""

    def to_json_data(self) -> Json:
        """Grafana's dashboard."""
        return {
            "annotations": self.annotations,
            "description": self.description,
            "editable": self.editable,
            "fiscalYearStartMonth": 0,
            "graphTooltip": self.graphTooltip,
            "links": self.links,
            "panels": self.panels,
            "refresh": self.refresh,
            "schemaVersion": SCHEMA_VERSION,
            "tags": self.tags,
            "templating": self.templating,
            "time": self.time,
            "timepicker": {},
            "timezone": "browser",
            "title": self.title,
            "uid": self.uid,
        }


def position(*, left: int, top: int, width: int, height: int) -> core.GridPos:
    """A place in the grid of 24 columns and rows of 30 pixels."""
    return core.GridPos(h=height, w=width, x=left, y=top)


def repeated(variable: str | None) -> core.Repeat:
    """Side by side for each value of a variable."""
    return core.Repeat("h", variable) if variable else core.Repeat()


def text(dashboard: Dashboard) -> str:
    """A dashboard as JSON text: sorted keys, no times, the same text for the same dashboard."""
    return (
        json.dumps(
            dashboard,
            default=lambda part: part.to_json_data(),
            indent=2,
            sort_keys=True,
            ensure_ascii=False,
        )
        + "\n"
    )


def events(listed: list[Json]) -> core.Annotations:
    """Events over all panels."""
    return core.Annotations(listed)


def templating(variables: Sequence[Variable]) -> core.Templating:
    """The variables at the top."""
    return core.Templating(list(variables))


def time_range(back: str) -> core.Time:
    """From so far back, such as `6h`, until now."""
    return core.Time(f"now-{back}", "now")


def axis(unit: str) -> core.YAxis:
    """A vertical axis."""
    return core.YAxis(format=unit)


def sorting(column: str) -> core.TableSortByField:
    """Largest first."""
    return core.TableSortByField(displayName=column, desc=True)


def link(tag: str) -> Json:
    """To the other dashboards with a tag, with the time and the variables of this one."""
    return {
        **_LINK,
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "tags": [tag],
        "title": "Other dashboards",
        "type": "dashboards",
    }


def outside(title: str, address: str) -> Json:
    """To an address that names time and variables itself, in a tab of its own."""
    return {**_LINK, "targetBlank": True, "title": title, "type": "link", "url": address}
