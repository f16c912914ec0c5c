from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from mlmonitor.preview import snapshot, static
from mlmonitor.preview.source import Source, SourceError
from tests import components
from tests.preview.fakes import serving
from tests.preview.test_server import DASHBOARD, answer

if TYPE_CHECKING:
    from pathlib import Path

TIMES = {"from": ["0"], "to": ["120000"]}


def taken(**more: Any) -> tuple[dict[str, Any], str]:
    with serving(answer=answer) as server:
        data = snapshot.taken([{**DASHBOARD, **more}], Source(server.url), 15.0, TIMES, 1e9)
    return data, snapshot.page(data)


def test_a_snapshot_holds_what_the_page_asks_for() -> None:
    data, _ = taken()
    (view,) = data["views"].values()
    assert view["answers"]["1"]["targets"][0]["series"] == [{"labels": {}, "values": [7.0]}]
    assert set(view["answers"]) == {"1"}
    assert len(view["events"]["events"]) == 2
    assert view["described"]["time"]["start"] == 0.0
    assert snapshot.failures(data) == 0


def test_the_file_loads_nothing() -> None:
    _, text = taken()
    assert re.findall(r'(?:src|href)="(?!data:)[^"]*"', text) == []
    assert "@import" not in text
    assert re.findall(r'url\("?(?!data:|"data:)', text) == []
    assert 'from "./' not in text


def test_every_module_is_in_the_file() -> None:
    _, text = taken()
    found = re.search(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    held = set(json.loads(found[1])["imports"])
    own = {name for name in static.files() if name.endswith(".js") and "uplot" not in name}
    assert held == {f"mlmonitor/{name}" for name in own}


@pytest.mark.parametrize("text", ["</script><b>", "<!--", "\u2028", "]]>&amp;"])
def test_no_data_can_end_its_script(text: str) -> None:
    data, page = taken(title=text)
    found = re.search(r'id="frozen">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    assert not set(found[1]) & set("<>&\u2028\u2029")
    assert json.loads(found[1]) == data


def test_without_a_prometheus_nothing_is_written(tmp_path: Path) -> None:
    source = Source(f"http://127.0.0.1:{components.free_port()}")
    with pytest.raises(SourceError, match="does not answer"):
        snapshot.taken([DASHBOARD], source, 15.0, TIMES)
    target = tmp_path / "report.html"
    done = run("--prometheus", source.url, "-o", str(target))
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: Prometheus at http://127.0.0.1")
    assert not target.exists()


def test_errors_of_panels_are_counted(tmp_path: Path) -> None:
    def failing(path: str, values: dict[str, list[str]]) -> Any:
        return answer(path, values) if values.get("query") == ["vector(1)"] else b"<html>"

    target = tmp_path / "report.html"
    with serving(answer=failing) as server:
        done = run("--prometheus", server.url, "-o", str(target), "--only", "mlmonitor-fleet")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"1 dashboards; \d+ panels show an error", done.stdout)
    assert target.exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--only", "nothing"], "--only nothing: is no dashboard; known are mlmonitor-fleet"),
        (["--var", "model"], "--var model: is no choice; write it as NAME=VALUE"),
        (["--from", "then"], "'then' is no time"),
        (["--prometheus", "nowhere"], "nowhere: is no address of a Prometheus"),
        (["--dashboards", "nowhere"], "nowhere: is no folder"),
        (["-o", "/dev/null/x.html"], "/dev/null: is a file, not a folder"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(options: list[str], told: str) -> None:
    with serving(answer=answer) as server:
        done = run("--prometheus", server.url, *options)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def run(*options: str) -> Any:
    return CliRunner().invoke(program, ["snapshot", *options], prog_name="mlmonitor")
