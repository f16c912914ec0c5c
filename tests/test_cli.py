from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pytest
from click.testing import CliRunner

import mlmonitor
from mlmonitor.cli import program
from mlmonitor.reference import Column, Reference
from tests.references import binned, categorical

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result

MONITORING = """\
scope_labels: [cluster]
thresholds: {ks: 0.4}
models:
  - name: houses
    reference: reference.json
    series_cap: 80
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a reference, rows that follow it, rows that do not, a configuration."""
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(7).normal(100.0, 15.0, 2000)
    kinds = ["brick", "wood"] * 1000
    columns = (
        binned("area", values),
        categorical("wall", {"brick": 1000, "wood": 1000}),
        Column(name="street", side="input", kind="text", rows=2000),
    )
    Reference(model="houses", version="1", rows=2000, columns=columns).save("reference.json")
    for name, scale in (("same", 1.0), ("drifted", 0.0929)):
        rows = [f"{v * scale},{kind},x" for v, kind in zip(values, kinds, strict=True)]
        Path(f"{name}.csv").write_text("\n".join(["area,wall,street", *rows]), encoding="utf-8")
    Path("monitoring.yaml").write_text(MONITORING, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(program, arguments)


def process(
    *arguments: str, cwd: Path | None = None, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlmonitor", *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(Path(mlmonitor.__file__).parents[1])},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_tells_its_version() -> None:
    done = process("--version")
    assert (done.stdout, done.returncode) == (f"mlmonitor {mlmonitor.__version__}\n", 0)


def commands(group: click.Group) -> Iterator[tuple[str, ...]]:
    """Every command below a group that does something, as its words."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from ((name, *rest) for rest in commands(command))
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield (name,)


@pytest.mark.parametrize("before", [(), *commands(program)], ids=" ".join)
def test_every_command_has_short_and_long_help(before: tuple[str, ...]) -> None:
    short, long = run(*before, "-h"), run(*before, "--help")
    assert short.exit_code == long.exit_code == 0
    assert short.stdout == long.stdout
    assert "--debug" in short.stdout


def test_help_imports_nothing_that_is_slow() -> None:
    script = (
        "import sys, mlmonitor.cli\n"
        "try: mlmonitor.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "slow = {'pandas', 'scipy', 'grafanalib', 'rich', 'elasticsearch', 'yaml'}\n"
        "sys.exit(' '.join(slow & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_generated_files_stay_as_they_are(folder: Path) -> None:
    first = run("generate", "-c", "monitoring.yaml")
    count = len(first.stdout.splitlines())
    assert {
        "wrote generated/grafana/model.json",
        "wrote generated/prometheus/drift.rules.yml",
    } <= set(first.stdout.splitlines())
    assert run("generate").stdout.count("wrote") > 2, "defaults have another scope label"
    run("generate", "-c", "monitoring.yaml")
    again = run("generate", "-c", "monitoring.yaml")
    assert again.stdout == f"{count} of {count} files in generated were up to date\n"
    assert "cluster" in (folder / "generated/prometheus/drift.rules.yml").read_text()


def test_each_kind_can_be_generated_alone(folder: Path) -> None:
    assert run("generate-dashboards", "-o", "one").exit_code == 0
    assert run("generate-alerts", "-o", "two").exit_code == 0
    made = {str(path.relative_to(folder)) for path in folder.glob("*/*/*")}
    assert {"one/grafana/model.json", "two/prometheus/drift.rules.yml"} <= made
    assert not [path for path in made if path.startswith(("one/prometheus", "two/grafana"))]


OWN_ALERT = (
    "alerts: [{alert: Own, why: w, expr: '%s', severity: info, summary: s, description: d}]\n"
)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("mine.yaml", OWN_ALERT % "sum(up", "no valid PromQL"),
        (
            "mine.yaml",
            OWN_ALERT % "mlmonitor_predictons_total > 0",
            "did you mean mlmonitor_predic",
        ),
        ("mine.yaml", OWN_ALERT.replace("Own", "MlmonitorServiceDown") % "up", "stands in alerts/"),
        ("mine.yaml", OWN_ALERT.replace("info", "urgent") % "up", "severity"),
        ("data.yaml", OWN_ALERT % "up", "would replace the other; rename the file"),
    ],
)
def test_a_wrong_alert_of_ones_own_is_told_and_nothing_is_written(
    folder: Path, name: str, text: str, problem: str
) -> None:
    (folder / name).write_text(text)
    (folder / "own.yaml").write_text(f"alerts: {{include: [{name}]}}\n")
    done = run("generate-alerts", "-c", "own.yaml", "-o", "out")
    assert done.exit_code == 2
    assert problem in done.stderr
    assert name in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "out").exists()


@pytest.mark.parametrize("command", ["generate", "generate-alerts", "generate-dashboards"])
def test_check_names_what_would_change_and_writes_nothing(folder: Path, command: str) -> None:
    missing = process(command, "--check", cwd=folder)
    assert missing.returncode == 1
    assert "generated/" in missing.stdout
    assert not (folder / "generated").exists()
    run(command)
    assert process(command, "--check", cwd=folder).returncode == 0
    changed = next((folder / "generated").rglob("*.*"))
    changed.write_text(changed.read_text() + "\n")
    found = process(command, "--check", cwd=folder)
    assert found.returncode == 1
    assert found.stdout == (f"{changed.relative_to(folder)} differs from what would be generated\n")


PROFILE = ("profile", "same.csv", "-o", "made.json", "--model", "houses", "--version", "2")


@pytest.mark.usefixtures("folder")
def test_profile_writes_what_the_options_say() -> None:
    done = run(*PROFILE, "--target", "area", "--kind", "street=categorical", "--ignore", "wall")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "houses 2: 2 columns, 2,000 rows" in done.stdout
    assert done.stdout.endswith("wrote made.json\n")
    made = Reference.load("made.json")
    assert (made.model, made.version, made.rows) == ("houses", "2", 2000)
    assert {(column.name, column.side, column.kind) for column in made.columns} == {
        ("area", "outcome", "numeric"),
        ("street", "input", "categorical"),
    }


@pytest.mark.usefixtures("folder")
def test_profile_names_the_model_whose_files_are_given() -> None:
    for name in ("model.bin", "scaler.bin"):
        Path(name).write_text(name, encoding="utf-8")
    run(*PROFILE, "--created", "2024-06-01")
    made = Reference.load("made.json")
    assert (made.created, made.fingerprint, made.environment) == ("2024-06-01", None, None)
    assert "fingerprint" not in Path("made.json").read_text(encoding="utf-8")
    run(*PROFILE, "--fingerprint", "scaler.bin", "--fingerprint", "model.bin")
    made = Reference.load("made.json")
    assert made.fingerprint == mlmonitor.fingerprint("model.bin", "scaler.bin")
    assert made.environment
    assert {"python", "numpy"} <= set(made.environment)


@pytest.mark.usefixtures("folder")
def test_profile_does_not_depend_on_the_chunk_and_takes_standard_input() -> None:
    run(*PROFILE)
    first = Path("made.json").read_bytes()
    run(*PROFILE, "--chunk-rows", "7")
    assert Path("made.json").read_bytes() == first
    rows = Path("same.csv").read_text(encoding="utf-8")
    done = process("profile", "-", *PROFILE[2:], cwd=Path.cwd(), stdin=rows)
    assert (done.returncode, done.stderr) == (0, ""), "no progress where stderr is no terminal"
    assert Path("made.json").read_bytes() == first


TIMED = ("profile", "timed.csv", *PROFILE[2:])


def test_profile_measures_how_alike_rows_are_by_their_times(folder: Path) -> None:
    rng = np.random.default_rng(1)
    levels = np.repeat(rng.normal(0, 5, 24 * 8), 10)
    areas = 100 + levels + rng.normal(0, 5, len(levels))
    rows = [f"{1_700_000_000 + 360 * i},{area}" for i, area in enumerate(areas)]
    (folder / "timed.csv").write_text("\n".join(["when,area", *rows]), encoding="utf-8")
    done = run(*TIMED, "--time", "when", "--windows", "1h, 6h,1d")
    assert done.exit_code == 0, done.stderr
    assert done.stderr == (
        "Note: There are 9 windows of 1d, fewer than 30: the correlation of rows is that of 6h.\n"
    )
    made = Reference.load("made.json")
    [area] = made.columns
    assert area.correlation is not None
    assert list(area.correlation) == ["1h", "6h", "1d"]
    assert 0.2 < area.correlation["1h"] < 0.6
    assert area.evidence < 0.5 * area.values
    done = run("drift", "timed.csv", "-r", "made.json", "--window", "1h", "--fail")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.usefixtures("folder")
def test_profile_warns_of_predictions_on_fitted_rows() -> None:
    done = run(*PROFILE, "--prediction", "area", "--fitted")
    assert done.exit_code == 0
    assert done.stderr.startswith("Warning: The predictions are of rows on which the model was fit")


def test_profile_draws_its_progress_in_a_terminal(folder: Path) -> None:
    terminal, end = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "mlmonitor", *PROFILE],
        cwd=folder,
        env={"PYTHONPATH": str(Path(mlmonitor.__file__).parents[1]), "TERM": "xterm"},
        stdout=end,
        stderr=end,
        check=False,
    )
    os.close(end)
    with os.fdopen(terminal, "rb", buffering=0) as shown:
        drawn = shown.read(1 << 16).decode()
    assert done.returncode == 0, drawn
    assert "Reading" in drawn
    assert "│" in drawn


@pytest.mark.usefixtures("folder")
def test_drift_prints_a_table_and_passes_without_fail() -> None:
    done = run("drift", "drifted.csv", "-r", "reference.json")
    assert done.exit_code == 0
    assert "1 of 3 columns drifted in 2,000 rows" in done.stdout
    assert not set("┃│━─\x1b") & set(done.stdout), "plain where it is no terminal"


@pytest.mark.usefixtures("folder")
def test_drift_fails_when_asked_to() -> None:
    assert run("drift", "drifted.csv", "-r", "reference.json", "--fail").exit_code == 1
    assert run("drift", "same.csv", "-r", "reference.json", "--fail").exit_code == 0


@pytest.mark.usefixtures("folder")
def test_drift_prints_json() -> None:
    report = json.loads(
        run("drift", "drifted.csv", "-r", "reference.json", "--format", "json").stdout
    )
    assert report["drifted"] == 1
    assert report["columns"][0]["column"] == "area"


def test_drift_reads_standard_input(folder: Path) -> None:
    rows = (folder / "drifted.csv").read_text()
    done = process("drift", "-", "-r", "reference.json", "--fail", cwd=folder, stdin=rows)
    assert done.returncode == 1, done.stderr


@pytest.mark.usefixtures("folder")
def test_drift_takes_thresholds_from_the_configuration() -> None:
    report = run(
        "drift", "same.csv", "-r", "reference.json", "--format", "json", "-c", "monitoring.yaml"
    )
    assert json.loads(report.stdout)["thresholds"]["ks"] == 0.4


@pytest.mark.usefixtures("folder")
def test_cardinality_plans_references_and_configurations() -> None:
    one = run("cardinality", "reference.json", "--pods", "3", "--workers", "2")
    assert one.exit_code == 0
    assert "houses 1:" in one.stdout
    assert "in 3 pods" in one.stdout
    Path("more.yaml").write_text(
        "models: [{name: houses, reference: reference.json, business: {orders: {type: counter}}}]",
        encoding="utf-8",
    )
    plain, more = (
        int(re.search(r"([\d,]+) series a pod", run("cardinality", *given).stdout)[1])  # type: ignore[index]
        for given in (["reference.json"], ["-c", "more.yaml"])
    )
    assert more == plain + 1
    capped = run("cardinality", "-c", "monitoring.yaml")
    assert "left out by the cap" in capped.stdout
    assert "area (left out)" in capped.stdout


@pytest.mark.parametrize("name", ["dashboard", "drift", "monitoring", "reference"])
def test_schemas_are_printed(name: str) -> None:
    assert json.loads(run("schema", name).stdout)["$schema"].endswith("2020-12/schema")


BAD = {
    "no such configuration": (
        ("generate", "-c", "none.yaml"),
        "none.yaml: cannot be read (No such file or directory)",
    ),
    "unknown key": (("generate", "-c", "wrong.yaml"), "wrong.yaml:1: modles: unknown key; did you"),
    "folder is a file": (
        ("generate", "-o", "monitoring.yaml"),
        "monitoring.yaml",
    ),
    "no such reference": (("drift", "same.csv", "-r", "none.json"), "none.json: cannot be read"),
    "reference is no JSON": (("drift", "same.csv", "-r", "same.csv"), "same.csv: not valid JSON"),
    "truncated reference": (("drift", "same.csv", "-r", "cut.json"), "cut.json: not valid JSON"),
    "no such rows": (("drift", "none.csv", "-r", "reference.json"), "none.csv"),
    "empty rows": (("drift", "empty.csv", "-r", "reference.json"), "empty.csv"),
    "missing column": (("drift", "header.csv", "-r", "reference.json"), "header.csv"),
    "no rows to profile": (
        ("profile", "header.csv", *PROFILE[2:]),
        "header.csv: has a header but no rows",
    ),
    "no such column": ((*PROFILE, "--target", "aera"), "no such column; did you mean 'area'?"),
    "no such kind": ((*PROFILE, "--kind", "area=number"), "--kind area=number: unknown kind"),
    "kind without column": ((*PROFILE, "--kind", "numeric"), "--kind numeric: is not COLUMN=KIND"),
    "no such time": ((*PROFILE, "--time", "aera"), "--time aera: the data have no such column"),
    "no times": ((*PROFILE, "--time", "wall"), "--time wall: 'brick' is no time; write ISO 8601"),
    "no window": (
        (*PROFILE, "--time", "area", "--windows", "1x"),
        "--windows: '1x' is no duration",
    ),
    "no date": (
        (*PROFILE, "--created", "June"),
        "created: 'June' is no date; write it in ISO 8601",
    ),
    "no model": (
        (*PROFILE, "--fingerprint", "model.bin"),
        "model.bin: cannot be read (No such file or directory); check the files of the model.",
    ),
    "unwritable profile": (
        (*PROFILE[:2], "-o", "same.csv/made.json", *PROFILE[4:]),
        "same.csv: is a file, not a folder; move it away or choose another place.",
    ),
    "nothing to plan": (("cardinality",), "No reference to plan for; name one"),
    "unknown command": (("genrate",), "No such command 'genrate'"),
    "unknown option": (("generate", "--chek"), "No such option"),
    "unknown schema": (("schema", "monitor"), "is not one of"),
}


@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_one_sentence_and_status_2(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    (folder / "wrong.yaml").write_text("modles: []")
    (folder / "cut.json").write_text((folder / "reference.json").read_text()[:-20])
    (folder / "empty.csv").write_text("")
    (folder / "header.csv").write_text("area,wall,street\n")
    before = sorted(folder.iterdir())
    done = run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert sorted(folder.iterdir()) == before, "nothing half-written"


def test_debug_shows_where_an_error_comes_from(folder: Path) -> None:
    for arguments in (("--debug", "generate", "-c", "no"), ("generate", "-c", "no", "--debug")):
        done = process(*arguments, cwd=folder)
        assert done.returncode == 2
        assert "Traceback" in done.stderr
        assert "ConfigError: no: cannot be read" in done.stderr


def test_what_nobody_foresaw_is_one_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        message = "two\nlines"
        raise LookupError(message)

    monkeypatch.setattr("mlmonitor.cli.schema._schema", fail)
    done = run("schema", "drift")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: unexpected LookupError: two lines; run again with --debug to see where.\n"
    )


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    columns = [binned(f"column{index}", range(100)) for index in range(3000)]
    wide = Reference(model="wide", version="1", rows=100, columns=tuple(columns))
    wide.save(folder / "wide.json")
    script = (
        f"{sys.executable} -m mlmonitor cardinality wide.json | head -n 1; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(Path(mlmonitor.__file__).parents[1]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "141"
