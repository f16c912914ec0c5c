"""When rows arrived: a column of times as seconds since 1970."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mlmonitor.errors import ProfileError

if TYPE_CHECKING:
    from mlmonitor.reference.columns import Floats

# The years that nanoseconds since 1970 reach; 0001 and 9999 stand for "never", not for a time.
_FIRST, _LAST = 1678, 2261
_EARLIEST: Final = -9_214_560_000.0
_LATEST: Final = 9_214_646_400.0
_EPOCH: Final = pd.Timestamp(0, tz="UTC")
_SECOND: Final = pd.Timedelta(seconds=1)


def times_of(column: pd.Series[Any]) -> Floats:
    """Seconds since 1970, float64 of shape (rows,); NaN where there is no time.

    A time is a datetime, a text in ISO 8601 (in UTC where it names no zone), or a number: Unix seconds.

    Raises:
        ProfileError: a value is none of these, or not in the years 1678 to 2261.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _since_epoch(column, column)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _checked(column, column.to_numpy(dtype=np.float64, na_value=np.nan))
    codes, unique = pd.factorize(column.astype(object))
    texts = pd.Series([str(value) for value in unique], dtype=object)
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
    parsed = pd.to_datetime(
        texts.where(np.isnan(numbers)), format="ISO8601", utc=True, errors="coerce"
    )
    found = np.where(np.isnan(numbers), _since_epoch(column, parsed), numbers)
    if np.isnan(found).any():
        raise _no_time(column, texts[int(np.isnan(found).argmax())])
    return _checked(column, np.append(found, np.nan)[codes])


def _since_epoch(column: pd.Series[Any], moments: pd.Series[Any]) -> Floats:
    odd = ~moments.dt.year.between(_FIRST, _LAST) & moments.notna()
    if odd.any():
        raise _no_time(column, str(moments[odd].iloc[0]))
    moments = pd.to_datetime(moments, utc=True)
    return np.asarray(((moments - _EPOCH) / _SECOND).to_numpy(dtype=np.float64, na_value=np.nan))


def _checked(column: pd.Series[Any], seconds: Floats) -> Floats:
    odd = (seconds < _EARLIEST) | (seconds >= _LATEST)
    if odd.any():
        raise _no_time(column, f"{seconds[odd.argmax()]:.0f}")
    return seconds


def _no_time(column: pd.Series[Any], value: object) -> ProfileError:
    return ProfileError(
        f"--time {column.name}: {value!r} is no time; write ISO 8601, or Unix time in seconds, "
        f"of the years {_FIRST} to {_LAST}."
    )
