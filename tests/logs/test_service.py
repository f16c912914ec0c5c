from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import weakref

import pytest
import structlog

from mlmonitor import logs, names
from mlmonitor.logs import counters
from tests import components
from tests.logs import ecs
from tests.logs.monitors import ROW, counted, monitor, records

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def stream():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    found = io.StringIO()
    logs.configure(stream=found, service="prices", version="7", environment="test")
    yield found
    root.handlers[:] = before
    root.setLevel(level)


def told(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_inside_a_prediction_carries_its_id(stream, tmp_path):
    watch = monitor(tmp_path)

    @watch
    def predict(_):
        logging.getLogger("prices.rules").warning("capped at %d", 5, extra={"rule": 7})
        return 2e5

    with logs.bind(traceparent=TRACEPARENT):
        predict(ROW)
    logging.getLogger("prices").info("idle")
    (record,) = records(tmp_path)
    inside, outside = told(stream)
    assert inside["mlmonitor"]["prediction"]["id"] == record["event"]["id"]
    assert inside["mlmonitor"]["model"] == "houses"
    assert inside["trace"]["id"] == record["trace"]["id"]
    assert inside["message"] == "capped at 5"
    assert inside["labels"] == {"rule": "7"}
    assert inside["log"] == {"level": "warning", "logger": "prices.rules"}
    assert inside["service"] == {"name": "prices", "version": "7", "environment": "test"}
    assert "mlmonitor" not in outside


def test_lines_validate_against_the_elastic_common_schema(stream):
    fields = components.ecs_fields()
    logger = logging.getLogger("prices")
    logger.info("plain", extra={"a.b": {"deep": [1, object()]}, "none": None})
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logger.exception("failed")
    found = told(stream)
    assert found[1]["error"]["type"] == "ZeroDivisionError"
    assert "test_lines_validate" in found[1]["error"]["stack_trace"]
    assert [ecs.problems(line, fields) for line in found] == [[], []]


def test_a_message_cannot_forge_a_line_nor_leak_an_address(stream):
    logging.getLogger("prices").info(
        'bad\n{"log":{"level":"info"}}\x1b[2J\x9b \u2028 me@mail.example',
        extra={"to": "you@mail.example"},
    )
    assert len(stream.getvalue().splitlines()) == 1
    (line,) = told(stream)
    assert line["message"].startswith('bad\n{"log"')
    assert line["message"].endswith("[email]")
    assert line["labels"] == {"to": "[email]"}


def test_what_is_masked_in_a_line_is_counted_with_the_model_that_predicts(
    stream, tmp_path, monkeypatch
):
    monkeypatch.setattr(counters, "_known", weakref.WeakValueDictionary())
    first = monitor(tmp_path / "first", version="1")
    second = monitor(tmp_path / "second", reference=None, version="2")
    logger = logging.getLogger("prices")

    @second
    def predict(_):
        logger.info("to me@mail.example")
        return 1.0

    predict(ROW)
    assert [counted(one, names.SENSITIVE, kind="email") for one in (first, second)] == [0, 1]
    logger.info("call", extra={"to": "+49 30 1234567"})  # of no model: the first one made
    assert counted(first, names.SENSITIVE, kind="phone", column="message") == 1
    assert counted(second, names.SENSITIVE, kind="phone") == 0
    assert [line["message"] for line in told(stream)[-2:]] == ["to [email]", "call"]


def test_configuring_again_replaces_and_leaves_other_handlers_alone(stream):
    mine = logging.NullHandler()
    logging.getLogger().addHandler(mine)
    again = io.StringIO()
    logs.configure(stream=again, level="WARNING")
    logging.getLogger("prices").info("quiet")
    logging.getLogger("prices").error("loud")
    assert mine in logging.getLogger().handlers
    assert stream.getvalue() == ""
    assert [line["message"] for line in told(again)] == ["loud"]


def test_structlog_lines_have_the_same_form(tmp_path):
    stream = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            logs.processor("prices"),
            structlog.processors.JSONRenderer(),
        ],
    )
    watch = monitor(tmp_path)

    @watch
    def predict(_):
        logger.warning("capped", rule=7, to="me@mail.example")
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            logger.error("failed", exc_info=True)  # noqa: G201 - what structlog is given
        return 2e5

    predict(ROW)
    first, second = told(stream)
    (record,) = records(tmp_path)
    assert first["mlmonitor"]["prediction"]["id"] == record["event"]["id"]
    assert first["message"] == "capped"
    assert first["labels"] == {"rule": "7", "to": "[email]"}
    assert second["error"]["type"] == "ZeroDivisionError"
    fields = components.ecs_fields()
    assert [ecs.problems(line, fields) for line in (first, second)] == [[], []]


def test_without_python_json_logger_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['pythonjsonlogger'] = None\n"
        "from mlmonitor import logs\n"
        "logs.configure()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'mlmonitor[logs]'" in done.stderr
