"""What kind a column is of, decided once, when the reference is profiled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

if TYPE_CHECKING:
    from mlmonitor.reference.model import Kind
    from mlmonitor.reference.survey import Survey

MOST_DISCRETE: Final = 20
SPARSE_ZEROS: Final = 0.5
_FEWEST_FOR_IDENTIFIER: Final = 20
_IDENTIFIER_SHARE: Final = 0.95
_TEXT_SHARE: Final = 0.5
_MOST_TEXT_DISTINCT: Final = 50
_LONG_TEXT: Final = 50
_WORDS: Final = 4
_MIXED_SHARE: Final = 0.5
_TIMESTAMPS_TRIED: Final = 100


def infer_kind(survey: Survey) -> Kind:
    """The kind of a column by its values; docs/reference.md has the rules in words.

    Values of which at least half are texts make a column of texts, else one of numbers whose texts
    are of a wrong type. A column without values is only counted: `text`.
    """
    values = survey.numbers + survey.text_values
    if not values:
        return "text"
    if survey.timestamps:
        return "timestamp"
    if survey.booleans == values:
        return "boolean"
    if survey.text_values >= _MIXED_SHARE * values:
        return _kind_of_texts(survey)
    return _kind_of_numbers(survey)


def _kind_of_numbers(survey: Survey) -> Kind:
    distinct = len(survey.distinct) if survey.distinct is not None else None
    if survey.whole and _identifies(survey, distinct):
        return "identifier"
    if distinct is not None and distinct <= MOST_DISCRETE:
        return "discrete"
    if survey.zeros >= SPARSE_ZEROS * survey.numbers:
        return "sparse"
    return "numeric"


def _identifies(survey: Survey, distinct: int | None) -> bool:
    """Whether integers name rows: no two alike, or ever rising or falling."""
    if survey.finite < _FEWEST_FOR_IDENTIFIER:
        return False
    if survey.rising or survey.falling:
        return True
    if distinct is not None:
        return distinct == survey.finite
    known = survey.sample[survey.sample == survey.sample]
    return len(known) >= _FEWEST_FOR_IDENTIFIER and len(set(known.tolist())) == len(known)


def _kind_of_texts(survey: Survey) -> Kind:
    texts = survey.texts
    if texts is None:
        return "text"
    if _are_timestamps(list(texts)[:_TIMESTAMPS_TRIED]):
        return "timestamp"
    distinct = len(texts)
    length = sum(len(text) for text in texts) / distinct
    words = sum(text.count(" ") + 1 for text in texts) / distinct
    many = distinct > _TEXT_SHARE * survey.text_values
    if many and survey.text_values >= _FEWEST_FOR_IDENTIFIER:
        all_differ = distinct >= _IDENTIFIER_SHARE * survey.text_values
        plain = words < 2 and length <= _LONG_TEXT  # noqa: PLR2004 - one word
        return "identifier" if all_differ and plain else "text"
    if distinct > _MOST_TEXT_DISTINCT and (length > _LONG_TEXT or words >= _WORDS):
        return "text"
    return "categorical"


def _are_timestamps(texts: list[str]) -> bool:
    if not all(text[:4].isdigit() and "-" in text[4:8] for text in texts):
        return False
    parsed = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
    return bool(parsed.notna().all())
