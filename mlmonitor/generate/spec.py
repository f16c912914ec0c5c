"""Dashboard specs in `dashboards/`: the models of the YAML, and how they are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, field_validator

from mlmonitor import names, promql, yamlfile
from mlmonitor.errors import GenerationError
from mlmonitor.generate import panelids
from mlmonitor.generate.panelspec import (
    COLUMNS,
    AlertList,
    AnyPanel,
    Color,
    Id,
    Part,
    Table,
    Text,
    TextPanel,
    When,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCOPE: Final = "scope"
WINDOW: Final = "window"
_SELECTING: Final = ("<selected>", "<alerts>", "<judged>")
_SELECTED: Final = (SCOPE, "model", "role", "version")
_VARIABLE: Final = re.compile(r"\$\{?(\w+)")


class Variable(Part):
    """Something to choose at the top of a dashboard; the data source comes before all."""

    name: Text = Field(
        description="A label, `scope` for the scope labels, or `window` for the recorded windows."
    )
    several: bool = Field(default=False, description="Whether several may be chosen, all at first.")
    one: bool = Field(
        default=False, description="Whether, of several, the first alone is chosen at first."
    )
    title: Text | None = Field(default=None, description="Title of the chooser.")
    metric: Text = Field(
        default=names.MODEL_INFO.name,
        description="The series, or selector, whose labels it offers.",
    )


class Row(Part):
    """A titled row of panels, all of one height; their widths fill whole lines."""

    title: Text
    height: int = Field(ge=2, description="Of each panel, in units of 30 pixels.")
    when: When = None
    repeat: Text | None = Field(default=None, description="Variable: one row for each value.")
    collapsed: bool = Field(default=False, description="Whether its panels are folded away.")
    panels: tuple[AnyPanel, ...] = Field(min_length=1)

    @field_validator("panels")
    @classmethod
    def _fills_lines(cls, value: tuple[AnyPanel, ...]) -> tuple[AnyPanel, ...]:
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


class Annotation(Part):
    """Events drawn over all panels."""

    name: Text
    expr: Text
    title: Text
    text: Text
    color: Color
    value_is_time: bool = Field(
        default=False, description="Whether the value of the series is the time, in milliseconds."
    )


class DashboardSpec(Part):
    """One dashboard."""

    uid: Id = Field(description="Address of the dashboard in Grafana; never change it.")
    title: Text
    description: Text
    tags: tuple[Text, ...]
    when: When = None
    variables: tuple[Variable, ...] = Field(
        default=(
            Variable(name=SCOPE),
            Variable(name="model"),
            Variable(name="role"),
            Variable(name="version", several=True),
        ),
        description="What is chosen at the top; each offers what those before it leave.",
    )
    annotations: tuple[Annotation, ...] = ()
    rows: tuple[Row, ...] = Field(min_length=1)

    @field_validator("rows")
    @classmethod
    def _unique_ids(cls, value: tuple[Row, ...]) -> tuple[Row, ...]:
        return panelids.unique(value)

    @field_validator("variables")
    @classmethod
    def _unique_names(cls, value: tuple[Variable, ...]) -> tuple[Variable, ...]:
        listed = [variable.name for variable in value]
        for name in listed:
            if listed.count(name) > 1:
                message = f"variable {name!r} stands twice; remove one."
                raise ValueError(message)
            if name not in {SCOPE, *names.LABELS}:
                known = [SCOPE, *names.LABELS]
                ending = promql.nearest(name, known, "; use one of the catalogue.")
                message = f"no label {name!r} to choose by{ending}"
                raise ValueError(message)
        return value

    def panels(self) -> Iterator[tuple[yamlfile.Key, AnyPanel]]:
        """Each panel with its key path."""
        for row_index, row in enumerate(self.rows):
            for index, panel in enumerate(row.panels):
                yield ("rows", row_index, "panels", index), panel

    def texts(self) -> Iterator[tuple[yamlfile.Key, str]]:
        """Each title and description of a row or panel with its key path."""
        for index, row in enumerate(self.rows):
            yield ("rows", index, "title"), row.title
        for key, panel in self.panels():
            yield (*key, "title"), panel.title
            yield (*key, "description"), panel.description

    def expressions(self) -> Iterator[tuple[yamlfile.Key, str]]:
        """Each PromQL expression with the key path at which it stands."""
        for index, annotation in enumerate(self.annotations):
            yield ("annotations", index, "expr"), annotation.expr
        for key, panel in self.panels():
            if isinstance(panel, (TextPanel, AlertList)):
                continue
            kind = "columns" if isinstance(panel, Table) else "queries"
            for index, query in enumerate(getattr(panel, kind)):
                yield (*key, kind, index, "expr"), query.expr


def load(path: Path, place: str | None = None) -> tuple[DashboardSpec, yamlfile.Document]:
    """Read a spec, and the document that knows its lines.

    Raises:
        GenerationError: naming file, line, key path, problem and fix.
    """
    place = place or f"{path.parent.name}/{path.name}"
    document = yamlfile.read(path, place=place, failure=GenerationError)
    found = yamlfile.validate(document, DashboardSpec)
    _check_variables(found, document)
    return found, document


def _check_variables(found: DashboardSpec, document: yamlfile.Document) -> None:
    """Refuse variables that nothing uses, and repeats over variables that are not there.

    Raises:
        GenerationError: naming the variable.
    """
    offered = {variable.name: variable for variable in found.variables}
    used = set[str]()
    for _, expression in found.expressions():
        used.update(_VARIABLE.findall(expression))
        if any(part in expression for part in _SELECTING):
            used.update(_SELECTED)
    for key, name in _repeats(found):
        used.add(name)
        if name not in offered or not offered[name].several:
            problem = f"no variable {name!r} of which several can be chosen"
            raise document.error(key, problem + promql.nearest(name, offered))
    given = found.variables if "variables" in found.model_fields_set else ()
    for index, variable in enumerate(given):
        if variable.name not in used:
            problem = f"no query uses the variable {variable.name!r}; remove it, or ask for it."
            raise document.error(("variables", index), problem)


def _repeats(found: DashboardSpec) -> Iterator[tuple[yamlfile.Key, str]]:
    for index, row in enumerate(found.rows):
        if row.repeat:
            yield ("rows", index, "repeat"), row.repeat
    for key, panel in found.panels():
        if panel.repeat:
            yield (*key, "repeat"), panel.repeat


def json_schema() -> dict[str, Any]:
    """JSON Schema of a dashboard spec, for editors."""
    schema = DashboardSpec.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "mlmonitor dashboard spec",
    }
