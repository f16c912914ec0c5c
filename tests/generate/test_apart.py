"""Models that differ in one label of their identity are never mixed: not in records, not in alerts.

A model and others with nothing in common are evaluated, then the model beside neighbours that differ
from it in the namespace, the name, the version, the role or the reference, and whose columns of the
same names are in other states. What is recorded of each must be what it was without the neighbours.
Alerts that need hours or days of history are told apart in their own worlds, in which the same goes
wrong in several models at once.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from mlmonitor import names, promql
from mlmonitor.generate import output
from mlmonitor.generate.prometheus import rule_files
from mlmonitor.generate.promtool.change import Change
from mlmonitor.generate.promtool.document import rule_tests
from mlmonitor.generate.promtool.model import MODEL
from mlmonitor.generate.promtool.world import JOB, Phase, Pod, World
from tests import components
from tests.generate import neighbours
from tests.needed_rules import dumped, groups, needed, pruned
from tests.promtool_values import complaints, recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

CONFIG: Final = neighbours.CONFIG
FILES: Final = re.compile(
    r"(drift(-reference|-2h)?|settings|alerts-(data|distribution))\.rules\.yml$"
)
DATA_ALERTS: Final = "prometheus/alerts-data.rules.yml"
COLUMN: Final = ("column", "side")
SEEN: Final = {
    "MlmonitorInputsDrifted",
    "MlmonitorPredictionsDrifted",
    "MlmonitorPredictionsChanged",
}
# Each kind of evidence that a column is broken, just enough of it, and too little.
EVIDENCE: Final = {
    "MlmonitorFeatureMissing": {"gone": True, "gone, few back": True, "sparse": False},
    "MlmonitorFeatureUnseen": {"encoded": True, "encoded, few back": True, "city": False},
    "MlmonitorFeatureDead": {
        "still": True,
        "few still": False,
        "still above": True,
        "sparse, still lately": True,
        "sparse, still and less alike lately": True,
        "sparse, still and alike lately": False,
        "city, still": True,
        "city, still, not known": False,
    },
    "MlmonitorScaleChanged": {
        "third lately": True,
        "third, few": False,
        "scaled lately": True,
        "scaled, less alike lately": True,
        "scaled, alike lately": False,
        "torn": True,
    },
}
Found = dict[tuple[tuple[str, str], ...], float]

# Alerts by the labels that tell what they are about.
OF_A_MODEL: Final = ("namespace", "model")
OF_A_VERSION: Final = ("namespace", *names.IDENTITY)
OF_A_COLUMN: Final = (*OF_A_VERSION, "side", "column")
OF_A_POD: Final = (*OF_A_VERSION, "instance")
ABOUT: Final[dict[str, tuple[str, ...]]] = {
    "MlmonitorServiceDown": (*OF_A_MODEL, "role"),
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
# A fallback is down with what it is for, and is not told of.
WITHOUT_FALLBACKS: Final = ("MlmonitorServiceDown",)
# Alerts on a model that has one thing and lacks another, and what they do not fire without.
NEEDED: Final = {
    "MlmonitorInputsNotCounted": names.REFERENCE_ROWS.name,
    "MlmonitorReferenceMissing": names.PREDICTIONS.name,
}
VALUES: Final = {
    "namespace": "test", "model": MODEL, "version": "1", "role": "live", "instance": "pod-0",
    "job": JOB,
}  # fmt: skip


def _of(model: Mapping[str, str]) -> str:
    """All that is recorded of a model with a reference, and its alerts."""
    matchers = ", ".join(f'{label}="{value}"' for label, value in model.items())
    return f'{{__name__=~"mlmonitor:.+|ALERTS", {matchers}}}'


def _models() -> list[dict[str, str]]:
    """The labels of the model and of those that differ from it in one."""
    changed = [
        {label: neighbours.other(suffix)[label]}
        for label in neighbours.IDENTITY
        for suffix in ("0", "1")
    ]
    return [neighbours.own() | one for one in ({}, *changed)]


def evaluated(
    promtool: Path,
    files: Mapping[str, str],
    series: Mapping[str, str],
    models: Iterable[Mapping[str, str]],
    folder: Path,
) -> Found:
    """Everything that rules record of some models, by its labels."""
    output.write(files, folder)
    samples = recorded(
        promtool,
        [folder / path for path in files],
        series,
        [_of(model) for model in models],
        at=f"{neighbours.LASTS:g}s",
        scrape=f"{CONFIG.prometheus.scrape_interval:g}s",
        step="5m",
        folder=folder,
    )
    return {tuple(sorted(labels.items())): value for labels, value in samples}


def chosen(files: Mapping[str, str], rules: str) -> dict[str, str]:
    """The rules of data and distribution, or those that alerts on broken columns need."""
    every = {path: text for path, text in files.items() if FILES.search(path)}
    if rules == neighbours.DRIFT:
        return every
    alerts = {rule["alert"] for group in groups(files[DATA_ALERTS]) for rule in group["rules"]}
    wanted = set().union(*(needed(every.values(), alert) for alert in alerts))
    parts = {path: pruned(text, wanted) for path, text in every.items()}
    return {path: text for path, text in parts.items() if text}


def check(promtool: Path, files: Mapping[str, str], folder: Path) -> None:
    """Fail where the rules mix models, or lose a label on the way."""
    found = {}
    for rules in neighbours.PAIRS:
        found |= _checked(promtool, chosen(files, rules), rules, folder / rules)
    firing = [dict(key) for key in found if dict(key)["__name__"] == "ALERTS"]
    assert {alert["alertname"] for alert in firing} > SEEN
    for alert, states in EVIDENCE.items():
        broken = {neighbours.state_of(one) for one in firing if one["alertname"] == alert}
        assert {state: state in broken for state in states} == states


def _checked(promtool: Path, files: Mapping[str, str], rules: str, folder: Path) -> Found:
    """What is recorded of models beside each other, which is what is recorded of each alone."""
    own, others = neighbours.own(), [neighbours.other(suffix) for suffix in ("0", "1")]
    alone = evaluated(promtool, files, neighbours.alone(rules), (own, *others), folder / "alone")
    found = evaluated(promtool, files, neighbours.beside(rules), _models(), folder / "beside")
    together = {key: value for key, value in found.items() if not _is_shared(dict(key))}
    expected = {}
    for key, value in alone.items():
        labels = dict(key)
        if "column" in labels:
            labels["column"] = labels["column"].removeprefix(neighbours.OUTPUT)
        for placed in _placed(labels):
            if not _is_shared(placed):
                expected[tuple(sorted(placed.items()))] = value
    assert together == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)
    for key in together:
        labels = dict(key)
        assert {*names.IDENTITY, "namespace"} <= labels.keys(), key
        if re.match(r"mlmonitor:(column|baseline|reference)_?", labels["__name__"]):
            assert {*neighbours.IDENTITY, *COLUMN} <= labels.keys(), key
        if labels["__name__"] == "ALERTS":
            assert "reference" in labels, key
    return together


def _is_shared(labels: Mapping[str, str]) -> bool:
    """Whether it is an alert on what is broken in a model with whatever reference."""
    shared = labels.get("alertname") == "MlmonitorHarmfulDrift"
    return shared and labels["reference"] != neighbours.own()["reference"]


def _placed(labels: dict[str, str]) -> Iterator[dict[str, str]]:
    """The labels of what is recorded of a model alone, where it stands beside others."""
    own = neighbours.own()
    if labels["model"] == own["model"]:
        yield labels
        return
    for label in own:
        yield {**labels, **own, label: labels[label]}


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
    about = ABOUT[alert]
    every = dict(series)
    for label in copied:
        every |= _renamed(series, label, "2" if alert in WITHOUT_FALLBACKS else "0")
        if alert in NEEDED and label in about:
            every |= _renamed(_quiet(series, asked["eval_time"]), label, "1")
            less = {text: one for text, one in series.items() if NEEDED[alert] not in text}
            every |= _renamed(less, label, "2")
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


def _quiet(series: Iterable[str], until: str) -> dict[str, str]:
    """The same series of a model in which nothing is wrong."""
    read = {text.partition("{")[0] for text in series}
    phases = (Phase(promql.seconds(until), Change()),)
    scrape = CONFIG.prometheus.scrape_interval
    return World((Pod("pod-0", phases),), scrape, CONFIG.scope_labels, read=read).series()


def _renamed(series: Mapping[str, str], label: str, suffix: str) -> dict[str, str]:
    """Series with another value of one label."""
    value = VALUES[label]
    other = {"0": "fallback", "1": "shadow", "2": "canary"}[suffix]
    other = other if label == "role" else f"{value}{suffix}"
    return {
        text.replace(f'{label}="{value}"', f'{label}="{other}"'): values
        for text, values in series.items()
    }


@pytest.mark.parametrize("alert", sorted(ABOUT))
def test_an_alert_tells_models_apart_in_which_the_same_goes_wrong(
    alert: str, tmp_path: Path
) -> None:
    check_alert(components.promtool("3"), alert, rule_files(CONFIG), tmp_path)
