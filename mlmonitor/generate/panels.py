"""Panels of a spec as Grafana's: what they ask, and how it looks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.generate import grafana
from mlmonitor.generate import panelspec as spec
from mlmonitor.generate.fill import quoted_matchers
from mlmonitor.generate.variables import titled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlmonitor.generate.grafana import Json
    from mlmonitor.generate.limits import Limits
    from mlmonitor.generate.links import Links

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LIMIT: Final = "Z"
_CELLS: Final[dict[str, Json]] = {
    "text": {"type": "color-text"},
    "background": {"mode": "basic", "type": "color-background"},
    "bar": {"mode": "basic", "type": "gauge", "valueDisplayMode": "text"},
}
_DASHED: Final = {"limit": "red", "reference": "text"}
_DASH: Final = {"dash": [8, 8], "fill": "dash"}
_TABLE_LEGEND: Final = 12


@dataclass(frozen=True)
class Surroundings:
    """What a panel needs to know of its dashboard and of the configuration.

    Attributes:
        fill: what puts the configuration into an expression.
        limits: what resolves thresholds.
        links: what makes addresses.
        scope: the scope labels.
    """

    fill: Callable[[str], str]
    limits: Callable[[Sequence[spec.Step]], Limits]
    links: Links
    scope: tuple[str, ...]


def made(panel: spec.AnyPanel, place: Any, number: int, around: Surroundings) -> Any:
    """A panel of its type.

    Args:
        panel: as the spec says.
        place: where it stands.
        number: its id.
        around: its surroundings.
    """
    common: Json = {
        "id": number,
        "gridPos": place,
        "title": around.fill(panel.title),
        "description": around.fill(panel.description),
        "repeat": grafana.repeated(panel.repeat),
        "links": around.links.panel(panel.links),
    }
    if isinstance(panel, spec.Table):
        return _table(panel, common, around)
    if isinstance(panel, spec.TextPanel):
        return grafana.Text(**common, content=around.fill(panel.content))
    if isinstance(panel, spec.AlertList):
        chosen = quoted_matchers((*around.scope, *names.IDENTITY))
        options = {"alertInstanceLabelFilter": f"{{{chosen}}}", "maxItems": panel.limit}
        return grafana.AlertList(**common, extraJson={"options": options})
    limits = around.limits(panel.thresholds)
    common["links"] += [around.links.runbook(alert) for alert in limits.alerts]
    common["targets"] = _targets(panel, limits, around)
    look = _look(panel, limits)
    data_links = around.links.series(panel.data_links)
    if data_links:
        look["links"] = data_links
    common["extraJson"] = {"fieldConfig": {"defaults": look}}
    made = _MAKERS[type(panel)](panel, common, limits)
    if isinstance(panel, spec.TimeSeries):
        made.overrides += [
            _override("byRegexp", _series_of(column), {"links": given})
            for column, given in around.links.odd_series(panel.data_links).items()
        ]
    return made


def _series_of(column: str) -> str:
    """A regular expression of JavaScript for the legends that begin with a column."""
    escaped = re.sub(r"[\\^$*+?.()|[\]{}/]", r"\\\g<0>", column)
    return f"/^{escaped}(: .*)?$/"


def _targets(panel: Any, limits: Limits, around: Surroundings) -> list[grafana.Target]:
    layout = grafana.HEATMAP if isinstance(panel, spec.Heatmap) else grafana.TIME_SERIES
    instant = isinstance(panel, (spec.BarGauge, spec.Gauge, spec.Histogram)) or (
        isinstance(panel, spec.Stat) and not panel.sparkline
    )
    asked = [(letter, query) for letter, query in zip(_LETTERS, panel.queries, strict=False)]
    asked += [
        (_LIMIT, spec.Query(expr=series, legend="threshold", draw="limit"))
        for series in limits.series[:1]
    ]
    found = []
    for letter, query in asked:
        target = grafana.Target(
            expr=around.fill(query.expr),
            legendFormat=query.legend,
            refId=letter,
            format=layout,
            instant=instant,
        )
        target.exemplars = query.exemplars
        found.append(target)
    return found


def _time_series(panel: spec.TimeSeries, common: Json, limits: Limits) -> Any:
    wide = panel.width >= _TABLE_LEGEND and len(panel.queries) + panel.width > _TABLE_LEGEND
    auto = "table" if wide else "list"
    shown = {"auto": auto, "none": "hidden"}.get(panel.legend, panel.legend)
    drawn = [
        _drawn(letter, query.draw, query.color)
        for letter, query in zip(_LETTERS, panel.queries, strict=False)
        if query.draw != "line" or query.color
    ]
    drawn += [_drawn(_LIMIT, "limit") for _ in limits.series[:1]]
    return grafana.TimeSeries(
        **common,
        overrides=drawn,
        fillOpacity=30 if panel.stack else 0,
        lineWidth=2 if not panel.stack else 1,
        stacking={"group": "A", "mode": "normal" if panel.stack else "none"},
        legendDisplayMode=shown,
        legendPlacement="right" if shown == "table" else "bottom",
        legendCalcs=list(panel.calcs) if shown == "table" else [],
        showPoints="auto",
        thresholdsStyleMode="dashed" if limits.steps else "off",
        tooltipMode="multi",
        tooltipSort="desc",
        axisSoftMin=None if panel.log else 0,
        scaleDistributionType="log" if panel.log else "linear",
        scaleDistributionLog=10,
    )


def _drawn(letter: str, draw: str, color_name: str | None = None) -> Json:
    """How the series of one query are drawn: dashed, or in a color of their own."""
    color = {"fixedColor": color_name or _DASHED.get(draw, "red"), "mode": "fixed"}
    properties: Json = {"color": color}
    if draw in _DASHED:
        properties |= {"custom.lineStyle": _DASH, "custom.lineWidth": 1}
    return _override("byFrameRefID", letter, properties)


def _stat(panel: spec.Stat, common: Json, limits: Limits) -> Any:
    return grafana.Stat(
        **common,
        **_by_query(limits),
        graphMode="area" if panel.sparkline else "none",
        color={"mode": "thresholds"},
        noValue=None,
        thresholds=[],
        textMode=panel.show,
    )


def _gauge(_: spec.Gauge, common: Json, limits: Limits) -> Any:
    return grafana.Gauge(**common, **_by_query(limits))


def _bar_gauge(_: spec.BarGauge, common: Json, limits: Limits) -> Any:
    return grafana.BarGauge(**common, **_by_query(limits), displayMode="basic")


def _state_timeline(_: spec.StateTimeline, common: Json, __: Limits) -> Any:
    return grafana.StateTimeline(**common, showValue="never", rowHeight=0.8)


def _status_history(_: spec.StatusHistory, common: Json, __: Limits) -> Any:
    return grafana.StatusHistory(**common, showValue="never", rowHeight=0.8)


def _heatmap(panel: spec.Heatmap, common: Json, _: Limits) -> Any:
    return grafana.Heatmap(**common, yAxis=grafana.axis(panel.unit))


def _histogram(panel: spec.Histogram, common: Json, _: Limits) -> Any:
    if panel.size:
        common["extraJson"] |= {"options": {"bucketSize": panel.size}}
    return grafana.Histogram(**common, combine=True)


_MAKERS: Final[dict[type, Callable[[Any, Json, Limits], Any]]] = {
    spec.TimeSeries: _time_series,
    spec.Stat: _stat,
    spec.Gauge: _gauge,
    spec.BarGauge: _bar_gauge,
    spec.StateTimeline: _state_timeline,
    spec.StatusHistory: _status_history,
    spec.Heatmap: _heatmap,
    spec.Histogram: _histogram,
}


def _by_query(limits: Limits) -> Json:
    """Where the threshold is a series, Grafana colors by what the last query gives."""
    if not limits.series:
        return {}
    mapping = {
        "fieldName": "threshold",
        "handlerArguments": {"threshold": {"color": "red"}},
        "handlerKey": "threshold1",
    }
    options = {"configRefId": _LIMIT, "mappings": [mapping]}
    return {"transformations": [{"id": "configFromData", "options": options}]}


def _table(panel: spec.Table, common: Json, around: Surroundings) -> Any:
    """Instant queries, merged by the labels they share, as titled columns in the spec's order."""
    columns = list(zip(_LETTERS, panel.columns, strict=False))
    labels = _labels(panel, around.scope)
    # Grafana tells the values of several queries apart by their letters, and only of several.
    field_of = {
        letter: f"Value #{letter}" if len(columns) > 1 else "Value" for letter, _ in columns
    }
    named = {**labels, **{field_of[letter]: column.title for letter, column in columns}}
    hidden = {field_of[letter]: True for letter, column in columns if column.hidden}
    organize = {
        "excludeByName": {"Time": True, **hidden},
        "includeByName": {},
        "indexByName": {name: index for index, name in enumerate(named)},
        "renameByName": named,
    }
    field = next(name for name, title in named.items() if title == panel.sort)
    order = {"fields": {}, "sort": [{"desc": not panel.ascending, "field": field}]}
    targets = [
        grafana.Target(
            expr=around.fill(column.expr),
            legendFormat=column.title,
            refId=letter,
            format=grafana.TABLE,
            instant=True,
        )
        for letter, column in columns
    ]
    shown = [_column(column, around) for column in panel.columns if not column.hidden]
    cells = [
        _override("byName", title, {"links": links})
        for title, given in panel.cell_links.items()
        if (links := around.links.cells(given))
    ]
    return grafana.Table(
        **common,
        targets=targets,
        transformations=[
            {"id": "merge", "options": {}},
            {"id": "sortBy", "options": order},
            {"id": "organize", "options": organize},
        ],
        overrides=[*shown, *cells],
        filterable=True,
        unit="string",
    )


