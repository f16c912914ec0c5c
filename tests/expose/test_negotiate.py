from __future__ import annotations

import pytest

from mlmonitor.expose.negotiate import accepts_gzip, chosen_format

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "text"),
        ("", "text"),
        ("*/*", "text"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text"),
        (PROMETHEUS_2, "openmetrics"),
        (PROMETHEUS_3, "openmetrics"),
        ("application/openmetrics-text", "openmetrics"),
        ('Application/OpenMetrics-Text; Version="1.0.0"', "openmetrics"),
        ("application/openmetrics-text; version=2.0.0", "text"),
        ("application/openmetrics-text;q=0.2,text/plain;q=0.3", "text"),
        ("text/plain;q=0.2, application/openmetrics-text;q=0.3", "openmetrics"),
        ("application/openmetrics-text;q=0", "text"),
        ("application/openmetrics-text;q=much", "text"),
        ("image/png", "text"),
        (",;=;,", "text"),
    ],
)
def test_the_format_that_the_client_likes_best_is_chosen(accept: str | None, expected: str) -> None:
    assert chosen_format(accept) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("br", False),
        ("identity", False),
    ],
)
def test_gzip_is_used_where_it_is_accepted(header: str | None, expected: bool) -> None:  # noqa: FBT001
    assert accepts_gzip(header) is expected
