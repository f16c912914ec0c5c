"""The runbooks as pages, so that the links in alerts lead somewhere from the first day on."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from markdown_it import MarkdownIt

from mlmonitor import bundled
from mlmonitor.generate.alerting import active_sources, rules_of_alert

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlmonitor.config import MonitoringConfig
    from mlmonitor.generate.rulespec import AlertRule, AlertSource

_LOCAL: Final = re.compile(r'href="(?:\.\./)?([A-Za-z0-9_/-]+)\.md(#[^"]*)?"')
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px/1.55 system-ui, sans-serif }}
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ padding: .8rem; overflow-x: auto; background: color-mix(in srgb, currentColor 8%, transparent) }}
code {{ font-size: .9em }}
table {{ border-collapse: collapse }} th, td {{ padding: .2rem .8rem .2rem 0; text-align: left }}
h2 {{ margin-top: 2rem; font-size: 1.15rem }}
</style></head><body>
{body}
</body></html>
"""


def page(name: str, own: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """The runbook of an alert as HTML, the list of all for no name, None where there is none.

    Args:
        name: of the alert.
        own: pages beside those of the package, as `own_pages` makes them.
    """
    bundled_pages = {path.stem: path for path in bundled.folder("docs/runbooks").glob("*.md")}
    if not name:
        known = sorted({*bundled_pages, *own})
        text = "# Runbooks\n\n" + "".join(f"- [{one}]({one}.md)\n" for one in known)
        return _html("Runbooks", text, "runbooks/")
    if name in bundled_pages:
        return _html(name, bundled_pages[name].read_text(encoding="utf-8"), "")
    return _html(name, own[name], "") if name in own else None


def own_pages(config: MonitoringConfig) -> dict[str, str]:
    """What there is to say of each alert that the package has no runbook for, as Markdown.

    Raises:
        GenerationError: a source, or what monitoring.yaml says of an alert, is wrong.
    """
    folder = bundled.folder("docs/runbooks")
    return {
        alert.alert: _own_page(source, alert, rules_of_alert(source, index, config))
        for source in active_sources(config)
        for index, alert in enumerate(source.alerts)
        if not (folder / f"{alert.alert}.md").is_file()
    }


def _own_page(source: AlertSource, alert: AlertRule, rules: Iterable[Mapping[str, Any]]) -> str:
    """Why an alert exists and when it fires: all that is known of it."""
    name = Path(source.place).name
    parts = [
        f"# {alert.alert}",
        alert.why,
        f"An alert of your own, of `{name}`, without a runbook.",
    ]
    written = [_condition(rule) for rule in rules]
    return "\n\n".join(parts + (written or ["It is switched off."])) + "\n"


def _condition(rule: Mapping[str, Any]) -> str:
    """When a rule fires."""
    window = f", over {rule['labels']['window']}" if "window" in rule["labels"] else ""
    holds = f"has held for {rule['for']}" if "for" in rule else "holds"
    # Indented, since no number of backquotes is sure not to stand in an expression.
    expression = textwrap.indent(rule["expr"], "    ")
    return f"## When it fires{window}\n\nWhen this {holds}:\n\n{expression}"


def _html(title: str, text: str, place: str) -> str:
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return _PAGE.format(title=title, body=_LOCAL.sub(rf'href="{place}\1"', body))
