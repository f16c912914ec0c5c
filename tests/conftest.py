from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.elasticsearch_server import USERS, Server, elasticsearch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def elasticsearch_server() -> Iterator[Server]:
    """One secured Elasticsearch for all tests of the xdist group `elasticsearch`."""
    with elasticsearch(users=USERS) as server:
        yield server


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
