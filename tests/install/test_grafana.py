"""Pushing dashboards: a server in the test answers as Grafana's documentation says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from mlmonitor.errors import InstallError
from mlmonitor.install.grafana import install, plan
from mlmonitor.install.grafana_api import Grafana, read_token
from tests import components
from tests.install import grafana_server
from tests.install.grafana_server import TOKEN, State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    f"grafana/{uid}.json": json.dumps({"uid": uid, "title": uid.title(), "tags": ["mlmonitor"]})
    for uid in ("fleet", "model")
}


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def url(state: State) -> Iterator[str]:
    with grafana_server.serving(state) as address:
        yield address


def push(url: str, files: dict[str, str] | None = None, token: str = TOKEN) -> list[str]:
    grafana = Grafana(url, token)
    return list(install(grafana, plan(grafana, FILES if files is None else files)))


def refused(url: str, token: str = TOKEN) -> str:
    with pytest.raises(InstallError) as caught:
        push(url, token=token)
    message = str(caught.value)
    assert message.startswith(url)
    assert "\n" not in message
    return message.removeprefix(f"{url}: ")


def test_dashboards_come_into_a_folder_of_their_own(url: str, state: State) -> None:
    assert push(url) == [
        "made folder mlmonitor",
        "made dashboard fleet (Fleet)",
        "made dashboard model (Model)",
    ]
    assert state.folders == {"mlmonitor": "mlmonitor"}
    assert set(state.dashboards) == {"fleet", "model"}
    assert all(one["folderUid"] == "mlmonitor" for one in state.writes)


def test_what_is_as_it_should_be_is_left_alone(url: str, state: State) -> None:
    push(url)
    assert push(url) == []
    assert len(state.writes) == 2


def test_what_differs_is_overwritten(url: str, state: State) -> None:
    push(url)
    changed = {"grafana/model.json": FILES["grafana/model.json"].replace("Model", "Models")}
    assert push(url, changed) == ["changed dashboard model (Models)"]
    assert state.dashboards["model"][0]["version"] == 2


def test_a_plan_shows_what_would_change_and_changes_nothing(url: str, state: State) -> None:
    push(url)
    changed = {"grafana/model.json": FILES["grafana/model.json"].replace("Model", "Models")}
    (change,) = plan(Grafana(url, TOKEN), changed)
    assert '-  "title": "Model",\n+  "title": "Models",\n' in change.diff
    assert len(state.writes) == 2


def test_what_mlmonitor_did_not_make_is_not_overwritten(url: str, state: State) -> None:
    state.dashboards["model"] = ({"uid": "model", "title": "Mine", "version": 3}, {})
    message = refused(url)
    assert message.startswith("dashboard model (Mine) has no tag 'mlmonitor'")
    assert not state.writes


def test_what_grafana_reads_from_files_is_not_overwritten(url: str, state: State) -> None:
    own = {"uid": "model", "title": "Model", "tags": ["mlmonitor"], "version": 1}
    state.dashboards["model"] = (own, {"provisioned": True})
    assert "comes from files that Grafana reads itself" in refused(url)


def test_what_changes_meanwhile_is_not_overwritten(url: str, state: State) -> None:
    push(url)

    def somebody_saves() -> None:
        dashboard, meta = state.dashboards["model"]
        state.dashboards["model"] = ({**dashboard, "version": 9}, meta)

    state.before_write = somebody_saves
    changed = {"grafana/model.json": FILES["grafana/model.json"].replace("Model", "Models")}
    with pytest.raises(InstallError, match=r"changed while it was being written \(412: .*run the"):
        push(url, changed)


def test_a_folder_whose_name_is_taken_is_told(url: str, state: State) -> None:
    state.folders["xyz"] = "mlmonitor"
    assert "folder 'mlmonitor' is there already, under another uid (409: a folder" in refused(url)


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "wants a token; set MLMONITOR_GRAFANA_TOKEN or name a file with --token-file."),
        (
            "glsa_other",
            (
                "does not know the token, or it has expired; set MLMONITOR_GRAFANA_TOKEN or name a "
                "file with --token-file."
            ),
        ),
    ],
)
def test_another_token_is_told(url: str, token: str, message: str) -> None:
    assert refused(url, token) == message


@pytest.mark.parametrize(
    ("status", "kind", "data", "message"),
    [
        (
            200,
            "text/html",
            b"<html>",
            (
                "answers GET /api/dashboards/uid/fleet with text/html (status 200), which is not "
                "Grafana's API; check host, port and path."
            ),
        ),
        (502, "text/html", b"<html>", "with text/html (status 502), which is not Grafana's API"),
        (200, "application/json", b"{", "its JSON is broken"),
        (403, "application/json", b'{"message": "no"}', "give its service account the role Editor"),
        (500, "application/json", b'{"message": "oops"}', "(500: oops); mend that and run"),
        (
            412,
            "application/json",
            b'{"message": "taken", "status": "name-exists"}',
            "another dashboard has the name of",
        ),
    ],
)
def test_an_answer_that_does_not_help_is_told(
    status: int, kind: str, data: bytes, message: str
) -> None:
    with grafana_server.answering(status, kind, data) as url:
        assert message in refused(url)


def test_a_redirect_is_told_and_the_token_goes_nowhere() -> None:
    with grafana_server.answering(302, "text/html", b"", Location="/login") as url:
        assert refused(url) == "sends on to /login; name that one."


def test_a_server_that_is_not_there_is_told() -> None:
    url = f"http://127.0.0.1:{components.free_port()}"
    assert "cannot be reached ([Errno 111] Connection refused); check the address" in refused(url)


@pytest.mark.parametrize("url", ["grafana.example.com", "ftp://grafana", "http://"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(InstallError, match="is no web address; write one such as"):
        Grafana(url, "")


def test_a_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert read_token(str(tmp_path / "token")) == TOKEN
    monkeypatch.setenv("MLMONITOR_GRAFANA_TOKEN", "other")
    assert read_token(None) == "other"
    with pytest.raises(InstallError, match="cannot be read"):
        read_token(str(tmp_path / "nowhere"))


def run(*arguments: str) -> Any:
    return CliRunner().invoke(program, ["push-dashboards", *arguments])


def test_the_command_pushes_all_dashboards_or_shows_their_diff(
    url: str, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMONITOR_GRAFANA_TOKEN", TOKEN)
    dry = run(url, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "+++ mlmonitor-fleet (generated)" in dry.output
    assert not state.writes
    done = run(url, "--folder", "Machine learning")
    assert "made dashboard mlmonitor-fleet (Fleet)" in done.output
    assert state.folders == {"machine-learning": "Machine learning"}
    count = len(state.writes)
    again = run(url)
    assert again.output == f"{count} of {count} dashboards at {url} were up to date\n"


def test_the_command_fails_with_one_sentence(url: str) -> None:
    failed = run(url)
    assert failed.exit_code == 2
    assert failed.output.count("\n") == 1
    assert "wants a token" in failed.output
