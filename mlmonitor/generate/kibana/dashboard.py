"""A dashboard spec as a saved dashboard: panels, where they stand, and where a click leads."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor import names, streams
from mlmonitor.generate.kibana import lens, spec
from mlmonitor.yamlfile import hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mlmonitor.yamlfile import Document, Key

Json = dict[str, Any]

MOST_COLUMNS: Final = 24
"""Panels of one spec with `each`: the columns of most weight, then those that come first."""

_NUMBERS: Final = frozenset({"double", "long", "date"})
_COUNTED: Final = frozenset({"keyword", "constant_keyword", "boolean", *_NUMBERS})
_FIELD: Final = re.compile(r"([\w@.~-]+)\s*:")
_PLACEHOLDER: Final = re.compile(r"<(\w+)>")
_DASHBOARD_DRILLDOWN: Final = "DASHBOARD_TO_DASHBOARD_DRILLDOWN"
_SINCE: Final = "&".join(
    f"{key}={{{{encodeURIComponent context.panel.timeRange.{key}}}}}" for key in ("from", "to")
)
_CONTROLS: Final = (
    ("Model", names.LOG_MODEL),
    ("Version", names.LOG_VERSION),
    ("Role", names.LOG_ROLE),
)


@dataclass(frozen=True)
class Model:
    """What a dashboard shows: types of its columns' fields by side and name, and of all fields."""

    name: str
    columns: Mapping[tuple[str, str], Sequence[str]]
    types: Mapping[str, str]


@dataclass(frozen=True)
class Frame:
    """What a dashboard is made for: data view, Grafana's address, model, and the spec's lines."""

    view: str
    grafana: str
    model: Model
    document: Document


def render(found: spec.Dashboard, frame: Frame) -> tuple[Json, list[Json]]:
    """Attributes and references of a dashboard; the same spec and frame, the same result.

    Raises:
        GenerationError: the spec names a field that does not exist, or cannot be counted so.
    """
    panels, references = [], []
    for panel, place, key in _placed(found, frame):
        made, needed = _panel(panel, place, frame, key)
        panels.append(made)
        references += [{**one, "name": f"{panel.id}:{one['name']}"} for one in needed]
    controls, more = _controls(frame.view)
    attributes = {
        "controlGroupInput": controls,
        "description": found.description,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text({"filter": [], "query": lens.kql("")})},
        "optionsJSON": _text(
            {
                "hidePanelTitles": False,
                "syncColors": True,
                "syncCursor": True,
                "syncTooltips": False,
                "useMargins": True,
            }
        ),
        "panelsJSON": _text(panels),
        "timeFrom": found.range,
        "timeRestore": True,
        "timeTo": "now",
        "title": _filled(found.title, {"model": frame.model.name}),
        "version": 1,
    }
    return attributes, [*references, *more]


def check_links(loaded: Sequence[tuple[spec.Dashboard | spec.Search, Document]]) -> None:
    """See that every drilldown and list of records leads to something that there is.

    Raises:
        GenerationError: one does not.
    """
    boards = [one.id for one, _ in loaded if isinstance(one, spec.Dashboard) and not one.each]
    searches = [one.id for one, _ in loaded if isinstance(one, spec.Search)]
    for found, document in loaded:
        rows = found.rows if isinstance(found, spec.Dashboard) else ()
        for row_index, row in enumerate(rows):
            for index, panel in enumerate(row.panels):
                key: Key = ("rows", row_index, "panels", index)
                if isinstance(panel, spec.RecordsPanel):
                    _known(panel.search, searches, document, (*key, "search"))
                    continue
                for number, drilldown in enumerate(panel.drilldowns):
                    if drilldown.to is not None:
                        _known(drilldown.to, boards, document, (*key, "drilldowns", number, "to"))


def _known(name: str, names_known: list[str], document: Document, key: Key) -> None:
    if name not in names_known:
        raise document.error(key, f"there is no {name!r}{hint(name, names_known)}")


def check_query(text: str, types: Mapping[str, str], document: Document, key: Key) -> None:
    """See that a query asks for fields that there are.

    Raises:
        GenerationError: one is not.
    """
    for field in _FIELD.findall(text):
        if field not in types:
            raise document.error(key, f"{field!r} is no field of the templates.")


def _placed(
    found: spec.Dashboard, frame: Frame
) -> Iterator[tuple[spec.LensPanel | spec.RecordsPanel, Json, Key]]:
    """Panels from top to bottom with their places; those with `each` once a column."""
    top = 0
    for row_index, row in enumerate(found.rows):
        left = 0
        used = False
        for index, written in enumerate(row.panels):
            for panel in _expanded(written, frame.model):
                if left + panel.width > spec.COLUMNS:
                    top, left = top + row.height, 0
                place = {"h": row.height, "i": panel.id, "w": panel.width, "x": left, "y": top}
                yield panel, place, ("rows", row_index, "panels", index)
                left, used = left + panel.width, True
        top += row.height if used else 0


def _expanded(
    panel: spec.LensPanel | spec.RecordsPanel, model: Model
) -> Iterable[spec.LensPanel | spec.RecordsPanel]:
    if isinstance(panel, spec.RecordsPanel):
        return [panel]
    if panel.each is None:
        return [_with(panel, {"model": model.name})]
    chosen = [
        (name, types[0])
        for (side, name), types in model.columns.items()
        if side == panel.each and types[0] in panel.types
    ]
    return [_of_column(panel, name, model) for name, _ in chosen[:MOST_COLUMNS]]


