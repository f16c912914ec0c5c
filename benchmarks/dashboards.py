"""What the dashboards cost: to generate them for a fleet, and to ask what their panels ask.

Generation runs in a process of its own, imports included. The queries run on a real Prometheus over a
day of the past, written beforehand: every series that a panel names, of one model with 100 columns in
ten pods, scraped every minute and recorded every five. A panel's query is asked as Grafana asks it for a
screen of a thousand pixels. Times are those of the processor, the shortest of three, so that what else
a machine does counts little.
"""

from __future__ import annotations

import itertools
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from benchmarks import fleet
from benchmarks.harness import Result, report
from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from mlmonitor.tally.layout import DURATION_EDGES
from tests import components, grafana_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = "3"
MODELS, COLUMNS, PODS = 20, 100, 10
_SPAN: Final = 86_400.0
_SCRAPE, _STEP = 60.0, 300.0
_QUERIED: Final = 90.0
_SECONDS, _MEGABYTES, _SLOWEST = 3.0, 300.0, 1.0
_TIMES: Final = {"__rate_interval": f"{4 * _SCRAPE:g}s", "__range": "1d"}
_REPEATS: Final = 3
_SELECTOR: Final = re.compile(r"(?:mlmonitor[a-z0-9_:]+|ALERTS(?:_FOR_STATE)?)(?=[{\[ )])")
_FOREIGN: Final = re.compile(r"\b(?:up|scrape_\w+|prometheus_\w+)\b|== 1|critical")
"""What is not written, or is rightly empty."""
_EMPTY: Final = list[str]()
"""Queries that should have found something; then the past is not what the panels ask."""
_MODEL: Final = {"namespace": "production", "model": "model-0", "version": "1", "role": "live"}
_CHOSEN: Final = {**_MODEL, "window": "1h", "column": "x1"}
Labels = dict[str, str]


def main() -> None:
    """Measure both and report them."""
    with tempfile.TemporaryDirectory() as folder:
        results = [*_generation(Path(folder))]
    with tempfile.TemporaryDirectory() as folder:
        results += _queries(Path(folder))
    report("dashboards", f"Dashboards, Prometheus {VERSION}", results)


def _generation(folder: Path) -> Iterator[Result]:
    """Seconds and memory of `mlmonitor generate-dashboards`."""
    path = folder / "monitoring.yaml"
    path.write_text(yaml.safe_dump(_config()))
    command = [sys.executable, "-m", "mlmonitor", "generate-dashboards", "-c", str(path)]
    times = []
    for repeat in range(_REPEATS):
        before = _of_children()
        subprocess.run([*command, "-o", str(folder / str(repeat))], check=True, capture_output=True)
        times.append(_of_children() - before)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    fleet_size = f"{MODELS} models of {COLUMNS} columns"
    yield Result(f"generate all, {fleet_size}", min(times), _SECONDS, "s", "imports included")
    yield Result("memory for that", most, _MEGABYTES, "MB", "largest resident set")


def _of_children() -> float:
    """Processor time of the processes that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _config() -> dict[str, Any]:
    """Everything switched on, and a word on every column."""
    columns = {f"x{number}": {"importance": 2.0} for number in range(COLUMNS)}
    business = {
        "orders": {"type": "counter", "alert": {"below": 0.1}},
        "stock": {"type": "gauge"},
        "value": {"type": "distribution", "buckets": [1, 10]},
    }
    return {
        "links": {"kibana": "http://localhost:5601"},
        "models": [
            {"name": f"model-{number}", "columns": columns, "business": business}
            for number in range(MODELS)
        ],
    }


def _queries(folder: Path) -> list[Result]:
    """The slowest query of each dashboard."""
    files = dashboards(DashboardSettings(MonitoringConfig()))
    asked = {
        Path(name).stem: [
            (panel["title"], target)
            for panel in json.loads(text)["panels"]
            for target in panel.get("targets", ())
        ]
        for name, text in files.items()
    }
    end = time.time() // _STEP * _STEP
    _write(folder, {one for text in files.values() for one in _SELECTOR.findall(text)}, end)
    config = folder / "prometheus.json"
    config.write_text(json.dumps({"global": {"scrape_interval": "15s"}}))
    with components.prometheus(VERSION, config, folder / "data") as server:
        found = {
            name: [(_seconds(server.url, target, end), title) for title, target in targets]
            for name, targets in asked.items()
        }
    if _EMPTY:
        message = "find nothing in the past that was written: " + "; ".join(_EMPTY)
        raise RuntimeError(message)
    lines = []
    for name, times in found.items():
        slowest, title = max(times)
        work = f"slowest of {len(times)} queries of {name}"
        lines.append(
            Result(work, slowest, _SLOWEST, "s", f"{title}; {COLUMNS} columns, {PODS} pods, 24 h")
        )
    return lines


def _seconds(url: str, target: dict[str, Any], end: float) -> float:
    """The shortest time of a panel's query."""
    expression = grafana_texts.filled(target["expr"], _CHOSEN, _TIMES)
    values = {"query": expression, "time": f"{end:.0f}"}
    if not target["instant"]:
        span = {"start": f"{end - _SPAN:.0f}", "end": f"{end:.0f}", "step": f"{_QUERIED:g}"}
        values = {"query": expression, **span}
    path = "query" if target["instant"] else "query_range"
    address = f"{url}/api/v1/{path}?{urllib.parse.urlencode(values)}"
    times, answer = [], ""
    for _ in range(_REPEATS):
        before = _of_server(url)
        answer = _read(address)
        times.append(_of_server(url) - before)
    if '"result":[]' in answer and not _FOREIGN.search(expression):
        _EMPTY.append(expression)
    return min(times)


