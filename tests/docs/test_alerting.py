from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from mlmonitor.config import load_config
from mlmonitor.generate import prometheus
from mlmonitor.reference import Reference

PAGE = Path(__file__).parents[2] / "docs" / "alerting.md"
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_generate_alerts(tmp_path: Path, example: str) -> None:
    rows = pd.DataFrame(
        {column: [n % 97 / 7 for n in range(400)] for column in ("income", "predicted")}
    )
    profile = Reference.from_frame(rows, model="churn", version="2024-06", prediction="predicted")
    profile.save(tmp_path / "churn.json")
    path = tmp_path / "monitoring.yaml"
    path.write_text(example, encoding="utf-8")
    made = prometheus.rules(load_config(path))
    for alert in re.findall(r"(Mlmonitor\w+): \{(?:severity|threshold)", example):
        assert any(f"alert: {alert}" in text for text in made.values())
