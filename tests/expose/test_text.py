from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmonitor import names
from mlmonitor.expose.text import CONTENT_TYPES, SourceText, families, header, line_start
from tests.expose.sources import BUSINESS, counts, nasty, parsed
from tests.references import mixed

if TYPE_CHECKING:
    from mlmonitor.expose.text import Format


BUSINESS_FAMILIES = 4


def whole(form: Format = "text", seed: int | None = 1) -> bytes:
    sources = [
        counts(nasty(), seed=seed),
        counts(mixed(), seed=seed, identity=("m", "1", "shadow")),
        counts(None, seed=seed, identity=("other", "2", "live"), business=BUSINESS),
    ]
    samples = [SourceText(source).samples("all") for source in sources]
    return families(samples, form)


def test_the_strict_parser_of_openmetrics_reads_what_the_text_format_says() -> None:
    open_metrics = parsed(whole("openmetrics") + b"# EOF\n", CONTENT_TYPES["openmetrics"])
    text = parsed(whole("text"))
    processes = {key for key in text if key[0].startswith("mlmonitor_process")}
    assert {k: v for k, v in text.items() if k not in processes} == {
        k: v for k, v in open_metrics.items() if k not in processes
    }
    assert processes <= set(open_metrics)


@pytest.mark.parametrize("version", ["2.42", "3"])
def test_promtool_finds_nothing_to_object_to(version: str) -> None:
    from tests import components  # noqa: PLC0415 - obtains servers

    checked = subprocess.run(
        [components.promtool(version), "check", "metrics"],
        input=whole(), capture_output=True, check=False,
    )  # fmt: skip
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize("form", ["text", "openmetrics"])
def test_each_family_is_announced_once_and_whole(form: Format) -> None:
    lines = whole(form).decode().split("\n")
    announced = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(announced) == len(set(announced))
    told = [one.name if form == "text" else one.family for one in names.METRICS.values()]
    assert [name for name in told if name in set(announced)] == announced
    assert len([name for name in announced if "business" in name]) == BUSINESS_FAMILIES
    order = [
        re.sub(r"\{.*", "", line) for line in lines if line.startswith("mlmonitor") and "{" in line
    ]
    changes = [one for one, before in zip(order[1:], order, strict=False) if one != before]
    plain = [one for one in changes if "duration_seconds" not in one]
    assert len(plain) == len(set(plain))


def test_openmetrics_names_families_without_suffixes_and_states_units() -> None:
    assert header(names.PROCESS_CPU, "openmetrics").decode().splitlines() == [
        "# HELP mlmonitor_process_cpu_seconds CPU time used by a live worker.",
        "# TYPE mlmonitor_process_cpu_seconds counter",
        "# UNIT mlmonitor_process_cpu_seconds seconds",
    ]
    assert b"# TYPE mlmonitor_model info\n" in header(names.MODEL_INFO, "openmetrics")
    assert b"# TYPE mlmonitor_model_info gauge\n" in header(names.MODEL_INFO, "text")
    assert b"UNIT" not in header(names.PROCESS_CPU, "text")


TEXTS = st.text(st.characters(codec="utf-8"))


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_any_text_survives_as_a_label(values: list[str]) -> None:
    labels = tuple((f"l{i}", value) for i, value in enumerate(values))
    line = line_start("name", labels) + b"1\n"
    for body, kind in ((b"", "text/plain"), (b"# EOF\n", "openmetrics")):
        announced = b"# TYPE name gauge\n" + line + body
        assert parsed(announced, kind) == {("name", tuple(sorted(labels))): 1.0}


def test_a_label_that_is_no_unicode_text_is_still_written() -> None:
    assert line_start("name", (("l", "a\ud800b"),)) == b'name{l="a?b"} '


def test_a_reading_without_changes_is_not_written_again() -> None:
    source = counts(mixed(), seed=1)
    text = SourceText(source)
    first, second = text.samples("live"), text.samples("live")
    assert first[names.COLUMN_ROWS] is second[names.COLUMN_ROWS]
    source.cells = source.cells + 1
    assert text.samples("live")[names.COLUMN_ROWS] != first[names.COLUMN_ROWS]


def test_live_and_reference_are_all_there_is() -> None:
    text = SourceText(counts(mixed(), seed=1))
    live, fixed = text.samples("live"), text.samples("reference")
    assert not set(live) & set(fixed)
    assert set(text.samples("all")) == {*live, *fixed}
    assert all(m.name.startswith("mlmonitor_reference") or m is names.COLUMN_INFO for m in fixed)
