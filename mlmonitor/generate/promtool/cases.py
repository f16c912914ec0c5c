"""Tests of alerts, as `alerts/tests/*.yaml` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, RootModel, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor import bundled, promql, yamlfile
from mlmonitor.config import Duration, Section
from mlmonitor.errors import GenerationError
from mlmonitor.generate.promtool.change import Change, number
from mlmonitor.generate.settings import RuleSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlmonitor.config import MonitoringConfig

Title = Annotated[str, Field(min_length=1)]
# The length of window that the durations of a case are written for.
_WRITTEN_FOR: Final = {"shortest": 3600.0, "slow": 21600.0}


class Case(Section):
    """Normal traffic, a change, and normal traffic again: the alert fires in time, or never."""

    fires: Title | None = Field(default=None, description="What must make it fire.")
    silent: Title | None = Field(default=None, description="What must not.")
    window: Literal["shortest", "slow"] | None = Field(
        default=None,
        description="Of an alert that exists for each window, which: `shortest`, or the first that is "
        "evaluated less often than every step, `slow`. Durations are those of 1h (6h) and change with it.",
    )
    stretches: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="Of an alert without a window that looks at the shortest one all the same: "
        "durations are longer where that is longer than 1h.",
    )
    before: Duration = Field(
        default="1h", validate_default=True, description="Normal traffic in front."
    )
    usual: Change = Field(default=Change(), description="What normal traffic is like here.")
    change: Change = Field(description="What differs from normal traffic.")
    within: Duration = Field(
        default="30m", validate_default=True, description="It must fire so long after the change."
    )
    lasts: Duration | None = Field(
        default=None, description="How long the change lasts; as long as `within`, or 2h if silent."
    )
    after: Change | None = Field(
        default=None, description="What traffic is like afterwards; as usual by default."
    )
    resolves: Duration | None = Field(
        default="1h",
        validate_default=True,
        description="It must be over so long afterwards; `silent` goes on for so long if there is an `after`.",
    )
    labels: dict[str, str] = Field(
        default={}, description="Labels of the alert that fires; an empty one is not looked at."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.fires is None) == (self.silent is None):
            message = "say what `fires` it, or in what it stays `silent`: one of both."
            raise ValueError(message)
        return self

    def chosen_window(self, config: MonitoringConfig) -> str | None:
        """Of which window the alert is tested, empty if of none; None where that does not exist."""
        if self.window is None:
            return ""
        settings = RuleSettings.of(config)
        fitting = [
            window
            for window in sorted(settings.windows)
            if self.window == "shortest" or settings.is_slow(window)
        ]
        return promql.duration(fitting[0]) if fitting else None

    def is_possible(self, factors: Mapping[str, float], place: str) -> bool:
        """Whether no more calls would have to fail, or be slow, than there are."""
        shares = [self.change.errors, *([self.change.slow.share] if self.change.slow else [])]
        return all(number(share, factors, place) <= 1 for share in shares)

    def pace(self, window: str, config: MonitoringConfig) -> float:
        """What the durations of the case are multiplied by when it is about a window."""
        if self.window is None:
            shortest = min(config.prometheus.windows) / _WRITTEN_FOR["shortest"]
            return max(shortest, 1.0) if self.stretches else 1.0
        return promql.seconds(window) / _WRITTEN_FOR[self.window]

    def later(self, window: str, config: MonitoringConfig) -> float:
        """Seconds that it takes in addition where the window leaves out the step in progress.

        Cases are written for twelve evaluations a window, with which the shortest does not.
        """
        if self.window is None and not self.stretches:
            return 0.0
        settings = RuleSettings.of(config)
        seconds = promql.seconds(window) if window else min(settings.windows)
        offsets = settings.has_own_group(seconds) and not settings.is_slow(seconds)
        return settings.step if offsets else 0.0

    @property
    def title(self) -> str:
        """What the case shows."""
        return f"fires: {self.fires}" if self.fires else f"silent: {self.silent}"


class CaseFile(RootModel[dict[str, tuple[Case, ...]]]):
    """Cases by alert."""


def cases(folder: Path | None = None) -> dict[str, tuple[Case, ...]]:
    """The tests that ship with the package, by alert.

    Raises:
        GenerationError: naming file, line, key, problem and fix.
    """
    found: dict[str, tuple[Case, ...]] = {}
    for path in sorted(((folder or bundled.folder("alerts")) / "tests").glob("*.yaml")):
        place = f"alerts/tests/{path.name}"
        document = yamlfile.read(path, place=place, failure=GenerationError)
        for alert, listed in yamlfile.validate(document, CaseFile).root.items():
            if alert in found:
                message = f"{place}: {alert} has tests in another file already; move them together."
                raise GenerationError(message)
            found[alert] = listed
    return found
