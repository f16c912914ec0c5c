"""Which prediction, and which trace, the code that runs now belongs to."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Final, NamedTuple, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

P = ParamSpec("P")
R = TypeVar("R")

_TRACEPARENT: Final = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?"
)


class Trace(NamedTuple):
    """A place in a distributed trace, in lower-case hexadecimal."""

    trace: str
    span: str


Current = tuple[str | bytes, tuple[str, str, str]]
"""A prediction on its way: its id (of a batch, that of the call), and model, version and role."""


class Bound(NamedTuple):
    """What the caller said of the predictions to come."""

    prediction: object = None
    trace: Trace | None = None
    slices: tuple[str, ...] = ()


current: Final[ContextVar[Current | None]] = ContextVar("mlmonitor_prediction", default=None)
NOTHING: Final = Bound()
bound: Final[ContextVar[Bound]] = ContextVar("mlmonitor_bound", default=NOTHING)


def prediction_id() -> str | None:
    """The id of the prediction that runs now; None outside of one."""
    found = current.get()
    if found is None:
        return None
    identity = found[0]
    return identity if isinstance(identity, str) else identity.decode()


@contextmanager
def bind(
    prediction_id: object = None,
    *,
    traceparent: str | None = None,
    slices: Sequence[str] = (),
) -> Iterator[None]:
    """Say of the predictions within the block what their call does not.

    It holds for the task or thread, and for those tasks that it starts. A block within another one
    replaces what it gives and keeps the rest.

    Args:
        prediction_id: id of the prediction; it is for one, since ids are unique.
        traceparent: the W3C header of the request; one that is malformed is ignored, as the
            standard has it.
        slices: sub-populations that the rows are in.
    """
    outer = bound.get()
    token = bound.set(
        Bound(
            outer.prediction if prediction_id is None else prediction_id,
            parsed(traceparent) or outer.trace,
            tuple(slices) or outer.slices,
        )
    )
    try:
        yield
    finally:
        bound.reset(token)


def carried(function: Callable[P, R]) -> Callable[P, R]:
    """The function, to be run by a thread, as part of the prediction that runs now."""
    context = copy_context()

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        return context.copy().run(function, *args, **kwargs)

    return run


def parsed(traceparent: str | None) -> Trace | None:
    """The trace of a W3C header; None where it is malformed."""
    found = _TRACEPARENT.fullmatch(traceparent) if isinstance(traceparent, str) else None
    return Trace(found[1], found[2]) if found else None


def trace() -> Trace | None:
    """The span of OpenTelemetry that runs now, if the service uses it, else the trace that was bound."""
    module: Any = sys.modules.get("opentelemetry.trace")
    if module is not None:
        span = module.get_current_span().get_span_context()
        if span.is_valid:
            return Trace(f"{span.trace_id:032x}", f"{span.span_id:016x}")
    return bound.get().trace
