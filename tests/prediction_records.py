"""Records of every kind, as the writer makes them, and as nobody should."""

from __future__ import annotations

from typing import Any

from mlmonitor import streams

MODEL = "m"
"""The model of `tests.references`."""
START = "2026-11-25T10:00:00.000000Z"


def record(number: int = 0, model: str = MODEL, **changes: Any) -> dict[str, Any]:
    """A successful live prediction of `tests.references.mixed`.

    Changes are by name, with two underscores for a dot; None removes a field.
    """
    dataset = streams.dataset(model)
    flat: dict[str, Any] = {
        "@timestamp": f"2026-11-25T10:{number // 60 % 60:02d}:{number % 60:02d}.000001Z",
        "ecs.version": "8.11.0",
        "log.level": "info",
        "log.logger": "mlmonitor.predictions",
        "message": f"{model} 1 predicted",
        "event.id": f"id-{number}",
        "event.kind": "event",
        "event.action": "prediction",
        "event.dataset": dataset,
        "event.duration": 1_000_000 + 10_000 * number,
        "event.outcome": "success",
        "data_stream.type": "logs",
        "data_stream.dataset": dataset,
        "data_stream.namespace": "default",
        "service.name": "prices",
        "service.version": "2.0",
        "service.environment": "production",
        "host.name": "host",
        "process.pid": 7,
        "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "span.id": "00f067aa0ba902b7",
        "mlmonitor.model": model,
        "mlmonitor.version": "1",
        "mlmonitor.role": "live",
        "mlmonitor.reference": "0123abcd",
        "mlmonitor.prediction.id": f"id-{number}",
        "mlmonitor.inputs.size": 10.5 + number % 7,
        "mlmonitor.inputs.city": ("Oslo", "Bergen", "Hamar")[number % 3],
        "mlmonitor.inputs.rooms": 3,
        "mlmonitor.inputs.pool": 0.0,
        "mlmonitor.inputs.garden": number % 2 == 0,
        "mlmonitor.inputs.id": f"row-{number}",
        "mlmonitor.inputs.note": "near the sea",
        "mlmonitor.outputs.prediction": 10_000.0 + number,
        "mlmonitor.scores.premium": 0.25,
        "mlmonitor.slice": ["north"],
        "mlmonitor.sample.rate": 1.0,
    }
    flat |= {key.replace("__", "."): value for key, value in changes.items()}
    return nested({key: value for key, value in flat.items() if value is not None})


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Fields by dotted name as objects within one another."""
    found: dict[str, Any] = {}
    for name, value in flat.items():
        *path, last = name.split(".")
        inner = found
        for key in path:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return found


def every_kind(model: str = MODEL) -> list[dict[str, Any]]:
    """What a service writes in its life: 60 successes and what is rarer."""
    failure = {
        "event__outcome": "failure",
        "log__level": "error",
        "error__type": "ValueError",
        "error__message": "no such city",
        "error__stack_trace": "Traceback (most recent call last):\n" + "  File x\n" * 2000,
        "mlmonitor__outputs__prediction": None,
        "mlmonitor__sample__kept_for": ["error"],
    }
    violation = {
        "mlmonitor__inputs__size": None,
        "mlmonitor__inputs__city": "Atlantis",
        "mlmonitor__violations": [
            {"side": "input", "column": "city", "reason": "unseen"},
            {"side": "input", "column": "size", "reason": "missing"},
        ],
        "mlmonitor__sample__kept_for": ["violation"],
    }
    batch = {"mlmonitor__batch__id": "b", "mlmonitor__batch__row": 0, "mlmonitor__batch__rows": 2}
    line = {
        "@timestamp": START,
        "log.level": "info",
        "log.logger": "service",
        "message": "asked the feature store",
        "event.dataset": streams.dataset(model),
        "event.id": "line-1",
        "data_stream.type": "logs",
        "data_stream.dataset": streams.dataset(model),
        "data_stream.namespace": "default",
        "process.thread.name": "MainThread",
        "labels": {"store.region": "eu", "attempt": "2"},
        "mlmonitor.prediction.id": "id-1",
    }
    return [
        *(record(number, model) for number in range(60)),
        *(record(60 + number, model, **failure) for number in range(3)),
        *(record(70 + number, model, **violation) for number in range(4)),
        *(
            record(80 + number, model, mlmonitor__role="shadow", mlmonitor__version="2")
            for number in range(9)
        ),
        record(90, model, **batch),
        record(91, model, mlmonitor__redacted=["note"], mlmonitor__truncated=["id"]),
        nested(line),
    ]


def malformed(model: str = MODEL) -> list[dict[str, Any]]:
    """Values of another type than the column has, and some that are too long, too large or too many."""
    return [
        record(100, model, mlmonitor__inputs__size="large", mlmonitor__inputs__garden="perhaps"),
        record(101, model, mlmonitor__inputs__size=True, mlmonitor__inputs__garden=1),
        record(102, model, mlmonitor__inputs__size=10**400, mlmonitor__inputs__city=7.5),
        record(
            103,
            model,
            mlmonitor__inputs__size=[1.0, None, "x"],
            mlmonitor__inputs__city=["a", True],
        ),
        record(
            104, model, mlmonitor__inputs__city="x" * 40_000, mlmonitor__inputs__id="y" * 40_000
        ),
        record(105, model, mlmonitor__inputs__note="z" * 40_000, message="w " * 40_000),
        record(106, model, mlmonitor__inputs__never_seen="a", mlmonitor__inputs__other=[1, 2]),
        record(107, model, mlmonitor__outputs__prediction="none", event__duration="long"),
        record(108, model, mlmonitor__slice=[], mlmonitor__violations=[], process__pid="seven"),
        record(109, model, mlmonitor__inputs={streams.field(f"c.{i}"): i for i in range(3000)}),
    ]
