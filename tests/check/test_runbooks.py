"""Pages and alerts belong together."""

from __future__ import annotations

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
