"""Tests of one group run in one process: they share servers and data, or must not run at once."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("kept-together")
def test_pytest_xdist_keeps_groups_together(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("runs in one process")
    # A pytest that pytest-xdist does not know loses groups, and nothing else tells.
    assert request.node.nodeid.endswith("@kept-together")
