"""Addresses of Kibana's Discover as Kibana reads them, and those of alerts as Prometheus fills them in."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

KIBANA = "https://kibana.example.com/s/ml"


def parts(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Time and state of an address of Discover, as Kibana reads them."""
    pieces = urlsplit(url)
    assert (pieces.path, pieces.query) == ("/s/ml/app/discover", "")
    query = parse_qs(pieces.fragment.partition("?")[2], strict_parsing=True)
    return decoded(query["_g"][0])["time"], decoded(query["_a"][0])


def decoded(text: str) -> Any:
    """What a text of rison says: a reader of its own, from the grammar."""
    value, rest = _read(text)
    assert rest == "", rest
    return value


def rendered(
    promtool: Path,
    folder: Path,
    rule: Mapping[str, Any],
    labels: Mapping[str, str],
    *,
    series: Sequence[str] = (),
    at: str = "1m",
) -> str:
    """The annotation `records_url` of a rule that fires with these labels, `at` after the epoch.

    promtool renders it, and tells what it is because it was told to expect something else.

    Args:
        promtool: which.
        folder: where files are written.
        rule: an alert; its expression does not matter.
        labels: of the series that makes it fire.
        series: further ones, which the annotation may ask for; all are 1.
        at: time of the evaluation.
    """
    firing = {
        "alert": rule["alert"],
        "expr": "made_to_fire",
        "labels": rule.get("labels", {}),
        "annotations": {"records_url": rule["annotations"]["records_url"]},
    }
    rules = {"groups": [{"name": "g", "rules": [firing]}]}
    inside = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in labels.items())
    made = [f"made_to_fire{{{', '.join(inside)}}}", *series]
    expected = {
        "exp_labels": {**firing["labels"], **labels},
        "exp_annotations": {"records_url": "another"},
    }
    asked = {"eval_time": at, "alertname": rule["alert"], "exp_alerts": [expected]}
    test = {
        "interval": "1m",
        "input_series": [{"series": one, "values": "1+0x1500"} for one in made],
        "alert_rule_test": [asked],
    }
    for name, content in (
        ("rules.yml", rules),
        ("test.yml", {"rule_files": ["rules.yml"], "tests": [test]}),
    ):
        (folder / name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    done = subprocess.run(
        [str(promtool), "test", "rules", "test.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr
    found = re.findall(r'records_url="(https://.*?)"', told)
    assert len(found) == 1, told
    return str(found[0])


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
