"""How categories are written as label values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlmonitor import names

if TYPE_CHECKING:
    from mlmonitor.reference.model import Column

EMPTY: Final = "__empty__"
"""Label of the category "": to Prometheus an empty label is one that is not there."""


def category_labels(column: Column) -> tuple[str, ...]:
    """Labels of the column's categories in order, then `__other__` and `__unseen__`; all differ.

    A category is its own label, unless that is empty or taken: then `_` is appended.
    """
    taken = {names.OTHER, names.UNSEEN, *(column.categories or ())}
    labels = []
    for category in column.categories or ():
        label = category or EMPTY
        if label != category or label in {names.OTHER, names.UNSEEN}:
            while label in taken:
                label += "_"
            taken.add(label)
        labels.append(label)
    return (*labels, names.OTHER, names.UNSEEN)
