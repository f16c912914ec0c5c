"""Section `links`: where alerts and dashboards point to."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from mlmonitor.config.section import Section


def _address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or any(sign in value for sign in ' "{}'):
        message = f"{value!r} is no web address; write one such as https://grafana.example.com."
        raise ValueError(message)
    return value.rstrip("/")


Address = Annotated[
    str, AfterValidator(_address), WithJsonSchema({"type": "string", "pattern": "^https?://"})
]


class LinkSettings(Section):
    """Base addresses; what follows them is generated."""

    runbooks: Address = Field(
        default="http://localhost:9095/runbooks",
        description="Where the runbooks are read; `mlmonitor respond` serves them.",
    )
    grafana: Address = Field(default="http://localhost:3000", description="Grafana.")
    kibana: Address | None = Field(default=None, description="Kibana, for single predictions.")
