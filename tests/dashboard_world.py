"""A small world in which every dashboard has something to show, on a real Prometheus.

Two models predict in one process: one with a plain name, one whose name holds what a query could trip
over. Both err, drift, send unknown columns and record business metrics; a responder has switched
one to its fallback.
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry

from mlmonitor import Monitor, start_server
from mlmonitor.breaker import BreakerState
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.respond.metrics import ResponderMetrics
from tests import components, drift_sample

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEP, WINDOW = 2.0, 10.0
PLAIN: Final = "houses"
ODD: Final = 'od"d\\{m}o$del (a|b)'
"""A name with quotes, a backslash, braces, a dollar and signs of regular expressions."""

_BUSINESS: Final = {
    "orders": {"type": "counter", "segments": ["web", "app"], "alert": {"below": 100.0, "over": "5s"}},
    "stock": {"type": "gauge", "alert": {"above": 1e6}},
    "order_value": {"type": "distribution", "buckets": [10, 20, 50], "alert": {"above": 5.0, "over": "5s", "minimum": 1}},
}  # fmt: skip


def _model(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": "7",
        "business": _BUSINESS,
        "alerts": {"MlmonitorUnseenCategories": 0.04},
        "depends_on": [{"name": "features", "up": "up{job='models'}"}],
    }


CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"scrape_interval": "1s", "step": f"{STEP:g}s", "windows": [f"{WINDOW:g}s"]},
        "thresholds": {"minimum_rows": 20},
        "alerts": {"evaluation_interval": "1s", "time_scale": 0.005},
        "links": {"kibana": "http://localhost:5601"},
        "respond": {"steps": [{"alert": "MlmonitorFeatureMissing", "do": "fallback"}]},
        "models": [_model(PLAIN), _model(ODD)],
    }
)


@dataclass(frozen=True)
class Asked:
    """A Prometheus at a moment."""

    url: str
    moment: float

    def __call__(
        self, expression: str, *, span: float | None = None, step: float = 1.0
    ) -> list[dict[str, Any]]:
        """What an expression gives at the moment, or over the `span` seconds before it."""
        values = {"query": expression, "time": f"{self.moment:.3f}"}
        if span is not None:
            values = {
                "query": expression,
                "start": f"{self.moment - span:.3f}",
                "end": f"{self.moment:.3f}",
                "step": f"{step:g}",
            }
        path = "query" if span is None else "query_range"
        address = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(values)}"
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return json.load(answer)["data"]["result"]  # type: ignore[no-any-return]
        except urllib.error.HTTPError as error:
            message = f"{expression}\n{error.read().decode()}"
            raise AssertionError(message) from error


@contextmanager
def running(version: str, folder: Path) -> Iterator[Asked]:
    """The world after it has lasted long enough for every verdict, until the block ends."""
    output.write(rule_files(CONFIG), folder)
    registry, responder = CollectorRegistry(), ResponderMetrics()
    responder.shows(PLAIN, replace(BreakerState(), phase="open"))
    responder.took(PLAIN, "fallback", "done")
    responder.answered(200)
    monitors = [_service(name, registry) for name in (PLAIN, ODD)]
    with ExitStack() as stack:
        ports = [stack.enter_context(exposed(one)) for one in (registry, responder.registry)]
        config = _config(folder, ports)
        options = ("--web.enable-lifecycle",)
        server = stack.enter_context(components.prometheus(version, config, options=options))
        # Its own port is known by now, and Prometheus watches its rules only if it scrapes itself.
        _config(folder, [*ports, int(server.url.rpartition(":")[2])])
        urllib.request.urlopen(f"{server.url}/-/reload", data=b"", timeout=20).close()
        _feed(monitors)
        yield Asked(server.url, time.time())


@contextmanager
def exposed(registry: CollectorRegistry) -> Iterator[int]:
    """Serve a registry on a free port, which it gives."""
    server, thread = start_server(0, "127.0.0.1", registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _service(name: str, registry: CollectorRegistry) -> tuple[Monitor, Any]:
    reference = drift_sample.reference().model_copy(update={"model": name})
    options = CONFIG.monitor_options(name)
    options.pop("version")
    monitor = Monitor(
        name, version="7", reference=reference, registry=registry, trained="2024-01-01", **options
    )

    @monitor(input="row")
    def predict(row: dict[str, Any], prediction: float) -> float:
        if row["rooms"] is None:
            raise ValueError
        return prediction

    return monitor, predict


def _feed(services: list[tuple[Monitor, Any]]) -> None:
    """Predict for as long as the window's verdict needs, with errors and an unknown column."""
    until = time.monotonic() + WINDOW + 6 * STEP + 4
    seed = 0
    while time.monotonic() < until:
        seed += 1
        for monitor, predict in services:
            for row in drift_sample.rows(20, seed):
                predict(row, row.pop("prediction"))
            with contextlib.suppress(ValueError):
                predict({**row, "rooms": None, "surprise": 1, "changed": "five"}, 0.0)
            monitor.business("orders", segment="web")
            monitor.business("order_value", 12.5)
            monitor.business("stock", 4180.0)
            monitor.business("unknown", 1.0)
        time.sleep(0.2)


def _config(folder: Path, ports: list[int]) -> Path:
    """Scrape the models, the responder and, where its port is known, Prometheus itself."""
    jobs = [
        {
            "job_name": name,
            "static_configs": [
                {"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "production"}}
            ],
        }
        for name, port in zip(("models", "respond", "prometheus"), ports, strict=False)
    ]
    config = folder / "prometheus.json"
    document = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "rule_files": [str(folder / "prometheus" / "*.yml")],
        "scrape_configs": jobs,
    }
    config.write_text(json.dumps(document))
    return config
