"""Section `depends_on` of a model: what it needs from others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor.config.section import Duration, Section

Selector = Annotated[str, Field(min_length=1)]


class DependencySettings(Section):
    """Something upstream, and the series that tells of it; exactly one of the three."""

    name: Annotated[str, Field(min_length=1)] = Field(description="Name in alerts.")
    up: Selector | None = Field(
        default=None, description="PromQL that is 1 while it is there, such as up{job='features'}."
    )
    fresh: Selector | None = Field(
        default=None, description="PromQL of the Unix time of its last update, in seconds."
    )
    within: Duration = Field(
        default="1d", validate_default=True, description="How old that update may be."
    )
    unchanged: Selector | None = Field(
        default=None, description="PromQL whose value must stay the same, such as a schema version."
    )

    @model_validator(mode="after")
    def _one_series(self) -> Self:
        if sum(series is not None for series in (self.up, self.fresh, self.unchanged)) != 1:
            message = f"{self.name!r} needs exactly one of up, fresh and unchanged."
            raise ValueError(message)
        return self
