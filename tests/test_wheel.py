from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTENT = ("alerts", "dashboards", "deploy", "docs/runbooks", "examples", "exporters")
LEFT_OUT = {"__pycache__", ".pytest_cache"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in folder.rglob("*")
        if path.is_file() and not LEFT_OUT & set(path.parts)
    }


def test_the_wheel_holds_every_module_and_all_content_as_they_stand(wheel):
    archive = zipfile.ZipFile(wheel)
    places = {name: name for name in files_below(ROOT / "mlmonitor")}
    for part in CONTENT:
        places |= {f"mlmonitor/_bundled/{name}": name for name in files_below(ROOT / part)}
    held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == set(places)
    assert "mlmonitor/py.typed" in held
    assert not [name for name in held if archive.read(name) != (ROOT / places[name]).read_bytes()]


def test_the_wheel_works_without_the_checkout(wheel, tmp_path):
    python = [sys.executable, "-c"]
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    code = (
        f"import sys; sys.path.insert(0, {str(target)!r}); import mlmonitor; "
        f"assert mlmonitor.__file__.startswith({str(target)!r}); "
        "from mlmonitor.cli import main; main()"
    )
    told = subprocess.run(
        [*python, code, "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "profile" in told.stdout
    subprocess.run([*python, code, "generate-dashboards", "-o", "out"], cwd=tmp_path, check=True)
    subprocess.run([*python, code, "generate-alerts", "-o", "out"], cwd=tmp_path, check=True)
    assert {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()} >= {
        ".json",
        ".yml",
    }
