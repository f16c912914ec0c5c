"""The errors that a user of mlmonitor can meet."""

from __future__ import annotations


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
