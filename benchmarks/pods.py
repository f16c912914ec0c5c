"""Pods of a fleet as Prometheus scrapes them, with a past that they tell at the first scrape."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPENMETRICS: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_GROWING: Final = ("_total", "_bucket", "_count", "_sum")
_GROWTH: Final = 0.01
"""Of a counter, by scrape, as a share of what it held at the first."""


class Pods:
    """Pods that all answer the same.

    Args:
        exposition: what a pod answers, in text.
        count: how many there are.
        interval: seconds between two scrapes.
        reach: seconds of the past that the first answer tells, with a timestamp for each sample.
    """

    def __init__(self, exposition: str, count: int, interval: float, reach: float) -> None:
        self._lines = [_split(line) for line in exposition.splitlines() if not line.startswith("#")]
        self._count, self._interval = count, interval
        self._scrapes = round(reach / interval) + 1
        self._began = time.time()
        self._told: set[str] = set()

    @property
    def are_scraped(self) -> bool:
        """Whether every pod has told its past."""
        return len(self._told) == self._count

    def scrape_config(self, port: int) -> dict[str, Any]:
        """How Prometheus finds them behind one address."""
        return {
            "job_name": "models",
            "scrape_interval": f"{self._interval:g}s",
            "scrape_timeout": f"{self._interval:g}s",
            "static_configs": [
                {
                    "targets": [f"127.0.0.1:{port}"],
                    "labels": {
                        "__metrics_path__": f"/pod-{number}",
                        "namespace": "production",
                        "pod": f"pod-{number}",
                        "instance": f"pod-{number}",
                    },
                }
                for number in range(self._count)
            ],
        }

    def answer(self, path: str) -> bytes:
        """What the pod of a path answers now."""
        if path in self._told:
            scrapes = self._scrapes + (time.time() - self._began) / self._interval
            return "".join((*self._samples(scrapes, ""), "# EOF\n")).encode()
        self._told.add(path)
        return self._past

    @cached_property
    def _past(self) -> bytes:
        texts = []
        for number in range(self._scrapes):
            stamp = self._began - (self._scrapes - number) * self._interval
            texts += self._samples(number, f" {stamp:.3f}")
        return "".join((*texts, "# EOF\n")).encode()

    def _samples(self, scrapes: float, stamp: str) -> list[str]:
        grown = 1 + scrapes * _GROWTH
        return [
            f"{series} {value * grown if grows else value!r}{stamp}\n"
            for series, value, grows in self._lines
        ]


@contextmanager
def served(pods: Pods) -> Iterator[int]:
    """Serve them all at one port, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pods.answer(self.path)
            self.send_response(200)
            self.send_header("Content-Type", _OPENMETRICS)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _split(line: str) -> tuple[str, float, bool]:
    """Series and value of a line, and whether it grows."""
    series, _, value = line.rpartition(" ")
    return series, float(value), series.partition("{")[0].endswith(_GROWING)
