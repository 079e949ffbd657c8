"""Errors become outcomes: what an evaluation found when the query gave no result."""

from __future__ import annotations

from heliograph.alerts.models import Outcome, OutcomeKind
from heliograph.kernel.errors import ConnectError, ConnectionLost, HeliographError, QueryTimedOut


def outcome_of_error(error: HeliographError) -> OutcomeKind:
    """Return the kind of outcome that an error of the query is. Never VALUE."""
    if isinstance(error, QueryTimedOut):
        return OutcomeKind.TIMEOUT
    if isinstance(error, ConnectError | ConnectionLost):
        return OutcomeKind.UNREACHABLE
    return OutcomeKind.QUERY_ERROR


def failed_outcome(error: HeliographError) -> Outcome:
    """Return the one outcome of an evaluation whose query failed.

    It has the key "": a failure is about the alert as a whole. The states of a rule's keys are left
    as they are, so that a server that is down is one notice and not one for each key.
    """
    return Outcome(kind=outcome_of_error(error), reason=error.message)
