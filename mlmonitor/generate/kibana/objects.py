"""All saved objects of one configuration, each after those that it refers to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from mlmonitor import bundled, names, streams
from mlmonitor.generate.elastic import columns, fields
from mlmonitor.generate.elastic.objects import references_of
from mlmonitor.generate.elastic.profile import PROFILES
from mlmonitor.generate.elastic.templates import ANY
from mlmonitor.generate.kibana import dashboard, spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.kibana.dashboard import Model
    from mlmonitor.yamlfile import Document, Key

Json = dict[str, Any]

FILE: Final = "kibana/mlmonitor.ndjson"
VIEW: Final = "mlmonitor"
"""Id of the data view of all models; that of one is its data set."""
TAG: Final = "mlmonitor"
_CORE: Final = "8.8.0"
_VERSIONS: Final = {
    "dashboard": "10.2.0",
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "tag": "8.0.0",
}
_RATE: Final = names.LOG_SAMPLE_RATE.name
# As `mlmonitor.explain` weights a record: one without a rate, or with none that can be, counts once.
_WEIGHT: Final = (
    "double rate = 1.0; "
    f"if (doc.containsKey('{_RATE}') && doc['{_RATE}'].size() != 0) {{ rate = doc['{_RATE}'].value; }} "
    "emit(rate > 0.0 && rate <= 1.0 ? 1.0 / rate : 1.0);"
)
_COMPUTED: Final = {
    names.LOG_SAMPLE_WEIGHT.name: {
        "script": {"source": _WEIGHT},
        "type": names.LOG_SAMPLE_WEIGHT.type,
    }
}
_INDEX: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"


@dataclass(frozen=True)
class _View:
    id: str
    title: str
    name: str


def files(config: MonitoringConfig, folder: Path | None = None) -> dict[str, str]:
    """Relative path -> text; the same configuration and references, the same text.

    Raises:
        MlmonitorError: see `saved_objects`.
    """
    return {FILE: ndjson(saved_objects(config, folder))}


def ndjson(objects: Iterable[Json]) -> str:
    """Saved objects as Kibana imports them: one a line."""
    return "".join(json.dumps(one, sort_keys=True, ensure_ascii=False) + "\n" for one in objects)


def saved_objects(config: MonitoringConfig, folder: Path | None = None) -> list[Json]:
    """What `monitoring.yaml` asks for, from the specs of `dashboards/kibana/` or another folder.

    Raises:
        MlmonitorError: a reference cannot be read; or a spec is wrong, or names a field, dashboard or
            search that does not exist.
    """
    loaded = [spec.load(path) for path in _specs(folder)]
    dashboard.check_links(loaded)
    models = list(_models(config))
    made = [_tag(), _view(_View(VIEW, ANY, "Predictions"), config, None)]
    for model in models:
        view = _View(
            view_id(model.name), streams.stream(model.name, "*"), f"Predictions of {model.name}"
        )
        made.append(_view(view, config, model.name))
    types = _types([], config)
    for found, document in loaded:
        if isinstance(found, spec.Search):
            made.append(_search(found, document, types))
    for found, document in loaded:
        if isinstance(found, spec.Dashboard):
            made += _dashboards(found, document, models, config)
    return made


def view_id(model: str | None) -> str:
    """Id of the data view of a model, or of all."""
    return VIEW if model is None else streams.dataset(model)


def check_fields(query: str, config: MonitoringConfig, document: Document, key: Key) -> None:
    """See that a query in KQL asks for fields that every model's records have.

    Raises:
        GenerationError: one is not; with the place in the document.
    """
    dashboard.check_query(query, _types([], config), document, key)


def _specs(folder: Path | None) -> list[Path]:
    return sorted((folder or bundled.folder("dashboards") / "kibana").glob("*.yaml"))


def _models(config: MonitoringConfig) -> Iterator[Model]:
    for name, references in references_of(config).items():
        weights = {
            column: settings.importance
            for model in config.models
            if model.name == name
            for column, settings in model.columns.items()
        }
        found = columns.types_of(references)
        ordered = sorted(found, key=lambda key: -weights.get(key[1], 1.0))
        yield dashboard.Model(
            name=name,
            columns={key: found[key] for key in ordered},
            types=_types(references, config),
        )


def _types(references: list[Any], config: MonitoringConfig) -> dict[str, str]:
    """Types of the fields that the templates have, by name."""
    profile = PROFILES[config.elasticsearch.profile]
    properties = [fields.common(profile), fields.own(profile), columns.sides(references, profile)]
    found = {name: one["type"] for part in properties for name, one in fields.flat(part).items()}
    return found | {name: one["type"] for name, one in _COMPUTED.items()}


def _dashboards(
    found: spec.Dashboard, document: Document, models: list[Model], config: MonitoringConfig
) -> Iterator[Json]:
    grafana = config.links.grafana
    if found.each is None:
        everything = dashboard.Model("", {}, _types([], config))
        frame = dashboard.Frame(VIEW, grafana, everything, document)
        yield _saved("dashboard", found.id, *dashboard.render(found, frame))
        return
    for model in models:
        frame = dashboard.Frame(view_id(model.name), grafana, model, document)
        key = f"{found.id}-{streams.dataset(model.name).removeprefix(streams.PREFIX)}"
        yield _saved("dashboard", key, *dashboard.render(found, frame))


def _search(found: spec.Search, document: Document, types: dict[str, str]) -> Json:
    for index, name in enumerate(found.columns):
        if name not in types:
            raise document.error(("columns", index), f"{name!r} is no field of the templates.")
    dashboard.check_query(found.where, types, document, ("where",))
    source = {
        "filter": [],
        "indexRefName": _INDEX,
        "query": {"language": "kuery", "query": found.where},
    }
    attributes = {
        "columns": list(found.columns),
        "description": found.description,
        "grid": {},
        "hideChart": False,
        "isTextBasedQuery": False,
        "kibanaSavedObjectMeta": {"searchSourceJSON": _text(source)},
        "sort": [[names.LOG_TIMESTAMP.name, "desc"]],
        "timeRestore": False,
        "title": found.title,
    }
    return _saved(
        "search", found.id, attributes, [{"id": VIEW, "name": _INDEX, "type": "index-pattern"}]
    )


def _tag() -> Json:
    attributes = {"color": "#0077CC", "description": "Monitoring of models.", "name": TAG}
    return _saved("tag", TAG, attributes, [], tagged=False)


def _view(view: _View, config: MonitoringConfig, model: str | None) -> Json:
    attributes = {
        "allowNoIndex": True,
        "fieldAttrs": "{}",
        "fieldFormatMap": _text(_formats(config.links.grafana, model)),
        "fields": "[]",
        "name": view.name,
        "runtimeFieldMap": _text(_COMPUTED),
        "sourceFilters": "[]",
        "timeFieldName": names.LOG_TIMESTAMP.name,
        "title": view.title,
        "typeMeta": "{}",
    }
    return _saved("index-pattern", view.id, attributes, [])


def _formats(grafana: str, model: str | None) -> Json:
    """How fields are shown: durations in milliseconds, models and violations as links to Grafana."""
    duration = {
        "inputFormat": "nanoseconds",
        "outputFormat": "asMilliseconds",
        "outputPrecision": 2,
        "showSuffix": True,
        "useShortSuffix": True,
    }
    page = f"{grafana}/d/mlmonitor-model"
    chosen = "" if model is None else f"var-model={quote(model, safe='')}&"
    return {
        names.LOG_EVENT_DURATION.name: {"id": "duration", "params": duration},
        names.LOG_MODEL.name: _link(f"{page}?var-model={{{{value}}}}"),
        names.LOG_VIOLATION_COLUMN.name: _link(f"{page}?{chosen}var-column={{{{value}}}}"),
    }


def _link(template: str) -> Json:
    params = {"labelTemplate": "{{value}}", "openLinkInCurrentTab": False, "type": "a"}
    return {"id": "url", "params": {**params, "urlTemplate": template}}


def _saved(
    kind: str, key: str, attributes: Json, references: list[Json], *, tagged: bool = True
) -> Json:
    tags = [{"id": TAG, "name": f"tag-ref-{TAG}", "type": "tag"}] if tagged else []
    return {
        "attributes": attributes,
        "coreMigrationVersion": _CORE,
        "id": key,
        "managed": False,
        "references": [*references, *tags],
        "type": kind,
        "typeMigrationVersion": _VERSIONS[kind],
    }


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
