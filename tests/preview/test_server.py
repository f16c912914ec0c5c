from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor.preview import static
from mlmonitor.preview.source import Source
from tests.preview import browser
from tests.preview.fakes import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

DASHBOARD = {
    "uid": "one", "title": "One", "tags": ["t"], "panels": [
        {
            "id": 1, "type": "stat", "title": "$model", "gridPos": {"x": 0, "y": 0, "w": 6, "h": 4},
            "targets": [{"refId": "A", "expr": 'up{model="$model"}', "instant": True}],
        },
        {"id": 2, "type": "text", "title": "", "gridPos": {"x": 6, "y": 0, "w": 6, "h": 4},
         "options": {"mode": "markdown", "content": "**bold** <script>alert(1)</script>"}},
    ],
    "templating": {"list": [{"name": "model", "type": "custom", "query": "a,b"}]},
    "annotations": {"list": [{"name": "Open", "iconColor": "red", "target": {"expr": "ALERTS"}}]},
}  # fmt: skip


def answer(path: str, _: dict[str, list[str]]) -> Any:
    """What Prometheus says."""
    if path.endswith("query_range"):
        series = {"metric": {}, "values": [[0, "0"], [15, "1"], [30, "1"], [90, "1"]]}
        return {"resultType": "matrix", "result": [series]}
    return {"resultType": "vector", "result": [{"metric": {}, "value": [0, "7"]}]}


@pytest.fixture(scope="module")
def base() -> Iterator[tuple[str, Any]]:
    with (
        serving(answer=answer) as prometheus,
        browser.served([DASHBOARD], Source(prometheus.url), 15.0) as url,
    ):
        yield url, prometheus


def got(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as found:
            return found.status, dict(found.headers), found.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def data(url: str) -> Any:
    status, _, body = got(url)
    assert status == 200, body
    return json.loads(body)


def test_the_first_dashboard_opens_by_itself(base: tuple[str, Any]) -> None:
    status, headers, body = got(f"{base[0]}/")
    assert status == 200
    assert body == static.read("index.html")
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_every_file_that_the_page_names_is_served(base: tuple[str, Any]) -> None:
    texts = [static.read(name).decode() for name in static.files() if "uplot" not in name]
    named = {name for text in texts for name in re.findall(r'"/static/([^"]+)"', text)}
    assert named
    for name in named:
        assert got(f"{base[0]}/static/{name}")[0] == 200, name


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_other_names_of_this_machine_are_refused(base: tuple[str, Any], host: str) -> None:
    status, _, body = got(f"{base[0]}/api/dashboards", Host=host)
    assert status == 403
    assert json.loads(body)["error"] == "Open the preview as http://127.0.0.1."


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "[::1]:80", "127.0.0.1"])
def test_names_of_loopback_are_taken(base: tuple[str, Any], host: str) -> None:
    assert got(f"{base[0]}/api/dashboards", Host=host)[0] == 200


def test_nothing_can_be_sent(base: tuple[str, Any]) -> None:
    status, headers, _ = got(f"{base[0]}/", "POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_head_has_no_body(base: tuple[str, Any]) -> None:
    status, headers, body = got(f"{base[0]}/d/one", "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/static/../server.py", "/static/%2e%2e/server.py", "/static/server.py",
        "/api/nothing", "/api/view/none", "/api/view/999/panel/1", "/api/view/999/events",
    ],
)  # fmt: skip
def test_what_is_not_there_is_told(base: tuple[str, Any], path: str) -> None:
    status, _, body = got(base[0] + path)
    assert status == 404
    assert json.loads(body)["error"]


def test_a_view_is_opened_and_asked_for_its_panels(base: tuple[str, Any]) -> None:
    url, prometheus = base
    view = data(f"{url}/api/view/one?from=0&to=120000&var-model=b")
    assert view["variables"][0]["chosen"] == ["b"]
    first, second = view["sections"][0]["panels"]
    assert (first["title"], first["grid"]) == ("b", [0, 0, 6, 4])
    assert "targets" not in first
    assert "<strong>bold</strong>" in second["options"]["html"]
    assert "<script>" not in second["options"]["html"]
    found = data(f"{url}/api/view/{view['token']}/panel/{first['key']}")
    assert found["targets"][0]["series"] == [{"labels": {}, "values": [7.0]}]
    assert prometheus.asked[-1][1]["query"] == ['up{model="b"}']


def test_annotations_are_stretches_in_which_a_series_is_not_zero(base: tuple[str, Any]) -> None:
    view = data(f"{base[0]}/api/view/one?from=0&to=120000")
    found = data(f"{base[0]}/api/view/{view['token']}/events")
    assert [(one["time"], one["until"]) for one in found["events"]] == [(15.0, 30.0), (90.0, 90.0)]


def test_a_wrong_time_is_told(base: tuple[str, Any]) -> None:
    status, _, body = got(f"{base[0]}/api/view/one?from=yesterday")
    assert status == 400
    assert "'yesterday' is no time" in json.loads(body)["error"]
