from __future__ import annotations

import asyncio
import datetime as dt
import io
import json
import logging
import os
import threading
import unicodedata
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mlmonitor import MlmonitorError, Monitor, logs, names
from tests import components
from tests.logs import ecs
from tests.logs.monitors import ROW, counted, lines, monitor, predict, records, reference


def test_a_call_leaves_one_record_that_says_what_went_in_and_what_came_out(tmp_path):
    watch = monitor(tmp_path)
    before = dt.datetime.now(dt.timezone.utc)
    assert watch(predict)(ROW) == 2e5
    (record,) = records(tmp_path)
    assert record["mlmonitor"]["inputs"] == ROW
    assert record["mlmonitor"]["outputs"] == {"price": 2e5}
    assert record["event"]["outcome"] == "success"
    assert 0 < record["event"]["duration"] < 1e9
    assert before <= dt.datetime.fromisoformat(record["@timestamp"].replace("Z", "+00:00"))
    assert record["mlmonitor"]["sample"] == {"rate": 1.0}
    assert "violations" not in record["mlmonitor"]
    assert record["mlmonitor"]["reference"] == reference().hash8
    assert record["process"]["pid"] == os.getpid()
    assert record["data_stream"] == {
        "type": "logs", "dataset": "mlmonitor.houses", "namespace": "default",
    }  # fmt: skip
    assert counted(watch, names.LOGGED) == 1


def test_keys_come_in_the_order_of_the_catalogue(tmp_path):
    watch = monitor(tmp_path)

    @watch(scores=lambda result: result)
    def failing(_):
        raise ValueError

    watch(predict)(ROW)
    with pytest.raises(ValueError):
        failing({**ROW, "area": -5.0})
    catalogue = list(names.LOG_FIELDS)
    for record in records(tmp_path):
        found = [name for name, _ in ecs.leaves(record) if name in names.LOG_FIELDS]
        firsts = list(dict.fromkeys(found))
        assert firsts == sorted(firsts, key=catalogue.index)


@pytest.mark.parametrize("form", ["dict", "tuple", "array", "series", "record"])
def test_a_row_is_recorded_whatever_its_form(form, tmp_path):
    watch = Monitor("bare", registry=CollectorRegistry(), logs=tmp_path)
    row = {"a": 1.5, "b": 2.0}
    value = {
        "dict": row,
        "tuple": (1.5, 2.0),
        "array": np.array([1.5, 2.0]),
        "series": pd.Series(row),
        "record": np.array([(1.5, 2.0)], dtype=[("a", float), ("b", float)])[0],
    }[form]
    watch(predict)(value)
    (record,) = records(tmp_path)
    assert list(record["mlmonitor"]["inputs"].values()) == [1.5, 2.0]
    assert record["mlmonitor"]["outputs"] == {"prediction": 2e5}


@pytest.mark.parametrize(
    "form", ["list", "frame", "array", "structured", "arrow", "polars"]
)  # fmt: skip
def test_a_batch_leaves_one_record_a_row_that_names_its_place(form, tmp_path):
    watch = Monitor("bare", registry=CollectorRegistry(), logs=tmp_path)
    frame = pd.DataFrame({"a": [1.5, 2.5, 3.5], "b": [1.0, 2.0, 3.0]})
    if form in {"arrow", "polars"}:
        value = pytest.importorskip("polars").from_pandas(frame)
        value = value.to_arrow() if form == "arrow" else value
    else:
        value = {
            "list": frame.to_dict("records"),
            "frame": frame,
            "array": frame.to_numpy(),
            "structured": frame.to_records(index=False),
        }[form]
    watch(lambda _: np.array([1.0, 2.0, 3.0]))(value)
    found = records(tmp_path)
    assert [list(r["mlmonitor"]["inputs"].values()) for r in found] == frame.to_numpy().tolist()
    assert [r["mlmonitor"]["outputs"]["prediction"] for r in found] == [1.0, 2.0, 3.0]
    assert [r["mlmonitor"]["batch"]["row"] for r in found] == [0, 1, 2]
    assert {r["mlmonitor"]["batch"]["rows"] for r in found} == {3}
    (call,) = {r["mlmonitor"]["batch"]["id"] for r in found}
    assert [r["event"]["id"] for r in found] == [f"{call}-{index}" for index in range(3)]


