"""Records in numbers, each weighted by how many predictions it stands for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlmonitor import names
from mlmonitor.explain import record as records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlmonitor.explain.record import Record

QUANTILES: Final = (0.5, 0.95, 0.99)


@dataclass
class Statistics:
    """What some records of one model, version and role say together.

    Attributes:
        records: how many they are.
        predictions: how many predictions they stand for.
        failures: those that raised, by class of exception.
        violations: those that break a rule, by side, column and reason.
        redacted: those of which something is hidden, by column.
        kept_for: records by why they are kept.
        first, last: when the first and the last happened, as the records say it.
    """

    records: int = 0
    predictions: float = 0.0
    failures: Counter[str] = field(default_factory=Counter)
    violations: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
    kept_for: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""
    _durations: list[tuple[float, float]] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count a record."""
        weight = records.weight(record)
        self.records += 1
        self.predictions += weight
        at = str(records.get(record, names.LOG_TIMESTAMP) or "")
        self.first, self.last = min(self.first or at, at), max(self.last, at)
        self._durations.append((records.seconds(record), weight))
        if records.get(record, names.LOG_EVENT_OUTCOME) == names.FAILURE:
            self.failures[str(records.get(record, names.LOG_ERROR_TYPE) or "?")] += weight  # type: ignore[assignment]
        for one in set(records.violations(record)):
            self.violations[one] += weight  # type: ignore[assignment]
        for column in _texts(records.get(record, names.LOG_REDACTED)):
            self.redacted[column] += weight  # type: ignore[assignment]
        self.kept_for.update(_texts(records.get(record, names.LOG_SAMPLE_KEPT_FOR)))

    def quantiles(self) -> dict[float, float]:
        """Seconds that so large a share of the predictions took at most."""
        ordered, found, seen = sorted(self._durations), {}, 0.0
        wanted = list(QUANTILES)
        for seconds, weight in ordered:
            seen += weight
            while wanted and seen >= wanted[0] * self.predictions:
                found[wanted.pop(0)] = seconds
        return found

    def as_dict(self) -> dict[str, Any]:
        """The numbers, for JSON."""
        return {
            "records": self.records,
            "predictions": round(self.predictions, 1),
            "failures": dict(self.failures),
            "latency_seconds": {
                f"p{100 * share:g}": one for share, one in self.quantiles().items()
            },
            "violations": [
                {"side": side, "column": column, "reason": reason, "predictions": count}
                for (side, column, reason), count in self.violations.most_common()
            ],
            "redacted": dict(self.redacted),
            "kept_for": dict(self.kept_for),
            "first": self.first,
            "last": self.last,
        }


def statistics(found: Iterable[Record]) -> dict[tuple[str, str, str], Statistics]:
    """The numbers by model, version and role."""
    result: dict[tuple[str, str, str], Statistics] = {}
    for record in found:
        result.setdefault(records.identity(record), Statistics()).add(record)
    return dict(sorted(result.items()))


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []
