"""Business metrics as they are declared: a name, a type, and the segments that are told apart."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any, Final, Literal, get_args

from mlmonitor.errors import MlmonitorError

BusinessType = Literal["counter", "gauge", "distribution"]

WHOLE: Final = "all"
"""Segment of a metric that declares none."""
REST: Final = "other"
"""Segment of what belongs to no declared one."""
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class BusinessMetric:
    """One business metric.

    Attributes:
        name: letters, digits and underscores.
        type: `counter` adds up, `gauge` keeps the last value, `distribution` counts by bucket.
        buckets: inclusive upper edges of a distribution, ascending, none below zero.
        segments: values that are told apart; what belongs to none of them is `other`.
        help: what it means.

    Raises:
        MlmonitorError: the parts do not fit together.
    """

    name: str
    type: BusinessType
    buckets: tuple[float, ...] = ()
    segments: tuple[str, ...] = ()
    help: str = ""

    def __post_init__(self) -> None:
        """Check the parts."""
        problem = self._name_problem() or self._bucket_problem() or self._segment_problem()
        if problem:
            message = f"business metric {self.name!r}: {problem}"
            raise MlmonitorError(message)

    @classmethod
    def of(cls, name: str, given: object) -> BusinessMetric:
        """The metric that a declaration such as `{"type": "counter"}` means.

        Raises:
            MlmonitorError: an unknown key, or parts that do not fit together.
        """
        if isinstance(given, BusinessMetric):
            return given
        known = [field.name for field in fields(cls) if field.name != "name"]
        if not isinstance(given, Mapping) or "type" not in given or set(given) - set(known):
            message = (
                f"business metric {name!r}: {given!r} is no declaration; "
                f"write a mapping with type and, where needed, {', '.join(known[1:])}."
            )
            raise MlmonitorError(message)
        parts: dict[str, Any] = dict(given)
        for key in {"buckets", "segments"} & set(parts):
            if not isinstance(parts[key], (list, tuple)):
                message = f"business metric {name!r}: {key} must be a list."
                raise MlmonitorError(message)
            parts[key] = tuple(parts[key])
        return cls(name, **parts)

    @property
    def exposed_segments(self) -> tuple[str, ...]:
        """Values of the label `segment`."""
        return (*self.segments, REST) if self.segments else (WHOLE,)

    def _name_problem(self) -> str | None:
        if not _NAME.fullmatch(self.name):
            return "use letters, digits and underscores for its name."
        if self.type not in get_args(BusinessType):
            return f"type {self.type!r} is unknown; use one of {', '.join(get_args(BusinessType))}."
        return None

    def _bucket_problem(self) -> str | None:
        edges: tuple[object, ...] = self.buckets
        if (self.type == "distribution") != bool(edges):
            return "a distribution needs buckets, and nothing else has any."
        if not all(isinstance(edge, (int, float)) and 0 <= edge < math.inf for edge in edges):
            return "buckets must be finite numbers, none below zero."
        if any(low >= high for low, high in pairwise(self.buckets)):
            return "buckets must ascend."
        return None

    def _segment_problem(self) -> str | None:
        given: tuple[object, ...] = self.segments
        if not all(isinstance(one, str) and one for one in given):
            return "segments must be text that is not empty; put numbers in quotes."
        if {WHOLE, REST} & set(self.segments):
            return f"segments may not be named {WHOLE!r} or {REST!r}, which mlmonitor gives itself."
        if len(set(self.segments)) < len(self.segments):
            return "a segment is listed twice; remove one of them."
        return None


def declared(given: Mapping[str, object] | None) -> tuple[BusinessMetric, ...]:
    """Business metrics by name, as metrics.

    Raises:
        MlmonitorError: see `BusinessMetric`.
    """
    return tuple(BusinessMetric.of(name, one) for name, one in (given or {}).items())