def test_inputs_are_those_from_before_the_model_changed_them(tmp_path):
    watch = monitor(tmp_path)

    @watch
    def spoil(row):
        row["area"] = -1.0
        return 1.0

    spoil(dict(ROW))
    (record,) = records(tmp_path)
    assert record["mlmonitor"]["inputs"]["area"] == 120.0


def test_an_error_is_recorded_with_its_class_text_and_place(tmp_path):
    watch = monitor(tmp_path)

    @watch
    def failing(_):
        message = "no\nprice \x1b[31m"
        raise KeyError(message)

    with pytest.raises(KeyError):
        failing(ROW)
    (record,) = records(tmp_path)
    assert record["event"]["outcome"] == "failure"
    assert record["log"]["level"] == "error"
    assert record["error"]["type"] == "KeyError"
    assert "price" in record["error"]["message"]
    assert "in failing" in record["error"]["stack_trace"]
    assert record["mlmonitor"]["inputs"] == ROW
    assert "outputs" not in record["mlmonitor"]


def test_a_coroutine_and_a_block_are_recorded_like_a_function(tmp_path):
    watch = monitor(tmp_path)

    @watch
    async def slow(_):
        await asyncio.sleep(0.01)
        return 3e5

    asyncio.run(slow(ROW))
    with watch.prediction(ROW, prediction_id="block") as one:
        one.output, one.scores = 4e5, 0.5
    with pytest.raises(ZeroDivisionError), watch.prediction(ROW):
        1 / 0  # noqa: B018
    awaited, block, failed = records(tmp_path)
    assert awaited["mlmonitor"]["outputs"] == {"price": 3e5}
    assert awaited["event"]["duration"] > 9e6
    assert block["event"]["id"] == "block"
    assert block["mlmonitor"]["scores"] == {"sure": 0.5}
    assert failed["error"]["type"] == "ZeroDivisionError"


def test_what_output_and_scores_choose_is_recorded(tmp_path):
    watch = monitor(tmp_path)
    chosen = watch(output=lambda r: r["price"], scores=lambda r: r["sure"])(
        lambda _: {"price": 1e5, "sure": 0.9, "secret": 1}
    )
    chosen(ROW)
    (record,) = records(tmp_path)
    assert record["mlmonitor"]["outputs"] == {"price": 1e5}
    assert record["mlmonitor"]["scores"] == {"sure": 0.9}


# Ids, traces and context


def test_an_id_comes_from_a_parameter_a_callable_or_a_binding(tmp_path):
    watch = monitor(tmp_path)

    @watch(prediction_id="order")
    def priced(_, order=None):
        return 1e5 if order else 2e5

    @watch(prediction_id=lambda row: row["note"])
    def noted(_):
        return 1e5

    priced(ROW, "o-1")
    priced(ROW, order=uuid.UUID(int=7))
    noted(ROW)
    with logs.bind("bound-1"):
        priced(ROW)
    assert [r["event"]["id"] for r in records(tmp_path)] == [
        "o-1", str(uuid.UUID(int=7)), "by the lake", "bound-1",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="is no parameter"):
        watch(prediction_id="nowhere")(predict)


def test_rows_of_a_batch_may_have_ids_of_their_own(tmp_path):
    watch = monitor(tmp_path)
    both = watch(prediction_id="keys")(lambda _, keys: [1e5 for _ in keys])
    both([ROW, ROW], ["first", "second"])
    assert [r["event"]["id"] for r in records(tmp_path)] == ["first", "second"]


@pytest.mark.parametrize("bad", ["", "x" * 600, "a\nb", "\ud800", "\x1b[2J"])
def test_an_id_that_cannot_be_used_is_replaced_and_counted(bad, tmp_path):
    watch = monitor(tmp_path)
    watch(prediction_id=lambda _: bad)(predict)(ROW)
    (record,) = records(tmp_path)
    assert uuid.UUID(record["event"]["id"]).version == 7
    assert counted(watch, names.MONITOR_FAILURES, reason="logs") == 1


