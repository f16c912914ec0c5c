"""Versions of Prometheus as parameters of fixtures that take long, each made in one process alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.components import PROMETHEUS_VERSIONS

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def in_one_process(fixture: str) -> list[ParameterSet]:
    """The versions for a fixture of a module: tests that share what it makes run in one process.

    Otherwise every process of the test run that gets one of them makes it again.
    """
    return [
        pytest.param(version, marks=pytest.mark.xdist_group(f"{fixture}-{version}"))
        for version in PROMETHEUS_VERSIONS
    ]
