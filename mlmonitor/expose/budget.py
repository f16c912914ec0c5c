"""How many series a model takes, and which columns to leave out where they are too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlmonitor import names
from mlmonitor.expose.series import DURATION_UPPER
from mlmonitor.tally.layout import EXCEPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mlmonitor.business import BusinessMetric
    from mlmonitor.reference import Column, Reference

# As many as there can be: machines that set no limit, say, have fewer.
_MODEL_GAUGES: Final = 11
_WORKER_SERIES: Final = 8


@dataclass(frozen=True)
class ColumnCardinality:
    """The series of one column in one pod.

    Attributes:
        side, column, kind: the column.
        live: counters.
        reference: gauges that tell of the reference.
        exposed: false where the column is left out.
    """

    side: str
    column: str
    kind: str
    live: int
    reference: int
    exposed: bool = True

    @property
    def series(self) -> int:
        """All series of the column."""
        return self.live + self.reference


@dataclass(frozen=True)
class Cardinality:
    """The series of a model.

    Attributes:
        columns: in the profile's order.
        model: most series of a pod that belong to no column.
        per_pod: all series of one pod.
        total: all series of all pods.
    """

    columns: tuple[ColumnCardinality, ...]
    model: int
    per_pod: int
    total: int


def cardinality(
    reference: Reference,
    *,
    workers: int = 1,
    pods: int = 1,
    cap: int | None = None,
    business: Sequence[BusinessMetric] = (),
) -> Cardinality:
    """The series that a monitor with this reference exposes.

    Args:
        reference: the profile.
        workers: worker processes of a pod.
        pods: pods that serve the model.
        cap: most series a pod, None for no limit.
        business: business metrics that are declared.
    """
    besides = business_series(business)
    beyond = () if cap is None else left_out(reference, cap=cap - besides)
    out = {id(column) for column in beyond}
    columns = tuple(_of_column(c, exposed=id(c) not in out) for c in reference.columns)
    model = _of_model(reference) + besides + (workers - 1) * _WORKER_SERIES
    per_pod = model + sum(column.series for column in columns if column.exposed)
    return Cardinality(columns, model, per_pod, per_pod * pods)


def left_out(reference: Reference, *, cap: int) -> tuple[Column, ...]:
    """The columns beyond a cap on the series of one pod.

    What the model returns comes first, then its inputs in the profile's order; from the first
    column that does not fit, all are left out, so that it is plain which.
    """
    ordered = sorted(reference.columns, key=lambda column: column.side == "input")
    used = _of_model(reference)
    for position, column in enumerate(ordered):
        used += _of_column(column).series
        if used > cap:
            return tuple(ordered[position:])
    return ()


def business_series(business: Iterable[BusinessMetric]) -> int:
    """The series of business metrics in one pod."""
    extra = {"counter": 1, "gauge": 2, "distribution": 3}
    return sum((extra[one.type] + len(one.buckets)) * len(one.exposed_segments) for one in business)


def record_series(columns: Sequence[str] | None) -> int:
    """The series of the records of predictions, given the columns that may hold sensitive values."""
    if columns is None:
        return 0
    places = len({*columns, names.SENSITIVE_ELSEWHERE})
    reasons = len(names.RECORD_DROP_REASONS) + len(names.CUT_REASONS)
    return 2 + reasons + len(names.SENSITIVE_KINDS) * places


def _of_model(reference: Reference) -> int:
    sides = len({column.side for column in reference.columns})
    counters = 1 + len(DURATION_UPPER) + 2 + len(EXCEPTIONS) + 1
    reasons = len(names.FAILURE_REASONS) + len(names.DROP_REASONS)
    return counters + reasons + sides + _MODEL_GAUGES + _WORKER_SERIES


def _of_column(column: Column, *, exposed: bool = True) -> ColumnCardinality:
    live, reference = 3, 3 + (column.effective_rows is not None) + len(column.correlation or ())
    if column.is_binned:
        bins, sparse = len(column.edges or ()) + 1, column.kind == "sparse"
        live += bins + 5 + (column.range is not None) + sparse
        known = (
            column.mean, column.deviation, column.absolute_deviation, column.extreme, column.median,
        )  # fmt: skip
        reference += bins + sum(one is not None for one in known)
        reference += sparse and column.nonzero is not None
    elif column.is_categorical:
        cells = len(column.categories or ()) + 2
        live += cells + (column.allowed is not None)
        reference += cells
    return ColumnCardinality(column.side, column.name, column.kind, live, reference, exposed)
