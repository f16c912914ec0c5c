"""The commands that write files from `monitoring.yaml`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from mlmonitor.cli.program import (
    DIFFERENT,
    check_option,
    config_option,
    configuration,
    debug_option,
    output_option,
    program,
)
from mlmonitor.errors import MlmonitorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.output import Owned


@program.command("generate-alerts")
@click.option("--operator", is_flag=True, help="Write PrometheusRule manifests, too.")
@config_option
@output_option
@check_option
@debug_option
def generate_alerts(config_path: str | None, output: str, operator: bool, check: bool) -> None:  # noqa: FBT001 - flags
    """Write Prometheus rules, their tests, and Alertmanager's routes from monitoring.yaml."""
    from mlmonitor.generate import operator as manifests
    from mlmonitor.generate import prometheus

    files = _rules(configuration(config_path))
    owned: tuple[Owned, ...] = prometheus.OWNED
    if operator:
        files |= manifests.manifests(files)
        owned += manifests.OWNED
    write(files, output, owned, check=check)


@program.command("generate-dashboards")
@click.option("--configmap", is_flag=True, help="Write ConfigMap manifests for Kubernetes, too.")
@config_option
@output_option
@check_option
@debug_option
def generate_dashboards(
    config_path: str | None,
    output: str,
    check: bool,  # noqa: FBT001 - a flag
    configmap: bool,  # noqa: FBT001 - a flag
) -> None:
    """Write Grafana dashboards from monitoring.yaml."""
    from mlmonitor.generate import configmap as manifests
    from mlmonitor.generate import dashboards

    files = _dashboards(configuration(config_path))
    owned: tuple[Owned, ...] = dashboards.OWNED
    if configmap:
        files |= manifests.configmaps(files)
        owned += manifests.OWNED
    write(files, output, owned, check=check)


@program.command()
@config_option
@output_option
@check_option
@debug_option
def generate(config_path: str | None, output: str, check: bool) -> None:  # noqa: FBT001 - a flag
    """Write everything: rules, dashboards, Elasticsearch's templates and Kibana's objects."""
    from mlmonitor.generate import dashboards, elastic, prometheus

    config = configuration(config_path)
    files = {**_rules(config), **_dashboards(config), **log_files(config)}
    owned = (*prometheus.OWNED, *dashboards.OWNED, *elastic.OWNED)
    write(files, output, owned, check=check)


def _rules(config: MonitoringConfig) -> dict[str, str]:
    from mlmonitor.generate.alertmanager import alertmanager
    from mlmonitor.generate.prometheus import rules

    _check(config)
    files = {**rules(config), **alertmanager(config)}
    for note in _notes(config):
        click.echo(f"Note: {note}", err=True)
    return files


def _check(config: MonitoringConfig) -> None:
    """Refuse what rules could be written for, and would never be true."""
    from mlmonitor.check import reference_findings
    from mlmonitor.generate.ladder import check_ladder

    check_ladder(config)
    for finding in reference_findings(config):
        raise MlmonitorError(str(finding))


def _notes(config: MonitoringConfig) -> Iterator[str]:
    """What the rules leave out, each a sentence."""
    scale = config.alerts.time_scale
    if scale != 1:
        yield (
            f"{config.place('alerts', 'time_scale')}: with {scale:g} no promtool tests are written, "
            "which hold only for waiting times as they are; leave it out to get them."
        )
    for index, model in enumerate(config.models):
        if model.reference is None and model.role != "fallback":
            yield (
                f"{config.place('models', index)}: {model.name!r} version {model.version!r} has no "
                "reference, so no alert tells when its columns drift or break; make one with "
                "`mlmonitor profile`."
            )


def _dashboards(config: MonitoringConfig) -> dict[str, str]:
    from mlmonitor.generate.dashboards import DashboardSettings, dashboards

    return dashboards(DashboardSettings.of(config))


def log_files(config: MonitoringConfig) -> dict[str, str]:
    """What the records are kept and shown with."""
    from mlmonitor.generate import elastic, kibana

    return {**elastic.files(config), **kibana.files(config)}


def write(files: Mapping[str, str], folder: str, owned: Iterable[Owned], *, check: bool) -> None:
    """Write files, remove those that are no longer generated, and name both; or only name them."""
    from mlmonitor.generate import output

    old = output.stale(files, owned, folder)
    if check:
        different = [
            name for name, text in files.items() if output.difference({name: text}, folder)
        ]
        for name in different:
            click.echo(f"{os.path.join(folder, name)} differs from what would be generated")  # noqa: PTH118 - as typed
        for path in old:
            click.echo(f"{path} is no longer generated and would be removed")
        click.get_current_context().exit(DIFFERENT if different or old else 0)
    changed = output.write(files, folder, old)
    for path in changed:
        click.echo(f"wrote {path}")
    for path in old:
        click.echo(f"removed {path}, which is no longer generated")
    unchanged = len(files) - len(changed)
    if unchanged:
        click.echo(f"{unchanged} of {len(files)} files in {folder} were up to date")
