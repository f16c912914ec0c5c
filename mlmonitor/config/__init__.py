"""`monitoring.yaml` as frozen, validated models: one section a module."""

from mlmonitor.config.alerts import AlertSettings
from mlmonitor.config.business import BusinessAlertSettings, BusinessSettings
from mlmonitor.config.dashboards import DashboardSettings
from mlmonitor.config.elasticsearch import ElasticsearchSettings
from mlmonitor.config.links import LinkSettings
from mlmonitor.config.logs import RecordSettings
from mlmonitor.config.models import ModelSettings
from mlmonitor.config.monitoring import MonitoringConfig, json_schema, load_config
from mlmonitor.config.notifications import NotificationSettings
from mlmonitor.config.prometheus import PrometheusSettings
from mlmonitor.config.respond import RespondSettings
from mlmonitor.config.section import Duration, Positive, Section, Share
from mlmonitor.config.slo import SloSettings
from mlmonitor.config.thresholds import ThresholdSettings

__all__ = [
    "AlertSettings",
    "BusinessAlertSettings",
    "BusinessSettings",
    "DashboardSettings",
    "Duration",
    "ElasticsearchSettings",
    "LinkSettings",
    "ModelSettings",
    "MonitoringConfig",
    "NotificationSettings",
    "Positive",
    "PrometheusSettings",
    "RecordSettings",
    "RespondSettings",
    "Section",
    "Share",
    "SloSettings",
    "ThresholdSettings",
    "json_schema",
    "load_config",
]
