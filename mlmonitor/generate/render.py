"""A dashboard spec as Grafana's JSON: rows and panels from top to bottom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlmonitor.generate import grafana, layout, panels
from mlmonitor.generate.panelspec import Step
from mlmonitor.generate.signature import signed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlmonitor.config.dashboards import PanelChange
    from mlmonitor.generate import spec
    from mlmonitor.generate.grafana import Json
    from mlmonitor.generate.panelspec import AnyPanel


@dataclass(frozen=True)
class Frame:
    """What stands around the panels of a dashboard.

    Attributes:
        name: of the spec.
        variables: in the order in which they depend on one another.
        refresh: time between two refreshes, such as `30s`.
        range: how far back to look, such as `6h`.
        around: what panels need to know.
        features: that are switched on.
        changes: to single panels, by their id.
    """

    name: str
    variables: Sequence[grafana.Variable]
    refresh: str
    range: str
    around: panels.Surroundings
    features: Collection[str] = ()
    changes: Mapping[str, PanelChange] = field(default_factory=dict)


def render(dashboard: spec.DashboardSpec, frame: Frame) -> str | None:
    """Write a dashboard as JSON text; the same spec and frame give the same text.

    None where nothing of it is switched on.
    """
    made = _panels(dashboard, frame)
    if not made or not _is_on(dashboard.when, frame):
        return None
    return grafana.text(
        grafana.Dashboard(
            title=dashboard.title,
            description=signed(dashboard.description, frame.name),
            uid=dashboard.uid,
            tags=list(dashboard.tags),
            annotations=grafana.events([_annotation(one, frame) for one in dashboard.annotations]),
            graphTooltip=1,
            links=_links(dashboard, frame),
            panels=made,
            refresh=frame.refresh,
            templating=grafana.templating(frame.variables),
            time=grafana.time_range(frame.range),
        )
    )


def _links(dashboard: spec.DashboardSpec, frame: Frame) -> list[Json]:
    listed = [grafana.link(tag) for tag in dashboard.tags[:1]]
    kibana = frame.around.links.kibana()
    if kibana:
        listed.append(grafana.outside("Records in Kibana", kibana))
    return listed


def _panels(dashboard: spec.DashboardSpec, frame: Frame) -> list[Any]:
    """Rows and panels from top to bottom; ids count up in the order of the spec."""
    made: list[Any] = []
    top, number = 0, 0
    for row in dashboard.rows:
        shown = [panel for panel in map(_changed(frame), row.panels) if panel is not None]
        if not shown or not _is_on(row.when, frame):
            continue
        number += 1
        place = grafana.position(left=0, top=top, width=layout.COLUMNS, height=1)
        repeat = grafana.repeated(row.repeat)
        head = grafana.Row(
            title=frame.around.fill(row.title),
            id=number,
            gridPos=place,
            repeat=repeat,
            collapsed=row.collapsed,
        )
        inside = []
        positions, bottom = _positions(shown, top + 1, row.height)
        for panel, position in zip(shown, positions, strict=True):
            number += 1
            inside.append(panels.made(panel, position, number, frame.around))
        if row.collapsed:
            head.panels = inside
            made.append(head)
            top += 1
        else:
            made += [head, *inside]
            top = bottom
    return made


def _positions(shown: Sequence[AnyPanel], top: int, height: int) -> tuple[list[Any], int]:
    """Where the panels of a row stand, and where the next row begins."""
    found = []
    for line in layout.lines([panel.width for panel in shown]):
        left = 0
        for width in line:
            found.append(grafana.position(left=left, top=top, width=width, height=height))
            left += width
        top += height
    return found, top


def _changed(frame: Frame) -> Any:
    """What makes of a panel the one that monitoring.yaml wants, or None."""

    def changed(panel: AnyPanel) -> AnyPanel | None:
        change = frame.changes.get(panel.id)
        if not _is_on(panel.when, frame) or (change is not None and not change.enabled):
            return None
        if change is None:
            return panel
        return panel.model_copy(update=_updates(change))

    return changed


def _updates(change: PanelChange) -> Json:
    updates: Json = {}
    if change.title:
        updates["title"] = change.title
    if change.width:
        updates["width"] = change.width
    if change.thresholds is not None:
        updates["thresholds"] = tuple(
            Step(above=step.above, color=step.color) for step in change.thresholds
        )
    return updates


def _is_on(when: str | None, frame: Frame) -> bool:
    return when is None or when in frame.features


def _annotation(annotation: spec.Annotation, frame: Frame) -> Json:
    target = grafana.Target(
        expr=frame.around.fill(annotation.expr), refId="Anno", format=grafana.TIME_SERIES
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
