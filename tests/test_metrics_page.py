from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mlmonitor import names

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_metrics_is_what_the_catalogue_says() -> None:
    command = [sys.executable, str(DOCS / "metrics_page.py"), "--check"]
    done = subprocess.run(command, check=False)
    assert done.returncode == 0, "run `python docs/metrics_page.py`"


def test_the_page_of_metrics_lists_every_metric_once() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    for name in (*names.METRICS, *names.RECORDS):
        assert page.count(f"| `{name}` |") == 1
