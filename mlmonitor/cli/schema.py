"""`mlmonitor schema`."""

from __future__ import annotations

from typing import Any, Final

import click

from mlmonitor.cli.program import debug_option, program

_SCHEMAS: Final = ("dashboard", "drift", "monitoring", "reference")


@program.command()
@click.argument("name", type=click.Choice(_SCHEMAS))
@debug_option
def schema(name: str) -> None:
    """Print a JSON Schema: of monitoring.yaml, a reference, a drift report or a dashboard spec."""
    import json

    click.echo(json.dumps(_schema(name), indent=2, ensure_ascii=False))


def _schema(name: str) -> dict[str, Any]:
    if name == "monitoring":
        from mlmonitor.config import json_schema
    elif name == "reference":
        from mlmonitor.reference.model import json_schema
    elif name == "drift":
        from mlmonitor.drift import json_schema
    else:
        from mlmonitor.generate.spec import json_schema
    return json_schema()
