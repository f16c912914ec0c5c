"""One dashboard at one moment, with its variables chosen: what the page draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mlmonitor.errors import MlmonitorError
from mlmonitor.generate.signature import unsigned
from mlmonitor.preview import answers, events, layout, markdown, template
from mlmonitor.preview.template import Value
from mlmonitor.preview.timerange import TimeRange, rate_interval, text_of
from mlmonitor.preview.variables import Resolver, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlmonitor.preview.layout import Placed
    from mlmonitor.preview.source import Source

Json = dict[str, Any]

_POINTS_A_COLUMN: Final = 40
_LEFT_ALONE: Final = frozenset({"targets", "fieldConfig", "transformations", "gridPos"})


@dataclass(frozen=True)
class View:
    """What is seen of a dashboard.

    Attributes:
        dashboard: as Grafana saves it.
        source: the Prometheus that is asked.
        time: the range that is looked at.
        scrape: seconds between two scrapes, for `$__rate_interval`.
        requested: values by variable, as the address of the page has them.
    """

    dashboard: Json
    source: Source
    time: TimeRange
    scrape: float
    requested: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def variables(self) -> list[Variable]:
        """Its variables, in their order."""
        listed = (self.dashboard.get("templating") or {}).get("list") or []
        return Resolver(self.source, self.time, self.requested).resolve(listed)

    @cached_property
    def sections(self) -> list[layout.Section]:
        """Its rows and panels."""
        return layout.sections(self.dashboard["panels"], self._values)

    def described(self) -> Json:
        """All but the data: variables, rows, and panels with their texts filled in."""
        return {
            "uid": self.dashboard["uid"],
            "title": self.dashboard["title"],
            "description": unsigned(str(self.dashboard.get("description") or "")),
            "time": {"from": self.time.texts[0], "to": self.time.texts[1],
                     "start": self.time.start, "end": self.time.end},
            "refresh": self.dashboard.get("refresh") or "",
            "shared": int(self.dashboard.get("graphTooltip") or 0) > 0,
            "variables": [one.described() for one in self.variables],
            "links": [self._texts(one, {}) for one in self.dashboard.get("links") or []
                      if one.get("type") == "link"],
            "sections": [
                {"title": template.fill(one.title, {**self._globals(1), **one.scoped}),
                 "collapsed": one.collapsed,
                 "panels": [self._panel(placed) for placed in one.panels]}
                for one in self.sections
            ],
        }  # fmt: skip

    def answer(self, key: str) -> Json:
        """The data of a panel; failures are in it, target by target.

        Raises:
            KeyError: there is no such panel.
        """
        placed = self._places[key]
        panel = placed.panel
        filled = self._filler(self._for_panel(placed), template.for_promql)
        if panel["type"] == "alertlist":
            options = {
                name: filled(value) if isinstance(value, str) else value
                for name, value in panel.get("options", {}).items()
            }
            return answers.alerts(options, self.source)
        asked = [
            {**target, "expr": filled(target["expr"])}
            for target in panel.get("targets") or []
            if target.get("expr") and not target.get("hide")
        ]
        return answers.queried(asked, self.source, self.time, self._step(placed))

    def events(self) -> Json:
        """What happened meanwhile: the dashboard's annotations, and why some cannot be had."""
        listed = (self.dashboard.get("annotations") or {}).get("list") or []
        step = self.time.step(_POINTS_A_COLUMN * 24, self.scrape)
        filled = self._filler(self._globals(step), template.for_promql)
        return events.found(listed, self.source, self.time, step, filled)

    @property
    def keys(self) -> list[str]:
        """Names of all panels that show data."""
        return [key for key, placed in self._places.items() if placed.panel["type"] != "text"]

    @cached_property
    def _places(self) -> dict[str, Placed]:
        return {one.key: one for section in self.sections for one in section.panels}

    @cached_property
    def _values(self) -> dict[str, Value]:
        return {one.name: one.value for one in self.variables}

    def _step(self, placed: Placed) -> float:
        panel = placed.panel
        points = panel.get("maxDataPoints") or max(_POINTS_A_COLUMN * placed.width, 200)
        least = self.scrape
        given = str(panel.get("interval") or "").removeprefix(">").strip()
        if given:
            least = answers.least_step(template.fill(given, self._values), least)
        return self.time.step(int(points), least)

    def _for_panel(self, placed: Placed) -> dict[str, Value]:
        return {**self._globals(self._step(placed)), **placed.scoped}

    def _globals(self, step: float) -> dict[str, Value]:
        """The variables, and those that Grafana has for every dashboard."""
        seconds, chosen = self.time.seconds, self._values
        start, end = self.time.texts
        own = {
            "__interval": text_of(step),
            "__interval_ms": f"{step * 1000:.0f}",
            "__rate_interval": text_of(rate_interval(step, self.scrape)),
            "__rate_interval_ms": f"{rate_interval(step, self.scrape) * 1000:.0f}",
            "__range": text_of(max(1, round(seconds))),
            "__range_s": f"{seconds:.0f}",
            "__range_ms": f"{seconds * 1000:.0f}",
            "__from": f"{self.time.start * 1000:.0f}",
            "__to": f"{self.time.end * 1000:.0f}",
            "__dashboard": self.dashboard["title"],
            "__dashboard.uid": self.dashboard["uid"],
            "__url_time_range": f"from={start}&to={end}",
            "__all_variables": "&".join(
                template.parameters(name, value) for name, value in chosen.items()
            ),
        }
        return {**chosen, **{name: Value((text,)) for name, text in own.items()}}

    def _panel(self, placed: Placed) -> Json:
        """A panel for the page, without its queries."""
        panel = placed.panel
        values = self._for_panel(placed)
        texts = {
            name: self._texts(value, values)
            for name, value in panel.items()
            if name not in _LEFT_ALONE
        }
        options = texts.get("options", {})
        if panel["type"] == "text" and options.get("mode", "markdown") == "markdown":
            texts["options"] = {**options, "html": markdown.html(str(options.get("content", "")))}
        return {
            **texts,
            "key": placed.key,
            "grid": [placed.left, placed.top, placed.width, placed.height],
            "fieldConfig": self._texts(panel.get("fieldConfig") or {}, values),
            "transformations": self._texts(panel.get("transformations") or [], values),
            "legends": {
                str(one.get("refId")): template.fill(str(one.get("legendFormat") or ""), values)
                for one in panel.get("targets") or []
            },
            "step": self._step(placed),
        }

    def _texts(self, data: Any, values: Mapping[str, Value]) -> Any:
        """Data with the variables filled into every text of it; into addresses as addresses."""
        every = values or self._globals(1)
        if isinstance(data, str):
            return template.fill(data, every)
        if isinstance(data, list):
            return [self._texts(one, every) for one in data]
        if isinstance(data, dict):
            return {
                name: template.fill(value, every, template.for_urls)
                if name == "url" and isinstance(value, str)
                else self._texts(value, every)
                for name, value in data.items()
            }
        return data

    @staticmethod
    def _filler(
        values: Mapping[str, Value], default: Callable[[Value], str]
    ) -> Callable[[str], str]:
        return lambda text: template.fill(text, values, default)


def of(
    dashboard: Json,
    source: Source,
    scrape: float,
    asked: Mapping[str, Sequence[str]],
    now: float | None = None,
) -> View:
    """The view that the query of an address asks for: `from`, `to` and `var-name`.

    Raises:
        MlmonitorError: `from` or `to` is no time.
    """
    usual = dashboard.get("time") or {}
    texts = tuple(
        (asked.get(name) or [usual.get(name, default)])[0]
        for name, default in (("from", "now-6h"), ("to", "now"))
    )
    requested = {
        name.removeprefix("var-"): values
        for name, values in asked.items()
        if name.startswith("var-")
    }
    time = TimeRange.of((texts[0], texts[1]), now)
    if scrape <= 0:
        message = f"{scrape:g} s: no time passes between two scrapes; give a longer one."
        raise MlmonitorError(message)
    return View(dashboard, source, time, scrape, requested)
