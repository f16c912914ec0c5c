"""`mlmonitor respond`."""

from __future__ import annotations

import getpass
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from mlmonitor.cli.program import config_option, configuration, debug_option, program
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig


@program.group(invoke_without_command=True)
@config_option
@debug_option
@click.pass_context
def respond(context: click.Context, config_path: str | None) -> None:
    """Receive pages from Alertmanager and take the steps of monitoring.yaml's `respond`.

    Serves /alerts for Alertmanager, /breaker/MODEL for services, /runbooks, /metrics and /healthz.
    Stop it with Ctrl-C.
    """
    config = configuration(config_path)
    context.obj = config
    if context.invoked_subcommand is None:
        from mlmonitor.respond.run import serve

        serve(config, click.echo)


@respond.command()
@click.argument("model")
@click.option("--by", metavar="NAME", help="Who releases it; the user who runs this.")
@debug_option
@click.pass_obj
def release(config: MonitoringConfig, model: str, by: str | None) -> None:
    """Let MODEL back from its fallback, through the responder that runs."""
    from mlmonitor.respond.server import token

    settings = config.respond
    if settings.token_file is None:
        message = "respond.token_file: is missing; name the file that the responder reads."
        raise MlmonitorError(message)
    host, port = settings.address
    shown = f"[{host}]" if ":" in host else host
    request = urllib.request.Request(
        f"http://{shown}:{port}/release/{quote(model, safe='')}",
        data=json.dumps({"by": by or getpass.getuser()}).encode(),
        headers={"Authorization": f"Bearer {token(settings.token_file)}"},
    )
    _sent(request, settings.listen)
    click.echo(f"{model}: released; its own predictions are served again")


def _sent(request: urllib.request.Request, place: str) -> Any:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - see release
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            message = json.load(error)["error"]
        except (ValueError, KeyError):
            message = f"{place}: answered {error.code}."
        raise MlmonitorError(message) from error
    except (OSError, ValueError) as error:
        message = f"{place}: the responder does not answer ({error}); start `mlmonitor respond`."
        raise MlmonitorError(message) from error