def test_made_ids_are_unique_over_threads_and_forked_children_and_sort_by_time():
    with ThreadPoolExecutor(8) as pool:
        found = [
            one
            for part in pool.map(lambda _: [logs.ids.new() for _ in range(500)], range(8))
            for one in part
        ]
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, "\n".join(logs.ids.new() for _ in range(100)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    found += os.read(read, 1 << 16).decode().split("\n")
    assert len(set(found)) == 4_100
    assert all(
        uuid.UUID(one).version == 7 and uuid.UUID(one).variant == uuid.RFC_4122 for one in found
    )
    assert logs.ids.new()[:13] >= found[0][:13]


def test_code_inside_a_prediction_knows_its_id_across_await_and_threads(tmp_path):
    watch = monitor(tmp_path)
    seen = []

    @watch
    async def outer(_):
        await asyncio.sleep(0)
        seen.append(logs.prediction_id())
        await asyncio.to_thread(lambda: seen.append(logs.prediction_id()))
        thread = threading.Thread(target=logs.carried(lambda: seen.append(logs.prediction_id())))
        thread.start()
        thread.join()
        return 1e5

    async def several():
        await asyncio.gather(*(outer(ROW) for _ in range(5)))

    asyncio.run(several())
    assert logs.prediction_id() is None
    written = [r["event"]["id"] for r in records(tmp_path)]
    assert len(set(written)) == 5
    assert sorted(seen) == sorted(written * 3)


def test_nested_predictions_have_ids_of_their_own(tmp_path):
    watch = monitor(tmp_path)
    inside = []
    inner = watch(lambda _: inside.append(logs.prediction_id()) or 1e5)
    outside = []

    @watch
    def outer(row):
        outside.append(logs.prediction_id())
        inner(row)
        outside.append(logs.prediction_id())
        return 1e5

    outer(ROW)
    assert outside[0] == outside[1] != inside[0]


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-what-is-to-come", True),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", False),
        ("junk", False),
        (None, False),
    ],
)
def test_the_trace_of_a_request_is_that_of_its_traceparent(header, known, tmp_path):
    watch = monitor(tmp_path)
    with logs.bind(traceparent=header, slices=["north"]):
        watch(predict)(ROW)
    (record,) = records(tmp_path)
    assert record.get("trace") == ({"id": TRACE} if known else None)
    assert record.get("span") == ({"id": "00f067aa0ba902b7"} if known else None)
    assert record["mlmonitor"]["slice"] == ["north"]


def test_the_trace_is_that_of_the_current_span_of_opentelemetry(tmp_path):
    trace = pytest.importorskip("opentelemetry.trace")
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    watch = monitor(tmp_path)
    tracer = sdk.TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("request") as span:
        watch(predict)(ROW)
    watch(predict)(ROW)
    within, without = records(tmp_path)
    assert within["trace"]["id"] == trace.format_trace_id(span.get_span_context().trace_id)
    assert within["span"]["id"] == trace.format_span_id(span.get_span_context().span_id)
    assert "trace" not in without


# Values


class Broken:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None


def circular():
    found: dict = {}
    found["self"] = [found]
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), None),
        (float("inf"), None),
        (np.float32(1.5), 1.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.datetime64("2024-01-02"), "2024-01-02"),
        (np.datetime64("NaT"), None),
        (pd.NA, None),
        (Decimal("12.340"), "12.340"),
        (2**70, str(2**70)),
        (b"\x00\xff", "AP8="),
        (dt.datetime(2024, 1, 2, 3, 4, tzinfo=dt.timezone.utc), "2024-01-02T03:04:00+00:00"),
        (dt.date(2024, 1, 2), "2024-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("\ud800", "\\ud800"),
        ("a\x1b[31mb\nc\x00\u2028\x9b", "a\x1b[31mb\nc\x00\u2028\x9b"),
        (np.array([1.0, 2.0]), [1.0, 2.0]),
        ([1, "a", None], [1, "a", None]),
        ({"a": {"b": [1, 2]}}, '{"a":{"b":[1,2]}}'),
        (Broken(), "<Broken>"),
        (object, "<type>"),
    ],
)
def test_any_value_becomes_what_json_and_elasticsearch_can_hold(value, expected, tmp_path):
    watch = monitor(tmp_path, settings={"detect": False})
    assert watch(predict)({**ROW, "odd": value}) == 2e5
    (record,) = records(tmp_path)
    assert record["mlmonitor"]["inputs"]["odd"] == expected


STRANGE = (
    float("nan"), float("inf"), -float("inf"), b"\x00\xff", Decimal("NaN"), Decimal("1e999999"),
    dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc), np.array([1.0, 2.0]), np.array([]), "\ud800",
    "x" * 10_000_000, 10**400, 10**5000, [1.0], Broken(), object, 1j,
)  # fmt: skip


@pytest.mark.parametrize("column", ["area", "town", "note", "odd"])
@pytest.mark.parametrize("value", STRANGE, ids=[f"{place}" for place in range(len(STRANGE))])
def test_no_value_in_any_column_breaks_a_prediction_or_loses_its_record(value, column, tmp_path):
    watch = monitor(tmp_path)
    call = watch(lambda row: row[column])
    assert call({**ROW, column: value}) is value
    (record,) = records(tmp_path)
    assert column in record["mlmonitor"]["inputs"]
    assert record["event"]["outcome"] == "success"
    broken = {one["column"] for one in record["mlmonitor"].get("violations", ())}
    assert (column in broken) == (
        column in {"area", "town"} or (column == "note" and broken > {"price"})
    )
    assert counted(watch, names.LOGGED) == 1


def test_a_circle_in_a_column_of_numbers_ends(tmp_path):
    watch = monitor(tmp_path)
    value = circular()
    assert watch(lambda row: row["area"])({**ROW, "area": value}) is value
    (record,) = records(tmp_path)
    assert record["mlmonitor"]["inputs"]["area"].startswith('{"self":[')


def test_a_circle_ends(tmp_path):
    watch = monitor(tmp_path)
    watch(predict)({**ROW, "odd": circular()})
    (record,) = records(tmp_path)
    assert record["mlmonitor"]["inputs"]["odd"].startswith('{"self":[')


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
        | st.datetimes() | st.characters(categories=["Cs", "Cc", "Zl"]),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_comes_in_leaves_one_line_of_json_without_control_characters(value):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    watch = Monitor("any", registry=CollectorRegistry(), logs=handler)
    watch(predict)({"given": value})
    watch(predict)(value)
    text = stream.getvalue()
    assert text.count("\n") == len(text.splitlines()) >= 2
    unsafe = [
        one for one in text.replace("\n", "") if unicodedata.category(one) in {"Cc", "Zl", "Zp"}
    ]
    assert not unsafe
    assert all(json.loads(line)["event"]["outcome"] == "success" for line in text.splitlines())


def test_a_name_of_a_column_is_escaped_in_its_field_and_not_in_violations(tmp_path):
    watch = monitor(tmp_path)
    watch(predict)({**ROW, "a.b": 1, "": 2, "@id": 3, 4: 5})
    (record,) = records(tmp_path)
    inputs = record["mlmonitor"]["inputs"]
    assert {key: inputs[key] for key in list(inputs)[5:]} == {
        "a@2eb": 1,
        "@": 2,
        "@40id": 3,
        "4": 5,
    }


def test_long_values_are_cut_and_counted(tmp_path):
    watch = monitor(tmp_path)
    watch(predict)({**ROW, "note": "x" * 10_000_000, "many": list(range(1000))})
    (record,) = records(tmp_path)
    assert len(record["mlmonitor"]["inputs"]["note"]) == 4096
    assert len(record["mlmonitor"]["inputs"]["many"]) == 256
    assert record["mlmonitor"]["truncated"] == ["note", "many"]
    assert counted(watch, names.LOG_CUT, reason="field") == 1


def test_a_record_of_many_values_is_cut_to_its_size_and_counted(tmp_path):
    watch = monitor(tmp_path, settings={"max_record": 20_000})
    watch(predict)({**ROW, **{f"c{i}": "é" * 900 for i in range(900)}})
    watch(predict)({**ROW, **{f"c{i}": i for i in range(50_000)}})
    found = lines(tmp_path)
    assert len(found) == 2
    assert all(len(line) <= 20_000 for line in found)
    assert counted(watch, names.LOG_CUT, reason="record") == 1
    assert counted(watch, names.LOG_CUT, reason="field") == 1
    assert json.loads(found[1])["mlmonitor"]["truncated"] == ["*"]


# Sampling


def test_the_sample_is_the_same_wherever_the_id_is(tmp_path):
    ids = [f"order-{i:06d}" for i in range(2_000)]
    for folder in ("here", "there"):
        watch = monitor(tmp_path / folder, settings={"sample": 0.2})
        call = watch(prediction_id="key")(lambda _, key: key and 2e5)
        for one in ids:
            call(ROW, one)
    here, there = records(tmp_path / "here"), records(tmp_path / "there")
    assert [r["event"]["id"] for r in here] == [r["event"]["id"] for r in there]
    assert 330 < len(here) < 470
    assert abs(sum(1 / r["mlmonitor"]["sample"]["rate"] for r in here) - 2_000) < 350
    assert counted(watch, names.LOG_SAMPLED_OUT) == 2_000 - len(here)


