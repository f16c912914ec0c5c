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

_COMMON_KEYS: Final = ("title", "description", "id", "gridPos", "targets", "transformations")
_HIDDEN_LEGEND: Final = {
    "calcs": list[str](), "displayMode": "list", "placement": "bottom", "showLegend": False,
}  # fmt: skip
_HIDE_FROM: Final = {"legend": False, "tooltip": False, "viz": False}
_NEWEST: Final = {"calcs": ["lastNotNull"], "fields": "", "values": False}


class _Panel:
    """What all panels write, in place of `grafanalib.core.Panel.panel_json`."""

    def panel_json(self, overrides: Json) -> Json:
        """The keys of every panel, those in `overrides`, and those in grafanalib's `extraJson`."""
        common = {key: getattr(self, key) for key in _COMMON_KEYS}
        extra: Json = getattr(self, "extraJson", None) or {}
        whole = merged({**common, "datasource": SOURCE, **overrides}, extra)
        return without_nulls(whole)


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
        del data["fieldConfig"]["defaults"]["custom"]["scaleDistribution"]["log"]
        data["options"]["legend"]["showLegend"] = True
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
        }


class Target(core.Target):  # type: ignore[misc]
    """One query."""

    def to_json_data(self) -> Json:
        """Grafana's query of a Prometheus datasource."""
        return {
            "datasource": SOURCE,
            "editorMode": "code",
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
    def of_query(cls, name: str, label: str, query: str, *, several: bool = False) -> Variable:
        """Offer what a query finds; of `several` all are chosen at first."""
        variable = cls(name, query, label=label, multi=several, includeAll=several)
        variable.extra = {
            "datasource": SOURCE,
            "definition": query,
            "query": {"query": query, "refId": f"variable-{name}"},
            "refresh": core.REFRESH_ON_TIME_RANGE_CHANGE,
            "regex": "",
            "sort": core.SORT_ALPHA_ASC,
        }
        if several:
            chosen = {"selected": True, "text": ["All"], "value": ["$__all"]}
            variable.extra |= {"allValue": ".+", "current": chosen}
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


def link(tag: str) -> core.DashboardLink:
    """To the other dashboards with a tag, with the time and the variables of this one."""
    return core.DashboardLink(
        title="Other dashboards", tags=[tag], asDropdown=True, includeVars=True, keepTime=True
    )
