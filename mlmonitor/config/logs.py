"""Section `logs`: the records of predictions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from mlmonitor.config.section import Duration, Section
from mlmonitor.logs.settings import DIRECTORY, LogSettings

Sensitivity = Literal["drop", "hash", "mask"]

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)i?B?", re.IGNORECASE)
_POWERS: Final = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def _bytes(value: object) -> int:
    found = _SIZE.fullmatch(str(value).strip()) if not isinstance(value, bool) else None
    if found is None:
        message = f"{value!r} is no size; write it as 64MB or 1GB."
        raise ValueError(message)
    return int(float(found[1]) * (1 << _POWERS[found[2].upper()]))


Size = Annotated[
    int,
    BeforeValidator(_bytes),
    WithJsonSchema({"type": ["integer", "string"], "examples": ["64MB", "1GB"]}),
]
"""Bytes: `64MB` in the file, a number in Python."""
Flag = Annotated[bool, Field(strict=True)]


class RecordSettings(Section):
    """Where a record of each prediction is written, and of which."""

    enabled: Flag = Field(default=True, description="false records nothing.")
    to: Literal["files", "stdout"] = Field(
        default="files", description="files, for shipping, or stdout."
    )
    directory: Path = Field(
        default=Path(DIRECTORY),
        validate_default=True,
        description="Folder of the files, relative to this file.",
    )
    sample: Annotated[float, Field(ge=0, le=1, strict=True)] = Field(
        default=1.0,
        description="Share that is recorded; errors, violations and slow predictions always are.",
    )
    slow: Duration | None = Field(
        default=None, description="From when on a prediction is slow; the model's slo.latency."
    )
    file_size: Size = Field(
        default=64 << 20, description="Size at which a new file is begun; 64MB."
    )
    max_disk: Size = Field(
        default=1 << 30,
        validate_default=True,
        description="Most that the folder may hold; 1GB.",
    )
    service: str | None = Field(
        default=None, description="Name of the service; the model's without it."
    )
    service_version: str | None = Field(
        default=None, description="Version of the service, in quotes; the model's without it."
    )
    environment: str | None = Field(
        default=None, description="Environment of the service, such as production."
    )
    namespace: Annotated[str, Field(min_length=1)] = Field(
        default="default", description="Namespace of the data streams."
    )
    hash_key_file: Path | None = Field(
        default=None,
        description="File with the key of hashed columns, relative to this file; "
        "without it the environment's MLMONITOR_HASH_KEY.",
    )
    detect: Flag = Field(
        default=True, description="Whether texts are searched for sensitive values."
    )
    max_field: Annotated[int, Field(ge=64, strict=True)] = Field(
        default=4096, description="Characters of a value that are kept."
    )
    max_record: Size = Field(default=64 << 10, description="Most bytes of a record; 64kB.")
    stack_traces: Flag = Field(
        default=True, description="Whether a failure says where it was raised."
    )

    @field_validator("directory", "hash_key_file")
    @classmethod
    def _beside_the_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        folder = (info.context or {}).get("folder")
        return folder / value if value is not None and folder is not None else value

    @field_validator("max_disk")
    @classmethod
    def _holds_two_files(cls, value: int, info: ValidationInfo) -> int:
        size = info.data.get("file_size")
        if size is not None and value < 2 * size:
            message = "must hold two files of file_size; raise it or make files smaller."
            raise ValueError(message)
        return value

    @field_validator("file_size", "max_record")
    @classmethod
    def _not_too_small(cls, value: int) -> int:
        least = 1 << 10
        if value < least:
            message = f"{value} bytes are too few; use at least {least}."
            raise ValueError(message)
        return value

    def settings(self, sensitive: dict[str, Sensitivity], slow: float | None) -> LogSettings | None:
        """What a monitor is given.

        Args:
            sensitive: what becomes of columns, by name.
            slow: seconds from which on a prediction is slow, where the section says nothing.

        Raises:
            MlmonitorError: the parts do not fit together.
        """
        if not self.enabled:
            return None
        given: dict[str, Any] = self.model_dump(exclude={"enabled", "slow"})
        given["slow"] = slow if self.slow is None else self.slow
        return LogSettings(sensitive=sensitive, **given)
