"""What to count of a model's output when no reference says what it looks like."""

from __future__ import annotations

from typing import Final

from mlmonitor.reference.model import Column

_POSITIVE: Final = tuple(
    mantissa * 10.0**exponent for exponent in range(-2, 8) for mantissa in (1.0, 3.0)
)
EDGES: Final = (*(-edge for edge in reversed(_POSITIVE)), 0.0, *_POSITIVE)
"""Two bins a decade on both sides of zero, from 0.01 to 30 million."""

PREDICTION: Final = "prediction"
"""Name of the column of a model that returns a single value."""


def unknown_output() -> Column:
    """A numeric output column with general bins and nothing to compare it with."""
    return Column(
        name=PREDICTION,
        side="output",
        kind="numeric",
        rows=0,
        edges=EDGES,
        counts=(0,) * (len(EDGES) + 1),
        mean=0.0,
        deviation=0.0,
    )
