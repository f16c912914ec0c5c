"""What is written of predictions, where to, and what never leaves the process."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, get_args

from mlmonitor.errors import MlmonitorError

Sensitivity = Literal["drop", "hash", "mask"]
SENSITIVITIES: Final = get_args(Sensitivity)
STDOUT: Final = "stdout"
FILES: Final = "files"
DIRECTORY: Final = "logs"
KEY_VARIABLE: Final = "MLMONITOR_HASH_KEY"
_LEAST_KEY: Final = 16
_LEAST_FIELD: Final = 64


@dataclass(frozen=True)
class LogSettings:
    """How the predictions of a monitor are recorded.

    Attributes:
        to: `files`, `stdout`, or a handler of `logging`, which is given a line as its message.
        directory: the folder of the files; made when it is missing.
        sample: share of the predictions that is recorded, those that are always kept aside.
        slow: seconds from which on a prediction is always kept; None for no such bound.
        file_size: bytes after which a new file is begun.
        max_disk: bytes that the folder may hold.
        service, service_version, environment: what `service.*` says; the model's by default.
        namespace: that of the data stream.
        sensitive: what becomes of a column, by its name: `drop`, `hash` or `mask`.
        hash_key, hash_key_file: key of the hashes, or the file that holds it; by default the
            environment's `MLMONITOR_HASH_KEY`.
        detect: whether texts are searched for what nobody marked as sensitive.
        max_field: characters of a value that are kept.
        max_record: bytes that a record may have.
        stack_traces: whether a record of a failure says where the exception was raised.

    Raises:
        MlmonitorError: a value is out of its range, or the key is needed and missing.
    """

    to: Literal["files", "stdout"] | logging.Handler = FILES
    directory: str | os.PathLike[str] = DIRECTORY
    sample: float = 1.0
    slow: float | None = None
    file_size: int = 64 << 20
    max_disk: int = 1 << 30
    service: str | None = None
    service_version: str | None = None
    environment: str | None = None
    namespace: str = "default"
    sensitive: Mapping[str, Sensitivity] = field(default_factory=dict)
    hash_key: str | bytes | None = field(default=None, repr=False)
    hash_key_file: str | os.PathLike[str] | None = None
    detect: bool = True
    max_field: int = 4096
    max_record: int = 64 << 10
    stack_traces: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        problem = self._problem()
        if problem:
            message = f"logs: {problem}"
            raise MlmonitorError(message)

    @classmethod
    def of(cls, given: object) -> LogSettings | None:
        """Settings as `Monitor(logs=…)` takes them; None where nothing is recorded.

        Raises:
            MlmonitorError: an unknown key, or values that do not fit.
        """
        if given is None or given is False:
            return None
        if given is True:
            return cls()
        if isinstance(given, cls):
            return given
        if isinstance(given, logging.Handler):
            return cls(to=given)
        if isinstance(given, (str, os.PathLike)):
            return cls(to=STDOUT) if given == STDOUT else cls(directory=given)
        if not isinstance(given, Mapping):
            message = (
                f"logs: {given!r} is nothing to write to; give a folder, a logging.Handler, "
                "`stdout`, or a mapping of settings."
            )
            raise MlmonitorError(message)
        known = [one.name for one in fields(cls)]
        unknown = [key for key in given if key not in known]
        if unknown:
            message = f"logs: {unknown[0]!r} is unknown; use one of {', '.join(known)}."
            raise MlmonitorError(message)
        return cls(**given)

    def key(self) -> bytes:
        """The key of the hashes.

        Raises:
            MlmonitorError: there is none, it is too short, or its file cannot be read.
        """
        found, place = self._key()
        if not found:
            message = (
                f"logs: columns are marked `hash`, which needs a key; set {KEY_VARIABLE} or "
                "hash_key_file."
            )
            raise MlmonitorError(message)
        if len(found) < _LEAST_KEY:
            message = (
                f"logs: the key in {place} is shorter than {_LEAST_KEY} bytes; make a longer one."
            )
            raise MlmonitorError(message)
        return found

    def _key(self) -> tuple[bytes, str]:
        if self.hash_key is not None:
            given = self.hash_key
            return (given.encode() if isinstance(given, str) else given), "hash_key"
        if self.hash_key_file is not None:
            place = os.fspath(self.hash_key_file)
            try:
                with open(place, "rb") as file:  # noqa: PTH123 - any path-like
                    return file.read().strip(), place
            except OSError as error:
                message = (
                    f"logs: hash_key_file {place} cannot be read ({error.strerror}); mend the path."
                )
                raise MlmonitorError(message) from error
        return os.environ.get(KEY_VARIABLE, "").encode(), KEY_VARIABLE

    def _problem(self) -> str | None:  # noqa: PLR0911 - a table of problems
        if not (self.to in {FILES, STDOUT} or isinstance(self.to, logging.Handler)):
            return f"to={self.to!r} is unknown; use files, stdout or a logging.Handler."
        if not _number(self.sample) or not 0 <= self.sample <= 1:
            return f"sample={self.sample!r} is no share; use a number from 0 to 1."
        if self.slow is not None and (not _number(self.slow) or self.slow <= 0):
            return f"slow={self.slow!r} is no time; use seconds above 0."
        if not _number(self.file_size) or self.file_size < 1 << 10:
            return f"file_size={self.file_size!r} is too little; use at least 1024 bytes."
        if not _number(self.max_disk) or self.max_disk < 2 * self.file_size:
            return "max_disk must hold two files of file_size; raise it or make files smaller."
        if self.max_field < _LEAST_FIELD or self.max_record < 16 * _LEAST_FIELD:
            return "max_field must be at least 64 characters and max_record 1024 bytes."
        for column, what in self.sensitive.items():
            if what not in SENSITIVITIES:
                ways = ", ".join(SENSITIVITIES)
                return f"sensitive column {column!r}: {what!r} is unknown; use one of {ways}."
        return None


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
