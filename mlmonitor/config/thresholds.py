"""Section `thresholds`: how much is too much."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mlmonitor.config.section import Positive, Section, Share


class ThresholdSettings(Section):
    """How large a change must be, and how sure, before a column counts as drifted.

    What is left out has the default of `mlmonitor.drift.Thresholds`.
    """

    psi: Annotated[Positive, Field(le=100)] | None = Field(
        default=None, description="Population stability index above its noise floor; 0.2."
    )
    ks: Share | None = Field(
        default=None, description="Largest gap between cumulative shares of bins; 0.1."
    )
    mean_shift: Annotated[Positive, Field(le=1e6)] | None = Field(
        default=None, description="Distance of the means in reference deviations; 0.25."
    )
    spread: Annotated[Positive, Field(le=100)] | None = Field(
        default=None, description="Logarithm of the ratio of mean absolute deviations; 0.4."
    )
    rank: Share | None = Field(
        default=None, description="How much oftener values lie above than below; 0.2."
    )
    missing: Share | None = Field(default=None, description="Change of the missing share; 0.05.")
    nonzero: Share | None = Field(
        default=None, description="Change of the non-zero share of sparse columns; 0.1."
    )
    correlation: Share | None = Field(
        default=None, description="Of rows within a window, where it was not measured; 0.001."
    )
    alpha: Share | None = Field(
        default=None,
        description="False discovery rate over the columns of a model; from alerts.budget.",
    )
    minimum_rows: Annotated[int, Field(ge=1, le=10**9, strict=True)] | None = Field(
        default=None, description="Fewer rows in a window are not judged; 100."
    )

    @property
    def given(self) -> dict[str, float]:
        """The thresholds that the file names."""
        return self.model_dump(exclude_none=True)
