"""What a comparison found: one line a column, and its published JSON form."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

from mlmonitor.thresholds import Thresholds

Test = Literal["distribution", "mean", "spread", "rank", "missing", "nonzero"]


@dataclass(frozen=True)
class ColumnReport:
    """One column, current against reference. None where a statistic does not apply.

    Attributes:
        rows: current rows; values: those that hold a value.
        missing_ratio, missing_shift: share without a value, and its difference to the reference's.
        nonzero_shift: difference of the non-zero shares, sparse columns only.
        psi_noise: PSI to expect without drift.
        mean_shift: in reference standard deviations (in the column's unit where those are 0).
        variance_ratio: current variance over the reference's, in the same unit.
        rank_shift: how much oftener a value lies above one of the reference than below it.
        effects: effect over its threshold, by test; above 1 is large.
        p_values: by test; empty with too few rows.
        p_value: the smallest of them times their number.
        reasons: the tests with a large effect and enough evidence.
    """

    column: str
    side: str
    kind: str
    rows: float
    values: float
    missing_ratio: float | None = None
    missing_shift: float | None = None
    nonzero_shift: float | None = None
    ks: float | None = None
    psi: float | None = None
    psi_noise: float | None = None
    js: float | None = None
    chi2: float | None = None
    chi2_freedom: int | None = None
    mean_shift: float | None = None
    variance_ratio: float | None = None
    rank_shift: float | None = None
    effects: dict[Test, float] | None = None
    p_values: dict[Test, float] | None = None
    p_value: float | None = None
    reasons: tuple[Test, ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether at least one test found a large effect with enough evidence."""
        return bool(self.reasons)

    @property
    def effect(self) -> float:
        """The largest effect over its threshold; 0 where none could be measured."""
        return max((self.effects or {}).values(), default=0.0)

    def to_dict(self) -> dict[str, Any]:
        """The published form, see `json_schema`."""
        data = asdict(self)
        data["effects"], data["p_values"] = self.effects or {}, self.p_values or {}
        data["reasons"] = list(self.reasons)
        data["rows"], data["values"] = _count(self.rows), _count(self.values)
        return {**data, "effect": self.effect, "drifted": self.drifted}


@dataclass(frozen=True)
class Report:
    """A model's columns against their reference, worst first."""

    model: str
    version: str
    rows: float
    thresholds: Thresholds
    columns: tuple[ColumnReport, ...]

    @property
    def drifted(self) -> int:
        """Number of columns that drifted."""
        return sum(column.drifted for column in self.columns)

    def to_dict(self) -> dict[str, Any]:
        """The published form, see `json_schema`."""
        return {
            "model": self.model,
            "version": self.version,
            "rows": _count(self.rows),
            "drifted": self.drifted,
            "thresholds": asdict(self.thresholds),
            "columns": [column.to_dict() for column in self.columns],
        }

    def to_json(self) -> str:
        """The published form as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


_COLUMN_HELP: Final[dict[str, str]] = {
    "column": "Name of the column.",
    "side": "input, output, score or outcome.",
    "kind": "Kind of the column, as the reference declares it.",
    "rows": "Rows compared.",
    "values": "Rows that hold a value.",
    "missing_ratio": "Share of rows without a value.",
    "missing_shift": "Missing share less the reference's.",
    "nonzero_shift": "Share of values other than zero less the reference's; sparse columns.",
    "ks": "Kolmogorov-Smirnov distance over the reference's bins; binned columns.",
    "psi": "Population stability index.",
    "psi_noise": "Population stability index to expect without drift.",
    "js": "Jensen-Shannon distance, natural logarithm.",
    "chi2": "Chi-square statistic of the categories; categorical columns.",
    "chi2_freedom": "Degrees of freedom of chi2.",
    "mean_shift": "Distance of the means in reference standard deviations.",
    "variance_ratio": "Variance over the reference's.",
    "rank_shift": "How much oftener a value lies above one of the reference than below it.",
    "effects": "Effect over its threshold, by test; above 1 is large.",
    "p_values": "Chance of such a difference without drift, by test.",
    "p_value": "Smallest p-value of the column times the number of its tests.",
    "reasons": "Tests that found drift.",
    "effect": "Largest effect over its threshold.",
    "drifted": "Whether a test found a large effect with enough evidence.",
}
_TEXTS: Final = ("column", "side", "kind")
_COUNTS: Final = ("rows", "values")


def json_schema() -> dict[str, Any]:
    """JSON Schema of `Report.to_dict()`."""
    number = {"type": "number", "minimum": 0}
    number_or_none = {"type": ["number", "null"]}
    thresholds: dict[str, Any] = {
        field.name: number_or_none if field.default is None else {"type": "number"}
        for field in fields(Thresholds)
    }
    columns = {"type": "array", "items": _object(_column_properties())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlmonitor drift report",
        "description": "A model's columns against their reference, worst first.",
        **_object(
            {
                "model": {"type": "string"},
                "version": {"type": "string"},
                "rows": number,
                "drifted": {"type": "integer", "minimum": 0},
                "thresholds": _object(thresholds),
                "columns": columns,
            }
        ),
    }


def _count(rows: float) -> float:
    """A number of rows, without a fraction where it is whole."""
    return int(rows) if float(rows).is_integer() else rows


def _column_properties() -> dict[str, Any]:
    special: dict[str, dict[str, Any]] = {
        **{name: {"type": "string"} for name in _TEXTS},
        **{name: {"type": "number", "minimum": 0} for name in _COUNTS},
        "chi2_freedom": {"type": ["integer", "null"]},
        "effects": {"type": "object", "additionalProperties": {"type": "number"}},
        "p_values": {"type": "object", "additionalProperties": {"type": "number"}},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "effect": {"type": "number"},
        "drifted": {"type": "boolean"},
    }
    return {
        name: {**special.get(name, {"type": ["number", "null"]}), "description": text}
        for name, text in _COLUMN_HELP.items()
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
