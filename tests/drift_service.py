"""A worker process for tests: several monitored models, fed with rows by HTTP.

`python -m tests.drift_service SPEC` with SPEC in JSON: `{"metrics_port", "rows_port",
"monitors": [{"reference": path, "role"}]}`. `POST /<index>` with a JSON list of rows predicts
them one by one; a row holds its prediction under "prediction". `POST /serve` starts the library's
own metrics server.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mlmonitor.expose import start_server
from mlmonitor.monitor import Monitor
from mlmonitor.reference import Reference


def main(spec: dict[str, Any]) -> None:
    """Serve until killed."""
    models = [_model(one) for one in spec["monitors"]]

    class Rows(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            command = self.path.removeprefix("/")
            if command == "serve":
                start_server(spec["metrics_port"], "127.0.0.1")
            for row in rows:
                models[int(command)](row, row.pop("prediction"))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep silent."""

    ThreadingHTTPServer(("127.0.0.1", spec["rows_port"]), Rows).serve_forever()


def _model(spec: dict[str, Any]) -> Any:
    reference = Reference.load(spec["reference"])
    monitor = Monitor(
        reference.model, version=reference.version, reference=reference, role=spec["role"]
    )

    @monitor(input="row")
    def predict(row: dict[str, Any], prediction: float) -> float:  # noqa: ARG001 - it is monitored
        return prediction

    return predict


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
