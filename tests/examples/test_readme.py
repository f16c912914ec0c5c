"""The Python in the README runs as it stands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlmonitor.reference import Reference

ROOT = Path(__file__).parents[2]

BEFORE = """
class Model:
    def predict(self, houses):
        return [100.0 * house["area"] for house in houses]


model = Model()
"""
AFTER = """
from fastapi.testclient import TestClient

for area in range(50, 150):
    assert predict({"area": float(area)}) == 100.0 * area
text = TestClient(app).get("/metrics").text
line = 'mlmonitor_predictions_total{model="house-prices",version="1",role="live"} '
assert float(text.split(line)[1].split()[0]) == 100
assert 'column="area"' in text
"""


def blocks(path: Path) -> str:
    """All the Python of a Markdown file."""
    return "\n".join(re.findall(r"```python\n(.*?)```", path.read_text(), flags=re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the profile that the README reads."""
    random = np.random.default_rng(1)
    area = random.uniform(50, 150, size=500)
    frame = pd.DataFrame({"area": area, "SalePrice": 100 * area, "predicted": 100 * area})
    Reference.from_frame(
        frame, model="house-prices", version="1", target="SalePrice", prediction="predicted"
    ).save(tmp_path / "reference.json")
    return tmp_path


def test_the_quick_start_counts_predictions(folder: Path) -> None:
    program = folder / "quick_start.py"
    program.write_text(BEFORE + blocks(ROOT / "README.md") + AFTER)
    done = subprocess.run(
        [sys.executable, str(program)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_file_that_the_readme_links_to_exists() -> None:
    for readme in (ROOT / "README.md", ROOT / "examples" / "house_prices" / "README.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", readme.read_text()):
            assert (readme.parent / target).exists(), f"{readme.name}: {target}"
