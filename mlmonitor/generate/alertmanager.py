"""The configuration of Alertmanager: routes by severity, grouping by model, inhibition, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import bundled, promql
from mlmonitor.generate import rulefile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.config.notifications import (
        ChannelSettings,
        EmailChannel,
        NotificationSettings,
        PagerDutyChannel,
        SlackChannel,
        WebhookChannel,
    )

FILE: Final = "alertmanager/alertmanager.yml"
TEMPLATES: Final = "alertmanager/mlmonitor.tmpl"
_OURS: Final = 'alertname=~"Mlmonitor.+"'
_PAGE: Final = 'severity="critical"'
_DETAIL: Final = 'severity=~"warning|info"'
_THINGS: Final = ("side", "column", "dependency", "metric", "segment")
_TICKET_HOURS: Final = "ticket-hours"
# Seconds. A page waits for what belongs to it, but not long; tickets may gather.
_WAIT: Final = {"page": 10.0, "ticket": 60.0, "automate": 1.0}
_AGAIN: Final = {"page": 300.0, "ticket": 1800.0, "automate": 60.0}
# The ladder counts how long a page stands, so it is told again and again.
_AUTOMATE_REPEAT: Final = 300.0


def alertmanager(config: MonitoringConfig) -> dict[str, str]:
    """Alertmanager's configuration and its templates, by relative path."""
    document: dict[str, Any] = {
        "templates": ["mlmonitor.tmpl"],
        "route": _route(config),
        "inhibit_rules": list(_inhibitions(config.scope_labels)),
        "receivers": list(_receivers(config.notifications)),
    }
    hours = config.notifications.ticket_hours
    if hours is not None:
        times = [
            {"start_time": a, "end_time": b} for a, b in (one.split("-") for one in hours.hours)
        ]
        interval = {"weekdays": list(hours.days), "times": times, "location": hours.location}
        document["time_intervals"] = [{"name": _TICKET_HOURS, "time_intervals": [interval]}]
    head = rulefile.header("notifications in monitoring.yaml")
    template = bundled.folder("alerts") / "notifications" / "mlmonitor.tmpl"
    return {
        FILE: head + rulefile.dump(document),
        TEMPLATES: template.read_text(encoding="utf-8"),
    }


def _route(config: MonitoringConfig) -> dict[str, Any]:
    settings, scale = config.notifications, config.alerts.time_scale
    repeats = {
        "page": settings.repeat.page,
        "ticket": settings.repeat.ticket,
        "automate": _AUTOMATE_REPEAT,
    }

    def route(receiver: str, severity: str, **more: Any) -> dict[str, Any]:
        return {
            "receiver": receiver,
            "matchers": [_OURS, f'severity="{severity}"'],
            "group_wait": _time(_WAIT[receiver] * scale),
            "group_interval": _time(_AGAIN[receiver] * scale),
            "repeat_interval": _time(repeats[receiver] * scale),
            **more,
        }

    hours = {"active_time_intervals": [_TICKET_HOURS]} if settings.ticket_hours else {}
    routes = [route("page", "critical"), route("ticket", "warning", **hours)]
    if settings.automate is not None:
        routes.insert(0, route("automate", "critical", **{"continue": True}))
    return {
        "receiver": "record",
        "group_by": [*config.scope_labels, "model"],
        "routes": routes,
    }


def _time(seconds: float) -> str:
    return promql.duration(max(seconds, 1.0))


