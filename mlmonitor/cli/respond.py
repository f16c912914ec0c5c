"""`mlmonitor respond`."""

from __future__ import annotations

import getpass
import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from mlmonitor.cli.program import configuration, debug_option, program
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig

needed_config_option = click.option(
    "-c", "--config", "config_path", metavar="FILE", help="monitoring.yaml; always needed."
)


@program.group(invoke_without_command=True)
@needed_config_option
@debug_option
@click.pass_context
def respond(context: click.Context, config_path: str | None) -> None:
    """Receive pages from Alertmanager and take the steps of monitoring.yaml's `respond`.

    Serves /alerts for Alertmanager, /breaker/MODEL for services, /runbooks, /metrics and /healthz.
    Stop it with Ctrl-C.
    """
    context.obj = config_path
    if context.invoked_subcommand is None:
        from mlmonitor.respond.run import serve

        serve(_configured(config_path), click.echo)


@respond.command()
@click.argument("model")
@click.option("--by", metavar="NAME", help="Who releases it; the user who runs this.")
@needed_config_option
@debug_option
@click.pass_obj
def release(before: str | None, config_path: str | None, model: str, by: str | None) -> None:
    """Let MODEL back from its fallback, through the responder that runs."""
    from mlmonitor.respond.server import token

    # The file may be named before `release`, as for the responder itself, or behind it.
    settings = _configured(before if config_path is None else config_path).respond
    if settings.token_file is None:
        message = "respond.token_file: is missing; name the file that the responder reads."
        raise MlmonitorError(message)
    host, port = settings.address
    shown = f"[{host}]" if ":" in host else host
    # Headers are Latin-1 in Python, and the responder compares bytes.
    secret = token(settings.token_file).encode().decode("latin-1")
    request = urllib.request.Request(
        f"http://{shown}:{port}/release/{quote(model, safe='')}",
        data=json.dumps({"by": by or _user()}).encode(),
        headers={"Authorization": f"Bearer {secret}"},
    )
    _sent(request, settings.listen)
    click.echo(f"{model}: released; its own predictions are served again")


def _configured(path: str | None) -> MonitoringConfig:
    """The configuration, without which there is neither a token nor an address."""
    if not path or not Path(path).exists():
        problem = f"{path}: there is no such file" if path else "the configuration is missing"
        message = f"{problem}; name it by -c monitoring.yaml."
        raise MlmonitorError(message)
    return configuration(path)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError) as error:
        # As in a container that runs under a number without a name.
        message = "nobody knows who runs this; add --by NAME."
        raise MlmonitorError(message) from error


def _sent(request: urllib.request.Request, place: str) -> Any:
    try:
        # The responder runs on this machine: no proxy is to see the token.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        try:
            message = json.load(error)["error"]
        except (ValueError, KeyError, TypeError):
            message = f"{place}: answered {error.code}."
        raise MlmonitorError(message) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        message = f"{place}: the responder does not answer ({error}); start `mlmonitor respond`."
        raise MlmonitorError(message) from error
