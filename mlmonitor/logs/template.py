"""The parts of a record that are the same for all, written once, with gaps for what differs."""

from __future__ import annotations

import os
import secrets
import socket
from typing import TYPE_CHECKING, Any

import orjson

from mlmonitor import names, streams
from mlmonitor.logs.safe import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlmonitor.logs.settings import LogSettings
    from mlmonitor.names import Field


def key(field: Field | str) -> bytes:
    """The last part of a field's name as JSON writes it in front of a value."""
    name = field if isinstance(field, str) else field.name
    return orjson.dumps(name.rsplit(".", 1)[-1]) + b":"


def nested(values: Mapping[Field, Any]) -> dict[str, Any]:
    """Values by field as one object, nested at the dots."""
    root: dict[str, Any] = {}
    for field, value in values.items():
        place = root
        *above, last = field.path
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return root


class Template:
    """A record of one outcome with its gaps.

    Joined in this order they make a line: `start`, the time, `to_id`, the id, `to_duration`, the
    duration, `to_rest`, further objects, each with a comma behind, `to_own`, the id again, `to_tail`,
    further members of our own, each with a comma in front, and `end`.
    """

    def __init__(
        self,
        identity: tuple[str, str, str],
        reference: str | None,
        settings: LogSettings,
        outcome: str,
    ) -> None:
        mark = secrets.token_hex(8)
        document = nested(_fields(identity, reference, settings, outcome, mark))
        own = document.pop(names.LOG_MODEL.path[0])
        document[mark] = 0
        head, _, behind = orjson.dumps(document)[:-1].partition(b'"' + mark.encode() + b'":0')
        self.start, self.to_id, rest = head.split(b"~" + mark.encode() + b"~")
        self.to_duration, self.to_rest = rest.split(b'"-' + mark.encode() + b'-"')
        inside = orjson.dumps({names.LOG_MODEL.path[0]: own})[1:-2]
        self.to_own, self.to_tail = (behind + inside).split(b"~" + mark.encode() + b"~")
        self.start, self.to_id, self.to_duration = map(
            shown, (self.start, self.to_id, self.to_duration)
        )
        self.to_rest, self.to_own, self.to_tail = map(
            shown, (self.to_rest, self.to_own, self.to_tail)
        )
        self.to_tail_at_once = self.to_rest + self.to_own
        """What stands between the duration and the second id, where there are no further objects."""
        self.to_inputs = self.to_tail + b"," + key(names.COLUMNS_OF_SIDE["input"])
        """What stands between the second id and the inputs."""
        self.end = b"}}\n"


def _fields(
    identity: tuple[str, str, str],
    reference: str | None,
    settings: LogSettings,
    outcome: str,
    mark: str,
) -> dict[Field, Any]:
    model, version, role = identity
    dataset = streams.dataset(model)
    gap, number = f"~{mark}~", f"-{mark}-"
    failed = outcome == names.FAILURE
    found: dict[Field, Any] = {
        names.LOG_TIMESTAMP: gap,
        names.LOG_ECS_VERSION: names.ECS_VERSION,
        names.LOG_LEVEL: "error" if failed else "info",
        names.LOG_LOGGER: names.PREDICTIONS_LOGGER,
        names.LOG_MESSAGE: f"{model} {version} {'failed' if failed else 'predicted'}",
        names.LOG_EVENT_ID: gap,
        names.LOG_EVENT_KIND: "event",
        names.LOG_EVENT_ACTION: "prediction",
        names.LOG_EVENT_DATASET: dataset,
        names.LOG_EVENT_DURATION: number,
        names.LOG_EVENT_OUTCOME: outcome,
        names.LOG_STREAM_TYPE: streams.TYPE,
        names.LOG_STREAM_DATASET: dataset,
        names.LOG_STREAM_NAMESPACE: streams.namespace(settings.namespace),
        **service(settings, model, version),
        names.LOG_MODEL: model,
        names.LOG_VERSION: version,
        names.LOG_ROLE: role,
        names.LOG_REFERENCE: reference,
        names.LOG_PREDICTION_ID: gap,
    }
    return {field: value for field, value in found.items() if value is not None}


def service(
    settings: LogSettings | None, model: str | None, version: str | None
) -> dict[Field, Any]:
    """What says which process a line comes from."""
    found = {
        names.LOG_SERVICE_NAME: (settings and settings.service) or model,
        names.LOG_SERVICE_VERSION: (settings and settings.service_version) or version,
        names.LOG_SERVICE_ENVIRONMENT: settings and settings.environment,
        names.LOG_HOST_NAME: socket.gethostname(),
        names.LOG_PROCESS_PID: os.getpid(),
    }
    return {field: value for field, value in found.items() if value}
