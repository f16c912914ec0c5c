"""What every section of `monitoring.yaml` is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from mlmonitor import promql
from mlmonitor.errors import MlmonitorError


def _seconds(value: object) -> float:
    if not isinstance(value, str):
        message = f"{value!r} is no duration; write it as 30s, 5m, 1h or 1d."
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueErrors
    try:
        return promql.seconds(value)
    except MlmonitorError as error:
        raise ValueError(str(error)) from None


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$", "examples": ["5m"]}),
]
"""A length of time: `1h30m` in the file, seconds in Python."""


class Section(BaseModel):
    """A mapping of the file: no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Positive = Annotated[float, Field(gt=0, le=1e15, strict=True, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, lt=1, strict=True)]
