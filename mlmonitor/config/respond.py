"""Section `respond`: what `mlmonitor respond` does by itself when a page stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor.config.section import Duration, Section, Share

Action = Literal["ticket", "fallback", "circuit_breaker", "freeze_canary", "command"]
_LISTEN: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\s]+):(?P<port>\d{1,5})")
_LAST_PORT: Final = 65535
Text = Annotated[str, Field(min_length=1)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(ge=1, strict=True)]


class StepSettings(Section):
    """One step of the ladder: which alert, how long it stands, what is done then."""

    alert: Text | None = Field(default=None, description="Name of the alert.")
    match: dict[str, str] = Field(
        default={}, description="Labels that the alert must carry, in place of its name or beside."
    )
    after: Duration | None = Field(
        default=None, description="How long the alert must have stood; without it, at once."
    )
    do: Action = Field(description="What is done.")
    command: Text | None = Field(
        default=None, description="The one of `commands` that does it; for `command` and `ticket`."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.alert is None and not self.match:
            message = "a step needs an alert, or labels to match."
            raise ValueError(message)
        if self.do == "command" and self.command is None:
            message = "`do: command` needs `command`, the name of one of commands."
            raise ValueError(message)
        if self.do not in {"command", "ticket"} and self.command is not None:
            message = f"`do: {self.do}` runs no command; remove `command`, or write a step for it."
            raise ValueError(message)
        return self


class ProbationSettings(Section):
    """How a model comes back from its fallback without a person."""

    hold: Duration = Field(
        default="1h", validate_default=True, description="How long the fallback serves alone."
    )
    last: Duration = Field(
        default="1h", validate_default=True, description="How long the model then must stay quiet."
    )
    canary: Share = Field(default=0.05, description="Share of calls that go to it meanwhile.")


class RespondSettings(Section):
    """What is done by itself when a page stands; nothing, until steps are written."""

    listen: str = Field(default="127.0.0.1:9095", description="Address and port.")
    token_file: Path | None = Field(
        default=None, description="File with the token that Alertmanager sends; always needed."
    )
    state: Path = Field(
        default=Path("respond"),
        validate_default=True,
        description="Folder of states and audit log, relative to this file.",
    )
    dry_run: Flag = Field(
        default=True, description="true only writes into the audit log what would be done."
    )
    scope: dict[str, str] = Field(
        default={}, description="Scope labels that alerts must carry, such as {namespace: prod}."
    )
    steps: tuple[StepSettings, ...] = Field(default=(), description="The ladder.")
    probation: ProbationSettings | None = Field(
        default=None,
        description="How a model comes back by itself; without it a person releases it.",
    )
    settle: Duration = Field(
        default="10m",
        validate_default=True,
        description="How long after a release no switch is made: windows hold what was before.",
    )
    commands: dict[str, tuple[Text, ...]] = Field(
        default={},
        description="Programs that may be run, by name: a list of words, without a shell.",
    )
    command_timeout: Duration = Field(
        default="1m", validate_default=True, description="How long a command may take."
    )
    requests_per_minute: Count = Field(default=120, description="More are answered by 429.")
    max_body: Count = Field(default=1_000_000, description="Bytes of a notification; else 413.")

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        found = _LISTEN.fullmatch(value)
        if found is None or int(found["port"]) > _LAST_PORT:
            message = f"{value!r} is no address with a port; write one such as 127.0.0.1:9095."
            raise ValueError(message)
        return value

    @field_validator("token_file", "state")
    @classmethod
    def _beside_the_file(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        folder = (info.context or {}).get("folder")
        return folder / value if value is not None and folder is not None else value

    @field_validator("commands")
    @classmethod
    def _with_words(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, words in value.items():
            if not words:
                message = f"{name!r} names no program; write its path and its arguments as a list."
                raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _known_commands(self) -> Self:
        for step in self.steps:
            if step.command is not None and step.command not in self.commands:
                known = ", ".join(self.commands) or "none yet"
                message = f"command {step.command!r} is not among commands ({known}); add it there."
                raise ValueError(message)
        return self

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `listen`."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)
