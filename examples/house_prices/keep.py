"""The records of the demo in a real Elasticsearch, where one is at hand."""

from __future__ import annotations

import json
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from examples.house_prices.behind import LOGS
from examples.house_prices.prepare import MODEL, run_mlmonitor

if TYPE_CHECKING:
    from pathlib import Path

    from examples.house_prices.show import Show

# A search finds a new record at the next refresh, every few seconds.
_REFRESH_SECONDS: Final = 20.0


def keep(folder: Path, config: Path, show: Show) -> bool:
    """Ship all records into an Elasticsearch; whether it then tells of as many as the files did."""
    from tests import components
    from tests.elasticsearch_server import elasticsearch

    if not components.has_elasticsearch():
        show.step(
            "No Elasticsearch here: records stay in files "
            "(`python -m tests.components elasticsearch` obtains one)"
        )
        return True
    logs = folder / LOGS
    # The service goes on while they are shipped.
    before = f"--until {datetime.now(timezone.utc).isoformat()}"
    with elasticsearch() as server:
        for command in (
            f"mlmonitor push-elk {server.url} -c {config}",
            f"mlmonitor export logs {logs} --elasticsearch {server.url} --once",
        ):
            show.command(command)
            run_mlmonitor(command)
        written, kept = _records(f"{logs} {before}"), 0
        deadline = time.monotonic() + _REFRESH_SECONDS
        while kept < written and time.monotonic() < deadline:
            kept = _records(f"--elasticsearch {server.url} {before}")
    if written != kept:
        show.wrong(f"Elasticsearch holds {kept:,} records of {written:,}")
        return False
    show.step(f"{kept:,} records of predictions are in Elasticsearch, each once")
    return True


def _records(place: str) -> int:
    """How many records of the model there are."""
    told = run_mlmonitor(f"mlmonitor logs stats {place} --format json").splitlines()
    return sum(one["records"] for one in map(json.loads, told) if one["model"] == MODEL)
