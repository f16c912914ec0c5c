"""`mlmonitor push-dashboards`."""

from __future__ import annotations

import click

from mlmonitor.cli.program import config_option, configuration, debug_option, program


@program.command("push-dashboards")
@click.argument("url")
@click.option(
    "--token-file", metavar="FILE", help="File with nothing but a service account's token."
)
@click.option(
    "--folder", default="mlmonitor", show_default=True, metavar="NAME", help="Folder in Grafana."
)
@click.option(
    "--ca-file", metavar="FILE", help="Certificate of the authority that vouches for Grafana."
)
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@config_option
@debug_option
def push_dashboards(  # noqa: PLR0917 - one for each option
    url: str,
    token_file: str | None,
    folder: str,
    ca_file: str | None,
    dry_run: bool,  # noqa: FBT001 - a flag
    config_path: str | None,
) -> None:
    """Write the dashboards into the Grafana at URL.

    What is as it should be is left alone, and so is what mlmonitor did not make. The token comes from
    a file or from MLMONITOR_GRAFANA_TOKEN.
    """
    from mlmonitor.generate.dashboards import DashboardSettings, dashboards
    from mlmonitor.install.grafana import install, plan
    from mlmonitor.install.grafana_api import Grafana, read_token

    files = dashboards(DashboardSettings.of(configuration(config_path)))
    grafana = Grafana(url, read_token(token_file), ca_file)
    changes = plan(grafana, files)
    if dry_run:
        for change in changes:
            click.echo(change.diff, nl=False)
    else:
        for line in install(grafana, changes, folder):
            click.echo(line)
    unchanged = len(files) - len(changes)
    if unchanged:
        click.echo(f"{unchanged} of {len(files)} dashboards at {grafana.url} were up to date")
