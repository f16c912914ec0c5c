"""The request behind a page: found among the records of the service, and explained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from examples.house_prices.prepare import MODEL, run_mlmonitor

if TYPE_CHECKING:
    from pathlib import Path

    from examples.house_prices.show import Show

LOGS = "logs"


def explain(folder: Path, column: str, show: Show) -> bool:
    """Show a prediction in which a column broke a rule; whether its record says so."""
    logs = folder / LOGS
    command = f"mlmonitor logs search {logs} --model {MODEL} --violating {column} -n 1"
    show.command(command)
    found = run_mlmonitor(f"{command} --format json").splitlines()
    if not found:
        show.wrong(f"no record of a prediction tells of {column}")
        return False
    one = json.loads(found[0])["event"]["id"]
    command = f"mlmonitor logs show {one} {logs} -r {folder / 'reference.json'}"
    show.command(command)
    lines = [line for line in run_mlmonitor(command).splitlines() if column in line.split()]
    for line in lines:
        show.told(line.strip())
    return bool(lines)
