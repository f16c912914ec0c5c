from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmonitor import names
from mlmonitor.logs.detector import found, masked
from tests.logs.personal import KINDS, ordinary, sensitive

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-def_1"
PRIVATE_KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow/+=\nabc\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "jöhn.doe+x@mail.example.co.uk"),
        ("phone", "+49 30 1234567"),
        ("phone", "0049 (0)30 1234567"),
        ("phone", "(202) 555-0143"),
        ("phone", "202.555.0143"),
        ("phone", "01 23 45 67 89"),
        ("phone", "(+358) 751361341"),
        ("phone", "08-37 73 56"),
        ("phone", "15 9528-8314"),
        ("card", "4111 1111 1111 1111"),
        ("card", "378282246310005"),
        ("card", "5555-5555-5555-4444"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "GB82WEST12345698765432"),
        ("iban", "MT84MALT011000012345MTLCAST001S"),
        ("national_id", "078-05-1120"),
        ("national_id", "AB 12 34 56 C"),
        ("national_id", "12345678Z"),
        ("national_id", "X1234567L"),
        ("national_id", "RSSMRA85T10A562S"),
        ("national_id", "2 55 08 14 168 025 38"),
        ("national_id", "44051401359"),
        ("national_id", "529.982.247-25"),
        ("national_id", "811228-9874"),
        ("api_key", "AKIAIOSFODNN7EXAMPLE"),
        ("api_key", "ghp_" + "a1B2" * 9),
        ("api_key", "sk_live_" + "a1B2" * 5),
        ("jwt", JWT),
        ("private_key", PRIVATE_KEY),
    ],
)
def test_each_kind_is_found_alone_and_in_a_sentence(kind, value):
    assert masked(value) == (f"[{kind}]", [kind])
    assert masked(f"it is {value}, as they say") == (f"it is [{kind}], as they say", [kind])
    assert masked(f"({value})")[1] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2hunter", "Authorization: Bearer abcdefghijklmnopqrst",
        'api_key: "abcdefgh12345678"', "SECRET=abcdefgh",
    ],
)  # fmt: skip
def test_what_is_named_a_secret_is_one(text):
    clean, kinds = masked(text)
    assert kinds == ["api_key"]
    assert "abcdefgh" not in clean
    assert "hunter2" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "", "v3", "2024-01-02", "2024-01-02T10:11:12.123456Z", "02.01.2024 10:11", "3.14159265358979",
        "12,345,678.90", "192.168.100.200", "550e8400-e29b-41d4-a716-446655440000", "id 123456789012",
        "4111 1111 1111 1112", "DE89370400440532013001", "12345678A", "978-3-16-148410-0",
        "41.40338, 2.17403", "#1234567", "build 20240102.3", "a@b", "@home", "token", "x" * 500,
        "0000000000000000", "1f3870be274f6c49b3e31a0c6728957f", "+1", "10 000 000 EUR", "1,000,000,000",
        "season 12 2019-2020", "799 898 347", "0166308242",
    ],
)  # fmt: skip
def test_what_is_none_of_it_stays(text):
    assert masked(text) == (text, [])


def test_several_are_found_each_by_its_kind():
    text = f"me@mail.example, +49 30 1234567; 4111 1111 1111 1111 {JWT}"
    assert masked(text)[0] == "[email], [phone]; [card] [jwt]"


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_nothing_more_is_found_in_a_text_that_was_masked(text):
    clean, kinds = masked(text)
    assert masked(clean)[0] == clean
    assert bool(kinds) <= found(text)
    assert set(kinds) <= set(names.SENSITIVE_KINDS)


@given(st.text(alphabet="0123456789ABCDEFabcdef@.-+ ()/_=:\n", max_size=2_000))
@settings(max_examples=200, deadline=2_000)
def test_no_text_takes_long(text):
    masked(text * 3)


@pytest.mark.parametrize(
    "unit",
    ["a@", "1 ", "1-", "+1 ", "a.", "@a.", "00", "eyJa.", "token=", "-----BEGIN PRIVATE KEY-----", "A1 ", "AB12 ",
     "(0", "0(", "sk-", "aaa@aaa."],
)  # fmt: skip
def test_no_repetition_makes_a_pattern_wander(unit):
    started = time.perf_counter()
    masked(unit * (20_000 // len(unit)))
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("kind", KINDS)
def test_of_generated_values_as_many_are_found_as_the_documentation_says(kind):
    values = sensitive(kind, 2_000)
    missed = sum(kind not in masked(value)[1] for value in values)
    assert missed / len(values) <= LIMITS[kind]


def test_of_generated_ordinary_texts_as_few_are_taken_as_the_documentation_says():
    values = ordinary(20_000)
    taken = [value for value in values if masked(value)[1]]
    assert len(taken) / len(values) <= 0.0002, taken[:20]


LIMITS = {"email": 0.0, "phone": 0.16, "card": 0.0, "iban": 0.0, "national_id": 0.0, "api_key": 0.0,
          "jwt": 0.0, "private_key": 0.0}  # fmt: skip


def test_what_the_documentation_says_of_the_detector_is_what_was_measured():
    page = (Path(__file__).parents[2] / "docs" / "logs.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) % \|$", page, re.MULTILINE))
    assert set(rows) == set(KINDS)
    for kind, told in rows.items():
        values = sensitive(kind, 2_000)
        missed = sum(kind not in masked(value)[1] for value in values)
        assert float(told) == pytest.approx(100 * missed / len(values), abs=2.0)
