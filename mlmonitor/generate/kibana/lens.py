"""A chart of a spec as the state of a Lens panel: which buckets, which numbers, how it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlmonitor.generate.kibana.spec import LensPanel, Metric, Terms

Json = dict[str, Any]

LAYER: Final = "layer"
_TIME: Final = "time"
_COUNTED: Final = {"count": "___records___", "predictions": names.LOG_SAMPLE_WEIGHT.name}
_SERIES: Final = {
    "bars": "bar_stacked",
    "shares": "bar_percentage_stacked",
    "ranking": "bar_horizontal",
    "lines": "line",
}
_KINDS: Final = {"table": "lnsDatatable", "number": "lnsMetric"}
_DATA_TYPES: Final = {
    "boolean": "boolean",
    "date": "date",
    "double": "number",
    "long": "number",
}
_COLORS: Final = {
    "assignments": [],
    "specialAssignments": [
        {"color": {"type": "loop"}, "rule": {"type": "other"}, "touched": False}
    ],
    "paletteId": "eui_amsterdam_color_blind",
    "colorMode": {"type": "categorical"},
}


def attributes(panel: LensPanel, view: str, type_of: Callable[[str], str]) -> Json:
    """What a by-value panel holds; `type_of` gives the type of a field in Elasticsearch."""
    columns = _columns(panel, type_of)
    layer = {
        "columnOrder": list(columns),
        "columns": columns,
        "incompleteColumns": {},
        "sampling": 1,
    }
    state = {
        "adHocDataViews": {},
        "datasourceStates": {
            "formBased": {"layers": {LAYER: layer}},
            "indexpattern": {"layers": {}},
            "textBased": {"layers": {}},
        },
        "filters": [],
        "internalReferences": [],
        "query": kql(panel.where),
        "visualization": _visualization(panel, columns),
    }
    return {
        "description": panel.description,
        "references": [reference(view)],
        "state": state,
        "title": panel.title,
        "type": "lens",
        "visualizationType": _KINDS.get(panel.chart, "lnsXY"),
    }


def reference(view: str) -> Json:
    """The data view that the layer asks."""
    return {"id": view, "name": f"indexpattern-datasource-layer-{LAYER}", "type": "index-pattern"}


def kql(text: str) -> Json:
    """A query in Kibana's language."""
    return {"language": "kuery", "query": text}


def _columns(panel: LensPanel, type_of: Callable[[str], str]) -> dict[str, Json]:
    """Buckets first, then metrics, as they nest in the query."""
    numbers = {f"metric-{index}": _metric(one) for index, one in enumerate(panel.metrics)}
    order = next(iter(numbers))
    buckets: dict[str, Json] = {}
    if panel.split is not None and panel.over == _TIME:
        buckets["split"] = _terms(panel.split, order, type_of)
    if panel.over == _TIME:
        buckets[_TIME] = _histogram()
    else:
        for index, terms in enumerate(panel.over):
            buckets[f"row-{index}"] = _terms(terms, order, type_of)
    if panel.split is not None and panel.over != _TIME:
        buckets["split"] = _terms(panel.split, order, type_of)
    return buckets | numbers


def _histogram() -> Json:
    return {
        "dataType": "date",
        "isBucketed": True,
        "label": names.LOG_TIMESTAMP.name,
        "operationType": "date_histogram",
        "params": {"dropPartials": False, "includeEmptyRows": True, "interval": "auto"},
        "scale": "interval",
        "sourceField": names.LOG_TIMESTAMP.name,
    }


def _terms(terms: Terms, order: str, type_of: Callable[[str], str]) -> Json:
    return {
        "customLabel": True,
        "dataType": _DATA_TYPES.get(type_of(terms.terms), "string"),
        "isBucketed": True,
        "label": terms.label or terms.terms,
        "operationType": "terms",
        "params": {
            "exclude": [],
            "excludeIsRegex": False,
            "include": [],
            "includeIsRegex": False,
            "missingBucket": False,
            "orderBy": {"columnId": order, "type": "column"},
            "orderDirection": "desc",
            "otherBucket": False,
            "parentFormat": {"id": "terms"},
            "size": terms.size,
        },
        "scale": "ordinal",
        "sourceField": terms.terms,
    }


def _metric(metric: Metric) -> Json:
    params: Json = {}
    if metric.do == "predictions":
        # Where a third is kept, a record stands for 3.33.
        params["format"] = {"id": "number", "params": {"decimals": 0}}
    if metric.do in {"count", "predictions", "unique_count"}:
        params["emptyAsNull"] = metric.do == "unique_count"
    if metric.percentile is not None:
        params["percentile"] = metric.percentile
    column: Json = {
        "customLabel": True,
        "dataType": "number",
        "isBucketed": False,
        "label": metric.label,
        "operationType": "sum" if metric.do == "predictions" else metric.do,
        "params": params,
        "scale": "ratio",
        "sourceField": metric.of or _COUNTED[metric.do],
    }
    if metric.where:
        column["filter"] = kql(metric.where)
    return column


def _visualization(panel: LensPanel, columns: dict[str, Json]) -> Json:
    numbers = [name for name, column in columns.items() if not column["isBucketed"]]
    if panel.chart == "number":
        return {"layerId": LAYER, "layerType": "data", "metricAccessor": numbers[0]}
    if panel.chart == "table":
        shown = [
            {"columnId": name, "isMetric": name in numbers, "isTransposed": False}
            for name in columns
        ]
        return {"columns": shown, "layerId": LAYER, "layerType": "data"}
    series = _SERIES[panel.chart]
    layer = {
        "accessors": numbers,
        "colorMapping": _COLORS,
        "layerId": LAYER,
        "layerType": "data",
        "position": "top",
        "seriesType": series,
        "showGridlines": False,
        "xAccessor": _TIME if panel.over == _TIME else "row-0",
    }
    if panel.split is not None:
        layer["splitAccessor"] = "split"
    return {
        "layers": [layer],
        "legend": {"isVisible": True, "position": "right"},
        "preferredSeriesType": series,
        "valueLabels": "hide",
    }
