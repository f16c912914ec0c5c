"""Where the content that ships with the package lies: dashboards, rules and their like."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mlmonitor.errors import MlmonitorError

_PACKAGE: Final = Path(__file__).parent


def folder(name: str) -> Path:
    """A folder of bundled content, such as `dashboards`: the wheel's or the checkout's.

    Raises:
        MlmonitorError: the installation lacks it.
    """
    for parent in (_PACKAGE / "_bundled", _PACKAGE.parent):
        path = parent / name
        if path.is_dir():
            return path
    message = f"{name}/ is missing from the installation; install mlmonitor again."
    raise MlmonitorError(message)
