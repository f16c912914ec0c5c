"""The command line: parse, call, echo. All that is slow to import is imported by its command."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.thresholds import Thresholds

PROBLEM: Final = 2
DIFFERENT: Final = 1
_INTERRUPTED: Final = 130
_PIPE_CLOSED: Final = 141
_SCHEMAS: Final = ("dashboard", "drift", "monitoring", "reference")


class _Program(click.Group):
    """The group of all commands: any failure is one sentence and an exit status."""

    debug = False

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command and exit."""
        self.debug = False
        options["standalone_mode"] = False
        try:
            code = super().main(*args, **options)
        except Exception as error:  # noqa: BLE001 - the last place that can tell
            code = self._told(error)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader of its output that goes away, as `head` does, is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(_PIPE_CLOSED)
        return result

    def _told(self, error: Exception) -> int:
        """Tell of a failure on stderr; give the exit status."""
        if self.debug:
            traceback.print_exception(error)
            return PROBLEM
        if isinstance(error, click.ClickException):
            error.show()
            return error.exit_code
        if isinstance(error, click.exceptions.Abort):
            click.echo("Stopped.", err=True)
            return _INTERRUPTED
        text = " ".join(str(error).split()) or "no message"
        if not isinstance(error, MlmonitorError):
            text = (
                f"unexpected {type(error).__name__}: {text}; run again with --debug to see where."
            )
        click.echo(f"Error: {text}", err=True)
        return PROBLEM


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    program = context.find_root().command
    if value and isinstance(program, _Program):
        program.debug = True


_debug = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_debug,
    help="Show the traceback of an error.",
)
_config = click.option(
    "-c", "--config", "config_path", metavar="FILE", help="monitoring.yaml; defaults without it."
)
_output = click.option(
    "-o",
    "--output",
    default="generated",
    show_default=True,
    metavar="FOLDER",
    help="Where to write.",
)
_check = click.option(
    "--check", is_flag=True, help="Write nothing; exit with status 1 where a file would change."
)


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and not context.resilient_parsing:
        from mlmonitor import __version__

        click.echo(f"mlmonitor {__version__}")
        context.exit()


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@_debug
def program() -> None:
    """Monitoring for machine-learning models, as code."""


