"""Check digits, which tell numbers of cards, accounts and people from numbers by chance."""

from __future__ import annotations

from typing import Final

_IBAN_LENGTHS: Final = {
    code[:2]: int(code[2:])
    for code in [
        "AD24",
        "AE23",
        "AL28",
        "AT20",
        "AZ28",
        "BA20",
        "BE16",
        "BG22",
        "BH22",
        "BR29",
        "BY28",
        "CH21",
        "CR22",
        "CY28",
        "CZ24",
        "DE22",
        "DK18",
        "DO28",
        "EE20",
        "EG29",
        "ES24",
        "FI18",
        "FO18",
        "FR27",
        "GB22",
        "GE22",
        "GI23",
        "GL18",
        "GR27",
        "GT28",
        "HR21",
        "HU28",
        "IE22",
        "IL23",
        "IQ23",
        "IS26",
        "IT27",
        "JO30",
        "KW30",
        "KZ20",
        "LB28",
        "LC32",
        "LI21",
        "LT20",
        "LU20",
        "LV21",
        "LY25",
        "MC27",
        "MD24",
        "ME22",
        "MK19",
        "MR27",
        "MT31",
        "MU30",
        "NL18",
        "NO15",
        "PK24",
        "PL28",
        "PS29",
        "PT25",
        "QA29",
        "RO24",
        "RS22",
        "SA24",
        "SC31",
        "SE24",
        "SI19",
        "SK24",
        "SM27",
        "ST25",
        "SV28",
        "TL23",
        "TN24",
        "TR26",
        "UA29",
        "VA22",
        "VG24",
        "XK20",
    ]
}
_DNI_LETTERS: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_NIE_PREFIX: Final = str.maketrans("XYZ", "012")
_PESEL_WEIGHTS: Final = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
_FISCAL_ODD: Final = {
    character: value
    for characters, value in (
        ("0A", 1), ("1B", 0), ("2C", 5), ("3D", 7), ("4E", 9), ("5F", 13), ("6G", 15), ("7H", 17),
        ("8I", 19), ("9J", 21), ("K", 2), ("L", 4), ("M", 18), ("N", 20), ("O", 11), ("P", 3),
        ("Q", 6), ("R", 8), ("S", 12), ("T", 14), ("U", 16), ("V", 10), ("W", 22), ("X", 25),
        ("Y", 24), ("Z", 23),
    )
    for character in characters
}  # fmt: skip


def luhn(digits: str) -> bool:
    """Whether the last digit is right, as on cards."""
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(one), 10)) for one in even)) % 10 == 0


def iban_length(text: str) -> int:
    """How many characters an account number that begins so has; 0 for no country."""
    return _IBAN_LENGTHS.get(text[:2], 0)


def iban(text: str) -> bool:
    """Whether an account number without blanks is of its country's length and checks."""
    if len(text) != iban_length(text):
        return False
    return int("".join(str(int(one, 36)) for one in text[4:] + text[:4])) % 97 == 1


def dni(text: str) -> bool:
    """Whether the letter of a Spanish number, of a citizen or a foreigner, is right."""
    number = text[:-1].translate(_NIE_PREFIX)
    return len(text) == 9 and _DNI_LETTERS[int(number) % 23] == text[-1]  # noqa: PLR2004


def codice_fiscale(text: str) -> bool:
    """Whether the last letter of an Italian code is right."""
    even = (int(one, 36) - 10 * one.isalpha() for one in text[1:15:2])
    total = sum(_FISCAL_ODD[one] for one in text[0:15:2]) + sum(even)
    return chr(ord("A") + total % 26) == text[15]


def nir(text: str) -> bool:
    """Whether the key of a French number is right."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return 97 - int(number) % 97 == int(text[13:15])


def pesel(digits: str) -> bool:
    """Whether the last digit of a Polish number is right, and its month and day are some."""
    total = sum(weight * int(one) for weight, one in zip(_PESEL_WEIGHTS, digits[:10], strict=True))
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    return (10 - total % 10) % 10 == int(digits[10]) and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004


def cpf(digits: str) -> bool:
    """Whether both check digits of a Brazilian number are right."""
    if len(set(digits)) == 1:
        return False
    return all(
        sum((place + 1 - i) * int(one) for i, one in enumerate(digits[:place])) * 10 % 11 % 10
        == int(digits[place])
        for place in (9, 10)
    )
