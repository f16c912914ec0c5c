"""Section `prometheus`: scrapes, steps and windows."""

from __future__ import annotations

from typing import Final

from pydantic import Field, ValidationInfo, field_validator

from mlmonitor import promql
from mlmonitor.config.section import Duration, Section

LONGEST_STEP: Final = 300.0


class PrometheusSettings(Section):
    """How Prometheus scrapes the models and records their statistics."""

    scrape_interval: Duration = Field(
        default="15s",
        validate_default=True,
        description="Time between two scrapes of a pod, as in prometheus.yml.",
    )
    step: Duration = Field(
        default="5m",
        validate_default=True,
        description="Time between two evaluations of the rules; 5m at most.",
    )
    windows: tuple[Duration, ...] = Field(
        default=("1h", "6h", "1d", "7d"),
        validate_default=True,
        min_length=1,
        description="Lengths of time over which statistics are recorded; multiples of the step.",
    )

    evaluations: int = Field(
        default=12,
        ge=1,
        le=12,
        description="How often a window is evaluated in its own length. Fewer cost less and are later.",
    )

    @field_validator("step")
    @classmethod
    def _holds_two_scrapes(cls, value: float, info: ValidationInfo) -> float:
        scrape = info.data.get("scrape_interval")
        if scrape is not None and value < 2 * scrape:
            message = (
                f"{promql.duration(value)} holds less than two scrapes of "
                f"{promql.duration(scrape)}; raise the step or scrape more often."
            )
            raise ValueError(message)
        if value > LONGEST_STEP:
            message = (
                f"{promql.duration(value)} is longer than {promql.duration(LONGEST_STEP)}, after which "
                "Prometheus forgets a value that is not recorded again; choose a shorter step."
            )
            raise ValueError(message)
        return value

    @field_validator("windows")
    @classmethod
    def _multiples_of_the_step(
        cls, value: tuple[float, ...], info: ValidationInfo
    ) -> tuple[float, ...]:
        step = info.data.get("step")
        for window in value:
            if step is None:
                break
            problem = "is shorter than" if window < step else "is no multiple of"
            if window < step or round(window * 1000) % round(step * 1000):
                message = (
                    f"{promql.duration(window)} {problem} the step {promql.duration(step)}; "
                    "choose a multiple of it."
                )
                raise ValueError(message)
        if len(set(value)) < len(value):
            message = "a window is listed twice; remove one of them."
            raise ValueError(message)
        return value
