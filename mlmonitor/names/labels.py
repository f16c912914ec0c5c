"""The labels of every series, and the values that the project itself gives them."""

from __future__ import annotations

from typing import Final

LABELS: Final[dict[str, str]] = {
    "model": "Name of the model.",
    "version": "Version of the model.",
    "role": "What the predictions are used for: live, shadow or fallback.",
    "reference": "First eight hex digits of the hash of the reference profile.",
    "side": "Which values of a prediction: input, output, score or outcome.",
    "side_group": "Columns that are judged together: input, or output for all other sides.",
    "quantile": "Share of the values that lie below.",
    "column": "Name of the monitored column.",
    "kind": "Kind of the column, as the reference profile declares it, or of a sensitive value.",
    "lower": "Exclusive lower edge of a bin, -Inf for the first.",
    "upper": "Inclusive upper edge of a bin, +Inf for the last.",
    "le": "Inclusive upper edge of a histogram bucket.",
    "category": "Value of a categorical column, __other__ or __unseen__.",
    "direction": "Side of the reference mean: above or below.",
    "reason": "Why something was counted, from a declared set.",
    "exception": "Class of an exception from a declared set, or other.",
    "slice": "Declared sub-population.",
    "baseline": "What live values are compared with: reference, or previous live values.",
    "window": "Length of the window that a statistic covers.",
    "test": "Which difference is tested: distribution, mean, spread, rank, missing or nonzero.",
    "alert": "Name of an alert whose threshold the series is.",
    "dependency": "Name of something upstream that a model depends on.",
    "concern": "What an alert is about, such as data or operation.",
    "action": "What a step of the response ladder does.",
    "outcome": "How a step of the response ladder went: done, already, dry_run or failed.",
    "phase": "Phase of a breaker: closed, open or probation.",
    "code": "HTTP status of an answer.",
    "metric": "Declared name of a business metric.",
    "segment": "Declared value that a business metric is told apart by, other, or all.",
    "pid": "Process id of a worker.",
    "generation": "Generation of the garbage collector.",
}

IDENTITY: Final = ("model", "version", "role")
COLUMN: Final = (*IDENTITY, "reference", "side", "column")

SIDES: Final = ("input", "output", "score", "outcome")
ROLES: Final = ("live", "shadow", "fallback")
OTHER: Final = "__other__"
UNSEEN: Final = "__unseen__"
DIRECTIONS: Final = ("above", "below")

# Reasons for which a value is invalid.
WRONG_TYPE: Final = "wrong_type"
NOT_FINITE: Final = "not_finite"
OUT_OF_RANGE: Final = "out_of_range"
NOT_ALLOWED: Final = "not_allowed"
EXTREME: Final = "extreme"
INVALID_REASONS: Final = (WRONG_TYPE, NOT_FINITE, OUT_OF_RANGE, NOT_ALLOWED, EXTREME)

# Stages of the monitor in which something of its own can fail.
FAILURE_REASONS: Final = (
    "input", "output", "fold", "store", "expose", "business", "breaker", "logs",
)  # fmt: skip
# What may differ between the live model and the profiled one.
OTHER_MODEL: Final = "model"
OTHER_ENVIRONMENT: Final = "environment"
DROP_REASONS: Final = ("backlog", "fold")
