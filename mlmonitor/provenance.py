"""Which model this is: when it was trained, from which files it came, and what it runs on."""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Final

from mlmonitor import names
from mlmonitor.errors import MlmonitorError

Files = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

PACKAGES: Final = (
    "numpy", "scipy", "scikit-learn", "xgboost", "lightgbm", "catboost", "torch", "tensorflow",
    "keras", "jax", "onnxruntime", "transformers",
)  # fmt: skip
"""Packages that compute what a model predicts."""


@dataclass(frozen=True)
class Provenance:
    """What is known of where a model came from.

    Attributes:
        trained: when it was trained, in seconds since the epoch.
        mismatches: whether the live model differs from the profiled one, by what was compared:
            `model` and `environment`.
        differences: what differs, in words.
    """

    trained: float | None = None
    mismatches: Mapping[str, bool] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    def compared(
        self,
        profiled: tuple[str | None, Mapping[str, str] | None],
        fingerprint: str | None,
    ) -> Provenance:
        """The same, compared with the fingerprint and environment of a profile."""
        expected, packages = profiled
        found: dict[str, list[str]] = {}
        if expected is not None and fingerprint is not None:
            differs = expected != fingerprint
            found[names.OTHER_MODEL] = ["its files are not those that were profiled"] * differs
        if packages is not None:
            found[names.OTHER_ENVIRONMENT] = list(_changed(packages, environment()))
        return Provenance(
            self.trained,
            {reason: bool(texts) for reason, texts in found.items()},
            tuple(text for texts in found.values() for text in texts),
        )


def moment(given: object) -> float:
    """A moment in seconds since the epoch; UTC where it names no zone.

    Args:
        given: a date or time, one in ISO 8601, or seconds since the epoch.

    Raises:
        MlmonitorError: it is none of these.
    """
    message = f"{given!r} is no date; write it in ISO 8601, such as 2024-06-01T12:00:00Z."
    if isinstance(given, str):
        text = given.strip()
        try:
            # Python 3.10 does not know the Z.
            given = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
        except ValueError:
            raise MlmonitorError(message) from None
    if isinstance(given, datetime):
        zoned = given if given.tzinfo else given.replace(tzinfo=timezone.utc)
        return zoned.timestamp()
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day, tzinfo=timezone.utc).timestamp()
    if isinstance(given, (int, float)) and not isinstance(given, bool) and math.isfinite(given):
        return float(given)
    raise MlmonitorError(message)


def moment_or_none(given: object) -> float | None:
    """The same, and None where there is none or nobody can read it."""
    try:
        return None if given is None else moment(given)
    except MlmonitorError:
        return None


def fingerprint(*paths: str | os.PathLike[str]) -> str:
    """SHA-256 of the files of a model in hex; the order in which they are named does not matter.

    That of one file is what `sha256sum` prints. A folder counts with the contents and relative
    names of all files in it.

    Raises:
        MlmonitorError: no file is given, or one cannot be read.
    """
    lines = sorted(line for path in paths for line in _digests(Path(path)))
    if not lines:
        message = f"{', '.join(map(str, paths)) or 'fingerprint'}: no files; name those of a model."
        raise MlmonitorError(message)
    if len(lines) == 1 and " " not in lines[0]:
        return lines[0]
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def identified(given: Files) -> str:
    """A fingerprint as options give it: text as it is, paths by their contents.

    Raises:
        MlmonitorError: see `fingerprint`.
    """
    if isinstance(given, str):
        return given
    return fingerprint(given) if isinstance(given, os.PathLike) else fingerprint(*given)


def environment() -> dict[str, str]:
    """Versions of Python and of those of `PACKAGES` that are installed."""
    from importlib import metadata  # noqa: PLC0415 - slow, and few need it

    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for package in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            # What follows the plus sign is how it was built.
            found[package] = metadata.version(package).partition("+")[0]
    return found


def _changed(profiled: Mapping[str, str], live: Mapping[str, str]) -> Iterator[str]:
    """What has another version; a package that either side lacks is no part of the model."""
    for package, version in profiled.items():
        if package in live and live[package] != version:
            yield f"{package} is {live[package]} and was {version}"


def _digests(path: Path) -> Iterator[str]:
    """Digest of a file, or digest and name of each file of a folder."""
    try:
        if not path.is_dir():
            yield _digest(path)
            return
        for file in path.rglob("*"):
            if file.is_file():
                yield f"{_digest(file)} {file.relative_to(path).as_posix()}"
    except OSError as error:
        message = (
            f"{error.filename or path}: cannot be read ({error.strerror}); "
            "check the files of the model."
        )
        raise MlmonitorError(message) from error


def _digest(file: Path) -> str:
    digest, buffer = hashlib.sha256(), memoryview(bytearray(1 << 20))
    with file.open("rb", buffering=0) as opened:
        while size := opened.readinto(buffer):
            digest.update(buffer[:size])
    return digest.hexdigest()
