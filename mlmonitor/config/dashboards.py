"""Section `dashboards`: what dashboards show when they are opened, and what is changed about them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from mlmonitor.config.section import Duration, Section


class StepChange(Section):
    """From `above` on, values have this color."""

    above: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    color: Literal["green", "yellow", "orange", "red", "blue", "purple", "text"]


class PanelChange(Section):
    """What is changed about one panel."""

    enabled: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="false leaves the panel out; its neighbours become wider."
    )
    title: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="In place of its title."
    )
    width: Annotated[int, Field(ge=1, le=24, strict=True)] | None = Field(
        default=None, description="Of 24; lines are filled up."
    )
    thresholds: tuple[StepChange, ...] | None = Field(
        default=None, description="In place of its thresholds, ascending."
    )

    @field_validator("thresholds")
    @classmethod
    def _ascending(cls, value: tuple[StepChange, ...] | None) -> tuple[StepChange, ...] | None:
        bounds = [step.above for step in value or ()]
        if bounds != sorted(set(bounds)):
            message = f"steps {bounds} do not ascend; order them by `above`."
            raise ValueError(message)
        return value


class DashboardSettings(Section):
    """What dashboards show when they are opened, and what is changed about them."""

    refresh: Duration = Field(
        default="30s", validate_default=True, description="Time between two refreshes."
    )
    range: Duration = Field(
        default="6h", validate_default=True, description="How far back they look."
    )
    include: tuple[str, ...] = Field(
        default=(),
        description="Files with dashboards of your own, relative to this file; * matches.",
    )
    panels: dict[str, PanelChange] = Field(
        default={}, description="Changes to single panels, by dashboard/panel-id."
    )

    @field_validator("include")
    @classmethod
    def _beside_the_file(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        folder = (info.context or {}).get("folder")
        return value if folder is None else tuple(str(folder / pattern) for pattern in value)
