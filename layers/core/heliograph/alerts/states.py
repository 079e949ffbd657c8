"""The state machine: an outcome and what is remembered, in; the next state and a notice, out.

Two things are kept apart in `AlertState`: ``kind`` is how it is, ``notified_kind`` is what people
were told last. A notice is whatever brings the second in line with the first, unless a mute or a
cooldown holds it back; then a later evaluation does. So nothing held back has to be remembered.
``docs/reference/alert-rules.md`` draws the states.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import Enum, auto

from heliograph.alerts.models import (
    AlertState,
    NoticeKind,
    Outcome,
    OutcomeKind,
    Policy,
    StateKind,
    Transition,
)

_NOTICE_OF = {
    StateKind.ALERTING: NoticeKind.FIRING,
    StateKind.NO_DATA: NoticeKind.NO_DATA,
    StateKind.ERROR: NoticeKind.ERROR,
}
_STATE_TOLD_BY = {
    **{notice: kind for kind, notice in _NOTICE_OF.items()},
    NoticeKind.RESOLVED: StateKind.OK,
    NoticeKind.DIGEST: StateKind.OK,
}
_FAILED = (StateKind.NO_DATA, StateKind.ERROR)


class _Reading(Enum):
    """What an outcome means under a policy."""

    FIRING = auto()
    CALM = auto()
    UNDECIDED = auto()  # a value, but no verdict
    NO_DATA = auto()
    ERROR = auto()
    KEPT_NO_DATA = auto()
    KEPT_ERROR = auto()


_JUDGED = (_Reading.FIRING, _Reading.CALM, _Reading.UNDECIDED)


def advance(
    policy: Policy, state: AlertState, outcome: Outcome, now: datetime, *, is_muted: bool
) -> Transition:
    """Return the state after ``outcome`` and the notice that people are to get, if any.

    Never raises, never more than one notice. A notice that is returned counts as told: whoever
    stores the state must store the notice with it. ``now`` must be aware and not go backwards.
    """
    reading = _read(policy, outcome)
    moved = _move(policy, state, reading, now)
    moved = replace(
        moved,
        measured=moved.measured if outcome.measured is None else outcome.measured,
        last_value=moved.last_value if outcome.value is None else outcome.value,
    )
    wanted = _wanted_notice(policy, moved, reading, now)
    is_held = wanted is not None and _is_cooling(policy, moved, wanted, now)
    notice = None if is_muted or is_held else wanted
    waits = wanted not in (None, NoticeKind.DIGEST) or state.muted_notice
    moved = replace(moved, muted_notice=is_muted and waits)
    if notice is not None:
        moved = _tell(moved, notice, now)
    return Transition(
        state=moved,
        notice=notice,
        reason=_reason(policy, state, outcome, wanted, notice, is_muted=is_muted),
        is_forgettable=_is_forgettable(policy, moved, outcome, now),
    )


def _read(policy: Policy, outcome: Outcome) -> _Reading:
    if outcome.kind is OutcomeKind.VALUE:
        if outcome.is_firing is None:
            return _Reading.UNDECIDED
        return _Reading.FIRING if outcome.is_firing else _Reading.CALM
    if outcome.kind in (OutcomeKind.NO_ROWS, OutcomeKind.NULL):
        return {
            "alert": _Reading.NO_DATA,
            "ok": _Reading.CALM,
            "keep": _Reading.KEPT_NO_DATA,
        }[policy.on_no_data]
    return _Reading.ERROR if policy.on_error == "alert" else _Reading.KEPT_ERROR


def _move(policy: Policy, state: AlertState, reading: _Reading, now: datetime) -> AlertState:
    """Return the state with its kind and its counts moved on; nothing about notices."""
    consecutive, failures = state.consecutive, state.failures
    if reading is _Reading.FIRING and not policy.is_digest:
        consecutive += 1
    elif reading in (_Reading.CALM, _Reading.FIRING):
        consecutive = 0
    if reading in _JUDGED:
        failures = 0
    elif reading is not _Reading.KEPT_NO_DATA:
        failures += 1
    kind = _next_kind(policy, state.kind, reading, consecutive, failures)
    has_changed = kind is not state.kind or state.since is None
    return replace(
        state,
        kind=kind,
        since=now if has_changed else state.since,
        consecutive=consecutive,
        failures=failures,
    )


def _next_kind(
    policy: Policy, kind: StateKind, reading: _Reading, consecutive: int, failures: int
) -> StateKind:
    if reading in (_Reading.KEPT_NO_DATA, _Reading.KEPT_ERROR):
        return kind
    if reading in (_Reading.NO_DATA, _Reading.ERROR):
        if failures >= policy.for_count or kind in _FAILED:
            return StateKind.ERROR if reading is _Reading.ERROR else StateKind.NO_DATA
        return StateKind.PENDING if kind is StateKind.OK else kind
    # A value. Without a verdict the count of firing ones stands, and the state follows from it.
    if not consecutive:
        return StateKind.OK
    if consecutive >= policy.for_count or kind is StateKind.ALERTING:
        return StateKind.ALERTING
    return StateKind.PENDING


def _wanted_notice(
    policy: Policy, state: AlertState, reading: _Reading, now: datetime
) -> NoticeKind | None:
    """Return what people should be told now, before mutes and cooldowns are looked at."""
    if policy.is_digest and reading is _Reading.FIRING:
        return NoticeKind.DIGEST
    if state.kind is StateKind.OK:
        # Only a value may say that all is well again.
        is_news = state.notified_kind is not StateKind.OK and reading in _JUDGED
        return NoticeKind.RESOLVED if is_news else None
    notice = _NOTICE_OF.get(state.kind)
    if notice is None or state.kind is not state.notified_kind:
        return notice
    told_at = state.notified_at
    is_due = policy.renotify is not None and (told_at is None or now - told_at >= policy.renotify)
    return notice if is_due else None


def _is_cooling(policy: Policy, state: AlertState, notice: NoticeKind, now: datetime) -> bool:
    """Say whether the cooldown of such a notice still runs. Good news and digests have none."""
    if notice is NoticeKind.FIRING:
        last = state.fired_at
    elif notice in (NoticeKind.ERROR, NoticeKind.NO_DATA):
        last = state.failed_at
    else:
        return False
    return policy.cooldown is not None and last is not None and now - last < policy.cooldown


def _tell(state: AlertState, notice: NoticeKind, now: datetime) -> AlertState:
    told = _STATE_TOLD_BY[notice]
    is_reminder = told is state.notified_kind and told is not StateKind.OK
    return replace(
        state,
        notified_kind=told,
        notified_at=now,
        repeat=state.repeat + 1 if is_reminder else 0,
        fired_at=now if notice is NoticeKind.FIRING else state.fired_at,
        failed_at=now if told in _FAILED else state.failed_at,
        muted_notice=False,
    )


def _reason(
    policy: Policy,
    before: AlertState,
    outcome: Outcome,
    wanted: NoticeKind | None,
    notice: NoticeKind | None,
    *,
    is_muted: bool,
) -> str:
    if wanted is None:
        return outcome.reason
    if notice is None:
        why = "the alert is muted" if is_muted else f"the cooldown of {policy.cooldown} runs"
        return f"{outcome.reason} Not told, because {why}.".strip()
    if before.muted_notice and notice is not NoticeKind.DIGEST:
        return f"{outcome.reason} Held back while the alert was muted.".strip()
    return outcome.reason


def _is_forgettable(policy: Policy, state: AlertState, outcome: Outcome, now: datetime) -> bool:
    """Say whether this state may be deleted: the key is gone, all is told, nothing still runs.

    What `change` has measured goes with it, unless ``on_no_data`` keeps: a key that comes back is
    then measured for the first time.
    """
    if not outcome.is_absent or state.kind is not StateKind.OK:
        return False
    is_settled = state.notified_kind is StateKind.OK and not state.consecutive
    needs_measured = state.measured is not None and policy.on_no_data == "keep"
    is_cooling = any(
        _is_cooling(policy, state, notice, now) for notice in (NoticeKind.FIRING, NoticeKind.ERROR)
    )
    return is_settled and not needs_measured and not is_cooling
