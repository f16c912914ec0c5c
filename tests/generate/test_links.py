from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from mlmonitor import names, streams
from mlmonitor.config import LinkSettings, ModelSettings, MonitoringConfig
from mlmonitor.generate.dashboards import DashboardSettings, dashboards
from mlmonitor.generate.kibana.objects import VIEW
from mlmonitor.generate.links import Links
from mlmonitor.generate.panelspec import Link
from tests.discover_links import KIBANA, parts
from tests.references import categorical, reference

TIME = ["${__from:date:iso}", "${__to:date:iso}"]
CHOSEN = ["${model:regex}", "${version:regex}"]
SIDE, COLUMN = "${__field.labels.side:percentencode}", "${__field.labels.column:percentencode}"
OF_COLUMN = {"side": "side", "column": "column"}
FIELD = "mlmonitor.inputs.wind"
ODD = ["Lot.Area", 'in "ft²"', "it's", "100%!", "a\\b", "(x)"]


def made(*columns: str, **options: Any) -> tuple[Links, Link]:
    links = Links(
        LinkSettings(kibana=KIBANA),
        ("model", "version"),
        frozenset(),
        tuple(("input", column) for column in columns),
    )
    return links, Link(title="Records", kibana=True, **options)


def state(address: str) -> dict[str, Any]:
    """The state in an address of which Grafana has filled in all variables."""
    filled = address.replace(SIDE, "input").replace(COLUMN, quote("wind", safe=""))
    return parts(re.sub(r"\$\{[^}]*\}", "x", filled))[1]


def test_the_records_of_what_is_chosen():
    links, link = made()
    (found,) = links.panel([link])
    assert re.findall(r"\$\{[^}]*\}", found["url"]) == TIME + CHOSEN
    there = state(found["url"])
    assert there["dataSource"]["dataViewId"] == there["index"] == VIEW
    assert there["query"] == {
        "language": "lucene",
        "query": "event.action:prediction AND mlmonitor.model:/x/ AND mlmonitor.version:/x/",
    }
    assert there["sort"] == [["@timestamp", "desc"]]


@pytest.mark.parametrize(
    ("records", "asked"),
    [
        ("all", ""),
        ("violating", ' AND mlmonitor.violations.column:"wind"'),
        ("missing", f' AND NOT _exists_:"{FIELD}"'),
    ],
)
def test_a_series_leads_to_the_records_of_its_column(records, asked):
    links, link = made(records=records, choose=OF_COLUMN)
    (found,) = links.series([link])
    there = state(found["url"])
    assert there["query"]["query"].endswith(f"mlmonitor.version:/x/{asked}")
    assert there["columns"][-1] == FIELD


def test_a_cell_leads_to_the_records_with_its_column_shown():
    links, link = made(choose={"side": "Side", "column": "Column"})
    (found,) = links.cells([link])
    side, column = (f'${{__data.fields["{one}"]:percentencode}}' for one in ("Side", "Column"))
    url = found["url"].replace(side, "output").replace(column, "price")
    assert state(url)["columns"][-1] == "mlmonitor.outputs.price"


def test_a_panel_of_one_column_leads_to_the_records_in_which_it_breaks_a_rule():
    links, link = made(records="violating", choose={"column": "${column:percentencode}"})
    (found,) = links.panel([link])
    url = found["url"].replace("${column:percentencode}", quote("a & b", safe=""))
    assert state(url)["query"]["query"].endswith(' AND mlmonitor.violations.column:"a & b"')


@pytest.mark.parametrize("records", ["all", "violating", "missing"])
def test_columns_that_grafana_cannot_escape_have_links_of_their_own(records):
    links, link = made("plain", "a b", *ODD, records=records, choose=OF_COLUMN)
    found = links.odd_series([link])
    assert list(found) == ODD
    for column, (written,) in found.items():
        there = state(written["url"])
        field = f"mlmonitor.inputs.{streams.field(column)}"
        escaped = column.replace("\\", r"\\").replace('"', r"\"")
        asked = {
            "all": "mlmonitor.version:/x/",
            "violating": f'{names.LOG_VIOLATION_COLUMN.name}:"{escaped}"',
            "missing": f'NOT _exists_:"{field}"',
        }[records]
        assert there["query"]["query"].endswith(asked)
        assert there["columns"][-1] == field
        assert written["title"] == "Records"


def test_links_that_choose_no_column_are_the_same_for_all():
    links, link = made(*ODD)
    assert links.odd_series([link]) == {}


def test_every_panel_of_the_data_dashboard_leads_to_the_records():
    config = MonitoringConfig(links=LinkSettings(kibana=KIBANA))
    data = json.loads(dashboards(DashboardSettings(config))["grafana/data.json"])
    found = [panel for panel in data["panels"] if panel["type"] != "row"]
    assert len(found) > 20
    for panel in found:
        assert f"{KIBANA}/app/discover" in json.dumps(panel), panel["title"]


def test_the_data_dashboard_has_them_for_the_columns_of_the_references(tmp_path):
    columns = [categorical(name, {"a": 2}) for name in ("plain", *ODD)]
    reference(*columns).save(tmp_path / "r.json")
    absent = ModelSettings(name="absent", reference=tmp_path / "none.json")
    models = (ModelSettings(name="m", reference=tmp_path / "r.json"), absent)
    config = MonitoringConfig(models=models, links=LinkSettings(kibana=KIBANA))
    data = json.loads(dashboards(DashboardSettings(config))["grafana/data.json"])
    panel = next(one for one in data["panels"] if one["title"] == "Unseen categories")
    found = {
        one["matcher"]["options"]: one["properties"]
        for one in panel["fieldConfig"]["overrides"]
        if one["matcher"]["id"] == "byRegexp"
    }
    assert len(found) == len(ODD)
    for pattern, (links_of,) in found.items():
        (column,) = (name for name in ("plain", *ODD) if re.match(pattern.strip("/"), name))
        assert re.match(pattern.strip("/"), f"{column}: not_allowed")
        assert state(links_of["value"][0]["url"])["columns"][-1].endswith(streams.field(column))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"kibana": True, "choose": {"column": "c"}}, "lacks what chooses the `side`"),
        ({"kibana": True, "records": "missing", "choose": {"column": "c"}}, "lacks what chooses"),
        ({"kibana": True, "records": "violating"}, "lacks what chooses"),
        ({"url": "https://x", "records": "missing"}, "belongs to `kibana: true`"),
    ],
)
def test_a_link_that_cannot_be_is_refused(options, problem):
    with pytest.raises(ValueError, match=problem):
        Link(title="Records", **options)
