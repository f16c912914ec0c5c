from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest

from mlmonitor import MlmonitorError, names
from tests.logs.monitors import ROW, counted, lines, monitor, predict, records

if TYPE_CHECKING:
    from pathlib import Path

    from mlmonitor import Monitor

KEY = "0123456789abcdef0123"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("MLMONITOR_HASH_KEY", raising=False)


def marked(folder: Path, how: str, **settings: Any) -> Monitor:
    return monitor(folder, settings={"sensitive": {"note": how, "price": how}, **settings})


def test_a_marked_column_is_dropped_or_masked_and_counted(tmp_path):
    for how, expected in (("drop", None), ("mask", "***")):
        watch = marked(tmp_path / how, how)
        watch(predict)({**ROW, "note": "Ann"})
        (record,) = records(tmp_path / how)
        assert record["mlmonitor"]["inputs"].get("note") == expected
        assert record["mlmonitor"].get("outputs", {}).get("price") == expected
        assert record["mlmonitor"]["redacted"] == ["note", "price"]
        assert b"Ann" not in lines(tmp_path / how)[0]
        assert counted(watch, names.SENSITIVE, kind="marked", column="note") == 1


def test_a_hash_is_keyed_and_the_same_for_the_same_value(tmp_path, monkeypatch):
    monkeypatch.setenv("MLMONITOR_HASH_KEY", KEY)
    call = marked(tmp_path, "hash")(predict)
    for note in ("Ann", "Ann", "Bob", None):
        call({**ROW, "note": note})
    found = [r["mlmonitor"]["inputs"]["note"] for r in records(tmp_path)]
    assert found[0] == found[1] == hmac.new(KEY.encode(), b"Ann", hashlib.sha256).hexdigest()[:32]
    assert found[2] not in {found[0], None}
    assert found[3] is None


def test_the_key_comes_from_a_file_too(tmp_path):
    (tmp_path / "key").write_text(KEY + "\n")
    marked(tmp_path / "logs", "hash", hash_key_file=tmp_path / "key")(predict)(
        {**ROW, "note": "Ann"}
    )
    (record,) = records(tmp_path / "logs")
    assert (
        record["mlmonitor"]["inputs"]["note"]
        == hmac.new(KEY.encode(), b"Ann", "sha256").hexdigest()[:32]
    )


@pytest.mark.parametrize(
    ("key", "problem"),
    [(None, "needs a key"), ("short", "shorter than 16"), ("/nowhere", "cannot be read")],
)
def test_without_a_good_key_nothing_starts(key, problem, tmp_path, monkeypatch):
    given = {"hash_key_file": key} if key == "/nowhere" else {}
    if key == "short":
        monkeypatch.setenv("MLMONITOR_HASH_KEY", key)
    with pytest.raises(MlmonitorError, match=problem):
        marked(tmp_path, "hash", **given)


def test_an_exception_does_not_tell_what_a_marked_column_holds(tmp_path):
    watch = marked(tmp_path, "drop")

    @watch
    def failing(row):
        message = f"cannot read {row['note']!r}"
        raise ValueError(message)

    with pytest.raises(ValueError, match="Ann"):
        failing({**ROW, "note": "Ann Smith"})
    (line,) = lines(tmp_path)
    assert b"Smith" not in line
    assert json.loads(line)["error"]["message"] == "cannot read '***'"


@pytest.mark.parametrize(
    "value",
    ["write to ann@mail.example", ["ann@mail.example"], {"to": {"me": "ann@mail.example"}}, "x" * 4090 + " ann@mail.example"],
    ids=["text", "list", "object", "at the end"],
)  # fmt: skip
def test_what_nobody_marked_is_found_masked_and_counted(value, tmp_path):
    watch = monitor(tmp_path)
    watch(predict)({**ROW, "note": value})
    (line,) = lines(tmp_path)
    assert b"ann@" not in line
    assert json.loads(line)["mlmonitor"]["redacted"] == ["note"]
    assert counted(watch, names.SENSITIVE, kind="email", column="note") == 1


def test_batches_errors_and_unexpected_names_are_searched_too(tmp_path):
    watch = monitor(tmp_path)
    watch(lambda _: [1e5, 1e5])([{**ROW, "note": "ann@mail.example"}, ROW])
    watch(predict)({**ROW, "ann@mail.example": 1, "more": "ann@mail.example"})

    @watch
    def failing(_):
        message = "no such user ann@mail.example"
        raise LookupError(message)

    with pytest.raises(LookupError):
        failing(ROW)
    assert not [line for line in lines(tmp_path) if b"ann@" in line]
    assert counted(watch, names.SENSITIVE, kind="email", column="message") >= 3
    assert counted(watch, names.SENSITIVE, kind="email", column="note") == 1


def test_the_model_sees_what_it_was_given(tmp_path):
    row = {**ROW, "note": "ann@mail.example"}
    seen = []
    marked(tmp_path, "drop")(lambda given: seen.append(dict(given)) or 1e5)(row)
    assert seen == [row]


def test_the_detector_can_be_left_out(tmp_path):
    monitor(tmp_path, settings={"detect": False})(predict)({**ROW, "note": "ann@mail.example"})
    assert b"ann@mail.example" in lines(tmp_path)[0]
