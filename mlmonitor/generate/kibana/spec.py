"""Specs in `dashboards/kibana/`: the models of the YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor import yamlfile
from mlmonitor.errors import GenerationError
from mlmonitor.generate import panelids

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS: Final = 48
"""Width of Kibana's grid."""

_Text = Annotated[str, Field(min_length=1)]
_Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
Chart = Literal["bars", "shares", "ranking", "lines", "table", "number"]
Side = Literal["input", "output", "score"]


class _Part(BaseModel):
    """A mapping of a spec: no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Terms(_Part):
    """The most frequent values of a field."""

    terms: _Text = Field(description="Name of the field.")
    size: int = Field(default=5, ge=1, le=100)
    label: str | None = None


class Metric(_Part):
    """A number for each bucket."""

    label: _Text
    do: Literal[
        "predictions", "count", "average", "min", "max", "median", "percentile", "unique_count"
    ] = Field(
        default="predictions",
        description="`predictions` counts each record as often as it stands for; `count` once.",
    )
    of: str | None = Field(default=None, description="Name of the field; records without one.")
    percentile: int | None = Field(default=None, ge=1, le=99)
    where: str | None = Field(default=None, description="KQL: only the records that match.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.do in {"predictions", "count"}) == (self.of is not None):
            message = f"metric {self.label!r}: records are counted, all else is `of` a field."
            raise ValueError(message)
        if (self.do == "percentile") != (self.percentile is not None):
            message = f"metric {self.label!r}: `percentile: 99` belongs to `do: percentile`."
            raise ValueError(message)
        return self


class Drilldown(_Part):
    """Where a click leads: to another dashboard, or to a page of Grafana."""

    name: _Text
    to: _Id | None = None
    grafana: str | None = Field(
        default=None, description="Path, which may hold {{encodeURIComponent event.value}}."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.to is None) == (self.grafana is None):
            message = f"drilldown {self.name!r} needs either `to` or `grafana`."
            raise ValueError(message)
        return self


class _Panel(_Part):
    id: _Id = Field(description="Name of the panel, unique in the dashboard.")
    title: _Text
    width: int = Field(ge=4, le=COLUMNS, description="Of 48.")


class LensPanel(_Panel):
    """A chart of one query. With `each`, one panel for every column of a side and type."""

    description: _Text = Field(description="What it shows, and what bad looks like.")
    chart: Chart
    where: str = Field(default="", description="KQL: which records.")
    over: Literal["time"] | tuple[Terms, ...] = Field(
        default=(), description="What is along the axis, or the rows of a table."
    )
    split: Terms | None = None
    metrics: tuple[Metric, ...] = Field(min_length=1)
    drilldowns: tuple[Drilldown, ...] = ()
    each: Side | None = None
    types: tuple[Literal["double", "keyword", "boolean", "date"], ...] = ()

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        one_axis = self.over == "time" or len(self.over) == 1
        if self.chart == "number" and (self.over or self.split or len(self.metrics) > 1):
            message = f"panel {self.id!r}: a number has one metric, and neither `over` nor `split`."
            raise ValueError(message)
        if self.chart == "table" and (self.over == "time" or not self.over or self.split):
            message = f"panel {self.id!r}: a table is `over` terms, and has no `split`."
            raise ValueError(message)
        if self.chart not in {"number", "table"} and not one_axis:
            message = f"panel {self.id!r}: {self.chart} are over the time or one field."
            raise ValueError(message)
        if bool(self.types) != bool(self.each):
            message = f"panel {self.id!r}: `each` and `types` belong together."
            raise ValueError(message)
        return self


class RecordsPanel(_Panel):
    """The records that a search finds."""

    chart: Literal["records"]
    search: _Id


Panel = Annotated[LensPanel | RecordsPanel, Field(discriminator="chart")]


class Row(_Part):
    """Panels of one height, beside each other; what does not fit goes on below."""

    height: int = Field(ge=4, le=40)
    panels: tuple[Panel, ...] = Field(min_length=1)


class Dashboard(_Part):
    """One dashboard, or one for each model."""

    kind: Literal["dashboard"]
    id: _Id
    title: _Text
    description: _Text
    each: Literal["model"] | None = None
    range: _Text = Field(default="now-24h", description="How far back it looks.")
    rows: tuple[Row, ...] = Field(min_length=1)

    @field_validator("rows")
    @classmethod
    def _unique_ids(cls, value: tuple[Row, ...]) -> tuple[Row, ...]:
        return panelids.unique(value)


class Search(_Part):
    """Records as a table, newest first."""

    kind: Literal["search"]
    id: _Id
    title: _Text
    description: _Text
    where: str = ""
    columns: tuple[_Text, ...] = Field(min_length=1)


def load(path: Path) -> tuple[Dashboard | Search, yamlfile.Document]:
    """Read a spec, and the document that knows its lines.

    Raises:
        GenerationError: naming file, line, key path, problem and fix.
    """
    place = f"{path.parent.parent.name}/{path.parent.name}/{path.name}"
    document = yamlfile.read(path, place=place, failure=GenerationError)
    model: type[Dashboard | Search] = Search if document.data.get("kind") == "search" else Dashboard
    return yamlfile.validate(document, model), document
