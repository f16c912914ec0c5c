"""The program: its group, the options that commands share, and how failures are told."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig
    from mlmonitor.thresholds import Thresholds

PROBLEM: Final = 2
DIFFERENT: Final = 1
_INTERRUPTED: Final = 130
_PIPE_CLOSED: Final = 141


class _Program(click.Group):
    """The group of all commands: any failure is one sentence and an exit status."""

    debug = False

    def main(self, *args: Any, **options: Any) -> NoReturn:
        """Run a command and exit."""
        self.debug = False
        options["standalone_mode"] = False
        try:
            code = super().main(*args, **options)
        except Exception as error:  # noqa: BLE001 - the last place that can tell
            code = self._told(error)
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader of its output that goes away, as `head` does, is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(_PIPE_CLOSED)
        return result

    def _told(self, error: Exception) -> int:
        """Tell of a failure on stderr; give the exit status."""
        if self.debug:
            traceback.print_exception(error)
            return PROBLEM
        if isinstance(error, click.ClickException):
            error.show()
            return error.exit_code
        if isinstance(error, click.exceptions.Abort):
            click.echo("Stopped.", err=True)
            return _INTERRUPTED
        text = " ".join(str(error).split()) or "no message"
        if not isinstance(error, MlmonitorError):
            text = (
                f"unexpected {type(error).__name__}: {text}; run again with --debug to see where."
            )
        click.echo(f"Error: {text}", err=True)
        return PROBLEM


def _set_debug(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    program = context.find_root().command
    if value and isinstance(program, _Program):
        program.debug = True


debug_option = click.option(
    "--debug",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_set_debug,
    help="Show the traceback of an error.",
)
config_option = click.option(
    "-c", "--config", "config_path", metavar="FILE", help="monitoring.yaml; defaults without it."
)
output_option = click.option(
    "-o",
    "--output",
    default="generated",
    show_default=True,
    metavar="FOLDER",
    help="Where to write.",
)
check_option = click.option(
    "--check", is_flag=True, help="Write nothing; exit with status 1 where a file would change."
)


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and not context.resilient_parsing:
        from mlmonitor import __version__

        click.echo(f"mlmonitor {__version__}")
        context.exit()


@click.group(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@debug_option
def program() -> None:
    """Monitoring for machine-learning models, as code."""


def configuration(path: str | None) -> MonitoringConfig:
    """The configuration of a file, or the defaults."""
    from mlmonitor.config import MonitoringConfig, load_config

    return load_config(path) if path else MonitoringConfig()


def thresholds(path: str | None, model: str) -> Thresholds:
    from mlmonitor.thresholds import Thresholds

    config = configuration(path)
    return Thresholds(**config.thresholds_by_model.get(model, config.thresholds.given))  # type: ignore[arg-type]
