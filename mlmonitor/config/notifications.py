"""Section `notifications`: who is told what, and when. Secrets stand in files of their own."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any, ClassVar, Final

from pydantic import AfterValidator, Field, field_validator, model_validator

from mlmonitor.config import zones
from mlmonitor.config.links import Address
from mlmonitor.config.section import Duration, Section

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")
Text = Annotated[str, Field(min_length=1)]


def _whole(path: str) -> str:
    if not (PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()):
        message = (
            f"{path!r} is no whole path, and Alertmanager looks for some of these files where it was "
            f"started; write it from the root, as in /etc/mlmonitor/{path}."
        )
        raise ValueError(message)
    return path


SecretFile = Annotated[
    str,
    AfterValidator(_whole),
    Field(
        min_length=1,
        description="Whole path of a file that holds the secret, where Alertmanager runs.",
    ),
]


class _Channel(Section):
    """A way to tell people; `secrets` are keys that would hold a secret, and what to write instead."""

    secrets: ClassVar[dict[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _no_secret_in_the_file(cls, value: Any) -> Any:
        for key in cls.secrets if isinstance(value, dict) else ():
            if key in value:
                message = (
                    f"`{key}` is a secret; put it into a file and name it in {cls.secrets[key]}."
                )
                raise ValueError(message)
        return value


class SlackChannel(_Channel):
    """A channel of Slack, by an incoming webhook."""

    secrets: ClassVar[dict[str, str]] = {"url": "url_file", "api_url": "url_file"}

    url_file: SecretFile
    channel: Text | None = Field(default=None, description="Such as #models; the webhook's own.")


class EmailChannel(_Channel):
    """An e-mail address, by a mail server."""

    secrets: ClassVar[dict[str, str]] = {"password": "password_file"}

    to: Text = Field(description="Addresses, with commas between.")
    sender: Text = Field(alias="from", description="The address that it comes from.")
    smarthost: Annotated[str, Field(pattern=r"^[^:\s]+:\d+$")] = Field(
        description="The mail server with its port."
    )
    username: Text | None = Field(default=None, description="The account there.")
    password_file: SecretFile | None = None
    require_tls: bool = Field(
        default=True, description="Whether nothing is sent if the server does not speak TLS."
    )


class PagerDutyChannel(_Channel):
    """A service of PagerDuty, by its Events API v2."""

    secrets: ClassVar[dict[str, str]] = {"routing_key": "routing_key_file"}

    routing_key_file: SecretFile
    url: Address | None = Field(
        default=None,
        description="The API of another region, such as https://events.eu.pagerduty.com/v2/enqueue.",
    )


class WebhookChannel(_Channel):
    """A program that takes Alertmanager's JSON."""

    secrets: ClassVar[dict[str, str]] = {"token": "token_file", "password": "token_file"}

    url: Address
    token_file: SecretFile | None = None


class ChannelSettings(Section):
    """All channels by which one kind of message goes out."""

    slack: SlackChannel | None = Field(default=None, description="A channel of Slack.")
    email: EmailChannel | None = Field(default=None, description="E-mail.")
    pagerduty: PagerDutyChannel | None = Field(default=None, description="PagerDuty.")
    webhook: WebhookChannel | None = Field(default=None, description="Any other program.")


class HoursSettings(Section):
    """When tickets are made; pages go out at any time."""

    days: tuple[str, ...] = Field(default=_DAYS[:5], min_length=1, description="Days of the week.")
    hours: tuple[str, ...] = Field(
        default=("09:00-17:00",), min_length=1, description="From when until when."
    )
    location: Text = Field(default="UTC", description="Time zone, such as Europe/Oslo.")

    @field_validator("days")
    @classmethod
    def _known_days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for day in value:
            if day not in _DAYS:
                message = f"{day!r} is no day; write one of {', '.join(_DAYS)}."
                raise ValueError(message)
        return value

    @field_validator("location")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not zones.is_known(value):
            near = zones.nearest(value)
            ending = f"did you mean {near}?" if near else "write one such as Europe/Oslo."
            message = f"{value!r} is no time zone; {ending}"
            raise ValueError(message)
        return value

    @field_validator("hours")
    @classmethod
    def _known_hours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for span in value:
            start, _, end = span.partition("-")
            if not _HOURS.fullmatch(span) or start >= end:
                message = f"{span!r} is no span of a day; write it as 09:00-17:00."
                raise ValueError(message)
        return value


class RepeatSettings(Section):
    """After how long a message is sent again while its alerts stand."""

    page: Duration = Field(default="4h", validate_default=True, description="Pages.")
    ticket: Duration = Field(default="1d", validate_default=True, description="Tickets.")


class NotificationSettings(Section):
    """Who is told what, and when; alerts of severity info are only recorded."""

    page: ChannelSettings = Field(
        default=ChannelSettings(), description="For critical alerts: a person is woken."
    )
    ticket: ChannelSettings = Field(
        default=ChannelSettings(), description="For warnings: somebody looks into it in time."
    )
    automate: WebhookChannel | None = Field(
        default=None, description="`mlmonitor respond`, which is told of critical alerts too."
    )
    ticket_hours: HoursSettings | None = Field(
        default=None, description="When tickets are made; at any time without it."
    )
    repeat: RepeatSettings = Field(
        default=RepeatSettings(), description="When a message is sent again."
    )
