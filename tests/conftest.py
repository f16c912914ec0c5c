from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_shared_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests does not make them share counts."""
    monkeypatch.delenv("MLMONITOR_DIR", raising=False)


@pytest.fixture(autouse=True)
def _log_level() -> Iterator[None]:
    logger = logging.getLogger("mlmonitor")
    level = logger.level
    yield
    logger.setLevel(level)
