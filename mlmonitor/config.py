"""`monitoring.yaml` as frozen, validated models."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from mlmonitor import names, promql, yamlfile
from mlmonitor.errors import ConfigError, MlmonitorError

if TYPE_CHECKING:
    import os

DEFAULT_SCOPE: Final = ("namespace",)
_RESERVED_LABELS: Final = frozenset(
    {*names.LABELS, "alertname", "alertstate", "instance", "quantile", "severity"}
)
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_EXCEPTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


def _seconds(value: object) -> float:
    if not isinstance(value, str):
        message = f"{value!r} is no duration; write it as 30s, 5m, 1h or 1d."
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueErrors
    try:
        return promql.seconds(value)
    except MlmonitorError as error:
        raise ValueError(str(error)) from None


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$", "examples": ["5m"]}),
]
"""A length of time: `1h30m` in the file, seconds in Python."""


class _Section(BaseModel):
    """A mapping of the file: no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PrometheusSettings(_Section):
    """How Prometheus scrapes the models and records their statistics."""

    scrape_interval: Duration = Field(
        default="15s",
        validate_default=True,
        description="Time between two scrapes of a pod, as in prometheus.yml.",
    )
    step: Duration = Field(
        default="5m",
        validate_default=True,
        description="Time between two evaluations of the rules.",
    )
    windows: tuple[Duration, ...] = Field(
        default=("1h", "6h", "1d"),
        validate_default=True,
        min_length=1,
        description="Lengths of time over which statistics are recorded; multiples of the step.",
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


_Positive = Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)]
_Share = Annotated[float, Field(gt=0, lt=1, strict=True)]


class ThresholdSettings(_Section):
    """How large a change must be, and how sure, before a column counts as drifted.

    What is left out has the default of `mlmonitor.drift.Thresholds`.
    """

    psi: _Positive | None = Field(
        default=None, description="Population stability index above its noise floor; 0.2."
    )
    ks: _Share | None = Field(
        default=None, description="Largest gap between cumulative shares of bins; 0.1."
    )
    mean_shift: _Positive | None = Field(
        default=None, description="Distance of the means in reference deviations; 0.25."
    )
    missing: _Share | None = Field(default=None, description="Change of the missing share; 0.05.")
    nonzero: _Share | None = Field(
        default=None, description="Change of the non-zero share of sparse columns; 0.1."
    )
    alpha: _Share | None = Field(
        default=None, description="False discovery rate over the columns of a model; 0.01."
    )
    minimum_rows: Annotated[int, Field(ge=1, strict=True)] | None = Field(
        default=None, description="Fewer rows in a window are not judged; 100."
    )

    @property
    def given(self) -> dict[str, float]:
        """The thresholds that the file names."""
        return self.model_dump(exclude_none=True)


class ModelSettings(_Section):
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

    @field_validator("reference")
    @classmethod
    def _beside_the_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        folder = (info.context or {}).get("folder")
        return folder / value if value is not None and folder is not None else value

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

    @property
    def identity(self) -> tuple[str, str, str]:
        """Name, version and role."""
        return self.name, self.version, self.role


class DashboardSettings(_Section):
    """What dashboards show when they are opened."""

    refresh: Duration = Field(
        default="30s", validate_default=True, description="Time between two refreshes."
    )
    range: Duration = Field(
        default="6h", validate_default=True, description="How far back they look."
    )


class MonitoringConfig(_Section):
    """All of `monitoring.yaml`: what is monitored, how Prometheus records it, and what is much."""

    scope_labels: tuple[str, ...] = Field(
        default=DEFAULT_SCOPE,
        description="Labels from service discovery that keep environments apart.",
    )
    prometheus: PrometheusSettings = Field(
        default=PrometheusSettings(), description="Scrapes and recorded windows."
    )
    thresholds: ThresholdSettings = Field(
        default=ThresholdSettings(), description="Thresholds of all models."
    )
    models: tuple[ModelSettings, ...] = Field(default=(), description="The models.")
    dashboards: DashboardSettings = Field(
        default=DashboardSettings(), description="Settings of the dashboards."
    )

    @field_validator("scope_labels")
    @classmethod
    def _usable_labels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for label in value:
            if not _LABEL.fullmatch(label):
                message = (
                    f"{label!r} is no label name; use letters, digits and underscores, "
                    "and not two underscores in front."
                )
                raise ValueError(message)
            if label in _RESERVED_LABELS:
                message = f"`{label}` has a meaning of its own; choose another label."
                raise ValueError(message)
        if len(set(value)) < len(value):
            message = "a label is listed twice; remove one of them."
            raise ValueError(message)
        return value

    @field_validator("models")
    @classmethod
    def _different_models(cls, value: tuple[ModelSettings, ...]) -> tuple[ModelSettings, ...]:
        seen: dict[tuple[str, str, str], int] = {}
        for index, model in enumerate(value):
            if model.identity in seen:
                message = (
                    f"[{seen[model.identity]}] and [{index}] are both {_described(model)}; "
                    "remove one, or give it another version or role."
                )
                raise ValueError(message)
            seen[model.identity] = index
            first = next(one for one in value if one.name == model.name)
            if first.thresholds != model.thresholds:
                message = (
                    f"thresholds of {model.name!r} differ between its entries; "
                    "rules know thresholds by model, so write the same under each."
                )
                raise ValueError(message)
        return value

    def model(
        self, name: str, version: str | None = None, role: str | None = None
    ) -> ModelSettings:
        """The entry of a model; version and role are needed where it has several.

        Raises:
            ConfigError: no such entry, or more than one.
        """
        named = [model for model in self.models if model.name == name]
        found = [
            model
            for model in named
            if version in {None, model.version} and role in {None, model.role}
        ]
        if len(found) == 1:
            return found[0]
        if found:
            message = f"models: several are named {name!r}; say which: {_listed(found)}."
        elif named:
            message = f"models: {name!r} is listed only as {_listed(named)}; add an entry."
        else:
            known = dict.fromkeys(model.name for model in self.models)
            ending = yamlfile.hint(name, known) if known else "; add it."
            message = f"models: none is named {name!r}{ending}"
        raise ConfigError(message)

    def monitor_options(
        self, name: str, version: str | None = None, role: str | None = None
    ) -> dict[str, Any]:
        """Keyword arguments of `Monitor` for a model of the file.

        Raises:
            ConfigError: see `model`.
        """
        model = self.model(name, version, role)
        keys = ("version", "reference", "role", "series_cap", "exceptions")
        return {key: value for key in keys if (value := getattr(model, key)) is not None}

    @cached_property
    def thresholds_by_model(self) -> dict[str, dict[str, float]]:
        """Thresholds by model name: the file's, under those of the model itself."""
        return {
            model.name: {**self.thresholds.given, **model.thresholds.given} for model in self.models
        }


def load_config(path: str | os.PathLike[str]) -> MonitoringConfig:
    """Read `monitoring.yaml`; paths in it are relative to its folder.

    Raises:
        ConfigError: naming file, line, key path, problem and fix.
    """
    document = yamlfile.read(path)
    return yamlfile.validate(document, MonitoringConfig, {"folder": Path(path).parent})


def json_schema() -> dict[str, Any]:
    """JSON Schema of `monitoring.yaml`, for editors."""
    schema = MonitoringConfig.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "mlmonitor monitoring.yaml",
    }


def _listed(models: list[ModelSettings]) -> str:
    return ", ".join(f"version {model.version!r} {model.role}" for model in models)


def _described(model: ModelSettings) -> str:
    return f"{model.name!r} version {model.version!r} in role {model.role}"
