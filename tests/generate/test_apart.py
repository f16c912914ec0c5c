"""Models that differ in one label of their identity are never mixed: not in records, not in alerts.

A healthy model and a broken one are evaluated alone, then the healthy one beside five broken ones
that differ from it in the namespace, the name, the version, the role or the reference. What is
recorded of each must be what it was alone. Alerts that need hours or days of history are told apart
in their own worlds, in which the same goes wrong in several models at once.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from mlmonitor import names
from mlmonitor.config import MonitoringConfig
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.generate.promtool.change import Change
from mlmonitor.generate.promtool.document import rule_tests
from mlmonitor.generate.promtool.model import MODEL
from mlmonitor.generate.promtool.world import JOB, Phase, Pod, World
from tests import components
from tests.needed_rules import dumped
from tests.promtool_values import complaints, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG: Final = MonitoringConfig.model_validate(
    {
        "prometheus": {"scrape_interval": "1m", "windows": ["2h"]},
        "alerts": {"baselines": ["reference", "previous"], "previous": "30m"},
    }
)
FILES: Final = re.compile(r"(drift(-2h)?|settings|alerts-(data|distribution))\.rules\.yml$")
IDENTITY: Final = ("namespace", *names.IDENTITY, "reference")
COLUMN: Final = ("column", "side")
# The window, the step that is being recorded, and three steps of the time before.
LASTS: Final = 7200.0 + 300 + 900
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
SEEN: Final = {
    "MlmonitorInputsDrifted",
    "MlmonitorPredictionsDrifted",
    "MlmonitorPredictionsChanged",
}
Found = dict[tuple[tuple[str, str], ...], float]

# Alerts by the labels that tell what they are about.
OF_A_MODEL: Final = ("namespace", "model")
OF_A_VERSION: Final = ("namespace", *names.IDENTITY)
OF_A_COLUMN: Final = (*OF_A_VERSION, "side", "column")
OF_A_POD: Final = (*OF_A_VERSION, "instance")
ABOUT: Final[dict[str, tuple[str, ...]]] = {
    "MlmonitorServiceDown": OF_A_MODEL,
    "MlmonitorScrapeFailing": OF_A_MODEL,
    "MlmonitorScrapeIntervalDiffers": OF_A_MODEL,
    "MlmonitorVersionsMixed": OF_A_MODEL,
    "MlmonitorNoTraffic": OF_A_VERSION,
    "MlmonitorErrorBudgetBurning": OF_A_VERSION,
    "MlmonitorErrorBudgetDraining": OF_A_VERSION,
    "MlmonitorLatencyBudgetBurning": OF_A_VERSION,
    "MlmonitorLatencyBudgetDraining": OF_A_VERSION,
    "MlmonitorThroughputFalling": OF_A_VERSION,
    "MlmonitorModelStale": OF_A_VERSION,
    "MlmonitorModelLoadedLongAgo": OF_A_VERSION,
    "MlmonitorReferenceMissing": OF_A_VERSION,
    "MlmonitorReferenceOutdated": OF_A_VERSION,
    "MlmonitorModelMismatch": OF_A_VERSION,
    "MlmonitorMonitorFailing": OF_A_VERSION,
    "MlmonitorRowsDropped": OF_A_VERSION,
    "MlmonitorColumnsUnmonitored": OF_A_VERSION,
    "MlmonitorInputsNotCounted": OF_A_VERSION,
    "MlmonitorFeatureMissing": OF_A_COLUMN,
    "MlmonitorFeatureUnseen": OF_A_COLUMN,
    "MlmonitorOutputsNotFinite": OF_A_COLUMN,
    "MlmonitorMemoryGrowing": OF_A_POD,
    "MlmonitorMemorySaturated": OF_A_POD,
    "MlmonitorCpuSaturated": OF_A_POD,
    "MlmonitorDescriptorsSaturated": OF_A_POD,
    "MlmonitorRestarting": OF_A_POD,
}
# Another role is no other model where only live ones are looked at.
OF_LIVE_MODELS: Final = (
    "MlmonitorModelLoadedLongAgo", "MlmonitorModelStale", "MlmonitorReferenceMissing",
    "MlmonitorReferenceOutdated", "MlmonitorVersionsMixed",
)  # fmt: skip
VALUES: Final = {
    "namespace": "test", "model": MODEL, "version": "1", "role": "live", "instance": "pod-0",
    "job": JOB,
}  # fmt: skip


@cache
def _series(*, broken: bool) -> dict[str, str]:
    """A model that was healthy for a quarter of an hour, and what became of it."""
    phases = (Phase(900, Change()), Phase(LASTS - 600, BROKEN if broken else Change()))
    return World(
        (Pod("pod-0", phases),), CONFIG.prometheus.scrape_interval, CONFIG.scope_labels
    ).series()


@cache
def _own() -> dict[str, str]:
    """The labels of the healthy model."""
    series = next(
        one for one in _series(broken=False) if one.startswith("mlmonitor_reference_rows")
    )
    labels = dict(re.findall(r'(\w+)="([^"]*)"', series))
    return {label: labels[label] for label in IDENTITY}


def _others() -> dict[str, str]:
    """By label, the value that the broken model has which differs in it."""
    return {label: "shadow" if label == "role" else f"{v}0" for label, v in _own().items()}


def beside() -> dict[str, str]:
    """The series of the healthy model and of the broken ones."""
    every: dict[str, str] = {}
    for label, other in _others().items():
        for series, values in _series(broken=True).items():
            text = series.replace(f'{label}="{_own()[label]}"', f'{label}="{other}"')
            every[text.replace('instance="pod-0"', f'instance="{label}"')] = values
    return every | _series(broken=False)


def _models() -> list[dict[str, str]]:
    """The labels of every model."""
    return [_own(), *(_own() | {label: other} for label, other in _others().items())]


def _of(model: Mapping[str, str]) -> str:
    """All that is recorded of a model with a reference, and its alerts."""
    matchers = ", ".join(f'{label}="{value}"' for label, value in model.items())
    return f'{{__name__=~"mlmonitor:.+|ALERTS", {matchers}}}'


def evaluated(
    promtool: Path, files: Mapping[str, str], series: Mapping[str, str], folder: Path
) -> Found:
    """Everything that the rules of data and distribution record, by its labels."""
    chosen = {path: text for path, text in files.items() if FILES.search(path)}
    output.write(chosen, folder)
    samples = recorded(
        promtool,
        [folder / path for path in chosen],
        series,
        [_of(model) for model in _models()],
        at=f"{LASTS:g}s",
        scrape=f"{CONFIG.prometheus.scrape_interval:g}s",
        step="5m",
        folder=folder,
    )
    return {tuple(sorted(labels.items())): value for labels, value in samples}


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where the rules mix models, or lose a label on the way."""
    healthy = evaluated(promtool, files, _series(broken=False), folder / "healthy")
    broken = evaluated(promtool, files, _series(broken=True), folder / "broken")
    together = evaluated(promtool, files, beside(), folder / "beside")
    expected = dict(healthy)
    for label, other in _others().items():
        for key, value in broken.items():
            expected[tuple(sorted((dict(key) | {label: other}).items()))] = value
    assert together == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    for key in together:
        labels = dict(key)
        assert {*names.IDENTITY, "namespace"} <= labels.keys(), key
        if re.match(r"mlmonitor:(column|baseline|reference)_?", labels["__name__"]):
            assert {*IDENTITY, *COLUMN} <= labels.keys(), key
        if labels["__name__"] == "ALERTS":
            assert "reference" in labels, key
    firing = {dict(key)["alertname"] for key in together if dict(key)["__name__"] == "ALERTS"}
    assert firing > SEEN


