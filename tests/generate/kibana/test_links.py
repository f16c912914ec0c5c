from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlmonitor import streams
from mlmonitor.config import LinkSettings, MonitoringConfig
from mlmonitor.generate.alerting import alert_rules
from mlmonitor.generate.kibana.links import FIELDS, Hole, annotation, discover, rison
from mlmonitor.generate.kibana.objects import VIEW
from mlmonitor.generate.links import Links
from mlmonitor.generate.panelspec import Link
from tests import components

if TYPE_CHECKING:
    from pathlib import Path

KIBANA = "https://kibana.example.com/s/ml"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("!'\"\\ ()&#+%:,-*"))


def decoded(text: str) -> Any:
    """What a text of rison says: a reader of its own, from the grammar."""
    value, rest = _read(text)
    assert rest == "", rest
    return value


def _read(text: str) -> tuple[Any, str]:
    if text.startswith("'"):
        found, index = "", 1
        while text[index] != "'":
            index += text[index] == "!"
            found, index = found + text[index], index + 1
        return found, text[index + 1 :]
    if text.startswith("!("):
        return _many(text[2:], keyed=False)
    if text.startswith("("):
        return _many(text[1:], keyed=True)
    if text.startswith("!"):
        return {"t": True, "f": False, "n": None}[text[1]], text[2:]
    match = re.match(r"[^'!:(),*@$\s]+", text)
    assert match, text
    word = match[0]
    return (json.loads(word) if re.fullmatch(r"-?\d+", word) else word), text[len(word) :]


def _many(text: str, *, keyed: bool) -> tuple[Any, str]:
    found: list[Any] = []
    while not text.startswith(")"):
        value, text = _read(text)
        if keyed:
            inner, text = _read(text.removeprefix(":"))
            value = (value, inner)
        found.append(value)
        text = text.removeprefix(",")
    return (dict(found) if keyed else found), text[1:]


