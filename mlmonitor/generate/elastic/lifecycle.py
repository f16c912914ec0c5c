"""How long records are kept, and when a new index is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mlmonitor.config.elasticsearch import ElasticsearchSettings

POLICY: Final = "mlmonitor"
_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


def policy(settings: ElasticsearchSettings) -> dict[str, Any]:
    """The lifecycle policy of all data streams of models."""
    rollover = {
        "max_age": time(settings.rollover_age),
        "max_primary_shard_size": settings.rollover_size,
    }
    phases = {
        "hot": {"min_age": "0ms", "actions": {"rollover": rollover}},
        "delete": {
            # Counted from the rollover: no record is younger than the index was then.
            "min_age": time(settings.retention),
            "actions": {"delete": {"delete_searchable_snapshot": True}},
        },
    }
    meta = {"description": "Retention of prediction records.", "managed_by": "mlmonitor"}
    return {"policy": {"phases": phases, "_meta": meta}}


def time(seconds: float) -> str:
    """A length of time as Elasticsearch writes it: one number and its unit."""
    rest = round(seconds * 1000)
    unit, size = next(one for one in _UNITS if rest % one[1] == 0)
    return f"{rest // size}{unit}"
