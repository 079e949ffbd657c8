"""What a person asked for has no meaning: options, files, values of parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heliograph.kernel.errors.root import HeliographError


class UsageError(HeliographError):
    """The command was called in a way that has no meaning."""

    code = "usage_invalid"


class ParameterMissing(UsageError):
    """The SQL has a placeholder for which no value was given."""

    code = "parameter_missing"


class ParameterSurplus(UsageError):
    """A value was given for which the SQL has no placeholder."""

    code = "parameter_surplus"


class ParametersMixed(UsageError):
    """The SQL, or the command, mixes ``$n`` with ``{{name}}``."""

    code = "parameters_mixed"


class PlaceholderInvalid(UsageError):
    """A ``{{...}}`` or ``[[...]]`` is not well formed."""

    code = "placeholder_invalid"


class FileInvalid(UsageError):
    """A file that was named cannot be read or does not say what it should."""

    code = "file_invalid"


class AlertFileInvalid(FileInvalid):
    """A file of alerts does not say what it should; ``problems`` lists every place."""

    code = "alert_file_invalid"

    def __init__(self, message: str, problems: Sequence[str], **fields: Any) -> None:
        super().__init__(message, **fields)
        self.problems = list(problems)


class NameUnknown(UsageError):
    """The file, or the state, has no alert or delivery of that name."""

    code = "name_unknown"


class UrlInvalid(UsageError):
    """A connection URL cannot be understood."""

    code = "url_invalid"
