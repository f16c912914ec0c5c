"""A small company's models for pictures: five of them, of which three get into trouble.

Rows are drawn as those of the reference; after a while one model gets other customers, one loses a
feature, and one fails now and then. Everything else is real: monitors, rules, Prometheus.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
import urllib.request
import warnings
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from prometheus_client import CollectorRegistry

from mlmonitor import Monitor
from mlmonitor.breaker import BreakerState
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.reference.build import from_frame
from mlmonitor.respond.metrics import ResponderMetrics
from tests import components
from tests.dashboard_world import exposed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.random import Generator

    Draw = Callable[[Generator, int], np.ndarray]

ROWS: Final = 4000
A_TURN: Final = 10
TURN_SECONDS: Final = 0.25
WINDOW: Final = "30s"
TRAINED_AGO: Final = 12 * 86400.0


def _normal(mean: float, deviation: float, *, least: float = 0.0, digits: int = 1) -> Draw:
    return lambda rng, n: np.maximum(least, rng.normal(mean, deviation, n)).round(digits)


def _skewed(median: float, spread: float, digits: int = 0) -> Draw:
    return lambda rng, n: rng.lognormal(np.log(median), spread, n).round(digits)


def _whole(low: int, high: int) -> Draw:
    return lambda rng, n: rng.integers(low, high + 1, n).astype(float)


def _of(**chances: float) -> Draw:
    shares = np.array(list(chances.values()))
    return lambda rng, n: rng.choice(list(chances), n, p=shares / shares.sum()).astype(object)


def _missing(rng: Generator, n: int) -> np.ndarray:
    return np.where(rng.random(n) < 0.93, None, 1.0)


@dataclass(frozen=True)
class Model:
    """A model: how its rows are drawn, and how from `trouble` on.

    Attributes:
        columns, changed: column -> how to draw it; `changed` in place of `columns` in trouble.
        seconds: how long a prediction takes, in the median.
        errors: share of calls that fail in trouble.
        trouble: when it begins and ends, as shares of the whole time.
    """

    name: str
    version: str
    columns: Mapping[str, Draw]
    changed: Mapping[str, Draw]
    seconds: float
    errors: float = 0.0
    trouble: tuple[float, float] = (0.55, 2.0)

    def rows(self, rng: Generator, count: int, *, troubled: bool) -> list[dict[str, Any]]:
        """Rows, each with its prediction."""
        draws = {**self.columns, **(self.changed if troubled else {})}
        drawn = {name: draw(rng, count) for name, draw in draws.items()}
        return [dict(zip(drawn, row, strict=True)) for row in zip(*drawn.values(), strict=True)]


MODELS: Final = (
    Model(
        "credit-risk", "12",
        {
            "income": _skewed(42000, 0.5), "age": _whole(18, 80), "loan_amount": _skewed(9000, 0.7),
            "employment": _of(employed=7, self_employed=2, retired=2, student=1),
            "region": _of(north=3, south=4, east=2, west=3), "history_years": _whole(0, 30),
            "prediction": _normal(0.18, 0.08, digits=3),
        },
        {"income": _missing, "prediction": _normal(0.29, 0.11, digits=3)},
        seconds=0.006, trouble=(0.7, 2.0),
    ),
    Model(
        "churn", "3",
        {
            "tenure_months": _whole(1, 72), "monthly_fee": _normal(38, 11), "tickets": _whole(0, 6),
            "plan": _of(free=5, basic=8, pro=5, team=2), "country": _of(DE=6, FR=4, ES=3, IT=3, PL=2),
            "last_login_days": _skewed(4, 0.9), "prediction": _normal(0.31, 0.12, digits=3),
        },
        {"plan": _of(free=12, basic=6, pro=2, team=1), "tenure_months": _whole(1, 20)},
        seconds=0.003, trouble=(0.45, 2.0),
    ),
    Model(
        "delivery-eta", "2.4",
        {
            "distance_km": _skewed(5, 0.6, 1), "items": _whole(1, 12), "hour": _whole(7, 22),
            "vehicle": _of(bike=5, car=4, van=2), "prediction": _normal(34, 9),
        },
        {}, seconds=0.012, errors=0.06, trouble=(0.6, 0.85),
    ),
    Model(
        "house-prices", "1",
        {
            "living_area": _skewed(1450, 0.32), "lot_area": _skewed(9400, 0.4),
            "rooms": _whole(2, 10), "year_built": _whole(1900, 2010), "quality": _whole(3, 10),
            "neighbourhood": _of(Old_Town=4, Sawyer=3, Edwards=3, Gilbert=2, Crawford=2),
            "prediction": _skewed(165000, 0.35),
        },
        {}, seconds=0.004,
    ),
    Model(
        "demand", "7",
        {
            "temperature": _normal(14, 7, least=-20), "price": _normal(2.4, 0.3, digits=2),
            "promotion": _of(no=8, yes=2), "store": _of(A=3, B=3, C=2, D=2), "weekday": _whole(0, 6),
            "prediction": _normal(120, 32),
        },
        {}, seconds=0.002,
    ),
)  # fmt: skip
_BUSINESS: Final = {
    "orders": {"type": "counter", "segments": ["web", "app"], "help": "Orders of delivered goods."},
    "couriers": {"type": "gauge", "help": "Couriers on the road."},
    "order_value": {"type": "distribution", "buckets": [10, 20, 30, 50, 80], "alert": {"below": 15, "over": "30s", "minimum": 10}},
}  # fmt: skip
CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"scrape_interval": "1s", "step": "2s", "windows": [WINDOW]},
        "thresholds": {"minimum_rows": 100},
        "alerts": {"evaluation_interval": "1s", "time_scale": 0.02},
        "dashboards": {"range": "3m", "refresh": "10s"},
        "respond": {"steps": [{"alert": "MlmonitorFeatureMissing", "do": "fallback"}]},
        "models": [
            {"name": one.name, "version": one.version, "business": _BUSINESS if one.name == "delivery-eta" else {}}
            for one in MODELS
        ],
    }
)  # fmt: skip


@dataclass(frozen=True)
class Seen:
    """A Prometheus, and from when to when the models were at work, in Unix seconds."""

    url: str
    start: float
    end: float


@contextmanager
def running(version: str, folder: Path, seconds: float) -> Iterator[Seen]:
    """The company after so many seconds, until the block ends; it goes on meanwhile."""
    output.write(rule_files(CONFIG), folder)
    responder = ResponderMetrics()
    responder.answered(200)
    done = threading.Event()
    with ExitStack() as stack:
        registries = [CollectorRegistry() for _ in MODELS]
        shown = [*registries, responder.registry]
        ports = [stack.enter_context(exposed(one)) for one in shown]
        config = _config(folder, ports)
        options = ("--web.enable-lifecycle",)
        server = stack.enter_context(components.prometheus(version, config, options=options))
        _config(folder, [*ports, int(server.url.rpartition(":")[2])])
        urllib.request.urlopen(f"{server.url}/-/reload", data=b"", timeout=20).close()
        start = time.time()
        stack.callback(done.set)
        threads = [
            threading.Thread(target=_work, args=(one, registry, start, seconds, done), daemon=True)
            for one, registry in zip(MODELS, registries, strict=True)
        ]
        for thread in threads:
            thread.start()
        time.sleep(seconds * 0.75)
        responder.shows("credit-risk", replace(BreakerState(), phase="open"))
        responder.took("credit-risk", "fallback", "done")
        time.sleep(seconds * 0.25)
        yield Seen(server.url, start, time.time())
        done.set()
        for thread in threads:
            thread.join()


def _work(
    model: Model, registry: CollectorRegistry, start: float, seconds: float, done: threading.Event
) -> None:
    rng = np.random.default_rng(sum(map(ord, model.name)))
    monitor, predict = _service(model, registry, rng)
    turn = time.monotonic()
    while not done.wait(max(0.0, turn - time.monotonic())):
        turn += TURN_SECONDS
        share = (time.time() - start) / seconds
        troubled = model.trouble[0] <= share < model.trouble[1]
        for row in model.rows(rng, A_TURN, troubled=troubled):
            with contextlib.suppress(TimeoutError):
                predict(row, row.pop("prediction"), troubled=troubled)
        if model.name == "delivery-eta":
            monitor.business("orders", int(rng.integers(2, 6)), segment=rng.choice(["web", "app"]))
            monitor.business("couriers", float(40 + 8 * np.sin(share * 9)))
            monitor.business("order_value", float(rng.normal(27, 9)))


def _service(model: Model, registry: CollectorRegistry, rng: Generator) -> tuple[Monitor, Any]:
    frame = pd.DataFrame(model.rows(rng, ROWS, troubled=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = from_frame(
            frame, model=model.name, version=model.version, prediction="prediction", bins=12
        )
    options = CONFIG.monitor_options(model.name)
    options.pop("version", None)
    monitor = Monitor(
        model.name, version=model.version, reference=reference, registry=registry,
        trained=time.time() - TRAINED_AGO, **options,
    )  # fmt: skip

    @monitor(input="row")
    def predict(row: dict[str, Any], prediction: float, *, troubled: bool) -> float:  # noqa: ARG001 - it is monitored
        time.sleep(float(rng.lognormal(np.log(model.seconds), 0.4)))
        if troubled and rng.random() < model.errors:
            raise TimeoutError
        return prediction

    return monitor, predict


def _config(folder: Path, ports: list[int]) -> Path:
    """Scrape the models, the responder and, where its port is known, Prometheus itself."""
    jobs = [*(one.name for one in MODELS), "respond", "prometheus"]
    scraped = [
        {
            "job_name": name,
            "static_configs": [
                {"targets": [f"127.0.0.1:{port}"], "labels": {"namespace": "production"}}
            ],
        }
        for name, port in zip(jobs, ports, strict=False)
    ]
    config = folder / "prometheus.json"
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
                "rule_files": [str(folder / "prometheus" / "*.yml")],
                "scrape_configs": scraped,
            }
        )
    )
    return config
