"""The shapes that the alert core passes around: results in, outcomes, states and notices out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal


class OutcomeKind(StrEnum):
    """What an evaluation found. Only VALUE has a verdict; the others are not "all is well"."""

    VALUE = "value"
    NO_ROWS = "no_rows"
    NULL = "null"
    WRONG_TYPE = "wrong_type"
    QUERY_ERROR = "query_error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"


class StateKind(StrEnum):
    """Where an alert, or one key of it, stands."""

    OK = "ok"
    PENDING = "pending"  # firing or failing, but not yet `for_count` evaluations in a row
    ALERTING = "alerting"
    NO_DATA = "no_data"
    ERROR = "error"


class NoticeKind(StrEnum):
    """What people are told. The value is the ``type`` of a webhook's body."""

    FIRING = "alert.firing"
    RESOLVED = "alert.resolved"
    ERROR = "alert.error"
    NO_DATA = "alert.no_data"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What the query gave, as far as rules look: the database's text of each value, NULL as None.

    ``is_numeric`` tells per column whether its type is a number, so that ``'12'`` in a text column
    is no number. ``rows`` may be cut; ``row_count`` counts what was read.
    """

    columns: Sequence[str]
    is_numeric: Sequence[bool]
    rows: Sequence[Sequence[str | None]]
    row_count: int
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of judging one key once. ``key`` is "" for a rule without key columns.

    In a rule with key columns, "" stands for the alert as a whole: that its query failed, or gave
    nothing at all. ``is_firing`` is the verdict, for VALUE only; None is a value without a verdict
    (nothing to compare with). ``value`` is what was compared (for ``change``, the change),
    ``measured`` what ``change`` will compare with next time. ``reason`` is one plain sentence for
    a person. ``is_absent`` says that no row of the result has this key.
    """

    kind: OutcomeKind
    key: str = ""
    is_firing: bool | None = False
    value: Decimal | None = None
    measured: Decimal | None = None
    threshold: Decimal | None = None
    reason: str = ""
    row_indexes: Sequence[int] = ()  # the rows that the verdict is about
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class AlertState:
    """What is remembered of one key between evaluations."""

    kind: StateKind = StateKind.OK
    since: datetime | None = None  # when this kind began
    consecutive: int = 0  # firing evaluations in a row; a failed one neither counts nor resets
    failures: int = 0  # evaluations in a row that could not be judged
    measured: Decimal | None = None  # the last value, for `change`
    last_value: Decimal | None = None
    notified_kind: StateKind = StateKind.OK  # what people believe: the last state they were told
    notified_at: datetime | None = None
    fired_at: datetime | None = None  # the last firing notice: its cooldown runs from here
    failed_at: datetime | None = None  # the last error or no-data notice, likewise
    repeat: int = 0  # how many reminders followed the last change of what people were told
    muted_notice: bool = False  # something was held back by a mute


@dataclass(frozen=True, slots=True)
class Policy:
    """How outcomes become states and notices."""

    for_count: int = 1
    cooldown: timedelta | None = None
    renotify: timedelta | None = None
    on_no_data: Literal["alert", "ok", "keep"] = "alert"
    on_error: Literal["alert", "keep"] = "alert"
    is_digest: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state, and what to tell people: at most one notice per key and evaluation.

    ``reason`` says why they are told, or why a notice is held back. ``is_forgettable`` says that
    the key has left the result and nothing of its state matters any more: it may be deleted.
    """

    state: AlertState
    notice: NoticeKind | None = None
    reason: str = ""
    is_forgettable: bool = False
