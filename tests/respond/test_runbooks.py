from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from mlmonitor.config import MonitoringConfig
from mlmonitor.generate.alerting import alert_rules
from mlmonitor.respond.runbooks import own_pages, page

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
alerts:
  - alert: ShopPricesOdd
    why: Prices <b>below</b> nothing were sold once.
    expr: |
      shop_price{currency="```"} < 0
      and on () vector(1)
    for: 10m
    severity: critical
    summary: Prices are odd.
    description: The lowest is {{ $value }}.
  - alert: ShopInputsOdd
    why: The shop has its own view of drift.
    each: window
    expr: sum by (model) (mlmonitor:column:drifted{window="<window>"}) > 3
    severity: warning
    summary: Inputs are odd.
    description: So many.
  - alert: ShopQuiet
    why: Nobody buys.
    expr: shop_sales == 0
    severity: info
    summary: Quiet.
    description: Quiet.
"""


@pytest.fixture
def config(tmp_path: Path) -> MonitoringConfig:
    path = tmp_path / "shop.yaml"
    path.write_text(OWN)
    rules = {"ShopQuiet": {"enabled": False}}
    given = {"include": [str(path)], "rules": rules}
    return MonitoringConfig.model_validate(
        {"alerts": given, "prometheus": {"windows": ["1h", "1d"]}}
    )


def test_every_alert_leads_to_a_page(config):
    own, base = own_pages(config), config.links.runbooks
    links = {
        rule["annotations"]["runbook_url"]
        for text in alert_rules(config).values()
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
    }
    assert f"{base}/ShopPricesOdd" in links
    assert all(page(link.removeprefix(f"{base}/"), own) for link in links)


def test_the_page_of_an_own_alert_says_why_and_when_it_fires(config):
    found = page("ShopPricesOdd", own_pages(config))
    assert "<h1>ShopPricesOdd</h1>" in found
    assert "Prices &lt;b&gt;below&lt;/b&gt; nothing were sold once." in found
    assert "An alert of your own, of <code>shop.yaml</code>, without a runbook." in found
    assert "When this has held for 10m:" in found
    shown = "shop_price{currency=&quot;```&quot;} &lt; 0\nand on () vector(1)"
    assert f"<pre><code>{shown}\n</code></pre>" in found


def test_an_alert_with_windows_shows_the_rule_of_each(config):
    found = page("ShopInputsOdd", own_pages(config))
    assert re.findall("<h2>(.*)</h2>", found) == [
        "When it fires, over 1h",
        "When it fires, over 1d",
    ]
    assert "mlmonitor:column:drifted{window=&quot;1d&quot;}) &gt; 3" in found


def test_an_alert_that_is_switched_off_says_so(config):
    assert "It is switched off." in page("ShopQuiet", own_pages(config))


def test_own_alerts_stand_in_the_list(config):
    assert 'href="runbooks/ShopPricesOdd"' in page("", own_pages(config))


@pytest.mark.parametrize("name", ["Nothing", "../alerting", "\0", "README.md"])
def test_there_is_no_page_of_anything_else(config, name):
    assert page(name, own_pages(config)) is None
