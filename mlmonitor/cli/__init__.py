"""The command line: parse, call, echo. All that is slow to import is imported by its command."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mlmonitor.cli import (
    backtest,
    cardinality,
    check,
    drift,
    elk,
    export,
    generate,
    logs,
    preview,
    profile,
    push,
    respond,
    schema,
)
from mlmonitor.cli.program import program

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "backtest",
    "cardinality",
    "check",
    "drift",
    "elk",
    "export",
    "generate",
    "logs",
    "main",
    "preview",
    "profile",
    "program",
    "push",
    "respond",
    "schema",
]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    program.main(args=arguments, prog_name="mlmonitor")
