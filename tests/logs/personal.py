"""Sensitive and ordinary texts by the thousand, from a seed.

The makers of numbers know their rules from the other side than the detector's checks: they compute the
check digits. Phones and e-mail addresses are Faker's, of many countries.
"""

from __future__ import annotations

import base64
import json
import random
import string
from typing import TYPE_CHECKING

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable

_LOCALES = [
    "en_US",
    "en_GB",
    "de_DE",
    "fr_FR",
    "es_ES",
    "it_IT",
    "pl_PL",
    "pt_BR",
    "sv_SE",
    "nl_NL",
    "cs_CZ",
    "fi_FI",
]
_IDS = {"es_ES": "nif", "it_IT": "ssn", "pl_PL": "pesel", "pt_BR": "cpf", "en_US": "ssn"}
_SENTENCES = (
    "{}",
    "{}",
    "please use {}",
    "contact: {}.",
    "({})",
    "old value {}; new one unknown",
    "id={} ok",
)


def sensitive(kind: str, count: int) -> list[str]:
    """Texts that hold a value of a kind."""
    chance = random.Random(f"sensitive {kind}")
    Faker.seed(7)
    make = _MAKERS[kind]
    fakers = {name: Faker(name) for name in _LOCALES}
    return [chance.choice(_SENTENCES).format(make(chance, fakers)) for _ in range(count)]


def ordinary(count: int) -> list[str]:
    """Texts that hold nothing sensitive: words, dates, codes, numbers, paths, addresses of machines."""
    chance = random.Random("ordinary")
    Faker.seed(11)
    faker = Faker(_LOCALES)
    makers: list[Callable[[], str]] = [
        faker.sentence, faker.word, faker.city, faker.company, faker.job, faker.name, faker.street_address,
        faker.postcode, faker.color_name, faker.hex_color, faker.ipv4, faker.ipv6, faker.mac_address,
        faker.uuid4, faker.md5, faker.url, faker.file_path, faker.user_agent, faker.currency_code,
        faker.date, faker.iso8601, lambda: faker.date_time().strftime("%d.%m.%Y %H:%M"),
        lambda: f"{chance.uniform(-1e6, 1e6):.6f}", lambda: str(chance.randrange(10**9)),
        lambda: f"{chance.randrange(10**7):,}", lambda: f"SKU-{chance.randrange(10**6):06d}",
        lambda: f"order {chance.randrange(10**10)}", lambda: str(chance.randrange(1_700_000_000, 1_800_000_000)),
        lambda: f"v{chance.randrange(9)}.{chance.randrange(20)}.{chance.randrange(40)}",
        lambda: f"{chance.uniform(-90, 90):.5f}, {chance.uniform(-180, 180):.5f}",
    ]  # fmt: skip
    return [str(chance.choice(makers)()) for _ in range(count)]


def _card(chance: random.Random, _: object) -> str:
    prefix, length = chance.choice([("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15),
                                    ("6011", 16), ("3530", 16), ("36", 14)])  # fmt: skip
    digits = prefix + "".join(chance.choice(string.digits) for _ in range(length - len(prefix) - 1))
    total = sum(
        sum(map(int, str(int(d) * (1 + i % 2)))) for i, d in enumerate(reversed(digits + "0"))
    )
    digits += str(-total % 10)
    gap = chance.choice(["", " ", "-"])
    return gap.join(digits[i : i + 4] for i in range(0, length, 4))


def _iban(chance: random.Random, fakers: dict[str, Faker]) -> str:
    found = str(
        fakers[
            chance.choice(["de_DE", "fr_FR", "es_ES", "it_IT", "pl_PL", "nl_NL", "fi_FI"])
        ].iban()
    )
    return (
        found
        if chance.random() < 0.5
        else " ".join(found[i : i + 4] for i in range(0, len(found), 4))
    )


def _national_id(chance: random.Random, fakers: dict[str, Faker]) -> str:
    if chance.random() < 0.2:
        return f"A{chance.choice('ABCEHJ')}{chance.randrange(10**6):06d}{chance.choice('ABCD')}"
    locale = chance.choice(list(_IDS))
    return str(getattr(fakers[locale], _IDS[locale])())


def _letters(
    chance: random.Random, count: int, alphabet: str = string.ascii_letters + string.digits
) -> str:
    return "".join(chance.choice(alphabet) for _ in range(count))


def _api_key(chance: random.Random, _: object) -> str:
    return chance.choice([
        lambda: "AKIA" + _letters(chance, 16, string.ascii_uppercase + string.digits),
        lambda: "ghp_" + _letters(chance, 36),
        lambda: "xoxb-" + _letters(chance, 24),
        lambda: "AIza" + _letters(chance, 35),
        lambda: "sk_live_" + _letters(chance, 24),
        lambda: "glpat-" + _letters(chance, 20),
        lambda: "password=" + _letters(chance, 12),
        lambda: "Bearer " + _letters(chance, 32),
    ])()  # fmt: skip


def _jwt(chance: random.Random, _: object) -> str:
    parts = ({"alg": "HS256"}, {"sub": _letters(chance, 10), "iat": chance.randrange(10**9)})
    made = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    ]
    return ".".join([*made, _letters(chance, 43)])


def _private_key(chance: random.Random, _: object) -> str:
    kind = chance.choice(["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
    body = "\n".join(_letters(chance, 64) for _ in range(chance.randrange(1, 20)))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----"


_MAKERS: dict[str, Callable[[random.Random, dict[str, Faker]], str]] = {
    "email": lambda chance, fakers: fakers[chance.choice(_LOCALES)].email(),
    "phone": lambda chance, fakers: fakers[chance.choice(_LOCALES)].phone_number(),
    "card": _card,
    "iban": _iban,
    "national_id": _national_id,
    "api_key": _api_key,
    "jwt": _jwt,
    "private_key": _private_key,
}
KINDS = tuple(_MAKERS)
