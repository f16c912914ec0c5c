from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.elasticsearch_server import USERS, Server, elasticsearch

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One of our own: this build cannot delete data streams, and a plan looks at all of them."""
    with elasticsearch(users=USERS) as running:
        yield running
