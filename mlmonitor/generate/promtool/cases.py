"""Tests of alerts, as `alerts/tests/*.yaml` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, RootModel, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor import bundled, yamlfile
from mlmonitor.config import Duration, Section
from mlmonitor.errors import GenerationError
from mlmonitor.generate.promtool.change import Change

if TYPE_CHECKING:
    from pathlib import Path

Title = Annotated[str, Field(min_length=1)]


class Case(Section):
    """Normal traffic, a change, and normal traffic again: the alert fires in time, or never."""

    fires: Title | None = Field(default=None, description="What must make it fire.")
    silent: Title | None = Field(default=None, description="What must not.")
    before: Duration = Field(
        default="2h", validate_default=True, description="Normal traffic in front."
    )
    usual: Change = Field(default=Change(), description="What normal traffic is like here.")
    change: Change = Field(description="What differs from normal traffic.")
    within: Duration = Field(
        default="30m", validate_default=True, description="It must fire so long after the change."
    )
    lasts: Duration | None = Field(
        default=None, description="How long the change lasts; as long as `within`, or 2h if silent."
    )
    resolves: Duration | None = Field(
        default="2h", validate_default=True, description="It must be over so long afterwards."
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
