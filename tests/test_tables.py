from __future__ import annotations

import json

import pandas as pd
import pytest

from mlmonitor.errors import ProfileError
from mlmonitor.tables import read_chunks


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _footer(whole: bytes) -> bytes:
    """The description at the end, with its length left as it is."""
    return whole[:-300] + bytes(292) + whole[-8:]


def _values(whole: bytes) -> bytes:
    """Pages that say of themselves how long they are."""
    return whole[:4] + b"\xff" * 200 + whole[204:]


@pytest.mark.parametrize("damaged", [_cut, _footer, _values])
def test_a_damaged_parquet_file_is_told_as_such(tmp_path, damaged):
    pytest.importorskip("pyarrow")
    path = tmp_path / "march.parquet"
    pd.DataFrame({"a": range(500)}).to_parquet(path)
    path.write_bytes(damaged(path.read_bytes()))
    with pytest.raises(ProfileError, match=r"march.parquet: is no readable Parquet file \("):
        list(read_chunks([path]))


def test_a_damaged_note_of_pandas_is_told_as_such(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "march.parquet"
    for note in (b"{", json.dumps({"columns": [{}], "index_columns": []}).encode()):
        table = pa.table({"a": [1]}).replace_schema_metadata({b"pandas": note})
        parquet.write_table(table, path)
        with pytest.raises(ProfileError, match="is no readable Parquet file"):
            list(read_chunks([path]))


def test_a_parquet_file_that_may_not_be_read_is_no_damaged_one(tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "march.parquet"
    pd.DataFrame({"a": range(5)}).to_parquet(path)
    monkeypatch.setattr(parquet, "ParquetFile", refuse)
    with pytest.raises(ProfileError, match=r"cannot be read .*Permission denied"):
        list(read_chunks([path]))
