"""Section `slo`: what is promised to those who call the model."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, field_validator

from mlmonitor import promql
from mlmonitor.config.section import Duration, Section
from mlmonitor.tally.layout import DURATION_EDGES

MILLISECOND: Final = 0.001
Objective = Annotated[float, Field(gt=0.5, lt=1, strict=True)]


class SloSettings(Section):
    """Objectives over 28 days; what is left out is inherited."""

    availability: Objective | None = Field(
        default=None, description="Share of calls that must not raise; 0.99."
    )
    latency: Duration | None = Field(
        default=None, description="How long a call may take; one of the latency buckets; 500ms."
    )
    latency_objective: Objective | None = Field(
        default=None, description="Share of calls that must be as quick as that; 0.99."
    )

    @field_validator("latency")
    @classmethod
    def _is_an_edge(cls, value: float | None) -> float | None:
        if value is not None and value not in DURATION_EDGES:
            edges = [promql.duration(edge) for edge in DURATION_EDGES if edge >= MILLISECOND]
            message = (
                f"{promql.duration(value)} is no edge of the latency buckets; "
                f"choose one of {', '.join(edges)}."
            )
            raise ValueError(message)
        return value
