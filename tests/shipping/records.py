"""Records for tests of shipping, a stream to put them into, and what is there in the end."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from elasticsearch import ApiError, Elasticsearch, TransportError, helpers

from tests.elasticsearch_server import ADMIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def record(identity: str, namespace: str = "default", **more: Any) -> bytes:
    """A record as a service writes it, with its end of line."""
    told = {
        "@timestamp": datetime.now(timezone.utc).isoformat(),
        "event": {"id": identity, "duration": 1234567, "outcome": "success"},
        "data_stream": {"type": "logs", "dataset": "mlmonitor.houses", "namespace": namespace},
        "mlmonitor": {
            "model": "houses",
            "version": "1",
            "prediction": {"id": identity},
            "inputs": {"area": 120.5, "rooms": 4, "quarter": "north", **more},
        },
    }
    return json.dumps(told).encode() + b"\n"


def stream(namespace: str) -> str:
    """The data stream of the records of a namespace."""
    return f"logs-mlmonitor.houses-{namespace}"


def client(url: str) -> Elasticsearch:
    """A client that may do everything."""
    return Elasticsearch(url, basic_auth=ADMIN, request_timeout=30, max_retries=10)


def prepare(elasticsearch: Elasticsearch) -> None:
    """Install a template with one typed input."""
    inputs = {"properties": {"area": {"type": "float"}}}
    mappings = {
        "dynamic": False,
        "properties": {
            "@timestamp": {"type": "date"},
            "event": {"properties": {"id": {"type": "keyword"}}},
            "mlmonitor": {"properties": {"inputs": inputs}},
        },
    }
    elasticsearch.indices.put_index_template(
        name="shipping-tests",
        index_patterns=["logs-mlmonitor.houses-*"],
        priority=600,
        data_stream={},
        template={"mappings": mappings, "settings": {"number_of_replicas": 0}},
    )


def found(elasticsearch: Elasticsearch, namespace: str) -> Counter[str]:
    """How often each id is in the stream of a namespace, whichever of its indices."""
    name = stream(namespace)
    elasticsearch.indices.refresh(index=name)
    hits = helpers.scan(elasticsearch, index=name, _source=False, size=5000)
    return Counter(hit["_id"] for hit in hits)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so, in time or not."""
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)


def wait_for(
    elasticsearch: Elasticsearch, namespace: str, number: int, seconds: float = 60
) -> None:
    """Wait until a stream holds so many records, in time or not."""
    until = time.monotonic() + seconds
    name = stream(namespace)
    while time.monotonic() < until:
        with suppress(ApiError, TransportError):  # its shards may be starting
            elasticsearch.indices.refresh(index=name, ignore_unavailable=True)
            if elasticsearch.count(index=name, ignore_unavailable=True)["count"] >= number:
                return
        time.sleep(0.1)


class Service(threading.Thread):
    """Writes records at a rate into files that it rotates by size."""

    def __init__(self, folder: Path, namespace: str, rate: int = 1000, size: int = 1 << 20) -> None:
        super().__init__(daemon=True)
        self._folder, self._namespace = folder, namespace
        self._rate, self._size = rate, size
        self._ended = threading.Event()
        self.written: list[str] = []

    def run(self) -> None:
        """Write, fifty times a second."""
        began, files = time.monotonic(), 0
        file = (self._folder / "service.jsonl").open("wb", buffering=0)
        while not self._ended.wait(0.02):
            due = int((time.monotonic() - began) * self._rate) - len(self.written)
            names = [f"{self._namespace}-{len(self.written) + place}" for place in range(due)]
            lines = b"".join(record(name, self._namespace) for name in names)
            # In two pieces, so that a reader finds half a line now and then.
            file.write(lines[: len(lines) // 2])
            file.write(lines[len(lines) // 2 :])
            self.written += names
            if file.tell() > self._size:
                file.close()
                files += 1
                (self._folder / "service.jsonl").rename(self._folder / f"service.jsonl.{files}")
                file = (self._folder / "service.jsonl").open("wb", buffering=0)
        file.close()

    def end(self) -> list[str]:
        """Stop; every id that was written."""
        self._ended.set()
        self.join()
        return self.written
