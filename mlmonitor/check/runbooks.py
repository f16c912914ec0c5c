"""Runbooks: a page for each alert, an alert for each page, and queries that name what exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mlmonitor import promql
from mlmonitor.check.finding import Finding, expression_findings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_QUERY: Final = re.compile(r"^```promql\n(.*?)^```", re.DOTALL | re.MULTILINE)


def runbook_findings(
    pages: Mapping[str, str], alerts: Collection[str], scope: tuple[str, ...]
) -> Iterator[Finding]:
    """What is wrong with the runbooks.

    Args:
        pages: alert -> text of its page.
        alerts: names of all alerts that exist, those that are switched off included.
        scope: labels that keep environments apart.
    """
    for alert in sorted(set(alerts) - set(pages)):
        yield Finding(f"docs/runbooks/{alert}.md", f"is missing; {alert} has no runbook.")
    for name in sorted(set(pages) - set(alerts)):
        near = promql.nearest(name, alerts)
        yield Finding(f"docs/runbooks/{name}.md", f"belongs to no alert{near}")
    for name, text in sorted(pages.items()):
        for index, query in enumerate(_QUERY.findall(text), 1):
            place = f"docs/runbooks/{name}.md, query {index}"
            yield from expression_findings(query.strip(), scope, place)
