from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from mlmonitor.cli import program
from mlmonitor.config import load_config
from tests import references

if TYPE_CHECKING:
    from pathlib import Path

YAML = """\
# All models of the shop.
prometheus: {windows: [1h]}
thresholds: {minimum_rows: 20, alpha: 0.9, ks: 0.01}   # far too eager
models:
  - name: m
    reference: m.json   # from March
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    references.mixed().save("m.json")
    (tmp_path / "monitoring.yaml").write_text(YAML)
    frame = pd.DataFrame(references.mixed_rows(500))
    frame["prediction"] = 10_000.0 + 100 * frame.index
    frame["when"] = 1_700_000_000 + frame.index * 20
    frame.to_csv("traffic.csv", index=False)
    frame.head(0).to_csv("empty.csv", index=False)
    frame.assign(when="soon").to_csv("soon.csv", index=False)
    frame.assign(when="0001-01-01").to_csv("never.csv", index=False)
    frame.head(1).to_csv("one.csv", index=False)
    frame.assign(when=1_700_000_000).to_csv("moment.csv", index=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["backtest", *arguments])


def test_a_report_is_printed_as_a_table_and_drawn_as_a_page(folder):
    done = run("-r", "m.json", "traffic.csv", "--time", "when", "--no-delays", "-o", "page.html")
    assert done.exit_code == 0, done.output
    title = "m 1: 8 columns, 500 rows, 0.1 days from 2023-11-14T22:10:00Z"
    assert done.stdout.splitlines()[0] == title
    assert "pages" in done.output
    assert "wrote page.html" in done.output
    assert (folder / "page.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.usefixtures("folder")
def test_a_report_is_printed_as_json():
    done = run(
        "-c", "monitoring.yaml", "--model", "m", "--simulate", "1d", "--rate", "2/m",
        "--no-delays", "--format", "json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["model"], told["days"], told["months"]) == ("m", 1.0, 1)
    assert [one["severity"] for one in told["counts"]] == ["critical", "warning", "info"]


SEVERAL = """\
models:
  - {name: m, version: "9", role: fallback}
  - {name: m, version: "2", role: shadow, reference: shadow.json}
  - {name: m, version: "1", reference: m.json}