def test_errors_violations_and_slow_predictions_are_kept_whatever_the_sample(tmp_path):
    watch = monitor(tmp_path, settings={"sample": 0.0, "slow": 0.05})

    @watch
    def work(row):
        if row["note"] == "error":
            raise ValueError
        if row["note"] == "slow":
            threading.Event().wait(0.06)
        return 2e5

    work(ROW)
    work({**ROW, "area": 501.0})
    work({**ROW, "note": "slow"})
    with pytest.raises(ValueError):
        work({**ROW, "note": "error"})
    found = [r["mlmonitor"]["sample"] for r in records(tmp_path)]
    assert found == [
        {"rate": 1.0, "kept_for": [reason]} for reason in ("violation", "slow", "error")
    ]


# Where they go


def test_records_go_to_stdout_or_a_handler(capsys):
    Monitor("out", registry=CollectorRegistry(), logs="stdout")(predict)([1.0])
    assert json.loads(capsys.readouterr().out)["mlmonitor"]["model"] == "out"
    taken = []

    class Handler(logging.Handler):
        def emit(self, record):
            taken.append(record)

    watch = Monitor("handled", registry=CollectorRegistry(), logs=Handler())
    watch(predict)([1.0])
    with pytest.raises(ZeroDivisionError):
        watch(lambda _: 1 / 0)([1.0])
    assert [record.levelname for record in taken] == ["INFO", "ERROR"]
    assert json.loads(taken[0].getMessage())["mlmonitor"]["model"] == "handled"
    assert taken[0].name == "mlmonitor.predictions"


def test_a_handler_that_raises_breaks_nothing_and_is_counted(caplog):
    class Broken(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            raise OSError

    watch = Monitor("broken", registry=CollectorRegistry(), logs=Broken())
    assert watch(predict)([1.0]) == watch(predict)([1.0]) == 2e5
    assert counted(watch, names.LOG_DROPPED, reason="write") == 2
    assert len([r for r in caplog.records if "logs could not be monitored" in r.message]) == 1


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (7, "nothing to write to"),
        ({"dir": "x"}, "'dir' is unknown"),
        ({"sample": 2}, "no share"),
        ({"slow": -1}, "no time"),
        ({"max_disk": 5}, "max_disk"),
        ({"file_size": 1}, "too little"),
        ({"to": "cloud"}, "unknown"),
        ({"sensitive": {"a": "blur"}}, "column 'a'"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_clear_sentence(given, problem):
    with pytest.raises(MlmonitorError, match=problem):
        Monitor("m", registry=CollectorRegistry(), logs=given)


# ECS


def test_every_record_validates_against_the_fields_of_the_elastic_common_schema(tmp_path):
    fields = components.ecs_fields()
    watch = monitor(
        tmp_path,
        settings={
            "environment": "production",
            "service": "prices",
            "service_version": "7",
            "slow": 1e-9,
        },
    )
    with logs.bind(traceparent=f"00-{TRACE}-00f067aa0ba902b7-01", slices=["north"]):
        watch(predict)({**ROW, "note": "x" * 9_000, "area": -1.0})
    watch(lambda _: [1e5, 2e5])([ROW, {**ROW, "odd": {"a": 1}}])
    with pytest.raises(TypeError):
        watch(lambda _: 1 + "x")(ROW)
    with watch.prediction(ROW) as one:
        one.output, one.scores = 1e5, 0.5
    found = records(tmp_path)
    assert len(found) == 5
    assert [ecs.problems(record, fields) for record in found] == [[]] * 5


def test_what_is_no_field_of_the_schema_would_be_found(tmp_path):
    fields = components.ecs_fields()
    watch = monitor(tmp_path)
    watch(predict)(ROW)
    (record,) = records(tmp_path)
    record["event"]["outcome"] = "good"
    record["service"]["colour"] = "red"
    record["process"]["pid"] = "7"
    record["mlmonitor"]["mood"] = 1
    record["mlmonitor"]["inputs"]["deep"] = {"a": {"b": 1}}
    assert len(ecs.problems(record, fields)) == 5


def test_the_catalogue_gives_fields_of_the_schema_the_types_that_it_does():
    fields = components.ecs_fields()
    same = {"match_only_text": "text", "wildcard": "keyword", "constant_keyword": "keyword"}
    ours = {f.name: f.type for f in names.LOG_FIELDS.values() if not f.is_own}
    assert ours == {name: same.get(fields[name]["type"], fields[name]["type"]) for name in ours}