def _of_server(url: str) -> float:
    """Processor time that Prometheus has used, in seconds."""
    found = re.search(r"^process_cpu_seconds_total (\S+)$", _read(f"{url}/metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0


def _read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=120) as answer:  # noqa: S310 - loopback
        return str(answer.read(), "utf-8")


def _write(folder: Path, metrics: set[str], end: float) -> None:
    """Blocks with a day of every metric that is asked."""
    samples = folder / "past.txt"
    with samples.open("w") as file:
        for metric in sorted(metrics):
            for labels in _series(metric):
                file.writelines(_lines(metric, labels, end))
        file.write("# EOF\n")
    tool = str(components.promtool(VERSION))
    command = ["tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics"]
    subprocess.run(
        [tool, *command, str(samples), str(folder / "data")], check=True, capture_output=True
    )
    samples.unlink()


def _lines(metric: str, labels: Labels, end: float) -> Iterator[str]:
    recorded = ":" in metric
    every = _STEP if recorded else _SCRAPE
    stamps = end - every * np.arange(round(_SPAN / every) + 1)[::-1]
    grows = metric.endswith(("_total", "_bucket", "_sum", "_count")) and not recorded
    values = (stamps - stamps[0]) * 0.5 if grows else np.full(len(stamps), 0.5)
    text = ",".join(f'{key}="{value}"' for key, value in labels.items())
    head = f"{metric}{{{text}}}"
    return (
        f"{head} {v!r} {t:.0f}\n" for v, t in zip(values.tolist(), stamps.tolist(), strict=True)
    )


def _series(metric: str) -> Iterator[Labels]:
    """The label sets of a metric, for one model."""
    base = re.sub(r"_(bucket|sum|count)$", "", metric)
    family = names.METRICS.get(metric) or names.METRICS.get(base)
    own = set(family.labels if family else names.RECORDS[metric].labels if ":" in metric else ())
    choices: dict[str, tuple[str, ...]] = {
        "test": ("distribution", "mean", "spread", "rank", "missing"),
        "reason": names.INVALID_REASONS,
        "exception": ("ValueError", "TypeError", "other"),
        "baseline": ("reference",),
        "side_group": ("input",),
        "generation": ("0", "1", "2"),
        "pid": ("10", "11"),
        "quantile": ("0.05", "0.5", "0.95"),
        "alert": ("MlmonitorCpuSaturated", "MlmonitorMemorySaturated"),
        "window": ("1h",),
        "le": ("0.5",),
    }
    if metric.endswith("_bucket"):
        own |= {"le"}
        choices["le"] = (*(f"{edge:g}" for edge in DURATION_EDGES), "+Inf")
    if family:
        choices["instance"] = tuple(f"pod-{pod}" for pod in range(PODS))
        own |= {"instance"}
    if metric.startswith("ALERTS"):
        own |= {"alertname", "severity", "alertstate"}
        choices |= {
            "alertname": tuple(f"Alert{number}" for number in range(20)),
            "severity": ("warning",),
            "alertstate": ("firing",),
        }
    yield from _combined(metric, own, choices)


def _combined(metric: str, own: set[str], choices: dict[str, tuple[str, ...]]) -> Iterator[Labels]:
    reference = fleet.profile(COLUMNS, _MODEL["model"])
    shared = {**_MODEL, "reference": reference.hash8} if "reference" in own else _MODEL
    several = [label for label in choices if label in own]
    columns: list[Labels] = [{}]
    if "column" in own:
        columns = [{"side": one.side, "column": one.name} for one in reference.columns]
        # Of all columns no pod is asked over time; the outputs' bins are.
        if metric == "mlmonitor_column_cumulative_total":
            columns = columns[-1:]
        elif "instance" in own:
            several.remove("instance")
    bins: list[Labels] = [{}]
    if "lower" in own:
        edges = ["-Inf", *(f"{float(edge)!r}" for edge in range(1, fleet.BINS)), "+Inf"]
        bins = [{"lower": low, "upper": high} for low, high in itertools.pairwise(edges)]
        if "upper" not in own:
            bins = [{"lower": one["lower"]} for one in bins]
    elif "category" in own:
        bins = [{"category": f"v{number}"} for number in range(fleet.BINS)]
    for column, cell in itertools.product(columns, bins):
        for values in itertools.product(*(choices[label] for label in several)):
            yield {**shared, **column, **cell, **dict(zip(several, values, strict=True))}


if __name__ == "__main__":
    main()
