"""`monitoring.yaml` as a whole."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from mlmonitor import names, promql, yamlfile
from mlmonitor.config.alerts import AlertSettings
from mlmonitor.config.dashboards import DashboardSettings
from mlmonitor.config.elasticsearch import ElasticsearchSettings
from mlmonitor.config.links import LinkSettings
from mlmonitor.config.logs import RecordSettings
from mlmonitor.config.models import ModelSettings
from mlmonitor.config.notifications import NotificationSettings
from mlmonitor.config.prometheus import PrometheusSettings
from mlmonitor.config.respond import RespondSettings
from mlmonitor.config.section import Section
from mlmonitor.config.slo import SloSettings
from mlmonitor.config.thresholds import ThresholdSettings
from mlmonitor.errors import ConfigError

if TYPE_CHECKING:
    import os

    from mlmonitor.config.business import BusinessSettings

DEFAULT_SCOPE: Final = ("namespace",)
_RESERVED_LABELS: Final = frozenset(
    {*names.LABELS, "alertname", "alertstate", "instance", "severity"}
)
_LABEL: Final = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")


class MonitoringConfig(Section):
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
    slo: SloSettings = Field(default=SloSettings(), description="Objectives of all models.")
    alerts: AlertSettings = Field(
        default=AlertSettings(),
        validate_default=True,
        description="What to alert on, and how readily.",
    )
    links: LinkSettings = Field(
        default=LinkSettings(), description="Where alerts and dashboards point to."
    )
    notifications: NotificationSettings = Field(
        default=NotificationSettings(), description="Who is told of alerts, and when."
    )
    respond: RespondSettings = Field(
        default=RespondSettings(), description="What is done by itself when a page stands."
    )
    logs: RecordSettings | None = Field(
        default=None, description="Records of single predictions; none without it."
    )
    models: tuple[ModelSettings, ...] = Field(default=(), description="The models.")
    dashboards: DashboardSettings = Field(
        default=DashboardSettings(), description="Settings of the dashboards."
    )
    elasticsearch: ElasticsearchSettings = Field(
        default=ElasticsearchSettings(), description="How prediction records are kept."
    )
    _document: yamlfile.Document | None = PrivateAttr(default=None)

    def place(self, *key: str | int) -> str:
        """A key as errors name it: with file and line where the settings were read from a file."""
        path = yamlfile.dotted(key)
        if self._document is None:
            return path
        return f"{self._document.place}:{self._document.line(key)}: {path}"

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
            for key in ("thresholds", "slo", "alerts"):
                if getattr(first, key) != getattr(model, key):
                    message = (
                        f"{key} of {model.name!r} differ between its entries; "
                        f"rules know {key} by model, so write the same under each."
                    )
                    raise ValueError(message)
        return value

    @field_validator("alerts")
    @classmethod
    def _fits_the_windows(cls, value: AlertSettings, info: ValidationInfo) -> AlertSettings:
        prometheus = info.data.get("prometheus")
        if prometheus is None:
            return value
        shortest, step = min(prometheus.windows), prometheus.step
        interval, previous = value.evaluation_interval, value.previous
        if interval > shortest:
            message = (
                f"evaluation_interval {promql.duration(interval)} is longer than the shortest of "
                f"prometheus.windows, {promql.duration(shortest)}; evaluate more often."
            )
            raise ValueError(message)
        if "previous" in value.baselines and round(previous * 1000) % round(step * 1000):
            message = (
                f"previous {promql.duration(previous)} is no multiple of prometheus.step, "
                f"{promql.duration(step)}; choose one."
            )
            raise ValueError(message)
        return value

    @field_validator("models")
    @classmethod
    def _same_business(cls, value: tuple[ModelSettings, ...]) -> tuple[ModelSettings, ...]:
        seen: dict[tuple[str, str], BusinessSettings] = {}
        for model in value:
            for name, settings in model.business.items():
                first = seen.setdefault((model.name, name), settings)
                if (first.type, first.alert) != (settings.type, settings.alert):
                    message = (
                        f"type or alert of business metric {name!r} differs between the entries "
                        f"of {model.name!r}; write the same under each."
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
        keys = ("version", "reference", "role", "series_cap", "exceptions", "breaker", "trained")
        options = {key: value for key in keys if (value := getattr(model, key)) is not None}
        if model.fingerprint or model.files:
            options["fingerprint"] = model.fingerprint or model.files
        if self.logs is not None:
            slow = self.slo.latency if model.slo.latency is None else model.slo.latency
            options["logs"] = self.logs.settings(model.sensitive, slow)
        if model.business:
            options["business"] = {one.name: one for one in model.business_metrics}
        return options

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
    found = yamlfile.validate(document, MonitoringConfig, {"folder": Path(path).parent})
    found._document = document  # noqa: SLF001 - its own
    return found


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
