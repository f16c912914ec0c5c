from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from mlmonitor.cli import program
from tests.logs.monitors import ROW, monitor, predict, records, reference

if TYPE_CHECKING:
    from click.testing import Result


def run(*arguments: object) -> Result:
    return CliRunner().invoke(program, ["logs", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path):
    watch = monitor(tmp_path / "logs")
    call = watch(predict)
    for index in range(30):
        call({**ROW, "area": 100.0 + index})
    call({**ROW, "area": -3.0, "town": "Par\x1b[31mis"})
    with watch.prediction(ROW, prediction_id="abc") as one:
        one.output = 4e6
    with pytest.raises(ZeroDivisionError):
        watch(lambda _: 1 / 0)(ROW)
    return tmp_path / "logs"


def test_tail_prints_the_last_records_one_a_line(folder):
    lines = run("tail", folder, "-n", 2).stdout.splitlines()
    assert len(lines) == 2
    assert "price out_of_range" in lines[0]
    assert "ZeroDivisionError: division by zero" in lines[1]


def test_search_finds_by_violation_condition_and_failure(folder):
    found = run("search", folder, "--violating", "area", "--format", "json").stdout.splitlines()
    assert [json.loads(line)["mlmonitor"]["inputs"]["area"] for line in found] == [-3.0]
    found = run(
        "search", folder, "--where", "inputs.area>=128", "--format", "json"
    ).stdout.splitlines()
    assert len(found) == 2
    assert run("search", folder, "--failed").stdout.count("ZeroDivisionError") == 1
    nothing = run("search", folder, "--model", "other")
    assert nothing.exit_code == 1
    assert "No record" in nothing.stderr


def test_nothing_that_a_terminal_obeys_is_printed(folder):
    for command in (("tail", folder, "-n", 50), ("search", folder), ("stats", folder)):
        assert "\x1b" not in run(*command).stdout
    for form in ("json", "table"):
        found = run("search", folder, "--violating", "town", "--format", "json").stdout
        one = json.loads(found)["event"]["id"]
        assert "\x1b" not in run("show", one, folder, "--format", form).stdout


def test_show_explains_a_prediction_beside_its_reference(folder, tmp_path):
    reference().save(tmp_path / "reference.json")
    shown = run("show", "abc", folder, "-r", tmp_path / "reference.json").stdout
    (price,) = [line.split() for line in shown.splitlines() if line.strip().startswith("price")]
    assert price == ["price", "4000000", "out_of_range", "10000", "…", "1e+06"]
    assert "gas, heat pump" in shown
    missing = run("show", "nope", folder)
    assert missing.exit_code == 2
    assert "no record has this id" in missing.stderr


def test_stats_count_by_model_column_and_failure(folder):
    (line,) = run("stats", folder, "--format", "json").stdout.splitlines()
    numbers = json.loads(line)
    assert numbers["records"] == 33
    assert numbers["failures"] == {"ZeroDivisionError": 1}
    assert {(v["column"], v["reason"]) for v in numbers["violations"]} == {
        ("area", "out_of_range"), ("town", "unseen"), ("price", "out_of_range"),
    }  # fmt: skip
    table = run("stats", folder).stdout
    assert "houses" in table
    assert "out_of_range" in table


def test_tail_follows_what_a_service_writes(tmp_path):
    watch = monitor(tmp_path / "logs")
    call = watch(predict)
    call(ROW)
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "mlmonitor", "logs", "tail", "-f", "-n", "1", str(tmp_path / "logs")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(0.5)
        call(ROW)
        second = process.stdout.readline()
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.wait(10)
        process.stdout.close()
    ids = [record["event"]["id"] for record in records(tmp_path / "logs")]
    assert [first.split()[-1], second.split()[-1]] == ids


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("search", "/nowhere"), "no such file or folder"),
        (("search", "--where", "size"), "is no condition"),
        (("search", "--since", "yesterday"), "is no time"),
        (("stats", "--elasticsearch", "nowhere"), "is no URL"),
    ],
)
def test_a_mistake_is_one_clear_sentence(arguments, problem, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    done = run(*arguments)
    assert done.exit_code == 2
    assert problem in done.stderr
