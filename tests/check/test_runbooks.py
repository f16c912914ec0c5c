"""Pages and alerts belong together."""

from __future__ import annotations

import re
from typing import Any

import promql_parser

from mlmonitor import bundled, names, promql
from mlmonitor.check.runbooks import runbook_findings

SCOPE = ("namespace",)


def test_each_alert_needs_its_page_and_each_page_its_alert() -> None:
    found = [str(one) for one in runbook_findings({"MineToo": ""}, {"Mine"}, SCOPE)]
    assert found == [
        "docs/runbooks/Mine.md: is missing; Mine has no runbook.",
        "docs/runbooks/MineToo.md: belongs to no alert; did you mean Mine?",
    ]


def test_queries_name_what_exists() -> None:
    page = "text\n\n```promql\nup\n```\n\n```promql\nsum by (modl) (up)\n```\n"
    (finding,) = runbook_findings({"Mine": page}, {"Mine"}, SCOPE)
    assert finding.place == "docs/runbooks/Mine.md, query 2"
    assert "did you mean model" in finding.problem


def arms(node: Any) -> list[Any]:
    """What stands on the two sides of an `or` without `on`, and on those of its sides."""
    if isinstance(node, promql_parser.ParenExpr):
        return arms(node.expr)
    if isinstance(node, promql_parser.BinaryExpr) and str(node.op) == "or":
        return [*arms(node.lhs), *arms(node.rhs)]
    return [node]


def labels(node: Any) -> frozenset[str]:
    """The labels of what an expression gives, the scope's left out."""
    if isinstance(node, promql_parser.VectorSelector):
        known = {**names.METRICS, **names.RECORDS}
        return frozenset(known[node.name].labels if node.name in known else (node.name,))
    if isinstance(node, promql_parser.AggregateExpr):
        return frozenset(node.modifier.labels if node.modifier else ())
    if isinstance(node, promql_parser.BinaryExpr):
        return labels(node.lhs)
    if isinstance(node, promql_parser.MatrixSelector):
        return labels(node.vector_selector)
    if isinstance(node, promql_parser.Call):
        return labels(node.args[-1])
    return labels(node.expr)


def test_no_arm_of_an_or_hides_another() -> None:
    for page in (bundled.folder("docs") / "runbooks").glob("Mlmonitor*.md"):
        for query in re.findall(
            r"```promql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL
        ):
            shown = [labels(one) for one in arms(promql.parse(query, page.name))]
            # `or` compares labels and not names: of two sides with the same, the second is left out.
            assert len(set(shown)) == len(shown), f"{page.name}: {query}"
