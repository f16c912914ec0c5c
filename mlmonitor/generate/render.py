"""A dashboard spec as Grafana's JSON: where each panel stands, what it asks, how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.generate import grafana, spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mlmonitor.generate.grafana import Json

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CELLS: Final[dict[str, Json]] = {
    "text": {"type": "color-text"},
    "background": {"mode": "basic", "type": "color-background"},
    "bar": {"mode": "basic", "type": "gauge", "valueDisplayMode": "color"},
}
_DASHED: Final = {"limit": "red", "reference": "text"}


@dataclass(frozen=True)
class Frame:
    """What stands around the panels of every dashboard.

    Attributes:
        variables: in the order in which they depend on one another.
        refresh: time between two refreshes, such as `30s`.
        range: how far back to look, such as `6h`.
        fill: what puts the configuration into an expression.
    """

    variables: Sequence[grafana.Variable]
    refresh: str
    range: str
    fill: Callable[[str], str]


def render(dashboard: spec.DashboardSpec, frame: Frame) -> str:
    """Write a dashboard as JSON text; the same spec and frame give the same text."""
    made = grafana.Dashboard(
        title=dashboard.title,
        description=dashboard.description,
        uid=dashboard.uid,
        tags=list(dashboard.tags),
        annotations=grafana.events([_annotation(one, frame) for one in dashboard.annotations]),
        graphTooltip=1,
        links=[grafana.link(tag) for tag in dashboard.tags[:1]],
        panels=_panels(dashboard, frame),
        refresh=frame.refresh,
        templating=grafana.templating(frame.variables),
        time=grafana.time_range(frame.range),
    )
    return grafana.text(made)


def _panels(dashboard: spec.DashboardSpec, frame: Frame) -> list[Any]:
    """Rows and panels from top to bottom; ids count up in the order of the spec."""
    made: list[Any] = []
    top = 0
    for row in dashboard.rows:
        place = grafana.position(left=0, top=top, width=spec.COLUMNS, height=1)
        made.append(grafana.Row(title=row.title, id=len(made) + 1, gridPos=place))
        top, left = top + 1, 0
        for panel in row.panels:
            place = grafana.position(left=left, top=top, width=panel.width, height=row.height)
            common = {
                "id": len(made) + 1,
                "gridPos": place,
                "title": panel.title,
                "description": panel.description,
            }
            made.append(_panel(panel, common, frame))
            left += panel.width
            if left == spec.COLUMNS:
                top, left = top + row.height, 0
    return made


def _panel(panel: spec.Panel, common: Json, frame: Frame) -> Any:
    """A panel of its type."""
    if isinstance(panel, spec.Table):
        return _table(panel, common, frame)
    common["targets"] = _targets(panel, frame)
    common["extraJson"] = {"fieldConfig": {"defaults": _look(panel)}}
    if isinstance(panel, spec.TimeSeries):
        return _time_series(panel, common)
    if isinstance(panel, spec.Stat):
        graph = "area" if panel.sparkline else "none"
        return grafana.Stat(
            **common, graphMode=graph, color={"mode": "thresholds"}, noValue=None, thresholds=[]
        )
    if isinstance(panel, spec.BarGauge):
        return grafana.BarGauge(**common, displayMode="basic")
    if isinstance(panel, spec.StateTimeline):
        return grafana.StateTimeline(**common, showValue="never", rowHeight=0.8)
    return grafana.Heatmap(**common, yAxis=grafana.axis(panel.unit))


def _targets(panel: Any, frame: Frame) -> list[grafana.Target]:
    layout = grafana.HEATMAP if isinstance(panel, spec.Heatmap) else grafana.TIME_SERIES
    instant = isinstance(panel, spec.BarGauge)
    return [
        grafana.Target(
            expr=frame.fill(query.expr),
            legendFormat=query.legend,
            refId=letter,
            format=layout,
            instant=instant,
        )
        for letter, query in zip(_LETTERS, panel.queries, strict=False)
    ]


def _time_series(panel: spec.TimeSeries, common: Json) -> grafana.TimeSeries:
    return grafana.TimeSeries(
        **common,
        overrides=[
            _dashed(letter, _DASHED[query.draw])
            for letter, query in zip(_LETTERS, panel.queries, strict=False)
            if query.draw in _DASHED
        ],
        fillOpacity=20 if panel.stack else 0,
        stacking={"group": "A", "mode": "normal" if panel.stack else "none"},
        legendDisplayMode="table",
        legendCalcs=list(panel.calcs),
        showPoints="never",
        thresholdsStyleMode="dashed" if panel.thresholds else "off",
        tooltipMode="multi",
        tooltipSort="desc",
        axisSoftMin=0,
    )


def _dashed(letter: str, color: str) -> Json:
    """Draw the series of one query as a dashed line."""
    line = {"dash": [8, 8], "fill": "dash"}
    properties = {"color": {"fixedColor": color, "mode": "fixed"}, "custom.lineStyle": line}
    return _override("byFrameRefID", letter, properties)


def _table(panel: spec.Table, common: Json, frame: Frame) -> grafana.Table:
    """Instant queries, merged by the labels they share, as titled columns in the spec's order."""
    columns = list(zip(_LETTERS, panel.columns, strict=False))
    titles = {**panel.labels, **{f"Value #{letter}": column.title for letter, column in columns}}
    organize = {
        "excludeByName": {"Time": True},
        "includeByName": {},
        "indexByName": {name: index for index, name in enumerate(titles)},
        "renameByName": titles,
    }
    targets = [
        grafana.Target(
            expr=frame.fill(column.expr),
            legendFormat=column.title,
            refId=letter,
            format=grafana.TABLE,
            instant=True,
        )
        for letter, column in columns
    ]
    return grafana.Table(
        **common,
        targets=targets,
        transformations=[
            {"id": "merge", "options": {}},
            {"id": "organize", "options": organize},
        ],
        overrides=[_column(column) for column in panel.columns],
        sortBy=[grafana.sorting(panel.sort)],
        filterable=True,
        unit="string",
    )


