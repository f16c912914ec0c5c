"""`monitoring.yaml` as frozen, validated models: one section a module."""

from mlmonitor.config.dashboards import DashboardSettings
from mlmonitor.config.models import ModelSettings
from mlmonitor.config.monitoring import MonitoringConfig, json_schema, load_config
from mlmonitor.config.prometheus import PrometheusSettings
from mlmonitor.config.section import Duration, Positive, Section, Share
from mlmonitor.config.thresholds import ThresholdSettings

__all__ = [
    "DashboardSettings",
    "Duration",
    "ModelSettings",
    "MonitoringConfig",
    "Positive",
    "PrometheusSettings",
    "Section",
    "Share",
    "ThresholdSettings",
    "json_schema",
    "load_config",
]
