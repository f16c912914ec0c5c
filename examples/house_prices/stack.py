"""The programs behind the demo: the service and Prometheus, each stopped with the demo."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from examples.house_prices.watch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

HOST: Final = "127.0.0.1"
WORKERS: Final = 2
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0

_PROMETHEUS_CONFIG: Final = """\
global:
  scrape_interval: {scrape_interval:g}s
  evaluation_interval: {scrape_interval:g}s
rule_files: ["{rules}"]
alerting:
  alertmanagers: [{{static_configs: [{{targets: [{alertmanagers}]}}]}}]
scrape_configs:
  - job_name: house-prices
    metrics_path: /metrics/
    static_configs:
      - targets: ["{target}"]
        labels: {{namespace: demo}}
  - job_name: prometheus
    static_configs:
      - targets: ["{own}"]
        labels: {{namespace: demo}}
  - job_name: mlmonitor-respond
    static_configs:
      - targets: [{responder}]
        labels: {{namespace: demo}}
"""


class StackError(RuntimeError):
    """A program that did not start; its last words are in the message."""


def free_port() -> int:
    """A loopback port that nothing listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Loopback ports that nothing listens on, all of them different."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@contextmanager
def service(folder: Path, port: int, breaker: str | None = None) -> Iterator[None]:
    """The house-price service in two worker processes, until the block ends."""
    tallies = folder / "tallies"
    environment = {
        "HOUSE_PRICES": str(folder),
        "MLMONITOR_DIR": str(tallies),
        # One thread a prediction: two workers with a thread pool each would fight for two cores.
        "OMP_NUM_THREADS": "1",
        **({"HOUSE_PRICES_BREAKER": breaker} if breaker else {}),
    }
    command = [
        *(sys.executable, "-m", "uvicorn", "examples.house_prices.service:app"),
        *("--host", HOST, "--port", str(port), "--workers", str(WORKERS)),
        "--no-access-log",
    ]
    with _running(command, folder / "service.log", environment) as process:
        _wait(process, f"http://{HOST}:{port}/metrics/", folder / "service.log")
        yield


@contextmanager
def prometheus(
    binary: Path,
    folder: Path,
    *,
    target: str,
    port: int,
    scrape_interval: float,
    alertmanager_port: int | None,
    responder_port: int | None,
) -> Iterator[None]:
    """A Prometheus that scrapes `target` and the responder, and evaluates all generated rules, until the block ends."""
    config = folder / "prometheus.yml"
    config.write_text(
        _PROMETHEUS_CONFIG.format(
            scrape_interval=scrape_interval,
            rules=(folder / "prometheus").resolve() / "*.rules.yml",
            target=target,
            own=f"{HOST}:{port}",
            alertmanagers=_target(alertmanager_port),
            responder=_target(responder_port),
        )
    )
    command = [
        str(binary),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'prometheus-data'}",
        f"--web.listen-address={HOST}:{port}",
    ]
    with _running(command, folder / "prometheus.log", {}) as process:
        _wait(process, f"http://{HOST}:{port}/-/ready", folder / "prometheus.log")
        yield


def _target(port: int | None) -> str:
    return f'"{HOST}:{port}"' if port else ""


@contextmanager
def alertmanager(binary: Path, folder: Path, port: int) -> Iterator[None]:
    """An Alertmanager with the generated configuration, until the block ends."""
    command = [
        str(binary),
        f"--config.file={folder / 'alertmanager' / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager-data'}",
        f"--web.listen-address={HOST}:{port}",
        "--cluster.listen-address=",
    ]
    with _running(command, folder / "alertmanager.log", {}) as process:
        _wait(process, f"http://{HOST}:{port}/-/ready", folder / "alertmanager.log")
        yield


@contextmanager
def responder(config: Path, folder: Path, port: int) -> Iterator[None]:
    """`mlmonitor respond` with a configuration, until the block ends."""
    command = [sys.executable, "-m", "mlmonitor", "respond", "-c", str(config)]
    with _running(command, folder / "respond.log", {}) as process:
        _wait(process, f"http://{HOST}:{port}/healthz", folder / "respond.log")
        yield


@contextmanager
def preview(
    config: Path, folder: Path, prometheus_port: int, port: int
) -> Iterator[Callable[[], None]]:
    """`mlmonitor preview` of a configuration's dashboards, until the block ends.

    Yields what waits until it serves, for it need not be waited for while others start.
    """
    command = [
        *(sys.executable, "-m", "mlmonitor", "preview", "-c", str(config)),
        *("--prometheus", f"http://{HOST}:{prometheus_port}", "--port", str(port)),
    ]
    with _running(command, folder / "preview.log", {}) as process:
        url = f"http://{HOST}:{port}/api/dashboards"
        yield lambda: _wait(process, url, folder / "preview.log")


@contextmanager
def _running(
    command: Sequence[str], log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own, ended with all its children however the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to stop, then end whatever is left of its group."""
    process.terminate()
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Until `url` answers.

    Raises:
        StackError: the process ended, or did not answer in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            fetch(url)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    words = log.read_text(errors="replace")[-2000:]
    message = f"{process.args!r} did not start; {log} ends with:\n{words}"
    raise StackError(message)
