"""`mlmonitor drift`."""

from __future__ import annotations

import click

from mlmonitor.cli.program import DIFFERENT, config_option, debug_option, program, thresholds


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
@click.option(
    "--window",
    metavar="LENGTH",
    help="Time that the rows cover, of those in the profile; the longest by default.",
)
@click.option("--fail", is_flag=True, help="Exit with status 1 when a column drifted.")
@config_option
@debug_option
def drift(  # noqa: PLR0917 - one for each option
    files: tuple[str, ...],
    reference: str,
    target: str | None,
    prediction: str | None,
    form: str,
    window: str | None,
    fail: bool,  # noqa: FBT001 - a flag
    config_path: str | None,
) -> None:
    """Compare rows in FILES (CSV, Parquet, JSON Lines, - for stdin) with a reference profile.

    Thresholds are those of --config, or the defaults.
    """
    from mlmonitor import durations, terminal
    from mlmonitor.drift import drift_files, table
    from mlmonitor.reference import Reference

    profile = Reference.load(reference)
    report = drift_files(
        files,
        profile,
        thresholds(config_path, profile.model),
        target=target,
        prediction=prediction,
        window=None if window is None else durations.seconds(window),
    )
    if form == "json":
        click.echo(report.to_json(), nl=False)
    else:
        terminal.show(table(report))
    if fail and report.drifted:
        click.get_current_context().exit(DIFFERENT)
