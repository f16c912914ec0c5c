"""`mlmonitor check`."""

from __future__ import annotations

import click

from mlmonitor.cli.program import (
    DIFFERENT,
    config_option,
    configuration,
    debug_option,
    program,
)


@program.command()
@click.argument("paths", nargs=-1)
@config_option
@debug_option
def check(paths: tuple[str, ...], config_path: str | None) -> None:
    """Check that rules, dashboards, runbooks and monitoring.yaml agree.

    Checks what monitoring.yaml generates, and the rule files and dashboards in PATHS beside it.
    Exits with status 1 where something is wrong.
    """
    from mlmonitor.check import check as found_by

    findings = found_by(configuration(config_path), paths)
    for finding in findings:
        click.echo(str(finding))
    if findings:
        click.get_current_context().exit(DIFFERENT)
    click.echo("nothing found")
