"""All rule files for Prometheus that one `monitoring.yaml` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlmonitor.generate import rulefile
from mlmonitor.generate.alerting import alert_rules
from mlmonitor.generate.output import Owned
from mlmonitor.generate.promtool.document import rule_tests
from mlmonitor.generate.recorded import settings_rules
from mlmonitor.generate.recording import recording_rules
from mlmonitor.generate.settings import RuleSettings

if TYPE_CHECKING:
    from mlmonitor.config import MonitoringConfig

__all__ = ["OWNED", "RULES", "RuleSettings", "drift_rules", "rule_files", "rules"]

RULES: Final = Owned("prometheus/*.rules.yml", rulefile.is_generated)
OWNED: Final = (RULES, Owned("prometheus/tests/*.yml", rulefile.is_generated))
"""What `rules` gives more or less of, as monitoring.yaml says."""


def rules(config: MonitoringConfig) -> dict[str, str]:
    """All rule files for `monitoring.yaml` and their tests, as relative path -> text; same input, same text.

    Raises:
        GenerationError: a rule source is wrong, or what monitoring.yaml says of an alert.
    """
    files = rule_files(config)
    return {**files, **rule_tests(config, files)}


def rule_files(config: MonitoringConfig) -> dict[str, str]:
    """The rule files without their tests.

    Raises:
        GenerationError: see `rules`.
    """
    return {
        **settings_rules(config),
        **recording_rules(RuleSettings.of(config)),
        **alert_rules(config),
    }


def drift_rules(settings: RuleSettings) -> dict[str, str]:
    """The recording rules alone, as relative path -> text.

    Raises:
        GenerationError: see `rules`.
    """
    return recording_rules(settings)
