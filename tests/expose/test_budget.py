from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlmonitor import names
from mlmonitor.expose import cardinality, left_out
from mlmonitor.expose.text import SourceText, families
from tests.expose.sources import BUSINESS, Counts, counts, nasty, parsed
from tests.references import binned, mixed, reference

if TYPE_CHECKING:
    from mlmonitor.reference import Reference


NOT_EVERYWHERE = (
    names.MODEL_TRAINED.name,
    names.REFERENCE_CREATED.name,
    names.PROCESS_MEMORY_LIMIT.name,
)


def alike() -> Reference:
    """A reference of rows that came with their times."""
    measured = {"correlation": {"1h": 0.04, "1d": 0.0}, "effective_rows": 512.5}
    return reference(binned("x", range(1000)).model_copy(update=measured))


@pytest.mark.parametrize(
    "profile", [mixed(), nasty(), reference(), alike()], ids=("mixed", "nasty", "none", "alike")
)
def test_the_plan_is_what_a_scrape_holds(profile: Reference) -> None:
    source = counts(profile)
    source.pids = (source.pids[0], 1)
    samples = parsed(families([SourceText(source).samples("all")], "text"))
    plan = cardinality(profile, workers=2, pods=3)
    absent = [name for name in NOT_EVERYWHERE if not any(found == name for found, _ in samples)]
    mismatches = 2 - sum(name == names.MODEL_MISMATCH.name for name, _ in samples)
    assert plan.per_pod == len(samples) + len(absent) + mismatches
    assert plan.total == 3 * plan.per_pod
    for column in plan.columns:
        found = [
            name
            for name, labels in samples
            if {("column", column.column), ("side", column.side)} <= set(labels)
        ]
        fixed = [n for n in found if "reference" in n or n == "mlmonitor_column_info"]
        assert (column.live, column.reference) == (len(found) - len(fixed), len(fixed))


def test_business_metrics_are_planned_and_come_before_columns() -> None:
    profile = mixed()
    source = counts(profile, business=BUSINESS)
    samples = parsed(families([SourceText(source).samples("all")], "text"))
    exposed = sum("mlmonitor_business" in name for name, _ in samples)
    unset = 2  # of the gauge
    plain, more = cardinality(profile), cardinality(profile, business=BUSINESS)
    assert more.per_pod - plain.per_pod == exposed + unset
    capped = cardinality(profile, cap=plain.per_pod, business=BUSINESS)
    assert capped.per_pod <= plain.per_pod
    assert [column.column for column in capped.columns if not column.exposed] == ["id", "note"]


def test_columns_beyond_the_cap_are_left_out_inputs_first() -> None:
    profile = mixed()
    everything = cardinality(profile).per_pod
    assert left_out(profile, cap=everything) == ()
    assert [column.name for column in left_out(profile, cap=everything - 1)] == ["note"]
    size = next(column for column in profile.columns if column.name == "size")
    assert left_out(profile, cap=0)[0].side == "output"
    most = left_out(profile, cap=cardinality(profile).model + 70)
    assert most[0] is size
    assert len(most) == len(profile.columns) - 1


def test_what_is_left_out_is_not_counted_in_the_plan() -> None:
    profile = mixed()
    cap = cardinality(profile).per_pod - 1
    plan = cardinality(profile, cap=cap)
    assert [column.column for column in plan.columns if not column.exposed] == ["note"]
    assert plan.per_pod <= cap


def test_ten_thousand_columns_stay_within_the_cap() -> None:
    profile = reference(*(binned(f"x{i}", [0.0, 1.0], edges=[0.5]) for i in range(10_000)))
    plan = cardinality(profile, cap=20_000)
    assert 19_900 < plan.per_pod <= 20_000
    assert isinstance(counts(profile), Counts)
