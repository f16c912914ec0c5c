"""Notifications as Alertmanager sends them."""

from __future__ import annotations

import json
from typing import Any

STARTED = "2024-05-01T12:00:00.123456789Z"
STARTED_SECONDS = 1714564800.123456789


def alert(status: str = "firing", started: str = STARTED, **labels: str) -> dict[str, Any]:
    own = {"alertname": "MlmonitorPredictionsDrifted", "model": "churn", "version": "7",
           "role": "live", "severity": "critical", "concern": "distribution", **labels}  # fmt: skip
    return {
        "status": status,
        "labels": own,
        "annotations": {"summary": "churn: predictions drifted"},
        "startsAt": started,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": f"{abs(hash(tuple(sorted(own.items())))):016x}",
    }


def notification(*alerts: dict[str, Any], group: str = '{}:{model="churn"}') -> bytes:
    return json.dumps({
        "version": "4", "groupKey": group, "truncatedAlerts": 0, "status": "firing",
        "receiver": "automate", "groupLabels": {"model": "churn"}, "commonLabels": {},
        "commonAnnotations": {}, "externalURL": "http://alertmanager", "alerts": list(alerts),
    }).encode()  # fmt: skip
