"""Section `alerts`: how much false alarm is bearable, and what is changed about single alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mlmonitor import promql
from mlmonitor.config.prometheus import LONGEST_STEP
from mlmonitor.config.section import Duration, Positive, Section

Baseline = Literal["reference", "previous"]
Severity = Literal["critical", "warning", "info"]


class BudgetSettings(Section):
    """False alarms of drift that are bearable, a model and 28 days."""

    pages: Positive = Field(default=1.0, description="Pages, for outputs and scores.")
    warnings: Positive = Field(default=4.0, description="Warnings, for inputs.")


class AlertChange(Section):
    """What is changed about one alert."""

    enabled: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="false leaves the alert out."
    )
    threshold: Positive | None = Field(
        default=None, description="In place of the threshold that the alert's source names."
    )
    severity: Severity | None = Field(
        default=None, description="critical pages, warning makes a ticket, info records."
    )
    waits: Duration | None = Field(
        default=None, alias="for", description="How long it must last before it fires."
    )


class AlertSettings(Section):
    """What to alert on, and how readily."""

    budget: BudgetSettings = Field(
        default=BudgetSettings(), description="False alarms that are bearable in 28 days."
    )
    baselines: tuple[Baseline, ...] = Field(
        default=("reference",),
        min_length=1,
        description="What live traffic is compared with: the reference, and its own past.",
    )
    previous: Duration = Field(
        default="7d",
        validate_default=True,
        description="How much of the past the baseline `previous` covers.",
    )
    evaluation_interval: Duration = Field(
        default="1m",
        validate_default=True,
        description="Time between two evaluations of the alerts.",
    )
    time_scale: Annotated[float, Field(gt=0, le=1, strict=True)] = Field(
        default=1.0, description="Shortens the alerts' waiting times, for demonstrations."
    )
    include: tuple[str, ...] = Field(
        default=(), description="Files with alerts of your own, relative to this file; * matches."
    )
    rules: dict[str, AlertChange] = Field(
        default={}, description="Changes to single alerts, by name."
    )

    @field_validator("include")
    @classmethod
    def _beside_the_file(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        folder = (info.context or {}).get("folder")
        return value if folder is None else tuple(str(folder / pattern) for pattern in value)

    @field_validator("evaluation_interval")
    @classmethod
    def _remembered(cls, value: float) -> float:
        if value > LONGEST_STEP:
            message = (
                f"{promql.duration(value)} is longer than {promql.duration(LONGEST_STEP)}, after which "
                "Prometheus forgets that an alert fires; evaluate more often."
            )
            raise ValueError(message)
        return value

    @field_validator("baselines")
    @classmethod
    def _each_once(cls, value: tuple[Baseline, ...]) -> tuple[Baseline, ...]:
        if len(set(value)) < len(value):
            message = "a baseline is listed twice; remove one of them."
            raise ValueError(message)
        return value
