"""The errors that a user of mlmonitor can meet."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class MlmonitorError(Exception):
    """Something the user can mend: one sentence that names the place, the problem and the fix.

    The command line prints it without a traceback and exits with status 2.
    """


class ConfigError(MlmonitorError):
    """A `monitoring.yaml` that cannot be used."""


class ProfileError(MlmonitorError):
    """A reference profile, or the data for one, that cannot be used."""


class GenerationError(MlmonitorError):
    """A spec, rule or dashboard that cannot be rendered."""


class InstallError(MlmonitorError):
    """A server that did not take what was generated."""


@contextmanager
def placed(place: object, failure: type[MlmonitorError] | None = None) -> Iterator[None]:
    """Put the place in front of an error that is raised within, as `failure` if that is given.

    Raises:
        MlmonitorError: what was raised within, with the place.
    """
    try:
        yield
    except MlmonitorError as error:
        message = f"{place}: {error}"
        raise (failure or type(error))(message) from error
