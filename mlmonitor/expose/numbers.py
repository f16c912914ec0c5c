"""Numbers as Prometheus writes them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import orjson

if TYPE_CHECKING:
    from mlmonitor.tally.totals import Floats

_EXPONENT_FROM: Final = 6
_EXPONENT_BELOW: Final = -4


def go_float(value: float) -> str:
    """A float as Go's OpenMetrics encoder writes it: `1.0`, `1e+06`, `+Inf`.

    The shortest digits that read back as the same float, with an exponent below 1e-4 and from 1e6
    on (`strconv.FormatFloat(value, 'g', -1, 64)`), and `.0` behind an integer.
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "0.0"
    number = Decimal(repr(float(value))).normalize()
    exponent = number.adjusted()
    if _EXPONENT_BELOW <= exponent < _EXPONENT_FROM:
        text = format(number, "f")
        return text if "." in text else f"{text}.0"
    mantissa = format(number.scaleb(-exponent), "f")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"


def integers(values: Floats) -> list[bytes]:
    """Whole floats as decimal digits; a vector at a time, for speed."""
    if not len(values):
        return []
    written = orjson.dumps(values.astype(np.int64), option=orjson.OPT_SERIALIZE_NUMPY)
    return written[1:-1].split(b",")


def floats(values: Floats) -> list[bytes]:
    """Floats with all their digits; a vector at a time, for speed."""
    if not len(values):
        return []
    if not np.isfinite(values).all():
        return [go_float(value).encode() for value in values.tolist()]
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
