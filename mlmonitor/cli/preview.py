"""`mlmonitor preview`: the dashboards in a browser, without Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlmonitor.cli.program import config_option, configuration, debug_option, program

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmonitor.config import MonitoringConfig

_PROMETHEUS = "http://127.0.0.1:9090"

prometheus_option = click.option(
    "--prometheus",
    "url",
    envvar="MLMONITOR_PROMETHEUS",
    default=_PROMETHEUS,
    show_default=True,
    metavar="URL",
    help="The Prometheus that is asked; or set MLMONITOR_PROMETHEUS.",
)
dashboards_option = click.option(
    "--dashboards",
    "folder",
    metavar="FOLDER",
    help="Show these generated files; by default what --config generates.",
)
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an answer of Prometheus.",
)


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `preview` and `snapshot`."""
    for option in (
        debug_option,
        timeout_option,
        dashboards_option,
        prometheus_option,
        config_option,
    ):
        command = option(command)
    return command


@program.command()
@shared
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8321,
    show_default=True,
    help="Where to listen on this machine; 0 takes a free port.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def preview(  # noqa: PLR0917 - one for each option
    config_path: str | None,
    url: str,
    folder: str | None,
    timeout: float,
    port: int,
    opens: bool,  # noqa: FBT001 - a flag
) -> None:
    """Show the dashboards in a browser, with the data of a Prometheus.

    Nothing else is needed, no Grafana either. The page is served on 127.0.0.1 alone. Stop it with
    Ctrl-C.
    """
    from mlmonitor.preview.run import serve
    from mlmonitor.preview.source import Source

    config = configuration(config_path)
    source = Source(url, timeout)
    found = listed(config, folder)
    serve(found, source, config.prometheus.scrape_interval, port, click.echo, opens=opens)


def listed(config: MonitoringConfig, folder: str | None) -> list[dict[str, Any]]:
    """The dashboards to show."""
    from mlmonitor.preview import dashboards

    return dashboards.from_folder(Path(folder)) if folder else dashboards.generated(config)
