"""The linter: whether rules, dashboards, runbooks and configuration name what exists, and agree."""

from mlmonitor.check.configuration import reference_findings
from mlmonitor.check.finding import Finding
from mlmonitor.check.project import check

__all__ = ["Finding", "check", "reference_findings"]
