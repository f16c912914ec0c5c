from __future__ import annotations

from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlmonitor.config import MonitoringConfig
from mlmonitor.respond.metrics import ResponderMetrics
from mlmonitor.respond.payload import parse
from mlmonitor.respond.run import started
from tests.respond.notifications import alert, notification

if TYPE_CHECKING:
    from pathlib import Path
    from wsgiref.simple_server import WSGIServer

STEPS = (
    {"alert": "MlmonitorPredictionsDrifted", "do": "fallback"},
    {"alert": "MlmonitorPredictionsDrifted", "do": "ticket"},
    {"match": {"model": "prices"}, "do": "freeze_canary"},
    {"match": {"model": "churn"}, "do": "command", "command": "stop"},
)
MODELS = (
    {"name": "churn", "version": "7"},
    {"name": "churn", "version": "rules-1", "role": "fallback"},
    {"name": "prices"},
    {"name": "rival", "role": "shadow"},
)


def config(folder: Path, **given: Any) -> MonitoringConfig:
    (folder / "token").write_text("secret")
    settings = {
        "listen": "127.0.0.1:0",
        "state": folder / "state",
        "token_file": folder / "token",
        "steps": STEPS,
        "commands": {"stop": ["false"]},
        **given,
    }
    return MonitoringConfig.model_validate({"respond": settings, "models": MODELS})


def counts(metrics: ResponderMetrics, name: str) -> dict[tuple[str, ...], float]:
    """The series of a counter by the values of their labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == name
    }


def expected(given: MonitoringConfig) -> ResponderMetrics:
    metrics = ResponderMetrics()
    metrics.expect(["churn", "prices"], given.respond)
    return metrics


def test_every_step_that_may_be_counted_is_exposed_as_0(tmp_path):
    metrics = expected(config(tmp_path, dry_run=False))
    assert counts(metrics, "mlmonitor_respond_steps_total") == dict.fromkeys(
        [
            ("churn", "fallback", "done"),
            ("churn", "fallback", "already"),
            ("churn", "ticket", "done"),
            ("churn", "command", "done"),
            ("churn", "command", "failed"),
            ("prices", "fallback", "done"),
            ("prices", "fallback", "already"),
            ("prices", "ticket", "done"),
            ("prices", "freeze_canary", "done"),
            ("prices", "freeze_canary", "already"),
        ],
        0.0,
    )
    assert counts(metrics, "mlmonitor_breaker_switches_total") == {("churn",): 0, ("prices",): 0}
    assert not any(counts(metrics, "mlmonitor_respond_requests_total").values())
    assert ("401",) in counts(metrics, "mlmonitor_respond_requests_total")


def test_in_a_dry_run_no_other_outcome_is_exposed(tmp_path):
    found = counts(expected(config(tmp_path)), "mlmonitor_respond_steps_total")
    assert {outcome for _, _, outcome in found} == {"dry_run"}


def scraped(server: WSGIServer) -> dict[tuple[str, ...], float]:
    """The steps as Prometheus reads them."""
    environ: dict[str, Any] = {"PATH_INFO": "/metrics"}
    setup_testing_defaults(environ)
    text = b"".join(server.get_app()(environ, lambda *_: None)).decode()
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "mlmonitor_respond_steps_total"
    }


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_first_steps_increase_series_that_were_there(tmp_path, dry_run):
    server, responder = started(config(tmp_path, dry_run=dry_run))
    before = scraped(server)
    responder.receive(parse(notification(alert())))
    responder.close()
    after = scraped(server)
    server.server_close()
    assert before.keys() == after.keys()
    assert (sum(before.values()), sum(after.values())) == (0, 3)
