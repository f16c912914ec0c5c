"""Panels of a dashboard spec, as its YAML writes them: what is asked, and how it looks."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from typing_extensions import Self  # noqa: TC002 - pydantic reads it

from mlmonitor import yamlfile
from mlmonitor.generate import units

COLUMNS: Final = 24
"""Width of Grafana's grid."""

Color = Literal["green", "yellow", "orange", "red", "blue", "purple", "text"]
Text = Annotated[str, Field(min_length=1)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=40)]
Feature = Literal[
    "previous",
    "dependencies",
    "business",
    "business-bounds",
    "business-counters",
    "business-values",
    "business-distributions",
    "kibana",
    "respond",
]
When = Annotated[
    Feature | None,
    Field(description="Left out unless monitoring.yaml has switched this on."),
]


class Part(BaseModel):
    """A mapping of a spec: no unknown keys, no changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _or_one(schema: dict[str, Any]) -> None:
    """One may stand without the list around it."""
    schema.pop("type")
    items = schema.pop("items")
    schema["anyOf"] = [{"items": items, "type": "array"}, items]


class Step(Part):
    """From `above` on, values have this color; `alert` takes number and color from an alert."""

    above: float | None = Field(default=None, description="A number; by default the alert's.")
    color: Color | None = Field(default=None, description="By default the alert's severity's.")
    alert: Text | None = Field(
        default=None, description="The alert whose threshold it is, such as MlmonitorModelStale."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.alert is None and (self.above is None or self.color is None):
            message = "a step needs `above` and `color`, or the `alert` whose threshold it is."
            raise ValueError(message)
        return self


class Meaning(Part):
    """What a single value means."""

    text: Text
    color: Color


class Look(Part):
    """How values are written and colored."""

    unit: Text = Field(description="Grafana's id of the unit, such as percentunit or s.")
    decimals: int | None = Field(default=None, ge=0)
    base: Color = Field(default="green", description="Color below all thresholds.")
    thresholds: tuple[Step, ...] = Field(
        default=(),
        description="Steps above the base, ascending; or {alert: its name}.",
        json_schema_extra=_or_one,
    )
    values: dict[Text, Meaning] = Field(default={}, description="What single values mean.")

    @field_validator("unit")
    @classmethod
    def _known(cls, value: str) -> str:
        problem = units.problem(value)
        if problem:
            raise ValueError(problem)
        return value

    @field_validator("thresholds", mode="before")
    @classmethod
    def _one_alert(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value

    @field_validator("thresholds")
    @classmethod
    def _ascending(cls, value: tuple[Step, ...]) -> tuple[Step, ...]:
        bounds = [step.above for step in value if step.above is not None]
        if bounds != sorted(set(bounds)):
            message = f"steps {bounds} do not ascend; order them by `above`."
            raise ValueError(message)
        return value


class Link(Part):
    """Where a click leads: exactly one of `dashboard`, `runbook`, `kibana` and `url`."""

    title: Text
    dashboard: Id | None = Field(default=None, description="uid of a dashboard.")
    runbook: Text | None = Field(
        default=None, description="Name of an alert, or the title of the column that holds it."
    )
    kibana: bool = Field(default=False, description="The records behind it; needs links.kibana.")
    records: Literal["all", "violating", "missing"] = Field(
        default="all",
        description="Which: those in which the chosen column breaks a rule, or those that lack it.",
    )
    url: Text | None = Field(default=None, description="Any other address.")
    choose: dict[Text, Text] = Field(
        default={},
        description="Variable of that dashboard to what chooses it: the title of a column, or a label.",
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        given = [bool(self.dashboard), bool(self.runbook), self.kibana, bool(self.url)]
        if sum(given) != 1:
            message = f"{self.title!r} needs exactly one of dashboard, runbook, kibana and url."
            raise ValueError(message)
        if self.records != "all" and not self.kibana:
            message = f"{self.title!r}: `records` belongs to `kibana: true`."
            raise ValueError(message)
        needed = {"all": {"side", "column"}, "missing": {"side", "column"}, "violating": {"column"}}
        if self.kibana and not self.is_of_all and not self.choose.keys() >= needed[self.records]:
            message = f"{self.title!r} lacks what chooses the `side` or `column` of its records."
            raise ValueError(message)
        return self

    @property
    def is_of_all(self) -> bool:
        """Whether it chooses no column of the records."""
        return self.records == "all" and not self.choose


class Query(Part):
    """One PromQL expression, with <placeholders>; see `mlmonitor.generate.fill`."""

    expr: Text
    legend: Text = Field(description="Name of each series: text and {{labels}}.")
    draw: Literal["line", "limit", "reference", "bad"] = Field(
        default="line",
        description="A limit is dashed and red, a reference dashed and grey, what is bad is red.",
    )
    color: Color | None = Field(
        default=None, description="Of all its lines; by default each has one of its own."
    )
    exemplars: bool = Field(default=False, description="Whether to show the traces behind it.")


class Column(Look):
    """One column of a table: the values of an instant query."""

    title: Text
    expr: Text
    cell: Literal["text", "background", "bar"] = Field(
        default="text", description="How thresholds and values color the cell."
    )
    width: int | None = Field(default=None, ge=1, description="Pixels.")
    min: float | None = Field(default=None, description="Start of a bar.")
    max: float | None = Field(default=None, description="End of a bar.")
    hidden: bool = Field(default=False, description="Only sorted by.")


class Panel(Part):
    """What every panel has."""

    id: Id = Field(description="Name of the panel, unique in the dashboard.")
    title: Text
    description: Text = Field(description="What it shows, and what bad looks like.")
    width: int = Field(ge=1, le=COLUMNS, description="Of 24.")
    when: When = None
    repeat: Text | None = Field(default=None, description="Variable: one panel for each value.")
    links: tuple[Link, ...] = Field(default=(), description="At the top of the panel.")


class ValuePanel(Panel, Look):
    """A panel of series."""

    queries: tuple[Query, ...] = Field(min_length=1)
    data_links: tuple[Link, ...] = Field(default=(), description="At each series.")


class Bounded(ValuePanel):
    """A panel with an axis."""

    min: float | None = None
    max: float | None = None


class TimeSeries(Bounded):
    """Lines over time; thresholds are drawn as dashed lines."""

    type: Literal["timeseries"]
    stack: bool = False
    log: bool = Field(default=False, description="A logarithmic axis, for values above 0.")
    legend: Literal["auto", "none", "list", "table"] = Field(
        default="auto", description="A table beside wide panels, else a list below."
    )
    calcs: tuple[Literal["lastNotNull", "max", "mean", "sum"], ...] = Field(
        default=("lastNotNull", "max"), description="Columns of a table as legend."
    )


class Stat(ValuePanel):
    """The newest value, large."""

    type: Literal["stat"]
    sparkline: bool = True
    show: Literal["auto", "value", "name", "value_and_name"] = Field(
        default="auto", description="Value or name of the series."
    )


class Gauge(Bounded):
    """The newest value between two bounds."""

    type: Literal["gauge"]
    min: float | None = 0
    max: float | None = 1


class BarGauge(Bounded):
    """The newest value of each series as a bar."""

    type: Literal["bargauge"]
    min: float | None = 0


class StateTimeline(ValuePanel):
    """The state of each series over time."""

    type: Literal["state-timeline"]


class StatusHistory(ValuePanel):
    """The state of each series at regular times."""

    type: Literal["status-history"]


class Heatmap(ValuePanel):
    """How a distribution changes over time: cumulative buckets by `le`."""

    type: Literal["heatmap"]


class Histogram(ValuePanel):
    """How many series have which value."""

    type: Literal["histogram"]
    size: float | None = Field(default=None, gt=0, description="Width of a bar.")


class Table(Panel):
    """Instant values side by side: a row for each set of labels that the columns share."""

    type: Literal["table"]
    labels: dict[Text, Text] = Field(
        min_length=1, description="Label to title, in order; `scope` for all scope labels."
    )
    columns: tuple[Column, ...] = Field(min_length=1)
    sort: Text = Field(description="Title of the column to sort by.")
    ascending: bool = Field(default=False, description="Smallest first.")
    cell_links: dict[Text, tuple[Link, ...]] = Field(
        default={}, description="Title of a column to where its cells lead."
    )

    @model_validator(mode="after")
    def _names_its_columns(self) -> Self:
        titles = [*self.labels.values(), *(column.title for column in self.columns)]
        for key, title in [("sort", self.sort), *(("cell_links", one) for one in self.cell_links)]:
            if title not in titles:
                message = f"{key}: no column {title!r}{yamlfile.hint(title, titles)}"
                raise ValueError(message)
        return self


class TextPanel(Panel):
    """Words, in Markdown."""

    type: Literal["text"]
    content: Text


class AlertList(Panel):
    """What Grafana knows of the alerts of the chosen models."""

    type: Literal["alertlist"]
    limit: int = Field(default=20, ge=1, description="Most alerts that are shown.")


AnyPanel = Annotated[
    TimeSeries
    | Stat
    | Gauge
    | BarGauge
    | StateTimeline
    | StatusHistory
    | Heatmap
    | Histogram
    | Table
    | TextPanel
    | AlertList,
    Field(discriminator="type"),
]
