from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from prometheus_client import REGISTRY

from mlmonitor import names
from mlmonitor.config import BusinessAlertSettings, BusinessSettings
from mlmonitor.expose import unregister

PAGE = Path(__file__).parents[2] / "docs" / "business.md"
TEXT = PAGE.read_text(encoding="utf-8")
(CONFIGURATION,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
(CODE,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
QUERIES = re.findall(r"^\| .* \| `(.*mlmonitor_.*)` \|$", TEXT, re.MULTILINE)


def keys(heading: str) -> set[str]:
    """The keys that the table of a section explains."""
    section = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    firsts = re.findall(r"^\| (`.*?`) \| ", section, re.MULTILINE)
    return {key for first in firsts for key in re.findall(r"`(\w+)`", first)}


def test_the_example_records_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("monitoring.yaml").write_text(CONFIGURATION, encoding="utf-8")
    found: dict[str, Any] = {}
    exec(CODE, found)
    model = {"model": "recommender", "version": "1", "role": "live"}

    def value(name: str, metric: str, segment: str = "all") -> float | None:
        labels = {**model, "metric": metric, "segment": segment}
        return REGISTRY.get_sample_value(name, labels)

    try:
        assert value(names.BUSINESS_TOTAL.name, "orders", "web") == 1
        assert value(f"{names.BUSINESS_DISTRIBUTION.name}_sum", "order_value") == 12.5
        assert value(names.BUSINESS_VALUE.name, "stock") == 4180
    finally:
        unregister(found["monitor"])


def test_every_key_is_explained() -> None:
    assert keys("What is declared") == set(BusinessSettings.model_fields)
    assert keys("Alerts") == set(BusinessAlertSettings.model_fields)


@pytest.mark.parametrize("query", QUERIES)
def test_the_expressions_are_promql_over_series_that_exist(query: str) -> None:
    promql_parser.parse(query)
    suffixes = ("", "_bucket", "_sum", "_count")
    known = {f"{name}{suffix}" for name in names.METRICS for suffix in suffixes}
    assert set(re.findall(r"mlmonitor_\w+", query)) <= known


def test_there_are_expressions() -> None:
    assert len(QUERIES) == 5