def _inhibitions(scope: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    model = [*scope, "model"]
    identity = [*model, "version", "role"]
    yield {
        "source_matchers": ['alertname="MlmonitorServiceDown"', 'severity="critical"'],
        # What it depends on may be the reason.
        "target_matchers": [_OURS, 'alertname!~"MlmonitorServiceDown|MlmonitorDependency.+"'],
        "equal": model,
    }
    # Of one thing, the page says it all; another column may be broken for another reason.
    yield {
        "source_matchers": [_OURS, _PAGE, 'concern=~"data|dependency|business"'],
        "target_matchers": [_OURS, _DETAIL],
        "equal": [*identity, "concern", *_THINGS],
    }
    # Pages about the whole model name the columns.
    yield {
        "source_matchers": [_OURS, _PAGE, 'concern="distribution"'],
        "target_matchers": [_OURS, _DETAIL, 'concern="distribution"'],
        "equal": identity,
    }
    # What else is wrong with the service may be why calls fail.
    for budget in ("Error", "Latency"):
        yield {
            "source_matchers": [f'alertname="Mlmonitor{budget}BudgetBurning"', _PAGE],
            "target_matchers": [f'alertname="Mlmonitor{budget}BudgetDraining"'],
            "equal": identity,
        }
    # A broken feature explains that inputs drifted.
    yield {
        "source_matchers": ['concern="data"', _PAGE],
        "target_matchers": ['alertname=~"Mlmonitor(InputsDrifted|InputsChanged|ColumnDrifted)"'],
        "equal": identity,
    }


def _receivers(settings: NotificationSettings) -> Iterator[dict[str, Any]]:
    yield {"name": "record"}
    yield {"name": "page", **_channels(settings.page, "critical")}
    yield {"name": "ticket", **_channels(settings.ticket, "warning")}
    if settings.automate is not None:
        yield {"name": "automate", "webhook_configs": [_webhook(settings.automate)]}


def _channels(settings: ChannelSettings, severity: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if settings.slack:
        found["slack_configs"] = [_slack(settings.slack)]
    if settings.email:
        found["email_configs"] = [_email(settings.email)]
    if settings.pagerduty:
        found["pagerduty_configs"] = [_pagerduty(settings.pagerduty, severity)]
    if settings.webhook:
        found["webhook_configs"] = [_webhook(settings.webhook)]
    return found


def _first(annotation: str) -> str:
    """An annotation of the first alert that stands; of the first of all when every one is over."""
    return f"{{{{ (index (or .Alerts.Firing .Alerts) 0).Annotations.{annotation} }}}}"


def _slack(channel: SlackChannel) -> dict[str, Any]:
    return {
        "api_url_file": channel.url_file,
        **({"channel": channel.channel} if channel.channel else {}),
        "title": '{{ template "mlmonitor.title" . }}',
        "title_link": _first("dashboard_url"),
        "text": '{{ template "mlmonitor.slack" . }}',
        "color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
        "send_resolved": True,
    }


def _email(channel: EmailChannel) -> dict[str, Any]:
    login = {"auth_username": channel.username, "auth_password_file": channel.password_file}
    return {
        "to": channel.to,
        "from": channel.sender,
        "smarthost": channel.smarthost,
        **{key: value for key, value in login.items() if value},
        **({} if channel.require_tls else {"require_tls": False}),
        "headers": {"Subject": '{{ template "mlmonitor.title" . }}'},
        "html": '{{ template "mlmonitor.html" . }}',
        "text": '{{ template "mlmonitor.text" . }}',
        "send_resolved": True,
    }


def _pagerduty(channel: PagerDutyChannel, severity: str) -> dict[str, Any]:
    return {
        "routing_key_file": channel.routing_key_file,
        **({"url": channel.url} if channel.url else {}),
        "severity": severity,
        "description": '{{ template "mlmonitor.title" . }}',
        "details": {"alerts": '{{ template "mlmonitor.text" . }}'},
        "client": "mlmonitor",
        "client_url": _first("dashboard_url"),
        "links": [{"href": _first("runbook_url"), "text": "Runbook"}],
        "send_resolved": True,
    }


def _webhook(channel: WebhookChannel) -> dict[str, Any]:
    token = channel.token_file
    login = {"authorization": {"type": "Bearer", "credentials_file": token}} if token else {}
    return {
        "url": channel.url,
        **({"http_config": login} if login else {}),
        "send_resolved": True,
    }
