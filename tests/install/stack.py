"""What tests do with a real Elasticsearch: connect, install, write records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlmonitor.generate import elastic
from mlmonitor.install.connection import Connection, Login
from mlmonitor.install.elastic import install, plan
from tests.elasticsearch_server import ADMIN

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig
    from tests.elasticsearch_server import Server


def connect(server: Server, user: str = ADMIN[0], password: str = ADMIN[1]) -> Connection:
    return Connection(server.url, "Elasticsearch", Login(user, password))


def push(connection: Connection, config: MonitoringConfig, **options: Any) -> list[str]:
    return list(install(connection, plan(connection, elastic.objects(config)), **options))


def bulk(connection: Connection, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Outcome of each record, created in the data stream it names, under its id."""
    lines = []
    for one in records:
        stream = one["data_stream"]
        index = f"{stream['type']}-{stream['dataset']}-{stream['namespace']}"
        lines += [{"create": {"_index": index, "_id": one["event"]["id"]}}, one]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    answer = connection.send(
        "POST", "/_bulk?refresh=true", data, {"content-type": "application/x-ndjson"}
    )
    assert answer.is_ok, answer
    return [item["create"] for item in answer.body["items"]]