def parts(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Time and state of an address of Discover, as Kibana reads them."""
    pieces = urlsplit(url)
    assert (pieces.path, pieces.query) == ("/s/ml/app/discover", "")
    query = parse_qs(pieces.fragment.partition("?")[2], strict_parsing=True)
    return decoded(query["_g"][0])["time"], decoded(query["_a"][0])


@given(
    st.recursive(
        TEXTS | st.integers() | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_rison_comes_back(value):
    assert decoded(rison(value)) == value


@given(TEXTS, TEXTS)
def test_any_name_is_asked_for_as_it_is(model, version):
    _, state = parts(discover(KIBANA, {"model": model, "version": version}))
    found = re.fullmatch(
        r'event\.action: prediction and mlmonitor\.model: "(.*)" and mlmonitor\.version: "(.*)"',
        state["query"]["query"],
        re.DOTALL,
    )
    assert found
    assert [re.sub(r"\\(.)", r"\1", one, flags=re.DOTALL) for one in found.groups()] == [
        model,
        version,
    ]


def test_the_records_of_a_model_version_column_and_time():
    url = discover(
        KIBANA,
        {"model": "house-prices", "version": "1", "violation": "Lot.Area"},
        model="house-prices",
        column=("input", "Lot.Area"),
        since="2026-11-25T10:00:00.000Z",
        until="2026-11-25T11:00:00.000Z",
    )
    time, state = parts(url)
    assert time == {"from": "2026-11-25T10:00:00.000Z", "to": "2026-11-25T11:00:00.000Z"}
    assert state["index"] == state["dataSource"]["dataViewId"] == "mlmonitor.house~prices"
    assert f"mlmonitor.inputs.{streams.field('Lot.Area')}" in state["columns"]
    assert state["query"]["query"].endswith('mlmonitor.violations.column: "Lot.Area"')
    assert state["sort"] == [["@timestamp", "desc"]]


def test_what_records_are_chosen_by_is_in_the_catalogue():
    for key in FIELDS:
        _, state = parts(discover(KIBANA, {key: "x"}))
        assert state["query"]["query"] == f'event.action: prediction and {FIELDS[key]}: "x"'


def test_what_another_program_fills_in_is_left_to_it():
    url = discover(
        KIBANA, {"model": Hole("${model:percentencode}")}, since=Hole("${__from:date:iso}")
    )
    assert "${model:percentencode}" in url
    filled = url.replace("${model:percentencode}", "a%26b").replace(
        "${__from:date:iso}", "2026-11-25T10:00:00.000Z"
    )
    time, state = parts(filled)
    assert time["from"] == "2026-11-25T10:00:00.000Z"
    assert state["query"]["query"].endswith('mlmonitor.model: "a&b"')


@pytest.mark.parametrize("column", [None, "column"])
def test_panels_of_grafana_lead_to_the_records_of_their_column(column):
    links = Links(LinkSettings(kibana=KIBANA), ("model", "version"), frozenset())
    choose = {"column": column} if column else {}
    (link,) = links.series([Link(title="Records", kibana=True, choose=choose)])
    holes = re.findall(r"\$\{[^}]*\}", link["url"])
    expected = [
        "${__from:date:iso}", "${__to:date:iso}", "${model:regex}", "${version:regex}",
    ]  # fmt: skip
    assert holes == expected + (["${__field.labels.column:percentencode}"] if column else [])
    _, state = parts(re.sub(r"\$\{[^}]*\}", "x", link["url"]))
    assert state["dataSource"]["dataViewId"] == state["index"] == VIEW
    assert ("mlmonitor.violations.column" in state["query"]["query"]) is bool(column)


def test_alerts_have_the_address_of_their_records_only_where_there_is_a_kibana():
    for kibana in (None, KIBANA):
        config = MonitoringConfig(links=LinkSettings(kibana=kibana))
        rules = [
            rule
            for text in alert_rules(config).values()
            for group in yaml.safe_load(text)["groups"]
            for rule in group["rules"]
        ]
        assert rules
        for rule in rules:
            found = rule["annotations"].get("records_url")
            assert found == (annotation(KIBANA) if kibana else None)


LABELS = {"model": "a\"b \\c'd!&+é", "version": "1.10", "role": "live", "side": "input",
          "column": "Lot.Area"}  # fmt: skip


@pytest.mark.parametrize("labels", [LABELS, {"model": "m", "side": "score", "column": "p"}, {}])
def test_prometheus_fills_in_the_address_of_an_alert(
    tmp_path: Path, labels: dict[str, str]
) -> None:
    """promtool renders the template; the address is taken from what it reports."""
    rule = {"alert": "A", "expr": "x", "annotations": {"url": annotation(KIBANA)}}
    rules = {"groups": [{"name": "g", "rules": [rule]}]}
    series = (
        "x{"
        + ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in labels.items())
        + "}"
    )
    expected = {"exp_labels": labels, "exp_annotations": {"url": "other"}}
    test = {
        "rule_files": ["rules.yml"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": "1 1 1"}],
                "alert_rule_test": [
                    {"eval_time": "1m", "alertname": "A", "exp_alerts": [expected]}
                ],
            }
        ],
    }
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test, allow_unicode=True), encoding="utf-8")
    command = [str(components.first("promtool")), "test", "rules", "test.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    (url,) = re.findall(r'url="(https://.*?)"', told)
    _, state = parts(url)
    wanted = ["event.action: prediction"]
    for key in ("model", "version", "role"):
        if key in labels:
            value = re.sub(r'(["\\])', r"\\\1", labels[key])
            wanted.append(f'mlmonitor.{key}: "{value}"')
    assert state["query"]["query"] == " and ".join(wanted)
    column = {"input": "mlmonitor.inputs.Lot@2eArea", "score": "mlmonitor.scores.p"}
    shown = [column[labels["side"]]] if labels else []
    assert state["columns"][7:] == shown
