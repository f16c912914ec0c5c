"""What Elasticsearch's answers mean for a record, or for a request."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

BAD, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_LARGE, TOO_MANY = (
    400, 401, 403, 404, 409, 413, 429,
)  # fmt: skip
UNAVAILABLE: Final = frozenset({502, 503, 504})
REFUSED: Final = frozenset({UNAUTHORIZED, FORBIDDEN, NOT_FOUND})
_OK: Final = 300
_SERVER_ERROR: Final = 500
_BLOCK: Final = "cluster_block_exception"


class Verdict(Enum):
    """What became of a record."""

    SHIPPED = auto()
    PRESENT = auto()
    """Its id was there."""
    AGAIN = auto()
    """It was turned away, and may come again."""
    UNCLEAR = auto()
    """It may have been taken."""
    REFUSED = auto()
    """We may not, or there is no place for it: until somebody mends that."""
    DEAD = auto()
    """It will never be taken."""


def verdict(status: int, error: Mapping[str, Any]) -> Verdict:
    """What the answer for a record means."""
    if status < _OK:
        return Verdict.SHIPPED
    if status >= _SERVER_ERROR:
        return Verdict.UNCLEAR
    if error.get("type") == _BLOCK:
        return Verdict.AGAIN
    if status in REFUSED:
        return Verdict.REFUSED
    return {CONFLICT: Verdict.PRESENT, TOO_MANY: Verdict.AGAIN}.get(status, Verdict.DEAD)


def reason(error: Mapping[str, Any]) -> str:
    """Why a record was not taken, as Elasticsearch tells it."""
    cause = (error.get("caused_by") or {}).get("reason")
    parts = (error.get("type"), error.get("reason"), cause)
    return ": ".join(str(part) for part in parts if part)


def refusal(stream: str, status: int, error: Mapping[str, Any]) -> str:
    """What has to be mended before anything goes to a stream."""
    if status == NOT_FOUND:
        return f"has no data stream {stream} and no template for it; run `mlmonitor push-elk`."
    return f"the user may not write to {stream} ({error.get('reason')}); give it the role to ship."


def retry_reason(status: int) -> str:
    """The label under which a request is counted that has to be made again."""
    if status == TOO_MANY:
        return "too_many_requests"
    if status in UNAVAILABLE:
        return "unavailable"
    return "refused" if status in REFUSED else "other"
