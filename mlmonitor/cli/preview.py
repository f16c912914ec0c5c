"""`mlmonitor preview` and `mlmonitor snapshot`: the dashboards in a browser, without Grafana."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlmonitor.cli.program import config_option, configuration, debug_option, program
from mlmonitor.errors import MlmonitorError

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


@program.command()
@shared
@click.option("-o", "--output", default="report.html", show_default=True, metavar="FILE")
@click.option("--from", "start", metavar="TIME", help="Such as now-6h or 2026-01-31T12:00.")
@click.option("--to", "end", metavar="TIME", help="Likewise; now without it.")
@click.option(
    "--var",
    "chosen",
    multiple=True,
    metavar="NAME=VALUE",
    help="Choose a value of a variable, such as model=houses; may be repeated.",
)
@click.option(
    "--only",
    "uids",
    multiple=True,
    metavar="UID",
    help="Take only this dashboard; may be repeated.",
)
def snapshot(  # noqa: PLR0917 - one for each option
    config_path: str | None,
    url: str,
    folder: str | None,
    timeout: float,
    output: str,
    start: str | None,
    end: str | None,
    chosen: tuple[str, ...],
    uids: tuple[str, ...],
) -> None:
    """Write the dashboards with their data into one HTML file, to send to somebody.

    The file shows what `preview` shows at this moment and loads nothing from anywhere. It holds
    all that the panels show: send it only to those who may see that.
    """
    from mlmonitor.files import write_atomically
    from mlmonitor.preview import snapshot as frozen
    from mlmonitor.preview.source import Source

    config = configuration(config_path)
    found = _only(listed(config, folder), uids)
    asked = {**_ends(start, end), **_variables(chosen)}
    data = frozen.taken(found, Source(url, timeout), config.prometheus.scrape_interval, asked)
    write_atomically(Path(output), frozen.page(data))
    wrong = frozen.failures(data)
    note = f"; {wrong} panels show an error" if wrong else ""
    size = Path(output).stat().st_size / 1e6
    click.echo(f"wrote {output} ({size:.1f} MB, {len(found)} dashboards{note})")


def _only(found: list[dict[str, Any]], uids: tuple[str, ...]) -> list[dict[str, Any]]:
    known = [one["uid"] for one in found]
    for uid in uids:
        if uid not in known:
            message = f"--only {uid}: is no dashboard; known are {', '.join(known)}."
            raise MlmonitorError(message)
    return [one for one in found if not uids or one["uid"] in uids]


def _ends(start: str | None, end: str | None) -> dict[str, list[str]]:
    return {name: [text] for name, text in (("from", start), ("to", end)) if text is not None}


def _variables(chosen: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in chosen:
        name, equals, value = text.partition("=")
        if not equals or not name:
            message = f"--var {text}: is no choice; write it as NAME=VALUE, such as model=houses."
            raise MlmonitorError(message)
        found.setdefault(f"var-{name}", []).append(value)
    return found


def listed(config: MonitoringConfig, folder: str | None) -> list[dict[str, Any]]:
    """The dashboards to show."""
    from mlmonitor.preview import dashboards

    return dashboards.from_folder(Path(folder)) if folder else dashboards.generated(config)
