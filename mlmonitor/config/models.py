"""Section `models`: one version of a model in one role."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import (
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor.config.business import BusinessSettings
from mlmonitor.config.dependencies import DependencySettings
from mlmonitor.config.logs import Sensitivity
from mlmonitor.config.section import Positive, Section
from mlmonitor.config.slo import SloSettings
from mlmonitor.config.thresholds import ThresholdSettings
from mlmonitor.errors import MlmonitorError
from mlmonitor.provenance import moment

if TYPE_CHECKING:
    from mlmonitor.business import BusinessMetric

_EXCEPTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def _moment(value: object) -> datetime:
    try:
        # A number is a date without its hyphens, not seconds.
        given = str(value) if isinstance(value, (int, float)) else value
        return datetime.fromtimestamp(moment(given), timezone.utc)
    except MlmonitorError as error:
        raise ValueError(str(error)) from None


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "examples": ["2024-06-01", "2024-06-01T12:00:00Z"]}),
]
"""A date or time in ISO 8601; UTC where it names no zone."""


class ColumnSettings(Section):
    """What is known of one column and the profile cannot tell."""

    importance: Positive = Field(
        default=1.0, description="Weight when the worst columns are named; 1 for all others."
    )
    sensitive: Sensitivity | None = Field(
        default=None,
        description="What becomes of it in records: drop, hash (with a key) or mask.",
    )


class ModelSettings(Section):
    """One version of a model in one role."""

    name: Annotated[str, Field(min_length=1)] = Field(description="Name of the model.")
    version: Annotated[str, Field(min_length=1)] = Field(
        default="1", description="Version of the model, in quotes."
    )
    reference: Path | None = Field(
        default=None, description="Its reference profile, relative to this file."
    )
    role: Literal["live", "shadow", "fallback"] = Field(
        default="live", description="What its predictions are used for."
    )
    series_cap: int | None = Field(
        default=None, ge=1, strict=True, description="Most series that one pod exposes; 20000."
    )
    exceptions: tuple[str, ...] | None = Field(
        default=None, description="Classes of exceptions that are counted apart."
    )
    thresholds: ThresholdSettings = Field(
        default=ThresholdSettings(), description="Thresholds of this model; the rest is inherited."
    )
    trained: Moment | None = Field(
        default=None, description="When it was trained, in ISO 8601; from its reference."
    )
    files: tuple[Path, ...] = Field(
        default=(), description="Its files, relative to this file, to compare with its reference's."
    )
    fingerprint: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="What identifies it, in place of files, as its reference has it."
    )
    business: dict[str, BusinessSettings] = Field(
        default={}, description="Business metrics, by name."
    )
    columns: dict[str, ColumnSettings] = Field(default={}, description="Columns, by name.")
    slo: SloSettings = Field(default=SloSettings(), description="Objectives of this model.")
    alerts: dict[str, Positive] = Field(
        default={}, description="Thresholds of alerts for this model, by the alert's name."
    )
    depends_on: tuple[DependencySettings, ...] = Field(
        default=(), description="What it needs from others."
    )
    breaker: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Address of `mlmonitor respond`, or the folder of its breakers."
    )

    @field_validator("reference")
    @classmethod
    def _beside_the_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        folder = (info.context or {}).get("folder")
        return folder / value if value is not None and folder is not None else value

    @field_validator("files")
    @classmethod
    def _files_beside_it(cls, value: tuple[Path, ...], info: ValidationInfo) -> tuple[Path, ...]:
        folder = (info.context or {}).get("folder")
        return value if folder is None else tuple(folder / path for path in value)

    @model_validator(mode="after")
    def _one_fingerprint(self) -> Self:
        if self.files and self.fingerprint is not None:
            message = "has both files and fingerprint; remove one of them."
            raise ValueError(message)
        return self

    @field_validator("depends_on")
    @classmethod
    def _each_once(cls, value: tuple[DependencySettings, ...]) -> tuple[DependencySettings, ...]:
        first: dict[str, int] = {}
        for index, one in enumerate(value):
            if one.name in first:
                message = (
                    f"[{first[one.name]}] and [{index}] are both named {one.name!r}, and alerts could "
                    "not tell them apart; rename one, or remove it."
                )
                raise ValueError(message)
            first[one.name] = index
        return value

    @field_validator("exceptions")
    @classmethod
    def _class_names(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in value or ():
            if not _EXCEPTION.fullmatch(name) or name == "other":
                message = f"{name!r} is no class name; write one such as ValueError."
                raise ValueError(message)
        if value is not None and len(set(value)) < len(value):
            message = "a class is listed twice; remove one of them."
            raise ValueError(message)
        return value

    @field_validator("business")
    @classmethod
    def _recordable(cls, value: dict[str, BusinessSettings]) -> dict[str, BusinessSettings]:
        try:
            for name, settings in value.items():
                settings.metric(name)
        except MlmonitorError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def business_metrics(self) -> tuple[BusinessMetric, ...]:
        """What a monitor of it records besides."""
        return tuple(settings.metric(name) for name, settings in self.business.items())

    @property
    def sensitive(self) -> dict[str, Sensitivity]:
        """What becomes of columns in records, by name."""
        return {name: column.sensitive for name, column in self.columns.items() if column.sensitive}

    @property
    def identity(self) -> tuple[str, str, str]:
        """Name, version and role."""
        return self.name, self.version, self.role