def _labels(panel: spec.Table, scope: tuple[str, ...]) -> dict[str, str]:
    """Label to title; `scope` stands for each scope label."""
    found: dict[str, str] = {}
    for label, title in panel.labels.items():
        found |= {one: titled(one) for one in scope} if label == "scope" else {label: title}
    return found


def _column(column: spec.Column, around: Surroundings) -> Json:
    limits = around.limits(column.thresholds)
    properties = {**_look(column, limits), "custom.cellOptions": _CELLS[column.cell]}
    if column.width:
        properties["custom.width"] = column.width
    return _override("byName", column.title, properties)


def _override(matcher: str, name: str, properties: Json) -> Json:
    return {
        "matcher": {"id": matcher, "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _look(look: spec.Look, limits: Limits) -> Json:
    """Unit, bounds, thresholds and meanings of values."""
    optional = {key: getattr(look, key, None) for key in ("decimals", "max", "min")}
    meanings = {
        value: {"color": one.color, "index": index, "text": one.text}
        for index, (value, one) in enumerate(look.values.items())
    }
    # Grafana takes the first step, which has no value, as minus infinity.
    steps = [{"color": look.base}, *({"color": color, "value": at} for at, color in limits.steps)]
    return {
        "mappings": [{"options": meanings, "type": "value"}] if meanings else [],
        "thresholds": {"mode": "absolute", "steps": steps},
        "unit": look.unit,
        **{key: value for key, value in optional.items() if value is not None},
    }
