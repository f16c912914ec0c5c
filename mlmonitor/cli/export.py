"""`mlmonitor export logs`."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlmonitor.cli.program import debug_option, program
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from mlmonitor.shipping.delivery import Limits


@program.group()
def export() -> None:
    """Bring what services wrote down to where it is kept."""


@export.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--elasticsearch", "url", required=True, metavar="URL", help="Where to, with the port."
)
@click.option("--user", metavar="NAME", help="Who ships.")
@click.option("--password-file", metavar="FILE", help="File with nothing but the password.")
@click.option("--api-key-file", metavar="FILE", help="File with nothing but an API key.")
@click.option(
    "--ca-file", metavar="FILE", help="Certificate of the authority that vouches for the servers."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where registry and dead letters are kept; beside the files without it.",
)
@click.option(
    "--stream",
    default="",
    metavar="NAME",
    help="Data stream of lines that name none, as a service's own.",
)
@click.option("--moved", is_flag=True, help="The Elasticsearch of the registry has a new URL.")
@click.option("--once", is_flag=True, help="Ship what is there, and end.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="With --once, how long to wait for Elasticsearch.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for an answer.",
)
@click.option(
    "--batch", type=click.IntRange(1, 10_000), default=5_000, show_default=True, metavar="RECORDS",
    help="Records of a request.",
)  # fmt: skip
@click.option("--compress", is_flag=True, help="Compress requests.")
@click.option("--metrics", metavar="[HOST:]PORT", help="Serve metrics of the exporter there.")
@debug_option
def logs(paths: tuple[Path, ...], url: str, **options: Any) -> None:
    """Ship records in PATHS into their data streams in Elasticsearch, each exactly once.

    PATHS are the folder that services write to (logs without one), or files of one folder. Follows
    them until it is stopped, through rotation, restarts and outages. Secrets come from files, or from
    MLMONITOR_ELASTICSEARCH_PASSWORD and MLMONITOR_ELASTICSEARCH_API_KEY.
    """
    from prometheus_client import CollectorRegistry

    from mlmonitor.shipping.connection import Connection
    from mlmonitor.shipping.exporter import Exporter, Source
    from mlmonitor.shipping.metrics import ShippingMetrics

    source = Source.of(paths or (Path("logs"),), options["state"], options["stream"])
    connection = Connection(
        url, options["user"], options["password_file"], options["api_key_file"],
        options["ca_file"], options["timeout"], options["compress"],
    )  # fmt: skip
    registry = CollectorRegistry()
    metrics = ShippingMetrics(registry)
    stop = threading.Event()
    exporter = Exporter(
        source, connection, tell=_tell, stop=stop, limits=_limits(options), metrics=metrics,
        moved=options["moved"],
    )  # fmt: skip
    # What it logs of its attempts, the exporter tells in sentences.
    logging.getLogger("elastic_transport").setLevel(logging.CRITICAL)
    if options["metrics"]:
        _serve(options["metrics"], registry)
    if not options["once"]:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    exporter.run(once=options["once"])
    _tell(metrics.summary())


def _limits(options: dict[str, Any]) -> Limits:
    from mlmonitor.shipping.delivery import Limits

    patience = options["patience"] if options["once"] else None
    return Limits(records=options["batch"], patience=patience)


def _serve(place: str, registry: CollectorRegistry) -> None:
    from mlmonitor.expose import start_server

    host, _, port = place.rpartition(":")
    if not port.isdecimal():
        message = f"--metrics {place}: is no place to listen; write PORT or HOST:PORT."
        raise MlmonitorError(message)
    if host:
        start_server(int(port), host.strip("[]"), registry)
    else:
        start_server(int(port), registry=registry)


def _tell(sentence: str) -> None:
    click.echo(sentence, err=True)