def _of_column(panel: spec.LensPanel, column: str, model: Model) -> spec.LensPanel:
    """A panel with the placeholders of a column filled in."""
    side = names.COLUMNS_OF_SIDE[str(panel.each)].name
    field = streams.field(column)
    values = {"column": column, "field": f"{side}.{field}", "model": model.name}
    return _with(panel, values).model_copy(update={"id": f"{panel.id}-{field}"})


def _with(panel: spec.LensPanel, values: Mapping[str, str]) -> spec.LensPanel:
    """A panel with its placeholders filled in, in addresses escaped."""
    data = _all_filled(panel.model_dump(), values)
    escaped = {key: quote(value, safe="") for key, value in values.items()}
    for drilldown, written in zip(data["drilldowns"], panel.drilldowns, strict=True):
        if written.grafana:
            drilldown["grafana"] = _filled(written.grafana, escaped)
    return spec.LensPanel.model_validate(data)


def _all_filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _filled(value, values)
    if isinstance(value, dict):
        return {key: _all_filled(one, values) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_all_filled(one, values) for one in value]
    return value


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def _panel(
    panel: spec.LensPanel | spec.RecordsPanel, place: Json, frame: Frame, key: Key
) -> tuple[Json, list[Json]]:
    """A panel and what it refers to."""
    if isinstance(panel, spec.RecordsPanel):
        name = f"panel_{panel.id}"
        made = {
            "embeddableConfig": {"enhancements": {}},
            "gridData": place,
            "panelIndex": panel.id,
            "panelRefName": name,
            "title": panel.title,
            "type": "search",
        }
        return made, [{"id": panel.search, "name": name, "type": "search"}]
    _check(panel, frame, key)
    attributes = lens.attributes(panel, frame.view, lambda field: frame.model.types[field])
    events, boards = _drilldowns(panel, frame.grafana)
    made = {
        "embeddableConfig": {
            "attributes": attributes,
            "description": panel.description,
            "enhancements": {"dynamicActions": {"events": events}},
            "hidePanelTitles": False,
        },
        "gridData": place,
        "panelIndex": panel.id,
        "title": panel.title,
        "type": "lens",
    }
    return made, [lens.reference(frame.view), *boards]


def _check(panel: spec.LensPanel, frame: Frame, key: Key) -> None:
    """See that every field is there, and can be counted or averaged."""
    types, document = frame.model.types, frame.document
    check_query(panel.where, types, document, (*key, "where"))
    terms = [*(panel.over if panel.over != "time" else ()), *([panel.split] if panel.split else [])]
    asked = [(one.terms, _COUNTED, "counted by value") for one in terms]
    for metric in panel.metrics:
        check_query(metric.where or "", types, document, (*key, "metrics"))
        if metric.of is not None:
            numeric = metric.do != "unique_count"
            asked.append(
                (metric.of, _NUMBERS if numeric else _COUNTED, f"asked for its {metric.do}")
            )
    for field, able, how in asked:
        if types.get(field) not in able:
            kind = types.get(field, "not there")
            raise document.error(key, f"field {field!r} is {kind}, and cannot be {how}.")


def _drilldowns(panel: spec.LensPanel, grafana: str) -> tuple[list[Json], list[Json]]:
    """Events of the panel, and the dashboards that they refer to."""
    events, references = [], []
    for index, drilldown in enumerate(panel.drilldowns):
        event = f"drilldown-{index}"
        if drilldown.to is not None:
            name = f"drilldown:{_DASHBOARD_DRILLDOWN}:{event}:dashboardId"
            references.append({"id": drilldown.to, "name": name, "type": "dashboard"})
            config: Json = {"useCurrentDateRange": True, "useCurrentFilters": True}
            factory, trigger = _DASHBOARD_DRILLDOWN, "FILTER_TRIGGER"
        else:
            # Encoded part by part: of a whole address Kibana leaves & and + as they are.
            config = {
                "encodeUrl": False,
                "openInNewTab": True,
                "url": {"template": f"{grafana}{drilldown.grafana}&{_SINCE}"},
            }
            factory, trigger = "URL_DRILLDOWN", "VALUE_CLICK_TRIGGER"
        action = {"config": config, "factoryId": factory, "name": drilldown.name}
        events.append({"action": action, "eventId": event, "triggers": [trigger]})
    return events, references


def _controls(view: str) -> tuple[Json, list[Json]]:
    """Choices at the top, each offering what the ones before leave."""
    panels, references = {}, []
    for order, (title, field) in enumerate(_CONTROLS):
        key = f"control-{order}"
        explicit = {
            "dataViewId": view,
            "fieldName": field.name,
            "id": key,
            "searchTechnique": "prefix",
            "selectedOptions": [],
            "sort": {"by": "_count", "direction": "desc"},
            "title": title,
        }
        panels[key] = {
            "explicitInput": explicit,
            "grow": True,
            "order": order,
            "type": "optionsListControl",
            "width": "medium",
        }
        name = f"controlGroup_{key}:optionsListDataView"
        references.append({"id": view, "name": name, "type": "index-pattern"})
    ignored = {f"ignore{what}": False for what in ("Filters", "Query", "Timerange", "Validations")}
    group = {
        "chainingSystem": "HIERARCHICAL",
        "controlStyle": "oneLine",
        "ignoreParentSettingsJSON": _text(ignored),
        "panelsJSON": _text(panels),
        "showApplySelections": False,
    }
    return group, references


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