def test_models_beside_each_other_do_not_change_what_is_recorded_of_one(tmp_path: Path) -> None:
    check(components.promtool("3"), rule_files(CONFIG), tmp_path)


def check_alert(promtool: Path, alert: str, files: Mapping[str, str], folder: Path) -> None:
    """Fail where an alert mixes models: the same goes wrong in several that differ in one label each."""
    document = _generated()[f"prometheus/tests/{alert}.yml"]
    first = next(one for one in document["tests"] if "fires" in one["name"])
    output.write(dict(files), folder)
    path = folder / "prometheus" / "tests" / f"{alert}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(dumped({**document, "tests": [_in_many(alert, first)]}))
    assert not complaints(promtool, path)


@cache
def _generated() -> dict[str, dict[str, Any]]:
    tests = rule_tests(CONFIG, rule_files(CONFIG))
    return {path: yaml.load(text, yaml.CSafeLoader) for path, text in tests.items()}


def _in_many(alert: str, test: dict[str, Any]) -> dict[str, Any]:
    """The world of a test and its copies; of all that differ in what the alert is about, it fires."""
    (asked,) = (one for one in test["promql_expr_test"] if "exp_samples" in one)
    series = {one["series"]: one["values"] for one in test["input_series"]}
    copied = [label for label in VALUES if label != "role" or alert not in OF_LIVE_MODELS]
    every = dict(series)
    for label in copied:
        value = VALUES[label]
        other = "fallback" if label == "role" else f"{value}0"
        for text, values in series.items():
            every[text.replace(f'{label}="{value}"', f'{label}="{other}"')] = values
    about = ABOUT[alert]
    there = ", ".join(f'{label}!=""' for label in about)
    firing = f'ALERTS{{alertname="{alert}", alertstate="firing", {there}}}'
    samples = [{"labels": "{}", "value": 1 + len(set(about) & set(copied))}]
    return {
        **test,
        "input_series": [{"series": text, "values": values} for text, values in every.items()],
        "promql_expr_test": [
            {
                "expr": f"count(group by ({', '.join(about)}) ({firing}))",
                "eval_time": asked["eval_time"],
                "exp_samples": samples,
            }
        ],
    }


@pytest.mark.parametrize("alert", sorted(ABOUT))
def test_an_alert_tells_models_apart_in_which_the_same_goes_wrong(
    alert: str, tmp_path: Path
) -> None:
    check_alert(components.promtool("3"), alert, rule_files(CONFIG), tmp_path)