"""


@pytest.mark.parametrize(
    ("chosen", "version"),
    [
        ((), "1"),
        (("--role", "live"), "1"),
        (("--role", "shadow"), "2"),
        (("--version", "2"), "2"),
        (("--version", "1", "--role", "live"), "1"),
    ],
)
def test_the_live_model_is_meant_unless_another_is_named(folder, chosen, version):
    (folder / "monitoring.yaml").write_text(SEVERAL)
    references.mixed().model_copy(update={"version": "2"}).save("shadow.json")
    done = run(
        "-c", "monitoring.yaml", "--model", "m", *chosen, "--simulate", "2h", "--no-delays",
        "--format", "json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["version"] == version


@pytest.mark.parametrize(
    ("listed", "chosen", "message"),
    [
        (
            '{name: m, version: "1"}, {name: m, version: "2"}',
            (),
            "choose by --version: version '1' live, version '2' live.",
        ),
        (
            "{name: m, role: shadow}, {name: m, role: fallback}",
            ("--version", "1"),
            "choose by --role: version '1' shadow, version '1' fallback.",
        ),
        ("{name: m}", ("--version", "2"), "'m' is listed only as version '1' live"),
        ("{name: m}", ("--role", "shadow"), "'m' is listed only as version '1' live"),
        ("{name: m}", (), "'m' version '1' live has no reference"),
    ],
)
def test_a_model_that_cannot_be_told_is_one_sentence(folder, listed, chosen, message):
    (folder / "monitoring.yaml").write_text(f"models: [{listed}]\n")
    done = run("-c", "monitoring.yaml", "--model", "m", *chosen, "--simulate", "2h")
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.output
    assert done.output.count("\n") == 1


def test_suggested_thresholds_are_written_and_the_rest_stays(folder):
    done = run(
        "-c", "monitoring.yaml", "--model", "m", "--simulate", "2d", "--rate", "1/20s",
        "--no-delays", "--write",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    after = (folder / "monitoring.yaml").read_text()
    assert [line for line in after.splitlines() if line in YAML.splitlines()] == YAML.splitlines()
    assert "# backtest of 2 days" in after
    assert load_config("monitoring.yaml").thresholds_by_model["m"]["ks"] > 0.01


def test_a_file_without_false_alarms_stays_as_it_is(folder):
    text = YAML.replace("thresholds:", "# thresholds:")
    (folder / "monitoring.yaml").write_text(text)
    done = run(
        "-c", "monitoring.yaml", "--model", "m", "--simulate", "1d", "--rate", "1/20s",
        "--no-delays", "--write", "--tests", "incidents.yml",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "stays as it is: the budget is kept" in done.output
    assert "no incidents, so incidents.yml is not written" in done.output
    assert (folder / "monitoring.yaml").read_text() == text
    assert not (folder / "incidents.yml").exists()


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-r", "m.json"], "Give FILES of past traffic, or --simulate 28d: one of both."),
        (
            ["-r", "m.json", "traffic.csv", "--simulate", "1d"],
            "Give FILES of past traffic, or --simulate 28d: one of both.",
        ),
        (["-r", "m.json", "traffic.csv"], "add --time COLUMN"),
        (
            ["-r", "m.json", "traffic.csv", "--time", "when", "--rate", "1/s"],
            "--rate is for --simulate, and FILES are given; leave it out.",
        ),
        (
            ["-r", "m.json", "traffic.csv", "--time", "whem"],
            "Time column 'whem' is missing from the files; did you mean `when`",
        ),
        (["-r", "m.json", "soon.csv", "--time", "when"], "--time when: 'soon' is no time"),
        (["-r", "m.json", "empty.csv", "--time", "when"], "no rows"),
        (["-r", "m.json", "none.csv", "--time", "when"], "none.csv"),
        (
            ["-r", "m.json", "traffic.csv", "--time", "when", "--target", "paid"],
            "--target paid: names the one outcome column, and the reference has none; leave it out.",
        ),
        (
            ["-r", "m.json", "--version", "1", "--simulate", "1d"],
            "--version chooses an entry of --model; add --model NAME, without --reference.",
        ),
        (["-r", "none.json", "--simulate", "1d"], "none.json"),
        (["--simulate", "1d"], "Say what to compare with: --model NAME of --config"),
        (["-c", "monitoring.yaml", "--model", "n", "--simulate", "1d"], "'n'"),
        (["-r", "m.json", "--simulate", "long"], "--simulate: 'long' is no duration"),
        (["-r", "m.json", "--simulate", "0d"], "--simulate: '0d' is no duration"),
        (["-r", "m.json", "--simulate", ""], "--simulate: '' is no duration"),
        (["-r", "m.json", "--simulate", "9" * 400 + "d"], "--simulate: '999999999999999999999999999999…' is longer"),
        (["-r", "m.json", "--simulate", "5m"], "lasts 5m, in which no window is full"),
        (["-r", "m.json", "--simulate", "5m", "--rate", "1/h"], "--rate: 0.000277778 rows"),
        (["-r", "m.json", "--simulate", "1d", "--rate", "fast"], "--rate: 'fast' is no rate"),
        (["-r", "m.json", "--simulate", "1d", "--rate", ""], "--rate: '' is no rate"),
        (["-r", "m.json", "--simulate", "1d", "--rate", "1/" + "9" * 99 + "s"], "--rate: '999"),
        (["-r", "m.json", "--simulate", "1d", "--rate", "9" * 30 + "/s"], "choose up to 1e+09"),
        (
            ["-r", "m.json", "--simulate", "1d", "--time", "when"],
            "--time is for FILES, and traffic is simulated; leave it out.",
        ),
        (["-r", "m.json", "one.csv", "--time", "when"], "lasts 5m, in which no window is full"),
        (["-r", "m.json", "moment.csv", "--time", "when"], "lasts 5m, in which no window is full"),
        (["-r", "m.json", "never.csv", "--time", "when"], "'0001-01-01 00:00:00+00:00' is no time"),
        (["-r", "m.json", "--simulate", "1m"], "simulate between 1 and"),
        (["-r", "m.json", "--simulate", "1d", "--write"], "--write needs a file and a model"),
        (
            ["-c", "monitoring.yaml", "--model", "m", "traffic.csv", "--time", "when", "--write"],
            "--write takes every alarm for false; give --simulate 28d, or --clean",
        ),
        (
            ["-r", "m.json", "--simulate", "1d", "--confirm", "--promtool", "no-promtool"],
            "no-promtool: no such program; install Prometheus, or name its promtool by --promtool.",
        ),
        (
            [
                "-r", "m.json", "--simulate", "2h", "--no-delays", "--confirm", "--promtool", "true",
            ],
            "true: says nothing, and is no promtool; name another.",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_status_2(arguments, message):
    done = run(*arguments)
    assert done.exit_code == 2, done.output
    assert done.output.startswith("Error: ")
    assert message in done.output
    assert done.output.count("\n") == 1
