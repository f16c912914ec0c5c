"""Component and index templates: one data stream a model, and one for models that nobody declared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names, streams
from mlmonitor.generate.elastic import columns, fields
from mlmonitor.generate.elastic.lifecycle import POLICY, time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.config.elasticsearch import ElasticsearchSettings
    from mlmonitor.generate.elastic.profile import Profile
    from mlmonitor.reference import Reference

ANY: Final = f"{streams.TYPE}-{streams.PREFIX}*-*"
"""All data streams of models."""

ECS: Final = "mlmonitor-ecs@mappings"
OWN: Final = "mlmonitor-record@mappings"
SETTINGS: Final = "mlmonitor@settings"
MAKER: Final = "mlmonitor"
UNDECLARED: Final = "logs-mlmonitor"

# What Elasticsearch allows a mapping without being asked.
_USUAL_FIELDS: Final = 1000
_SEARCHED: Final = (
    names.LOG_MESSAGE, names.LOG_ERROR_MESSAGE, names.LOG_ERROR_TYPE, names.LOG_EVENT_ID,
    names.LOG_PREDICTION_ID, names.LOG_TRACE_ID, names.LOG_MODEL, names.LOG_VERSION,
)  # fmt: skip


def meta(text: str) -> dict[str, str]:
    """What tells the project's objects from others'."""
    return {"description": text, "managed_by": MAKER}


def shared(settings: ElasticsearchSettings, profile: Profile) -> dict[str, dict[str, Any]]:
    """Component templates that all models use."""
    return {
        ECS: _component(
            {"mappings": _mappings(fields.common(profile))}, "Fields of the Elastic Common Schema."
        ),
        OWN: _component(
            {"mappings": _mappings(fields.own(profile))}, "Fields of a prediction record."
        ),
        SETTINGS: _component({"settings": {"index": _index(settings, profile)}}, "How it is kept."),
    }


def of_model(model: str, references: Sequence[Reference], profile: Profile) -> dict[str, Any]:
    """The component template of a model's columns."""
    mappings = _mappings(columns.sides(references, profile))
    limit = _room(len(fields.flat(mappings["properties"])))
    settings = {"index": {"mapping": {"total_fields": {"limit": limit}}}}
    return _component(
        {"mappings": mappings, "settings": settings}, f"Columns of the model {model}."
    )


def own_name(model: str) -> str:
    """Name of that component template."""
    return f"{streams.dataset(model)}@mappings"


def index_name(model: str) -> str:
    """Name of the index template of a model."""
    return f"{streams.TYPE}-{streams.dataset(model)}"


def index_of_model(model: str, settings: ElasticsearchSettings) -> dict[str, Any]:
    """The index template of a model, above the one of all models."""
    parts = [ECS, OWN, SETTINGS, own_name(model)]
    body = _index_template([streams.stream(model, "*")], parts, settings.priority + 1, settings)
    return {**body, "_meta": meta(f"Records of the model {model}.")}


def index_of_all(settings: ElasticsearchSettings) -> dict[str, Any]:
    """The index template of models without one of their own: columns are kept, and not searched."""
    body = _index_template([ANY], [ECS, OWN, SETTINGS], settings.priority, settings)
    sides = fields.nested(
        (field.path, {"type": "object", "dynamic": False})
        for field in names.COLUMNS_OF_SIDE.values()
    )
    body["template"]["mappings"] = _mappings(sides)
    return {**body, "_meta": meta("Records of models that are not in monitoring.yaml.")}


def _index_template(
    patterns: list[str], parts: list[str], priority: int, settings: ElasticsearchSettings
) -> dict[str, Any]:
    return {
        "index_patterns": patterns,
        "priority": priority,
        "data_stream": {},
        "composed_of": parts,
        "template": {"lifecycle": {"data_retention": time(settings.retention)}},
    }


def _component(template: dict[str, Any], text: str) -> dict[str, Any]:
    return {"template": template, "_meta": meta(text)}


def _mappings(properties: dict[str, Any]) -> dict[str, Any]:
    return {"dynamic": False, "properties": properties}


def _index(settings: ElasticsearchSettings, profile: Profile) -> dict[str, Any]:
    """Settings of an index; numbers are texts, as Elasticsearch gives them back."""
    index: dict[str, Any] = {
        "auto_expand_replicas": "0-1",
        "codec": "best_compression",
        "mapping": {
            "depth": {"limit": str(_depth())},
            "field_name_length": {"limit": str(2 * streams.FIELD_LIMIT)},
            "nested_fields": {"limit": "1"},
            "total_fields": {"limit": str(_USUAL_FIELDS)},
        },
        "number_of_shards": str(settings.shards),
        # Else a search for a word asks every field, and fails with more than 1,024 of them.
        "query": {"default_field": [field.name for field in _SEARCHED]},
    }
    if profile.policies:
        index["lifecycle"] = {"name": POLICY}
    return index


def _depth() -> int:
    """Objects within one another, the record and a column's further types included."""
    return max(len(field.path) for field in names.LOG_FIELDS.values()) + 2


def _room(columns: int) -> str:
    """How many fields a model may have: its columns' twice, for versions to come, in hundreds."""
    return str(_USUAL_FIELDS + 100 * math.ceil(2 * columns / 100))
