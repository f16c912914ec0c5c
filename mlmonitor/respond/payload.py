"""Notifications of Alertmanager's webhook, version 4, and nothing else."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mlmonitor.errors import MlmonitorError

# One message of Alertmanager covers a model; more alerts than this are no message of ours.
_MOST_ALERTS = 5_000
Labels = dict[str, str]


class Alert(BaseModel):
    """One alert of a notification.

    Attributes:
        started: when it began to fire, in seconds since the epoch.
        key: what tells this episode of the alert from all others.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["firing", "resolved"]
    labels: Labels
    annotations: Labels = {}
    started: float = Field(alias="startsAt")
    fingerprint: Annotated[str, Field(min_length=1)]

    @field_validator("started", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> float:
        if not isinstance(value, str):
            message = "is no time such as 2024-05-01T12:00:00Z"
            raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueErrors
        # Go writes nine digits of a second, which Python 3.10 does not read.
        whole, _, rest = value.partition(".")
        zone = rest.lstrip("0123456789") if rest else ""
        moment = datetime.fromisoformat((whole + zone).replace("Z", "+00:00"))
        fraction = rest[: len(rest) - len(zone)] if rest else ""
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)

    @property
    def name(self) -> str:
        """Name of the alert."""
        return self.labels.get("alertname", "")


class Notification(BaseModel):
    """One message: alerts of one group."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal["4"]
    group: Annotated[str, Field(min_length=1)] = Field(alias="groupKey")
    alerts: tuple[Alert, ...] = Field(max_length=_MOST_ALERTS)
    truncated: int = Field(default=0, alias="truncatedAlerts", ge=0)

    def key(self, alert: Alert) -> str:
        """What tells an episode of an alert from all others."""
        return f"{self.group}|{alert.fingerprint}|{alert.started:.3f}"


def parse(body: bytes) -> Notification:
    """The notification of a request's body.

    Raises:
        MlmonitorError: it is none of Alertmanager's webhook, version 4.
    """
    try:
        given = json.loads(body)
        # Half a surrogate pair is JSON and no text: it could be written into no file.
        json.dumps(given, ensure_ascii=False).encode()
        return Notification.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        message = f"{place}: {first['msg']}; send Alertmanager's webhook, version 4."
    except (ValueError, RecursionError) as error:
        message = f"the body is no JSON ({type(error).__name__}); send Alertmanager's webhook."
    raise MlmonitorError(message)
