"""The commands of the log side: `generate-kibana` and `push-elk`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from mlmonitor.cli.generate import log_files, write
from mlmonitor.cli.program import (
    check_option,
    config_option,
    configuration,
    debug_option,
    output_option,
    program,
)

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig
    from mlmonitor.install.connection import Connection


@program.command("generate-kibana")
@config_option
@output_option
@check_option
@debug_option
def generate_kibana(config_path: str | None, output: str, check: bool) -> None:  # noqa: FBT001 - a flag
    """Write Kibana's saved objects and Elasticsearch's templates from monitoring.yaml."""
    from mlmonitor.generate import elastic

    write(log_files(configuration(config_path)), output, elastic.OWNED, check=check)


@program.command("push-elk")
@click.argument("url")
@click.option("--kibana", metavar="URL", help="Install Kibana's objects there, with its space.")
@click.option("--user", metavar="NAME", help="Who asks.")
@click.option("--password-file", metavar="FILE", help="File with nothing but the password.")
@click.option("--api-key-file", metavar="FILE", help="File with nothing but an API key.")
@click.option(
    "--ca-file", metavar="FILE", help="Certificate of the authority that vouches for the servers."
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option(
    "--rollover",
    is_flag=True,
    help="Begin new indices where a field would get another type, in place of refusing.",
)
@config_option
@debug_option
def push_elk(url: str, config_path: str | None, **options: Any) -> None:
    """Install templates, lifecycle and roles into the Elasticsearch at URL, showing the diff first.

    Again and again: what is as it should be is left alone. Secrets come from files, or from
    MLMONITOR_ELASTICSEARCH_PASSWORD and MLMONITOR_ELASTICSEARCH_API_KEY.
    """
    from mlmonitor.install.connection import Connection, Login

    config = configuration(config_path)
    login = Login.read(options["user"], options["password_file"], options["api_key_file"])
    _push_elasticsearch(
        Connection(url, "Elasticsearch", login, options["ca_file"]), config, options
    )
    if options["kibana"]:
        connection = Connection(options["kibana"], "Kibana", login, options["ca_file"])
        _push_kibana(connection, config, options)


def _push_elasticsearch(
    connection: Connection, config: MonitoringConfig, options: dict[str, Any]
) -> None:
    from mlmonitor.generate import elastic
    from mlmonitor.install.elastic import install, plan

    objects = elastic.objects(config)
    wanted = plan(connection, objects)
    for change in wanted.changes:
        click.echo(change.diff, nl=False)
    for stream in wanted.streams:
        for conflict in stream.conflicts:
            click.echo(f"{stream.name}: {conflict}")
        if stream.lacks and not stream.conflicts:
            click.echo(f"{stream.name}: would get {len(stream.lacks)} more fields")
    if not options["dry_run"]:
        for line in install(connection, wanted, rollover=options["rollover"]):
            click.echo(line)
    if wanted.is_empty:
        click.echo(f"{len(objects)} objects at {connection.url} are up to date")


def _push_kibana(connection: Connection, config: MonitoringConfig, options: dict[str, Any]) -> None:
    from mlmonitor.generate import kibana
    from mlmonitor.install.kibana import install, plan

    objects = kibana.saved_objects(config)
    changes = plan(connection, objects)
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo(f"{len(objects)} objects at {connection.url} are up to date")
    elif not options["dry_run"]:
        click.echo(install(connection, objects))
