"""Dashboard specs in `dashboards/`: the models of the YAML, and where each panel stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from mlmonitor import yamlfile
from mlmonitor.errors import GenerationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS: Final = 24
"""Width of Grafana's grid."""

Color = Literal["green", "yellow", "orange", "red", "blue", "purple", "text"]
_Text = Annotated[str, Field(min_length=1)]
_Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]


class _Part(BaseModel):
    """A mapping of a spec: no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Part):
    """From `above` on, values have this color."""

    above: float
    color: Color


class Meaning(_Part):
    """What a single value means."""

    text: _Text
    color: Color


class Look(_Part):
    """How values are written and colored."""

    unit: _Text = Field(description="Grafana's id of the unit, such as percentunit or s.")
    decimals: int | None = Field(default=None, ge=0)
    thresholds: tuple[Step, ...] = Field(default=(), description="Steps above green, ascending.")
    values: dict[_Text, Meaning] = Field(default={}, description="What single values mean.")

    @field_validator("thresholds")
    @classmethod
    def _ascending(cls, value: tuple[Step, ...]) -> tuple[Step, ...]:
        bounds = [step.above for step in value]
        if bounds != sorted(set(bounds)):
            message = f"steps {bounds} do not ascend; order them by `above`."
            raise ValueError(message)
        return value


class Query(_Part):
    """One PromQL expression, with <placeholders>; see `mlmonitor.generate.dashboards`."""

    expr: _Text
    legend: _Text = Field(description="Name of each series: text and {{labels}}.")
    draw: Literal["line", "limit", "reference"] = Field(
        default="line", description="A limit is dashed and red, a reference dashed and grey."
    )


class Column(Look):
    """One column of a table: the values of an instant query."""

    title: _Text
    expr: _Text
    cell: Literal["text", "background", "bar"] = Field(
        default="text", description="How thresholds and values color the cell."
    )
    width: int | None = Field(default=None, ge=1, description="Pixels.")


class _Panel(_Part):
    """What every panel has."""

    id: _Id = Field(description="Name of the panel, unique in the dashboard.")
    title: _Text
    description: _Text = Field(description="What it shows, and what bad looks like.")
    width: int = Field(ge=1, le=COLUMNS, description="Of 24.")


class _ValuePanel(_Panel, Look):
    queries: tuple[Query, ...] = Field(min_length=1)


class TimeSeries(_ValuePanel):
    """Lines over time; thresholds are drawn as dashed lines."""

    type: Literal["timeseries"]
    stack: bool = False
    min: float | None = None
    max: float | None = None
    calcs: tuple[Literal["lastNotNull", "max", "mean", "sum"], ...] = Field(
        default=("lastNotNull", "max"), description="Columns of the legend."
    )


class Stat(_ValuePanel):
    """The newest value, large."""

    type: Literal["stat"]
    sparkline: bool = True


class BarGauge(_ValuePanel):
    """The newest value of each series as a bar."""

    type: Literal["bargauge"]
    min: float | None = 0
    max: float | None = None


class StateTimeline(_ValuePanel):
    """The state of each series over time."""

    type: Literal["state-timeline"]


class Heatmap(_ValuePanel):
    """How a distribution changes over time: cumulative buckets by `le`."""

    type: Literal["heatmap"]


class Table(_Panel):
    """Instant values side by side: a row for each set of labels that the columns share."""

    type: Literal["table"]
    labels: dict[_Text, _Text] = Field(min_length=1, description="Label to title, in order.")
    columns: tuple[Column, ...] = Field(min_length=1)
    sort: _Text = Field(description="Title of the column to sort by, largest first.")

    @model_validator(mode="after")
    def _sorts_by_a_column(self) -> Table:
        titles = [*self.labels.values(), *(column.title for column in self.columns)]
        if self.sort not in titles:
            message = f"sort: no column {self.sort!r}{yamlfile.hint(self.sort, titles)}"
            raise ValueError(message)
        return self


Panel = Annotated[
    TimeSeries | Stat | BarGauge | StateTimeline | Heatmap | Table, Field(discriminator="type")
]


class Row(_Part):
    """A titled row of panels, all of one height; their widths fill whole lines."""

    title: _Text
    height: int = Field(ge=2, description="Of each panel, in units of 30 pixels.")
    panels: tuple[Panel, ...] = Field(min_length=1)

    @field_validator("panels")
    @classmethod
    def _fills_lines(cls, value: tuple[Panel, ...]) -> tuple[Panel, ...]:
        used = 0
        for panel in value:
            used += panel.width
            if used > COLUMNS:
                message = (
                    f"panel {panel.id!r} ends at column {used} of {COLUMNS}; "
                    "change widths so that each line adds up to 24."
                )
                raise ValueError(message)
            used %= COLUMNS
        if used:
            message = f"widths of the last line add up to {used}; make them {COLUMNS}."
            raise ValueError(message)
        return value


class Annotation(_Part):
    """Events drawn over all panels."""

    name: _Text
    expr: _Text
    title: _Text
    text: _Text
    color: Color
    value_is_time: bool = Field(
        default=False, description="Whether the value of the series is the time, in milliseconds."
    )


class DashboardSpec(_Part):
    """One dashboard."""

    uid: _Id = Field(description="Address of the dashboard in Grafana; never change it.")
    title: _Text
    description: _Text
    tags: tuple[_Text, ...]
    annotations: tuple[Annotation, ...] = ()
    rows: tuple[Row, ...] = Field(min_length=1)

    @field_validator("rows")
    @classmethod
    def _unique_ids(cls, value: tuple[Row, ...]) -> tuple[Row, ...]:
        seen = set[str]()
        for panel in (panel for row in value for panel in row.panels):
            if panel.id in seen:
                message = f"panel id {panel.id!r} stands twice; rename one."
                raise ValueError(message)
            seen.add(panel.id)
        return value

    def expressions(self) -> Iterator[tuple[yamlfile.Key, str]]:
        """Each PromQL expression with the key path at which it stands."""
        for index, annotation in enumerate(self.annotations):
            yield ("annotations", index, "expr"), annotation.expr
        for row_index, row in enumerate(self.rows):
            for panel_index, panel in enumerate(row.panels):
                kind = "columns" if isinstance(panel, Table) else "queries"
                for index, query in enumerate(getattr(panel, kind)):
                    yield (
                        ("rows", row_index, "panels", panel_index, kind, index, "expr"),
                        query.expr,
                    )


def load(path: Path) -> tuple[DashboardSpec, yamlfile.Document]:
    """Read a spec, and the document that knows its lines.

    Raises:
        GenerationError: naming file, line, key path, problem and fix.
    """
    document = yamlfile.read(path, place=f"{path.parent.name}/{path.name}", failure=GenerationError)
    return yamlfile.validate(document, DashboardSpec), document


def json_schema() -> dict[str, Any]:
    """JSON Schema of a dashboard spec, for editors."""
    schema = DashboardSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "mlmonitor dashboard spec",
    }
