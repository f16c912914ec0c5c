"""The linter: whether rules, dashboards, runbooks and configuration name what exists, and agree."""

from mlmonitor.check.finding import Finding
from mlmonitor.check.project import check

__all__ = ["Finding", "check"]
