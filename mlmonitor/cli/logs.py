"""`mlmonitor logs`: what single predictions were given, and what came of them."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlmonitor.cli.program import DIFFERENT, debug_option, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlmonitor.explain.question import Question
    from mlmonitor.explain.record import Record
    from mlmonitor.explain.stored import Stored

Options = dict[str, Any]


@program.group()
def logs() -> None:
    """Ask records of predictions: files of JSON lines, or Elasticsearch with --elasticsearch."""


def _source(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where records are and which are asked for."""
    options = [
        click.argument("paths", nargs=-1, type=click.Path(path_type=Path)),
        click.option("--elasticsearch", "url", metavar="URL", help="Ask this Elasticsearch, and no files."),
        click.option("--user", metavar="NAME", help="Who asks it."),
        click.option("--password-file", metavar="FILE", help="File with nothing but the password."),
        click.option("--api-key-file", metavar="FILE", help="File with nothing but an API key."),
        click.option("--ca-file", metavar="FILE", help="Authority of its certificate."),
        click.option("--model", metavar="NAME", help="Only of this model."),
        click.option("--model-version", metavar="VERSION", help="Only of this version."),
        click.option("--role", type=click.Choice(["live", "shadow", "fallback"]), help="Only in this role."),
        click.option("--since", metavar="TIME", help="From then on: 30m ago, or a time in ISO 8601."),
        click.option("--until", metavar="TIME", help="Before then."),
        click.option("--failed", is_flag=True, help="Only those that raised."),
        click.option("--violating", metavar="COLUMN", help="Only where it breaks a rule; * for any."),
        click.option("--missing", metavar="COLUMN", help="Only where it has no value."),
        click.option("--slower", metavar="LENGTH", help="Only calls that took so long: 100ms."),
        click.option(
            "--where", "conditions", multiple=True, metavar="CONDITION",
            help="Only where it holds: inputs.area>300, event.outcome=failure.",
        ),
        click.option(
            "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True,
            help="How to print records; json is one a line.",
        ),
        debug_option,
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@logs.command()
@click.option("-n", "--lines", default=10, show_default=True, help="How many of the last ones.")
@click.option("-f", "--follow", is_flag=True, help="Go on with those that come.")
@_source
def tail(lines: int, follow: bool, **options: Any) -> None:  # noqa: FBT001 - a flag
    """Print the last records of PATHS (files and folders; `logs` by default), one a line."""
    question = _question(options)
    for record in _newest(options, question, lines):
        _print(record, options)
    if follow:
        for record in _coming(options, question):
            _print(record, options)


@logs.command()
@click.option("-n", "--limit", default=50, show_default=True, help="How many of the last ones.")
@_source
def search(limit: int, **options: Any) -> None:
    """Print the records of PATHS that the options ask for; exit with status 1 where there are none."""
    from mlmonitor import terminal
    from mlmonitor.explain import tables

    found = _newest(options, _question(options), limit)
    if options["form"] == "json":
        for record in found:
            _print(record, options)
    elif found:
        terminal.show(tables.listing(found))
    if not found:
        click.echo("No record is as asked for.", err=True)
        click.get_current_context().exit(DIFFERENT)


@logs.command()
@click.argument("prediction")
@click.option("-r", "--reference", metavar="FILE", help="Profile to show beside the values.")
@_source
def show(prediction: str, reference: str | None, **options: Any) -> None:
    """Print all of the record of PREDICTION, an id of one or of a batch."""
    from dataclasses import replace

    from mlmonitor import terminal
    from mlmonitor.errors import MlmonitorError
    from mlmonitor.explain import tables
    from mlmonitor.reference import Reference

    profile = Reference.load(reference) if reference else None
    found = list(_asked(options, replace(_question(options), ids=(prediction,))))
    if not found:
        message = (
            f"{prediction!r}: no record has this id; it may not be in the sample, or be elsewhere."
        )
        raise MlmonitorError(message)
    for record in found:
        if options["form"] == "json":
            _print(record, options)
            continue
        for table in tables.details(record, profile):
            terminal.show(table)


@logs.command()
@_source
def stats(**options: Any) -> None:
    """Count the records of PATHS: by model, failures, latency, violations by column."""
    import orjson

    from mlmonitor import terminal
    from mlmonitor.explain import tables
    from mlmonitor.explain.statistics import statistics

    found = statistics(_asked(options, _question(options)))
    if options["form"] == "json":
        for (model, version, role), one in found.items():
            whole = {"model": model, "version": version, "role": role, **one.as_dict()}
            click.echo(orjson.dumps(whole))
        return
    for table in tables.summary(found):
        terminal.show(table)


def _question(options: Options) -> Question:
    from mlmonitor import durations
    from mlmonitor.explain.question import Question, conditions, moment

    violating = options["violating"]
    return Question(
        model=options["model"],
        version=options["model_version"],
        role=options["role"],
        since=moment(options["since"]) if options["since"] else None,
        until=moment(options["until"]) if options["until"] else None,
        failed=options["failed"],
        violating="" if violating == "*" else violating,
        missing=options["missing"],
        slower=durations.seconds(options["slower"]) if options["slower"] else None,
        conditions=conditions(options["conditions"]),
    )


def _asked(options: Options, question: Question) -> Iterator[Record]:
    """The records that are asked for, oldest first."""
    from mlmonitor.explain import files

    if options["url"]:
        return _stored(options).read(question)
    return filter(question.matches, files.read(_paths(options)))


def _newest(options: Options, question: Question, count: int) -> list[Record]:
    if options["url"]:
        return list(_stored(options).read(question, newest=count))
    return list(deque(_asked(options, question), count))


def _coming(options: Options, question: Question) -> Iterator[Record]:
    from mlmonitor.explain import files

    if options["url"]:
        return _stored(options).follow(question)
    return filter(question.matches, files.follow(_paths(options)))


def _stored(options: Options) -> Stored:
    from mlmonitor.explain.stored import Stored
    from mlmonitor.shipping.connection import Connection

    given = {
        key: options[key] for key in ("url", "user", "password_file", "api_key_file", "ca_file")
    }
    return Stored(Connection(**given))


def _paths(options: Options) -> tuple[Path, ...]:
    return options["paths"] or (Path("logs"),)


def _print(record: Record, options: Options) -> None:
    import orjson

    from mlmonitor.explain import tables

    if options["form"] == "json":
        from mlmonitor.logs.safe import shown

        click.echo(shown(orjson.dumps(record)))
    else:
        click.echo(tables.line(record).plain)
