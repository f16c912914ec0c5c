"""`mlmonitor profile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlmonitor.cli.program import debug_option, program
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Sequence


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
@click.option(
    "--time", metavar="COLUMN", help="Column with times; measures how alike rows of a window are."
)
@click.option(
    "--windows",
    metavar="LENGTHS",
    default="1h,6h,1d,7d",
    show_default=True,
    help="Windows for --time, as in monitoring.yaml.",
)
@click.option(
    "--fingerprint",
    "model_files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File or folder of the model, to tell it from others.",
)
@click.option("--chunk-rows", type=click.IntRange(min=1), help="Rows held in memory at once.")
@debug_option
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
    time: str | None,
    windows: str,
    model_files: tuple[Path, ...],
    chunk_rows: int | None,
) -> None:
    """Make the reference profile of FILES (CSV, Parquet, JSON Lines, - for stdin).

    Predictions must come from rows that the model was not fitted on. --score, --ignore, --kind
    and --fingerprint may be given several times.
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
        time,
        tuple(name.strip() for name in windows.split(",")),
        model_files or None,
    )
    with terminal.progress("Reading") as tell:
        made = profile_files(files, settings, chunk_rows=chunk_rows, progress=tell)
    made.reference.save(output)
    for warning in made.warnings:
        click.echo(f"Warning: {warning}", err=True)
    for note in made.notes:
        click.echo(f"Note: {note}", err=True)
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
