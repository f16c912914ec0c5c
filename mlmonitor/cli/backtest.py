"""`mlmonitor backtest`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from mlmonitor import names
from mlmonitor.cli.program import (
    DIFFERENT,
    config_option,
    configuration,
    debug_option,
    program,
)
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from mlmonitor.backtest.report import Backtest
    from mlmonitor.backtest.run import Outcome
    from mlmonitor.config import MonitoringConfig
    from mlmonitor.config.models import ModelSettings
    from mlmonitor.reference import Reference

_SIMULATED: Final = ("rate", "months", "seed")
_OF_FILES: Final = ("time", "prediction", "target")
_CHOOSES: Final = ("version", "role")


@program.command()
@click.argument("files", nargs=-1)
@click.option(
    "--model", metavar="NAME", help="Model of --config whose reference and thresholds count."
)
@click.option("--version", metavar="VERSION", help="Version of --model, where it has several.")
@click.option(
    "--role",
    metavar="ROLE",
    type=click.Choice(names.ROLES),
    help="live, shadow or fallback of --model; live, where one is.",
)
@click.option(
    "-r", "--reference", metavar="FILE", help="The reference profile, in place of the model's."
)
@click.option("--time", metavar="COLUMN", help="Column of FILES with the time of each row.")
@click.option("--prediction", metavar="NAME", help="Column of FILES with the prediction.")
@click.option("--target", metavar="NAME", help="Column of FILES with the actual outcome.")
@click.option("--simulate", metavar="DURATION", help="Simulate traffic without drift, such as 28d.")
@click.option("--rate", metavar="RATE", help="Rows to simulate, such as 1/s, 2/m or 0.1/s; 1/s.")
@click.option("--months", type=click.IntRange(1), help="Simulate so many times; 1.")
@click.option("--seed", type=click.IntRange(0), help="Simulate other traffic; 0.")
@click.option("--clean", is_flag=True, help="Nothing drifts in FILES: suggest thresholds, too.")
@click.option("--delays/--no-delays", default=True, help="Measure how soon changes are noticed.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the report.",
)
@click.option("-o", "--output", metavar="FILE", help="Write the report as HTML with pictures, too.")
@click.option("--tests", metavar="FILE", help="Write promtool tests of the incidents.")
@click.option(
    "--confirm",
    is_flag=True,
    help="Have promtool, which must be installed, compute sampled windows again.",
)
@click.option(
    "--promtool",
    metavar="PROGRAM",
    default="promtool",
    show_default=True,
    help="The promtool that confirms, where it is not on the PATH.",
)
@click.option("--write", is_flag=True, help="Put the suggested thresholds into --config.")
@config_option
@debug_option
def backtest(config_path: str | None, **options: Any) -> None:
    """Tell how the rules would have behaved on past traffic in FILES, or on simulated traffic.

    FILES are CSV, Parquet or JSON Lines (- for stdin) with a column of timestamps.
    """
    from mlmonitor import terminal
    from mlmonitor.backtest.table import tables

    config = configuration(config_path)
    _check(config_path, options)
    found = _run(config, _reference(config, options), options)
    report = found.report
    if options["form"] == "json":
        click.echo(report.to_json(), nl=False)
    else:
        for one in tables(report):
            terminal.show(one)
        if report.confirmed:
            click.echo(report.confirmed)
    _write(found, config_path, options)
    if report.confirmed and report.confirmed.disagreements:
        click.get_current_context().exit(DIFFERENT)


def _check(config_path: str | None, options: dict[str, Any]) -> None:
    """Options that do not go together."""
    message = None
    simulated = next((f"--{name}" for name in _SIMULATED if options[name] is not None), None)
    of_files = next((f"--{name}" for name in _OF_FILES if options[name] is not None), None)
    chooses = next((f"--{name}" for name in _CHOOSES if options[name] is not None), None)
    if bool(options["files"]) == (options["simulate"] is not None):
        message = "Give FILES of past traffic, or --simulate 28d: one of both."
    elif chooses and (options["reference"] or not options["model"]):
        message = f"{chooses} chooses an entry of --model; add --model NAME, without --reference."
    elif options["files"] and not options["time"]:
        message = "Files need the column with the time of each row; add --time COLUMN."
    elif options["files"] and simulated:
        message = f"{simulated} is for --simulate, and FILES are given; leave it out."
    elif options["simulate"] is not None and of_files:
        message = f"{of_files} is for FILES, and traffic is simulated; leave it out."
    elif options["write"] and (config_path is None or not options["model"]):
        message = (
            "--write needs a file and a model to write to; add -c monitoring.yaml --model NAME."
        )
    elif options["write"] and options["simulate"] is None and not options["clean"]:
        message = (
            "--write takes every alarm for false; give --simulate 28d, or --clean where nothing "
            "drifts in FILES."
        )
    if message is not None:
        raise MlmonitorError(message)


def _reference(config: MonitoringConfig, options: dict[str, Any]) -> Reference:
    from mlmonitor.reference import Reference

    if options["reference"]:
        return Reference.load(options["reference"])
    if not options["model"]:
        message = "Say what to compare with: --model NAME of --config, or --reference FILE."
        raise MlmonitorError(message)
    model = _model(config, options)
    if model.reference is None:
        message = (
            f"models: {options['model']!r} version {model.version!r} {model.role} has no reference; "
            "add it, or give --reference FILE."
        )
        raise MlmonitorError(message)
    return Reference.load(model.reference)


def _model(config: MonitoringConfig, options: dict[str, Any]) -> ModelSettings:
    """The entry of --model: of its version and role where they are given, else the live one."""
    name, version, role = options["model"], options["version"], options["role"]
    named = [one for one in config.models if one.name == name and version in {None, one.version}]
    if role is None and any(one.role == "live" for one in named):
        role = "live"
    found = [one for one in named if role in {None, one.role}]
    if len(found) > 1:
        option = "--version" if len({one.version for one in found}) > 1 else "--role"
        listed = ", ".join(f"version {one.version!r} {one.role}" for one in found)
        message = f"--model {name}: several entries are named so; choose by {option}: {listed}."
        raise MlmonitorError(message)
    return config.model(name, version, role)


def _run(config: MonitoringConfig, reference: Reference, options: dict[str, Any]) -> Outcome:
    from mlmonitor import terminal
    from mlmonitor.backtest.promtool import Promtool
    from mlmonitor.backtest.run import Files, Simulated, backtest_of

    promtool = Promtool(options["promtool"]) if options["confirm"] else None
    source: Files | Simulated
    if options["files"]:
        source = Files(
            options["files"],
            options["time"],
            options["prediction"],
            options["target"],
            options["clean"],
        )
    else:
        source = Simulated.of(
            options["simulate"],
            "1/s" if options["rate"] is None else options["rate"],
            options["months"] or 1,
            options["seed"] or 0,
        )
    with terminal.steps("Replaying") as tell:
        return backtest_of(
            config,
            reference,
            source,
            delays=options["delays"],
            tests=bool(options["tests"]),
            promtool=promtool,
            progress=tell,
        )


def _write(found: Outcome, config_path: str | None, options: dict[str, Any]) -> None:
    from mlmonitor.backtest.page import html
    from mlmonitor.files import write_atomically

    if options["output"]:
        write_atomically(options["output"], html(found.report))
        click.echo(f"wrote {options['output']}", err=True)
    if found.tests is None and options["tests"]:
        click.echo(f"no incidents, so {options['tests']} is not written", err=True)
    elif found.tests is not None:
        write_atomically(options["tests"], found.tests)
        click.echo(f"wrote {options['tests']}", err=True)
    if options["write"] and config_path is not None:
        _write_thresholds(found.report, config_path, options["model"])


def _write_thresholds(report: Backtest, config_path: str, model: str) -> None:
    from mlmonitor.backtest.write import write_thresholds

    values = {one.threshold: one.suggested for one in report.suggestions}
    if not values:
        click.echo(f"{config_path} stays as it is: the budget is kept.", err=True)
        return
    write_thresholds(config_path, model, values, f"backtest of {report.days:.3g} days")
    click.echo(f"wrote {', '.join(values)} to {config_path}", err=True)
