from __future__ import annotations

from mlmonitor.reference.labels import category_labels
from tests.references import categorical


def test_a_category_is_its_own_label() -> None:
    column = categorical("c", {"a": 2, 'b "quoted"': 1})
    assert category_labels(column) == ("a", 'b "quoted"', "__other__", "__unseen__")


def test_an_empty_or_reserved_category_gets_a_label_of_its_own() -> None:
    column = categorical("c", {"__other__": 3, "": 2, "__empty__": 1, "__other___": 1})
    assert category_labels(column) == (
        "__other____", "__empty___", "__empty__", "__other___", "__other__", "__unseen__",
    )  # fmt: skip