def _column(column: spec.Column) -> Json:
    properties = {**_look(column), "custom.cellOptions": _CELLS[column.cell]}
    if column.width:
        properties["custom.width"] = column.width
    return _override("byName", column.title, properties)


def _override(matcher: str, name: str, properties: Json) -> Json:
    return {
        "matcher": {"id": matcher, "options": name},
        "properties": [{"id": key, "value": value} for key, value in properties.items()],
    }


def _look(look: spec.Look) -> Json:
    """Unit, bounds, thresholds and meanings of values."""
    optional = {key: getattr(look, key, None) for key in ("decimals", "max", "min")}
    meanings = {
        value: {"color": one.color, "index": index, "text": one.text}
        for index, (value, one) in enumerate(look.values.items())
    }
    return {
        "mappings": [{"options": meanings, "type": "value"}] if meanings else [],
        "thresholds": {"mode": "absolute", "steps": _steps(look.thresholds)},
        "unit": look.unit,
        **{key: value for key, value in optional.items() if value is not None},
    }


def _steps(steps: Iterable[spec.Step]) -> list[Json]:
    """Thresholds; Grafana takes the first step, which has no value, as minus infinity."""
    return [{"color": "green"}, *({"color": step.color, "value": step.above} for step in steps)]


def _annotation(annotation: spec.Annotation, frame: Frame) -> Json:
    target = grafana.Target(
        expr=frame.fill(annotation.expr), refId="Anno", format=grafana.TIME_SERIES
    )
    return {
        "datasource": grafana.SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": annotation.color,
        "name": annotation.name,
        "target": target,
        "textFormat": annotation.text,
        "titleFormat": annotation.title,
        "useValueForTime": annotation.value_is_time,
    }
