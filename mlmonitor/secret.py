"""Secrets, which come from files or the environment and never stand on a command line."""

from __future__ import annotations

import os
from pathlib import Path

from mlmonitor.errors import MlmonitorError


def secret(
    variable: str, file: str | None, *, failure: type[MlmonitorError] = MlmonitorError
) -> str:
    """The content of a file, or of a variable where none is named; empty where there is neither.

    Raises:
        MlmonitorError: the file cannot be read or is empty; as `failure`.
    """
    if file is None:
        return os.environ.get(variable, "")
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        message = f"{file}: the secret cannot be read ({reason}); mend the file or its permissions."
        raise failure(message) from error
    if not text:
        message = f"{file}: is empty; put the secret into it."
        raise failure(message)
    return text
