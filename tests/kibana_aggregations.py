"""What Kibana asks Elasticsearch for a Lens panel, from the panel's saved state alone."""

from __future__ import annotations

from typing import Any

from tests import kql

Json = dict[str, Any]


def search(state: Json) -> Json:
    """The body of the search of a panel with one layer: buckets within one another, then metrics."""
    (layer,) = state["datasourceStates"]["formBased"]["layers"].values()
    columns = layer["columns"]
    buckets = [name for name in layer["columnOrder"] if columns[name]["isBucketed"]]
    metrics = {name: _metric(one) for name, one in columns.items() if not one["isBucketed"]}
    inner = {name: one for name, one in metrics.items() if one}
    for name in reversed(buckets):
        inner = {name: _bucket(columns[name], metrics, inner)}
    return {"size": 0, "track_total_hits": True, "query": query(state["query"]), "aggs": inner}


def query(asked: Json) -> Json:
    """The query of a panel, a search or a filter."""
    assert asked["language"] == "kuery"
    return kql.query(asked["query"])


def rows(answer: Json, body: Json) -> list[Json]:
    """The innermost buckets of an answer, or the whole where there are none."""
    found, aggregations = [answer["aggregations"]] if body["aggs"] else [{}], body["aggs"]
    while True:
        nested = [
            name for name, one in aggregations.items() if "aggs" in one and "filter" not in one
        ]
        if not nested:
            return found
        (name,) = nested
        found = [bucket for one in found for bucket in one[name]["buckets"]]
        aggregations = aggregations[name]["aggs"]


def value(row: Json, name: str, column: Json, total: int) -> float | None:
    """The number that a panel shows in a row."""
    inner = row.get(name, {})
    if column["operationType"] == "count":
        return float(inner["doc_count"]) if inner else float(row.get("doc_count", total))
    inner = inner.get("inner", inner)
    number = next(iter(inner["values"].values())) if "values" in inner else inner["value"]
    return None if number is None else float(number)


def _bucket(column: Json, metrics: dict[str, Json], inner: Json) -> Json:
    if column["operationType"] == "date_histogram":
        histogram = {"field": column["sourceField"], "fixed_interval": "30s"}
        return {"date_histogram": histogram, "aggs": inner}
    params = column["params"]
    direction = params["orderDirection"]
    by = metrics[params["orderBy"]["columnId"]]
    order = {_path("order", by) if by else "_count": direction}
    terms = {"field": column["sourceField"], "size": params["size"], "order": order}
    return {"terms": terms, "aggs": {**inner, "order": by} if by else inner}


def _path(name: str, metric: Json) -> str:
    """What a metric is ordered by: percentiles by the one asked for."""
    if "percentiles" in metric:
        return f"{name}[{metric['percentiles']['percents'][0]}]"
    return name


def _metric(column: Json) -> Json:
    """The aggregation of a metric; nothing where buckets are counted anyway."""
    made = _number(column)
    if "filter" not in column:
        return made
    return {"filter": query(column["filter"]), "aggs": {"inner": made} if made else {}}


def _number(column: Json) -> Json:
    field = column["sourceField"]
    match column["operationType"]:
        case "count":
            return {}
        case "percentile":
            return {"percentiles": {"field": field, "percents": [column["params"]["percentile"]]}}
        case "median":
            return {"percentiles": {"field": field, "percents": [50]}}
        case "unique_count":
            return {"cardinality": {"field": field}}
        case kind:
            return {{"average": "avg"}.get(kind, kind): {"field": field}}
