"""The state machine: what people are told, when, and that they never believe the wrong thing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heliograph.alerts.models import (
    AlertState,
    NoticeKind,
    Outcome,
    OutcomeKind,
    Policy,
    StateKind,
    Transition,
)
from heliograph.alerts.states import advance

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
STEP = timedelta(minutes=5)

FIRES = Outcome(OutcomeKind.VALUE, is_firing=True, value=Decimal(5), reason="5 is too much.")
CALM = Outcome(OutcomeKind.VALUE, value=Decimal(1))
UNDECIDED = Outcome(OutcomeKind.VALUE, is_firing=None, measured=Decimal(1))
EMPTY = Outcome(OutcomeKind.NO_ROWS)
NULL = Outcome(OutcomeKind.NULL)
BROKEN = Outcome(OutcomeKind.QUERY_ERROR)
SLOW = Outcome(OutcomeKind.TIMEOUT)
DOWN = Outcome(OutcomeKind.UNREACHABLE)
TEXT = Outcome(OutcomeKind.WRONG_TYPE)

FIRING, RESOLVED = NoticeKind.FIRING, NoticeKind.RESOLVED
ERROR, NO_DATA, DIGEST = NoticeKind.ERROR, NoticeKind.NO_DATA, NoticeKind.DIGEST


def run(policy, *steps, state=None):
    """Advance five minutes a step. A step is an outcome, or (outcome, "muted")."""
    transitions, state = [], state or AlertState()
    for number, step in enumerate(steps):
        outcome, *mute = step if isinstance(step, tuple) else (step,)
        moved = advance(policy, state, outcome, START + number * STEP, is_muted=bool(mute))
        transitions.append(moved)
        state = moved.state
    return transitions


def notices(policy, *steps):
    return [transition.notice for transition in run(policy, *steps)]


def kinds(policy, *steps):
    return [str(transition.state.kind) for transition in run(policy, *steps)]


def muted(outcome):
    return (outcome, "muted")


# Firing, `for` and recovery


def test_an_alert_fires_once_and_resolves_once():
    steps = [CALM, FIRES, FIRES, CALM, CALM]
    assert notices(Policy(), *steps) == [None, FIRING, None, RESOLVED, None]
    assert kinds(Policy(), *steps) == ["ok", "alerting", "alerting", "ok", "ok"]


def test_for_wants_firing_evaluations_in_a_row():
    policy = Policy(for_count=3)
    steps = [FIRES, FIRES, CALM, FIRES, FIRES, FIRES]
    assert notices(policy, *steps) == [None, None, None, None, None, FIRING]
    assert kinds(policy, *steps) == ["pending", "pending", "ok", "pending", "pending", "alerting"]


def test_a_longer_for_does_not_end_an_alert_that_fires_already():
    fired = run(Policy(), FIRES)[-1].state
    moved = run(Policy(for_count=5), FIRES, CALM, state=fired)
    assert [t.state.kind for t in moved] == [StateKind.ALERTING, StateKind.OK]


def test_a_failed_evaluation_neither_counts_nor_resets_the_firing_ones():
    policy = Policy(for_count=2)
    assert notices(policy, FIRES, DOWN, FIRES) == [None, None, FIRING]
    assert notices(policy, FIRES, DOWN, CALM, FIRES) == [None, None, None, None]


def test_nobody_hears_of_a_recovery_from_what_they_were_never_told():
    assert notices(Policy(for_count=2), FIRES, CALM) == [None, None]
    assert notices(Policy(), muted(FIRES), CALM) == [None, None]


def test_since_is_when_the_state_began():
    transitions = run(Policy(), CALM, FIRES, FIRES)
    assert [t.state.since for t in transitions] == [START, START + STEP, START + STEP]


def test_a_value_without_a_verdict_changes_nothing_and_is_remembered():
    transitions = run(Policy(), UNDECIDED, FIRES, UNDECIDED, CALM)
    assert [t.notice for t in transitions] == [None, FIRING, None, RESOLVED]
    assert transitions[2].state.kind is StateKind.ALERTING
    assert transitions[2].state.measured == 1
    assert transitions[2].state.last_value == 5


def test_a_value_without_a_verdict_ends_an_error():
    assert notices(Policy(), BROKEN, UNDECIDED) == [ERROR, RESOLVED]
    assert kinds(Policy(), FIRES, BROKEN, UNDECIDED) == ["alerting", "error", "alerting"]


# Could not evaluate is never "all is well"


@pytest.mark.parametrize("failure", [BROKEN, SLOW, DOWN, TEXT])
def test_an_error_is_told_and_its_end_too(failure):
    assert notices(Policy(), failure, failure, CALM, CALM) == [ERROR, None, RESOLVED, None]


@pytest.mark.parametrize("failure", [BROKEN, SLOW, DOWN, TEXT, EMPTY, NULL])
def test_a_failure_while_alerting_never_resolves(failure):
    for policy in (Policy(), Policy(for_count=3), Policy(on_no_data="keep", on_error="keep")):
        told = notices(policy, FIRES, FIRES, FIRES, failure, failure, failure, failure)
        assert RESOLVED not in told
        assert FIRING in told


def test_an_error_after_firing_is_told_and_so_is_the_return():
    steps = [FIRES, BROKEN, FIRES, BROKEN, CALM]
    assert notices(Policy(), *steps) == [FIRING, ERROR, FIRING, ERROR, RESOLVED]


def test_for_applies_to_errors_so_that_one_lost_connection_is_quiet():
    policy = Policy(for_count=2)
    assert notices(policy, CALM, DOWN, CALM, DOWN, DOWN) == [None, None, None, None, ERROR]
    assert kinds(policy, CALM, DOWN, DOWN) == ["ok", "pending", "error"]


def test_on_error_keep_says_nothing_and_still_counts():
    policy = Policy(on_error="keep")
    transitions = run(policy, CALM, DOWN, DOWN)
    assert [t.notice for t in transitions] == [None, None, None]
    assert transitions[-1].state.kind is StateKind.OK
    assert transitions[-1].state.failures == 2


@pytest.mark.parametrize("nothing", [EMPTY, NULL])
def test_no_data_goes_by_its_policy(nothing):
    steps = [FIRES, nothing, CALM]
    assert notices(Policy(on_no_data="alert"), *steps) == [FIRING, NO_DATA, RESOLVED]
    assert notices(Policy(on_no_data="ok"), *steps) == [FIRING, RESOLVED, None]
    assert notices(Policy(on_no_data="keep"), *steps) == [FIRING, None, RESOLVED]
    assert kinds(Policy(on_no_data="keep"), *steps) == ["alerting", "alerting", "ok"]


def test_on_no_data_keep_leaves_the_counts_alone():
    policy = Policy(for_count=2, on_no_data="keep")
    assert notices(policy, FIRES, EMPTY, FIRES) == [None, None, FIRING]
    assert notices(policy, EMPTY, EMPTY, DOWN) == [None, None, None]


# Cooldown, reminders


def test_a_flapping_alert_fires_once_in_a_cooldown_and_tells_what_still_holds_at_its_end():
    policy = Policy(cooldown=4 * STEP)
    steps = [FIRES, CALM, FIRES, CALM, FIRES, FIRES]
    assert notices(policy, *steps) == [FIRING, RESOLVED, None, None, FIRING, None]


def test_each_firing_notice_begins_a_cooldown_of_its_own():
    policy = Policy(cooldown=3 * STEP)
    steps = [FIRES, CALM, CALM, FIRES, CALM, FIRES, FIRES]
    assert notices(policy, *steps) == [FIRING, RESOLVED, None, FIRING, RESOLVED, None, FIRING]


def test_a_held_back_notice_that_no_longer_holds_is_not_told():
    policy = Policy(cooldown=4 * STEP)
    steps = [FIRES, CALM, FIRES, FIRES, CALM, CALM]
    assert notices(policy, *steps) == [FIRING, RESOLVED, None, None, None, None]


def test_the_reason_says_why_a_notice_is_held_back():
    held = run(Policy(cooldown=4 * STEP), FIRES, CALM, FIRES)[-1]
    assert held.reason == "5 is too much. Not told, because the cooldown of 0:20:00 runs."
    quiet = run(Policy(), muted(FIRES))[-1]
    assert quiet.reason == "5 is too much. Not told, because the alert is muted."


def test_a_cooldown_does_not_hold_back_the_first_error_nor_a_recovery():
    policy = Policy(cooldown=9 * STEP)
    steps = [FIRES, BROKEN, CALM, BROKEN, CALM]
    assert notices(policy, *steps) == [FIRING, ERROR, RESOLVED, None, None]


@pytest.mark.parametrize(
    ("outcome", "notice"), [(FIRES, FIRING), (BROKEN, ERROR), (EMPTY, NO_DATA)]
)
def test_reminders_come_while_the_state_lasts_and_are_counted(outcome, notice):
    transitions = run(Policy(renotify=2 * STEP), *[outcome] * 5, CALM)
    told = [t.notice for t in transitions]
    assert told == [notice, None, notice, None, notice, RESOLVED]
    assert [t.state.repeat for t in transitions] == [0, 0, 1, 1, 2, 0]


def test_a_reminder_waits_for_the_cooldown():
    policy = Policy(renotify=STEP, cooldown=3 * STEP)
    assert notices(policy, *[FIRES] * 4) == [FIRING, None, None, FIRING]


def test_there_are_no_reminders_unless_asked_for():
    assert notices(Policy(), *[FIRES] * 50).count(FIRING) == 1


# Mute


def test_a_mute_tells_nothing_and_what_differs_is_told_after_it():
    assert notices(Policy(), muted(FIRES), muted(FIRES), FIRES) == [None, None, FIRING]
    assert notices(Policy(), FIRES, muted(CALM), CALM) == [FIRING, None, RESOLVED]
    assert notices(Policy(), FIRES, muted(BROKEN), BROKEN) == [FIRING, None, ERROR]
    assert notices(Policy(), FIRES, muted(CALM), muted(FIRES), FIRES) == [FIRING, None, None, None]


def test_a_mute_that_held_something_back_says_so():
    transitions = run(Policy(), muted(FIRES), FIRES, FIRES)
    assert [t.state.muted_notice for t in transitions] == [True, False, False]
    assert "Held back while the alert was muted." in transitions[1].reason
    assert run(Policy(), muted(CALM))[0].state.muted_notice is False


def test_after_a_mute_a_failed_evaluation_does_not_tell_a_recovery_but_the_next_value_does():
    policy = Policy(on_error="keep")
    assert notices(policy, FIRES, muted(CALM), DOWN, CALM) == [FIRING, None, None, RESOLVED]


# Digest


def test_a_digest_is_sent_at_each_evaluation_and_a_muted_one_is_not_made_up_for():
    policy = Policy(is_digest=True)
    transitions = run(policy, FIRES, muted(FIRES), FIRES)
    assert [t.notice for t in transitions] == [DIGEST, None, DIGEST]
    assert {t.state.kind for t in transitions} == {StateKind.OK}
    assert transitions[1].state.muted_notice is False


def test_an_error_of_a_digest_follows_on_error():
    assert notices(Policy(is_digest=True), BROKEN, BROKEN, FIRES, BROKEN) == [
        ERROR,
        None,
        DIGEST,
        ERROR,
    ]
    assert notices(Policy(is_digest=True, on_error="keep"), BROKEN, FIRES) == [None, DIGEST]


def test_a_digest_with_keys_says_when_the_alert_as_a_whole_works_again():
    assert notices(Policy(is_digest=True), BROKEN, CALM, CALM) == [ERROR, RESOLVED, None]


# Keys that are gone


def test_a_key_that_is_gone_may_be_forgotten_only_when_all_is_told():
    gone = replace(CALM, is_absent=True)
    assert run(Policy(), CALM, gone)[-1].is_forgettable
    assert not run(Policy(), CALM, CALM)[-1].is_forgettable
    assert run(Policy(), FIRES, gone)[-1].is_forgettable  # resolved in this very step
    assert not run(Policy(), FIRES, muted(gone))[-1].is_forgettable
    assert not run(Policy(cooldown=9 * STEP), FIRES, gone)[-1].is_forgettable
    empty = replace(EMPTY, is_absent=True)
    assert not run(Policy(), CALM, empty)[-1].is_forgettable
    assert run(Policy(on_no_data="ok"), CALM, empty)[-1].is_forgettable
    keeping = Policy(on_no_data="keep")
    assert run(keeping, CALM, empty)[-1].is_forgettable
    assert not run(keeping, UNDECIDED, empty)[-1].is_forgettable


# Properties, over any sequence

OUTCOMES = st.sampled_from(
    [FIRES, FIRES, FIRES, CALM, CALM, UNDECIDED, EMPTY, NULL, BROKEN, SLOW, DOWN, TEXT]
)
DURATIONS = st.none() | st.sampled_from([STEP / 2, STEP, 3 * STEP, 10 * STEP])
POLICIES = st.builds(
    Policy,
    for_count=st.integers(1, 3),
    cooldown=DURATIONS,
    renotify=DURATIONS,
    on_no_data=st.sampled_from(["alert", "ok", "keep"]),
    on_error=st.sampled_from(["alert", "keep"]),
    is_digest=st.booleans(),
)
STEPS = st.lists(
    st.tuples(OUTCOMES, st.sampled_from([False, False, True]), st.integers(0, 4)), max_size=40
)
TOLD_BAD = {FIRING: StateKind.ALERTING, ERROR: StateKind.ERROR, NO_DATA: StateKind.NO_DATA}


def play(policy, steps) -> tuple[list[tuple[datetime, bool, Outcome, Transition]], datetime]:
    """Return every step with its time, and the time after the last."""
    log, state, now = [], AlertState(), START
    for outcome, is_muted, pause in steps:
        now += pause * STEP
        transition = advance(policy, state, outcome, now, is_muted=is_muted)
        assert transition == advance(policy, state, outcome, now, is_muted=is_muted)
        log.append((now, is_muted, outcome, transition))
        state = transition.state
    return log, now


@settings(max_examples=250, deadline=None)
@given(POLICIES, STEPS)
def test_what_people_believe_is_the_last_notice_and_a_recovery_has_something_before_it(
    policy, steps
):
    believed = StateKind.OK
    for _, is_muted, outcome, transition in play(policy, steps)[0]:
        notice = transition.notice
        if notice is RESOLVED:
            assert believed is not StateKind.OK
            assert transition.state.kind is StateKind.OK
            may_calm = policy.on_no_data == "ok" and outcome in (EMPTY, NULL)
            assert outcome.kind is OutcomeKind.VALUE or may_calm
        if notice is not None:
            assert not is_muted
            believed = TOLD_BAD.get(notice, StateKind.OK)
        assert transition.state.notified_kind is believed
        assert (notice is DIGEST) <= policy.is_digest


@settings(max_examples=250, deadline=None)
@given(POLICIES, STEPS)
def test_never_two_firing_notices_within_a_cooldown(policy, steps):
    log, _ = play(policy, steps)
    for wanted in ({FIRING}, {ERROR, NO_DATA}):
        times = [now for now, _, _, transition in log if transition.notice in wanted]
        for earlier, later in pairwise(times):
            assert policy.cooldown is None or later - earlier >= policy.cooldown


@settings(max_examples=250, deadline=None)
@given(POLICIES, STEPS, OUTCOMES)
def test_once_cooldown_and_mute_are_over_the_next_evaluation_tells_how_it_is(policy, steps, last):
    log, now = play(policy, steps)
    state = log[-1][3].state if log else AlertState()
    later = now + (policy.cooldown or STEP)
    after = advance(policy, state, last, later, is_muted=False).state
    is_judged = last.kind is OutcomeKind.VALUE or (
        policy.on_no_data == "ok" and last.kind in (OutcomeKind.NO_ROWS, OutcomeKind.NULL)
    )
    waits_for_more = after.kind is StateKind.PENDING
    waits_for_a_value = after.kind is StateKind.OK and not is_judged
    if not waits_for_more and not waits_for_a_value:
        assert after.notified_kind is after.kind
    # Whatever it waits for: the same outcome again, `for` times, settles it.
    for number in range(1, policy.for_count + 1):
        moment = later + number * (policy.cooldown or STEP)
        after = advance(policy, after, last, moment, is_muted=False).state
    if is_judged and last is not UNDECIDED:
        assert after.notified_kind is after.kind


@settings(max_examples=200, deadline=None)
@given(POLICIES, STEPS)
def test_a_mute_changes_what_is_told_and_never_how_it_is(policy, steps):
    heard = play(policy, [(outcome, False, pause) for outcome, _, pause in steps])[0]
    unheard = play(policy, [(outcome, True, pause) for outcome, _, pause in steps])[0]
    assert [t.state.kind for *_, t in heard] == [t.state.kind for *_, t in unheard]
    assert all(t.notice is None for *_, t in unheard)
    assert all(t.state.notified_kind is StateKind.OK for *_, t in unheard)


ANY_STATE = st.builds(
    AlertState,
    kind=st.sampled_from(StateKind),
    since=st.none() | st.just(START),
    consecutive=st.integers(0, 5),
    failures=st.integers(0, 5),
    notified_kind=st.sampled_from(StateKind),
    notified_at=st.none() | st.just(START),
    fired_at=st.none() | st.just(START),
    failed_at=st.none() | st.just(START),
    muted_notice=st.booleans(),
)


@settings(max_examples=250, deadline=None)
@given(POLICIES, ANY_STATE, OUTCOMES, st.booleans())
def test_a_state_of_another_policy_never_crashes_it(policy, state, outcome, is_muted):
    transition = advance(policy, state, outcome, START + STEP, is_muted=is_muted)
    assert (transition.notice is None) >= is_muted
