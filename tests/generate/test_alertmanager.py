"""Alertmanager's configuration, on real amtool and a real Alertmanager."""

from __future__ import annotations

import json
import ssl
import subprocess
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

import pytest
import trustme
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from mlmonitor.config import load_config, zones
from mlmonitor.errors import ConfigError
from mlmonitor.generate import output
from mlmonitor.generate.alertmanager import FILE, TEMPLATES, alertmanager
from tests import components

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session

SETTINGS: Final = """
scope_labels: [namespace]
alerts: {time_scale: 0.01}
notifications:
  page:
    slack: {url_file: /secrets/slack, channel: "#pages"}
    pagerduty: {routing_key_file: /secrets/pagerduty, url: "http://127.0.0.1:9096/pagerduty"}
    email: {to: sre@example.com, from: m@example.com, smarthost: "127.0.0.1:9587", username: m, password_file: /secrets/mail}
    webhook: {url: "http://127.0.0.1:9096/page", token_file: /secrets/token}
  ticket:
    webhook: {url: "http://127.0.0.1:9096/ticket"}
  automate: {url: "http://127.0.0.1:9096/alerts", token_file: /secrets/token}
"""


class _Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, by path, and the letters of a mail server with who sent them."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str | None, dict[str, Any]]] = []
        self.letters: list[tuple[bytes, EmailMessage]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Letters:
    """The handler of a mail server."""

    def __init__(self, kept: list[tuple[bytes, EmailMessage]]) -> None:
        self._kept = kept

    async def handle_DATA(self, _: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self._kept.append((session.auth_data.password, letter))
        return "250 OK"


def _login(*seen: object) -> AuthResult:
    password = next(one for one in seen if isinstance(one, LoginPassword))
    return AuthResult(success=password.login == b"m", auth_data=password)


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep silent."""


def _written(folder: Path, text: str) -> Path:
    path = folder / "monitoring.yaml"
    path.write_text(text, encoding="utf-8")
    output.write(alertmanager(load_config(path)), folder)
    return folder / FILE


def _amtool(*arguments: str) -> str:
    run = subprocess.run(
        [str(components.alertmanager_programs().amtool), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        SETTINGS,
        SETTINGS.replace("username: m", "require_tls: false, username: m"),
        "scope_labels: []",
        "notifications: {ticket_hours: {location: Europe/Oslo}}",
        "notifications: {ticket_hours: {location: Local}}",
    ],
)
def test_amtool_accepts_the_configuration(text: str, tmp_path: Path) -> None:
    assert "SUCCESS" in _amtool("check-config", str(_written(tmp_path, text)))


@pytest.mark.parametrize("zone", ["Europe/Olso", "europe/oslo", "new york", "../etc", "Etc"])
def test_amtool_refuses_a_time_zone_that_is_refused(zone: str, tmp_path: Path) -> None:
    assert not zones.is_known(zone)
    path = _written(tmp_path, "notifications: {ticket_hours: {location: Europe/Oslo}}")
    path.write_text(path.read_text().replace("Europe/Oslo", zone))
    with pytest.raises(
        AssertionError, match=r"unknown time zone|is a directory|invalid location name"
    ):
        _amtool("check-config", str(path))


@pytest.mark.parametrize("states", [("resolved", "firing"), ("resolved",)])
def test_a_title_names_what_still_stands(states: tuple[str, ...], tmp_path: Path) -> None:
    alerts = [{"status": state, "annotations": {"summary": f"is {state}"}} for state in states]
    data = {
        "status": states[-1],
        "alerts": alerts,
        "commonLabels": {"severity": "critical", "namespace": "prod"},
    }
    (tmp_path / "data.json").write_text(json.dumps(data))
    _written(tmp_path, SETTINGS)
    found = _amtool(
        "template", "render", f"--template.glob={tmp_path / TEMPLATES}",
        f"--template.data={tmp_path / 'data.json'}",
        '--template.text={{ template "mlmonitor.title" . }}',
    )  # fmt: skip
    told = {"firing": "[CRITICAL] prod: is firing", "resolved": "[RESOLVED] prod: is resolved"}
    assert found.strip() == told[states[-1]]


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        (["alertname=MlmonitorColumnsGone", "severity=critical"], "automate,page"),
        (["alertname=MlmonitorInputsDrifted", "severity=warning"], "ticket"),
        (["alertname=MlmonitorColumnDrifted", "severity=info"], "record"),
        (["alertname=SomethingElse", "severity=critical"], "record"),
    ],
)
def test_severity_decides_who_is_told(labels: list[str], receivers: str, tmp_path: Path) -> None:
    path = _written(tmp_path, SETTINGS)
    told = _amtool("config", "routes", "test", f"--config.file={path}", *labels)
    assert told.strip() == receivers


def test_without_notifications_everything_is_recorded(tmp_path: Path) -> None:
    written = yaml.safe_load(_written(tmp_path, "{}").read_text(encoding="utf-8"))
    assert [set(one) for one in written["receivers"]] == [{"name"}] * 3


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "monitoring.yaml").write_text(SETTINGS, encoding="utf-8")
    config = load_config(tmp_path / "monitoring.yaml")
    assert alertmanager(config) == alertmanager(config)


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Receiver]:
    """What a real Alertmanager sends out for the alerts of `_send`."""
    folder = tmp_path_factory.mktemp("alertmanager")
    receiver = _Receiver()
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    port = str(receiver.server_port)
    settings = SETTINGS.replace("/secrets", str(folder / "alertmanager"))
    mail_port = components.free_port()
    path = _written(folder, settings.replace("9096", port).replace("9587", str(mail_port)))
    secrets = {
        "slack": f"http://127.0.0.1:{port}/slack", "token": "secret", "pagerduty": "key", "mail": "p",
    }  # fmt: skip
    for name, secret in secrets.items():
        (path.parent / name).write_text(secret)
    with (
        _mail_server(receiver, mail_port, folder / "ca.pem"),
        components.alertmanager(path) as server,
    ):
        _send(server.url)
        # Three groups page, each by Slack, PagerDuty, e-mail and two webhooks; two make tickets.
        wanted = Counter({"/slack": 3, "/pagerduty": 3, "/page": 3, "/alerts": 3, "/ticket": 2})
        end = time.monotonic() + 30
        while time.monotonic() < end and (
            wanted - Counter(one[0] for one in receiver.got) or len(receiver.letters) < 3
        ):
            time.sleep(0.2)
        yield receiver
    receiver.shutdown()
    receiver.server_close()


@contextmanager
def _mail_server(receiver: _Receiver, port: int, certificates: Path) -> Iterator[None]:
    """A mail server that takes letters over TLS alone, with a certificate that programs here trust."""
    authority, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(certificates))
    controller = Controller(
        _Letters(receiver.letters),
        hostname="127.0.0.1",
        port=port,
        authenticator=_login,
        auth_required=True,
        auth_exclude_mechanism=["LOGIN"],  # asks in words that Alertmanager does not know
        tls_context=context,
        require_starttls=True,
    )
    controller.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(certificates))
            yield
    finally:
        controller.stop()


def _send(url: str) -> None:
    sent = [
        ("MlmonitorPredictionsDrifted", "critical", "distribution", "churn", "live"),
        ("MlmonitorInputsDrifted", "warning", "distribution", "churn", "live"),
        ("MlmonitorColumnMissing", "warning", "data", "prices", "live"),
        ("MlmonitorServiceDown", "warning", "operation", "prices", "shadow"),
        ("MlmonitorServiceDown", "critical", "operation", "gone", "live"),
        ("MlmonitorErrorRateHigh", "warning", "operation", "gone", "live"),
        ("MlmonitorFeatureMissing", "critical", "data", "rents", "live", "age"),
        ("MlmonitorMissingShareHigh", "warning", "data", "rents", "live", "age"),
        ("MlmonitorInputsDrifted", "warning", "distribution", "rents", "live"),
        ("MlmonitorWrongType", "warning", "data", "rents", "live", "rooms"),
        ("MlmonitorErrorBudgetBurning", "critical", "operation", "rents", "live"),
        ("MlmonitorErrorBudgetDraining", "warning", "operation", "rents", "live"),
        ("MlmonitorMemorySaturated", "warning", "operation", "rents", "live"),
    ]
    alerts = [
        {
            "labels": {
                "alertname": name, "severity": severity, "concern": concern, "model": model,
                "namespace": "prod", "version": "1", "role": role, **({"column": column[0]} if column else {}),
            },
            "annotations": {
                "summary": f"{model}: <{name}> & more",
                "description": f"what {name} measured",
                "runbook_url": f"http://runbooks/{name}",
                "dashboard_url": "http://grafana/d/mlmonitor",
            },
        }
        for name, severity, concern, model, role, *column in sent
    ]  # fmt: skip
    request = urllib.request.Request(
        f"{url}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def _told(receiver: _Receiver, path: str) -> list[dict[str, Any]]:
    return [body for where, _, body in receiver.got if where == path]


def _alerts(receiver: _Receiver, path: str) -> set[str]:
    return {
        alert["labels"]["alertname"] for body in _told(receiver, path) for alert in body["alerts"]
    }


def test_pages_and_tickets_go_where_they_belong(received: _Receiver) -> None:
    pages = {
        "MlmonitorPredictionsDrifted", "MlmonitorServiceDown", "MlmonitorFeatureMissing",
        "MlmonitorErrorBudgetBurning",
    }  # fmt: skip
    assert _alerts(received, "/page") == pages
    assert _alerts(received, "/alerts") == pages
    assert {one["groupLabels"]["model"] for one in _told(received, "/page")} == {
        "churn", "gone", "rents",
    }  # fmt: skip


def test_a_page_silences_its_details_and_a_service_that_is_down_the_rest(
    received: _Receiver,
) -> None:
    tickets = {one["groupLabels"]["model"]: one["alerts"] for one in _told(received, "/ticket")}
    assert set(tickets) == {"prices", "rents"}
    assert {(one["labels"]["alertname"], one["labels"]["role"]) for one in tickets["prices"]} == {
        ("MlmonitorColumnMissing", "live"),
        ("MlmonitorServiceDown", "shadow"),  # nobody gets its answers, and the model is there
    }
    assert {one["labels"]["alertname"] for one in tickets["rents"]} == {
        "MlmonitorWrongType",  # of another column than the page
        "MlmonitorMemorySaturated",  # calls may fail for it
    }


def test_slack_shows_title_description_and_links(received: _Receiver) -> None:
    shown = {
        one["attachments"][0]["title"]: one["attachments"][0] for one in _told(received, "/slack")
    }
    page = shown["[CRITICAL] prod: churn: <MlmonitorPredictionsDrifted> & more"]
    assert "what MlmonitorPredictionsDrifted measured" in page["text"]
    assert "<http://runbooks/MlmonitorPredictionsDrifted|runbook>" in page["text"]
    assert page["title_link"] == "http://grafana/d/mlmonitor"


def test_pagerduty_gets_a_page_with_its_severity_and_links(received: _Receiver) -> None:
    events = {one["payload"]["summary"]: one for one in _told(received, "/pagerduty")}
    page = events["[CRITICAL] prod: churn: <MlmonitorPredictionsDrifted> & more"]
    assert (page["routing_key"], page["event_action"]) == ("key", "trigger")
    assert page["payload"]["severity"] == "critical"
    assert "what MlmonitorPredictionsDrifted measured" in json.dumps(page["payload"])
    assert page["client_url"] == "http://grafana/d/mlmonitor"
    assert page["links"] == [
        {"href": "http://runbooks/MlmonitorPredictionsDrifted", "text": "Runbook"}
    ]


def test_a_letter_says_the_same_as_text_and_as_a_page(received: _Receiver) -> None:
    letters = {letter["Subject"]: (password, letter) for password, letter in received.letters}
    password, letter = letters["[CRITICAL] prod: churn: <MlmonitorPredictionsDrifted> & more"]
    assert password == b"p"
    assert (letter["From"], letter["To"]) == ("m@example.com", "sre@example.com")
    text, page = (letter.get_body([kind]).get_content() for kind in ("plain", "html"))
    for body in (text, page):
        assert "what MlmonitorPredictionsDrifted measured" in body
        assert "http://runbooks/MlmonitorPredictionsDrifted" in body
    assert "churn: &lt;MlmonitorPredictionsDrifted&gt; &amp; more" in page


def test_tokens_come_from_files(received: _Receiver) -> None:
    tokens = {path: token for path, token, _ in received.got}
    assert tokens["/alerts"] == tokens["/page"] == "Bearer secret"
    assert tokens["/ticket"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("page: {slack: {url: 'https://hooks'}}", "`url` is a secret.*url_file"),
        ("page: {pagerduty: {routing_key: abc}}", "`routing_key` is a secret.*routing_key_file"),
        (
            "page: {pagerduty: {routing_key_file: key}}",
            "'key' is no whole path.*/etc/mlmonitor/key",
        ),
        ("ticket: {webhook: {url: hooks}}", "no web address"),
        ("ticket: {email: {to: a, from: b, smarthost: mail}}", "smarthost"),
        ("ticket_hours: {days: [caturday]}", "'caturday' is no day"),
        ("ticket_hours: {hours: ['17:00-09:00']}", "no span of a day"),
        ("pages: {}", "pages"),
    ],
)
def test_bad_settings_name_file_key_and_fix(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "monitoring.yaml"
    path.write_text(f"notifications:\n  {text}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"(?s)monitoring.yaml.*{message}"):
        load_config(path)
