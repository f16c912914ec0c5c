"""What the commands draw: tables on stdout, progress on stderr."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlmonitor.expose import Cardinality
    from mlmonitor.reference import Column, Reference

_PIPE_WIDTH: Final = 1000


def show(table: Table) -> None:
    """Print a table: drawn in a terminal, plain columns under a whole title elsewhere."""
    if isinstance(table.title, str):
        # Names of models stand in it, and are no markup.
        table.title = Text(table.title, "table.title")
    if sys.stdout.isatty():
        Console().print(table)
        return
    title, table.title, table.box = table.title, None, None
    text = io.StringIO()
    if title:
        text.write(f"{title}\n")
    Console(width=_PIPE_WIDTH, file=text).print(table)
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines()))


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for as long as the context lasts, fed with bytes done and in all.

    Nothing is drawn where stderr is no terminal.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as drawn:
        task = drawn.add_task(title, total=None)

        def tell(done: int, total: int) -> None:
            drawn.update(task, completed=done, total=total or None)

        yield tell


@contextmanager
def steps(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr for as long as the context lasts, told what is done, how far, and of how much.

    Nothing is drawn where stderr is no terminal.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as drawn:
        task = drawn.add_task(title, total=None)

        def tell(what: str, done: int, total: int) -> None:
            drawn.update(task, description=what, completed=done, total=total or None)

        yield tell


def cardinality_table(reference: Reference, plan: Cardinality, pods: int) -> Table:
    """The series of each column, and their sums, largest column first."""
    left_out = sum(not column.exposed for column in plan.columns)
    title = f"{reference.model} {reference.version}: {plan.per_pod:,} series a pod"
    title += f", {plan.total:,} in {pods:,} pods" if pods > 1 else ""
    title += f"; {left_out:,} columns left out by the cap" if left_out else ""
    table = _table(title, ("side", "column", "kind"), ("live", "reference", "series"))
    for column in sorted(plan.columns, key=lambda one: -one.series):
        counts = (f"{column.live:,}", f"{column.reference:,}", f"{column.series:,}")
        name = column.column if column.exposed else f"{column.column} (left out)"
        style = None if column.exposed else "dim"
        table.add_row(column.side, Text(name), column.kind, *counts, style=style)
    table.add_row("", "the model itself", "", f"{plan.model:,}", "0", f"{plan.model:,}")
    return table


def profile_table(reference: Reference) -> Table:
    """What a profile says of each column, in one line."""
    title = f"{reference.model} {reference.version}: {len(reference.columns):,} columns, "
    title += f"{reference.rows:,} rows"
    table = _table(title, ("side", "column", "kind"), ("missing", "range or values"))
    for column in reference.columns:
        missing = f"{100 * column.missing_ratio:.1f} %" if column.missing else ""
        table.add_row(column.side, Text(column.name), column.kind, missing, Text(_values(column)))
    return table


def _values(column: Column) -> str:
    if column.is_categorical:
        kept = len(column.categories or ())
        return f"{kept:,} categories" + (", and rarer ones" if column.other else "")
    if column.range is not None:
        return f"{column.range[0]:g} … {column.range[1]:g}"
    return ""


def _table(title: str, texts: Sequence[str], numbers: Sequence[str]) -> Table:
    table = Table(title=title)
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right")
    return table
