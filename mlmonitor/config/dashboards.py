"""Section `dashboards`: what dashboards show when they are opened."""

from __future__ import annotations

from pydantic import Field

from mlmonitor.config.section import Duration, Section


class DashboardSettings(Section):
    """What dashboards show when they are opened."""

    refresh: Duration = Field(
        default="30s", validate_default=True, description="Time between two refreshes."
    )
    range: Duration = Field(
        default="6h", validate_default=True, description="How far back they look."
    )
