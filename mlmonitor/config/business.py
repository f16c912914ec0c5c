"""Section `business` of a model: what a prediction is good for, and which values of that are fine."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor.business import BusinessMetric, BusinessType
from mlmonitor.config.alerts import Severity
from mlmonitor.config.section import Duration, Section

Statistic = Literal["rate", "value", "mean", "p50", "p95", "p99"]
Bound = Annotated[float, Field(strict=True, allow_inf_nan=False)]

_STATISTICS: Final[dict[BusinessType, tuple[Statistic, ...]]] = {
    "counter": ("rate",),
    "gauge": ("value",),
    "distribution": ("mean", "rate", "p50", "p95", "p99"),
}
"""What can be taken of each type, the usual one first."""


class BusinessAlertSettings(Section):
    """Which values of a business metric are fine."""

    below: Bound | None = Field(default=None, description="Smaller values alert.")
    above: Bound | None = Field(default=None, description="Larger values alert.")
    over: Duration = Field(
        default="1h", validate_default=True, description="Over how long the statistic is taken."
    )
    statistic: Statistic | None = Field(
        default=None,
        description="rate (a second), value, mean, p50, p95 or p99; "
        "rate of a counter, value of a gauge, mean of a distribution.",
    )
    severity: Severity = Field(
        default="warning", description="critical pages, warning makes a ticket, info records."
    )
    minimum: Annotated[int, Field(ge=1, le=10**9, strict=True)] = Field(
        default=30, description="Fewer values have no mean and no quantiles to judge."
    )

    @model_validator(mode="after")
    def _band(self) -> Self:
        if self.below is None and self.above is None:
            message = "names no bound; give below, above or both."
            raise ValueError(message)
        if self.below is not None and self.above is not None and self.below >= self.above:
            message = "below must be less than above: what lies between them is fine."
            raise ValueError(message)
        return self


class BusinessSettings(Section):
    """A business metric: what `monitor.business` records, and when to alert on it."""

    type: BusinessType = Field(
        description="counter adds up, gauge keeps the last value, distribution counts by bucket."
    )
    buckets: tuple[Bound, ...] = Field(
        default=(), description="Inclusive upper edges of a distribution, ascending from 0."
    )
    segments: tuple[str, ...] = Field(
        default=(), description="Values that are told apart; all others are `other`."
    )
    help: str = Field(default="", description="What it means.")
    alert: BusinessAlertSettings | None = Field(
        default=None, description="When to alert on it; never, where left out."
    )

    @property
    def statistic(self) -> Statistic:
        """What is judged: as `alert` says, else what is usual of the type."""
        given = self.alert.statistic if self.alert else None
        return given or _STATISTICS[self.type][0]

    def metric(self, name: str) -> BusinessMetric:
        """What a monitor records.

        Raises:
            MlmonitorError: see `BusinessMetric`.
        """
        return BusinessMetric(name, self.type, self.buckets, self.segments, self.help)

    @model_validator(mode="after")
    def _statistic_of_its_type(self) -> Self:
        possible = _STATISTICS[self.type]
        if self.statistic not in possible:
            fitting = [
                kind for kind in get_args(BusinessType) if self.statistic in _STATISTICS[kind]
            ]
            message = (
                f"a {self.type} has no {self.statistic}; use one of {', '.join(possible)}, "
                f"or the type {' or '.join(fitting)}."
            )
            raise ValueError(message)
        return self