@program.command()
@click.argument("files", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write the profile.")
@click.option("--model", required=True, metavar="NAME", help="Name of the model.")
@click.option("--version", required=True, metavar="TEXT", help="Version of the model.")
@click.option("--target", metavar="COLUMN", help="Column with the actual outcome.")
@click.option("--prediction", metavar="COLUMN", help="Column with the model's prediction.")
@click.option("--score", "scores", multiple=True, metavar="COLUMN", help="Column with a score.")
@click.option("--ignore", multiple=True, metavar="COLUMN", help="Column to leave out.")
@click.option("--kind", "kinds", multiple=True, metavar="COLUMN=KIND", help="Kind of a column.")
@click.option(
    "--bins",
    type=click.IntRange(min=2),
    default=20,
    show_default=True,
    help="Bins of a numeric column.",
)
@click.option(
    "--categories",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Categories kept of a column.",
)
@click.option("--created", metavar="DATE", help="When the data were gathered, in ISO 8601.")
@click.option("--fitted", is_flag=True, help="Say that the model was fitted on these rows.")
@click.option("--chunk-rows", type=click.IntRange(min=1), help="Rows held in memory at once.")
@_debug
def profile(  # noqa: PLR0917 - one for each option
    files: tuple[str, ...],
    output: str,
    model: str,
    version: str,
    target: str | None,
    prediction: str | None,
    scores: tuple[str, ...],
    ignore: tuple[str, ...],
    kinds: tuple[str, ...],
    bins: int,
    categories: int,
    created: str | None,
    fitted: bool,  # noqa: FBT001 - a flag
    chunk_rows: int | None,
) -> None:
    """Make the reference profile of FILES (CSV, Parquet, JSON Lines, - for stdin).

    Predictions must come from rows that the model was not fitted on. --score, --ignore and --kind
    may be given several times.
    """
    from mlmonitor import terminal
    from mlmonitor.reference.build import Roles, Settings, profile_files

    settings = Settings(
        model,
        version,
        Roles(target, prediction, scores, ignore),
        _kinds(kinds),
        bins,
        categories,
        created,
        fitted,
    )
    with terminal.progress("Reading") as tell:
        made = profile_files(files, settings, chunk_rows=chunk_rows, progress=tell)
    made.reference.save(output)
    for warning in made.warnings:
        click.echo(f"Warning: {warning}", err=True)
    terminal.show(terminal.profile_table(made.reference))
    click.echo(f"wrote {output}")


def _kinds(given: Sequence[str]) -> dict[str, Any]:
    """`COLUMN=KIND` texts as a mapping; whether they exist is seen with the data."""
    kinds = {}
    for text in given:
        column, equals, kind = text.rpartition("=")
        if not equals or not column:
            message = f"--kind {text}: is not COLUMN=KIND; write it as age=numeric."
            raise MlmonitorError(message)
        kinds[column] = kind
    return kinds


@program.command()
@click.argument("files", nargs=-1, required=True)
@click.option("-r", "--reference", required=True, metavar="FILE", help="The reference profile.")
@click.option("--target", metavar="NAME", help="Column of the files with the actual outcome.")
@click.option("--prediction", metavar="NAME", help="Column of the files with the prediction.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How to print the comparison.",
)
@click.option("--fail", is_flag=True, help="Exit with status 1 when a column drifted.")
@_config
@_debug
def drift(  # noqa: PLR0917 - one for each option
    files: tuple[str, ...],
    reference: str,
    target: str | None,
    prediction: str | None,
    form: str,
    fail: bool,  # noqa: FBT001 - a flag
    config_path: str | None,
) -> None:
    """Compare rows in FILES (CSV, Parquet, JSON Lines, - for stdin) with a reference profile.

    Thresholds are those of --config, or the defaults.
    """
    from mlmonitor import terminal
    from mlmonitor.drift import drift_files, table
    from mlmonitor.reference import Reference

    profile = Reference.load(reference)
    report = drift_files(
        files,
        profile,
        _thresholds(config_path, profile.model),
        target=target,
        prediction=prediction,
    )
    if form == "json":
        click.echo(report.to_json(), nl=False)
    else:
        terminal.show(table(report))
    if fail and report.drifted:
        click.get_current_context().exit(DIFFERENT)


@program.command("generate-alerts")
@_config
@_output
@_check
@_debug
def generate_alerts(config_path: str | None, output: str, check: bool) -> None:  # noqa: FBT001 - a flag
    """Write Prometheus rules from monitoring.yaml."""
    _generate(_rules(_configuration(config_path)), output, check=check)


@program.command("generate-dashboards")
@_config
@_output
@_check
@_debug
def generate_dashboards(config_path: str | None, output: str, check: bool) -> None:  # noqa: FBT001 - a flag
    """Write Grafana dashboards from monitoring.yaml."""
    _generate(_dashboards(_configuration(config_path)), output, check=check)


@program.command()
@_config
@_output
@_check
@_debug
def generate(config_path: str | None, output: str, check: bool) -> None:  # noqa: FBT001 - a flag
    """Write everything: rules and dashboards."""
    config = _configuration(config_path)
    _generate({**_rules(config), **_dashboards(config)}, output, check=check)


@program.command()
@click.argument("references", nargs=-1)
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of a pod.")
@click.option("--pods", type=click.IntRange(min=1), default=1, help="Pods that serve the model.")
@click.option("--cap", type=click.IntRange(min=1), help="Most series of a pod.")
@_config
@_debug
def cardinality(
    references: tuple[str, ...], workers: int, pods: int, cap: int | None, config_path: str | None
) -> None:
    """Print how many time series each column, pod and model takes.

    Give REFERENCES, or --config for all models of monitoring.yaml.
    """
    from mlmonitor import expose, terminal
    from mlmonitor.reference import Reference

    planned = [(path, cap) for path in references]
    if config_path:
        planned += [
            (str(model.reference), cap or model.series_cap)
            for model in _configuration(config_path).models
            if model.reference
        ]
    if not planned:
        message = "No reference to plan for; name one, or a monitoring.yaml with -c."
        raise MlmonitorError(message)
    for path, limit in planned:
        profile = Reference.load(path)
        plan = expose.cardinality(profile, workers=workers, pods=pods, cap=limit)
        terminal.show(terminal.cardinality_table(profile, plan, pods))


@program.command()
@click.argument("name", type=click.Choice(_SCHEMAS))
@_debug
def schema(name: str) -> None:
    """Print a JSON Schema: of monitoring.yaml, a reference, a drift report or a dashboard spec."""
    import json

    click.echo(json.dumps(_schema(name), indent=2, ensure_ascii=False))


def _schema(name: str) -> dict[str, Any]:
    if name == "monitoring":
        from mlmonitor.config import json_schema
    elif name == "reference":
        from mlmonitor.reference.model import json_schema
    elif name == "drift":
        from mlmonitor.drift import json_schema
    else:
        from mlmonitor.generate.spec import json_schema
    return json_schema()


def _configuration(path: str | None) -> MonitoringConfig:
    """The configuration of a file, or the defaults."""
    from mlmonitor.config import MonitoringConfig, load_config

    return load_config(path) if path else MonitoringConfig()


def _thresholds(path: str | None, model: str) -> Thresholds:
    from mlmonitor.thresholds import Thresholds

    config = _configuration(path)
    return Thresholds(**config.thresholds_by_model.get(model, config.thresholds.given))  # type: ignore[arg-type]


def _rules(config: MonitoringConfig) -> dict[str, str]:
    from mlmonitor.generate.prometheus import rules

    return rules(config)


def _dashboards(config: MonitoringConfig) -> dict[str, str]:
    from mlmonitor.generate.dashboards import DashboardSettings, dashboards

    return dashboards(DashboardSettings.of(config))


def _generate(files: Mapping[str, str], folder: str, *, check: bool) -> None:
    """Write files and name those that changed, or only name those that would."""
    from mlmonitor.generate import output

    if check:
        different = [
            name for name, text in files.items() if output.difference({name: text}, folder)
        ]
        for name in different:
            click.echo(f"{os.path.join(folder, name)} differs from what would be generated")  # noqa: PTH118 - as typed
        click.get_current_context().exit(DIFFERENT if different else 0)
    changed = output.write(files, folder)
    for path in changed:
        click.echo(f"wrote {path}")
    unchanged = len(files) - len(changed)
    if unchanged:
        click.echo(f"{unchanged} of {len(files)} files in {folder} were up to date")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    program.main(args=arguments, prog_name="mlmonitor")
