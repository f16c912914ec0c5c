"""Models that differ in one label of their identity are never mixed: not in records, not in alerts.

A healthy model is evaluated alone, then beside five that are broken and differ from it in the
namespace, the name, the version, the role or the reference. What is recorded of it must not change.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import pytest

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.generate.promtool.change import Change
from mlmonitor.generate.promtool.world import Phase, Pod, World
from tests import components
from tests.promtool_values import recorded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG: Final = MonitoringConfig.model_validate(
    {"prometheus": {"scrape_interval": "1m", "windows": ["1h"]}}
)
FILES: Final = re.compile(r"(drift|settings|alerts-(data|distribution))\.rules\.yml$")
IDENTITY: Final = ("namespace", *names.IDENTITY, "reference")
COLUMN: Final = ("column", "side")
LASTS: Final = 5400.0
BROKEN: Final = Change.model_validate(
    {
        "rate": 0.7,
        "shift": {"celsius": 1, "price": 1},
        "missing": {"income": 1},
        "scale": {"age": 1000},
        "replace": {"city": {"value": "BASEL"}, "plan": {"value": "gold"}},
        "extra": {"Age": 0.5},
    }
)
Found = dict[tuple[tuple[str, str], ...], float]


@cache
def _series(*, broken: bool) -> dict[str, str]:
    pod = Pod("pod-0", (Phase(LASTS + 300, BROKEN if broken else Change()),))
    return World((pod,), CONFIG.prometheus.scrape_interval, CONFIG.scope_labels).series()


@cache
def _own() -> dict[str, str]:
    """The labels of the healthy model."""
    series = next(
        one for one in _series(broken=False) if one.startswith("mlmonitor_reference_rows")
    )
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series))
    return {label: labels[label] for label in IDENTITY}


def beside() -> dict[str, str]:
    """The series of the healthy model and of the broken ones."""
    every: dict[str, str] = {}
    for label, value in _own().items():
        other = "shadow" if label == "role" else f"{value}0"
        for series, values in _series(broken=True).items():
            text = series.replace(f'{label}="{value}"', f'{label}="{other}"')
            every[text.replace('instance="pod-0"', f'instance="{label}"')] = values
    return every | _series(broken=False)


def evaluated(
    promtool: Path, files: Mapping[str, str], series: Mapping[str, str], folder: Path
) -> Found:
    """Everything that the rules of data and distribution record, by its labels."""
    output.write({path: text for path, text in files.items() if FILES.search(path)}, folder)
    samples = recorded(
        str(promtool),
        sorted((folder / "prometheus").glob("*.yml")),
        series,
        '{__name__=~"mlmonitor:.+|ALERTS"}',
        at=f"{LASTS:g}s",
        scrape=f"{CONFIG.prometheus.scrape_interval:g}s",
        step="5m",
        folder=folder,
    )
    return {tuple(sorted(labels.items())): value for labels, value in samples}


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where the rules mix models, or lose a label on the way."""
    alone = evaluated(promtool, files, _series(broken=False), folder / "alone")
    together = evaluated(promtool, files, beside(), folder / "beside")
    own = _own()
    kept = {
        key: value
        for key, value in together.items()
        if all(dict(key).get(label, value) == value for label, value in own.items())
    }
    assert kept == pytest.approx(alone, rel=1e-9, abs=1e-12, nan_ok=True)
    for key in together:
        labels = dict(key)
        assert {*names.IDENTITY, "namespace"} <= labels.keys(), key
        if re.match(r"mlmonitor:(column|baseline|reference)_?", labels["__name__"]):
            assert {*IDENTITY, *COLUMN} <= labels.keys(), key
        if labels["__name__"] == "ALERTS":
            assert "reference" in labels, key
    firing = {dict(key)["alertname"] for key in together if dict(key)["__name__"] == "ALERTS"}
    assert len(firing) > 5, "the broken models are seen"


@pytest.mark.parametrize("version", components.PROMETHEUS_VERSIONS)
def test_models_beside_each_other_do_not_change_what_is_recorded_of_one(
    version: str, tmp_path: Path
) -> None:
    check(components.promtool(version), rule_files(CONFIG), tmp_path)
