"""Section `elasticsearch`: how records are kept there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor.config.section import Duration, Section

_STOCK_PRIORITY = 200


class ElasticsearchSettings(Section):
    """How records are kept, and which features of Elasticsearch are there."""

    profile: Literal["full", "core"] = Field(
        default="full",
        description="Features of Elasticsearch: full, or core for a build without lifecycle policies.",
    )
    priority: int = Field(
        default=500,
        gt=_STOCK_PRIORITY,
        strict=True,
        description="Priority of the index templates; Elastic's own have up to 200.",
    )
    shards: int = Field(default=1, ge=1, le=1024, strict=True, description="Primary shards.")
    rollover_age: Duration = Field(
        default="7d", validate_default=True, description="Age at which a new index is begun."
    )
    rollover_size: Annotated[str, Field(pattern=r"^[1-9][0-9]*(mb|gb)$")] = Field(
        default="50gb", description="Size of a primary shard at which one is begun."
    )
    retention: Duration = Field(
        default="30d", validate_default=True, description="How long records are kept."
    )

    @model_validator(mode="after")
    def _kept_longer_than_written(self) -> Self:
        if self.retention < self.rollover_age:
            message = "retention is shorter than rollover_age; raise it, or lower rollover_age."
            raise ValueError(message)
        return self
