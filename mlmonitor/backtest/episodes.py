"""From a condition to the alert: `for`, `keep_firing_for`, and one episode for each firing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Waits:
    """How long a condition must hold before an alert fires, and how long it then goes on.

    Attributes:
        waits: seconds, Prometheus' `for`.
        keeps: seconds, `keep_firing_for`.
        evaluation: seconds between two evaluations of the alert.
    """

    waits: float
    keeps: float
    evaluation: float = 60.0


def episodes(
    at: np.ndarray, holds: np.ndarray, end: float, waits: Waits
) -> list[tuple[float, float]]:
    """When an alert fires: from its first second up to when it is resolved, or to the end.

    Args:
        at: shape (T,), ascending seconds from which on the condition is as `holds` says.
        holds: bool of shape (T,).
        end: seconds at which the last state ends.
        waits: see there.
    """
    found: list[tuple[float, float]] = []
    for since, until in _runs(at, holds, end):
        if found and since <= found[-1][1]:
            found[-1] = found[-1][0], min(until + waits.keeps, end)
            continue
        fires = since + _evaluations(waits) * waits.evaluation
        if fires < until:
            found.append((fires, min(until + waits.keeps, end)))
    return found


def _evaluations(waits: Waits) -> int:
    """Evaluations that a condition is pending."""
    return math.ceil(waits.waits / waits.evaluation)


def _runs(at: np.ndarray, holds: np.ndarray, end: float) -> Iterator[tuple[float, float]]:
    """The spans in which a condition holds."""
    edges = np.diff(holds.astype(np.int8), prepend=0, append=0)
    ends = np.append(at, end)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        yield float(ends[start]), float(ends[stop])
