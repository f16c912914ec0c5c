"""What the exposition reads: anything that counts the predictions of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlmonitor.process import Worker
    from mlmonitor.provenance import Provenance
    from mlmonitor.reference import Reference
    from mlmonitor.tally import Layout, Totals


class Source(Protocol):
    """One version of a model, as its live workers have counted it.

    A source may also have `failed(stage, error)`, which is told when it cannot be exposed.

    Attributes:
        identity: model, version and role.
        reference: what the columns are compared with, if anything.
        layout: the meaning of the cells in `totals()`.
        provenance: what is known of where the model came from.
    """

    identity: tuple[str, str, str]
    reference: Reference | None
    layout: Layout
    provenance: Provenance

    def totals(self) -> Totals:
        """One consistent reading of all that has been counted, by live workers and dead."""

    def in_flight(self) -> int:
        """Calls that have not returned yet, in all live workers."""

    def loaded(self) -> float:
        """When the oldest live worker loaded the model, in seconds since the epoch."""

    def workers(self) -> Sequence[Worker]:
        """The live worker processes."""
