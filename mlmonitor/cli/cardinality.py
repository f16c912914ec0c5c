"""`mlmonitor cardinality`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlmonitor.cli.program import config_option, configuration, debug_option, program
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from mlmonitor.business import BusinessMetric


@program.command()
@click.argument("references", nargs=-1)
@click.option("--workers", type=click.IntRange(min=1), default=1, help="Worker processes of a pod.")
@click.option("--pods", type=click.IntRange(min=1), default=1, help="Pods that serve the model.")
@click.option("--cap", type=click.IntRange(min=1), help="Most series of a pod.")
@config_option
@debug_option
def cardinality(
    references: tuple[str, ...], workers: int, pods: int, cap: int | None, config_path: str | None
) -> None:
    """Print how many time series each column, pod and model takes.

    Give REFERENCES, or --config for all models of monitoring.yaml.
    """
    from mlmonitor import expose, terminal
    from mlmonitor.reference import Reference

    planned: list[tuple[str, int | None, tuple[BusinessMetric, ...]]] = [
        (path, cap, ()) for path in references
    ]
    if config_path:
        planned += [
            (str(model.reference), cap or model.series_cap, model.business_metrics)
            for model in configuration(config_path).models
            if model.reference
        ]
    if not planned:
        message = "No reference to plan for; name one, or a monitoring.yaml with -c."
        raise MlmonitorError(message)
    for path, limit, business in planned:
        profile = Reference.load(path)
        plan = expose.cardinality(profile, workers=workers, pods=pods, cap=limit, business=business)
        terminal.show(terminal.cardinality_table(profile, plan, pods))
