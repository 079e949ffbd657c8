"""What every state store promises, asked of each one in the registry."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import get_type_hints
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.moto_server import MotoServer, running_moto
from tests.support.state_stores import (
    LEASE,
    NOON,
    SECOND,
    claim_now,
    commit_now,
    make_delivery,
    make_record,
    make_state,
)
from tests.support.stored_values import TEXTS, TIMES, values_of

from heliograph.alerts.models import AlertState
from heliograph.kernel.errors import UsageError
from heliograph.notifications.models import DeliveryState, Notice
from heliograph.runner.stores.contract import (
    AlertMemory,
    Delivery,
    EvaluationRecord,
    StateStore,
)
from heliograph.runner.stores.registry import STORES, open_store

Open = Callable[[], StateStore]


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture(params=sorted({*STORES} - {"postgres"}))
def open_here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Call it for a store at one fresh place: a new connection to the same state each time."""
    environment: Mapping[str, str] = {}
    match request.param:
        case "sqlite":
            place = str(tmp_path / "state.db")
        case "postgresql":
            place = request.getfixturevalue("make_database")()
        case "s3":
            moto = request.getfixturevalue("moto")
            place, environment = moto.new_place(), moto.environment
        case unknown:
            raise AssertionError(f"Nothing is known here about {unknown}.")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(open_store(place, environment)))


@pytest.fixture
def store(open_here: Open) -> StateStore:
    return open_here()


def exact(value: object) -> str:
    """Return what tells values apart that compare equal, such as 1.0 and 1.00."""
    return repr(value)


# What was never written


def test_a_state_where_nothing_was_written_is_empty(store: StateStore) -> None:
    assert store.load("a") == AlertMemory()
    assert store.history(None) == store.history("a") == []
    assert store.deliveries(list(DeliveryState)) == []
    assert store.find_delivery("dlv_1") is None
    assert store.replay("dlv_1", NOON) is None
    assert store.next_attempt_at(["ops"]) is None
    assert store.claim_delivery(["ops"], NOON, LEASE) is None
    assert store.last_beat() is None
    store.prune(NOON)


# Claims of evaluations


def test_of_two_claims_for_one_due_time_one_wins(open_here: Open) -> None:
    one, other = open_here(), open_here()
    assert one.claim("a", NOON, NOON, LEASE) is not None
    assert other.claim("a", NOON, NOON, LEASE) is None
    assert other.claim("b", NOON, NOON, LEASE) is not None


def test_an_alert_is_not_claimed_for_another_time_while_it_is_claimed(store: StateStore) -> None:
    claim = claim_now(store)
    assert store.claim("a", NOON + SECOND, NOON, LEASE) is None
    store.release(claim)
    assert store.claim("a", NOON + SECOND, NOON, LEASE) is not None


def test_a_claim_ends_with_its_lease_and_not_before(open_here: Open) -> None:
    one, other = open_here(), open_here()
    claim_now(one)
    assert other.claim("a", NOON, NOON + LEASE - SECOND, LEASE) is None
    assert other.claim("a", NOON, NOON + LEASE, LEASE) is not None


def test_what_was_evaluated_is_not_claimed_again_also_for_an_earlier_time(
    store: StateStore,
) -> None:
    commit_now(store)
    assert store.claim("a", NOON, NOON + LEASE, LEASE) is None
    assert store.claim("a", NOON - SECOND, NOON + LEASE, LEASE) is None
    assert store.claim("a", NOON + SECOND, NOON + LEASE, LEASE) is not None


def test_release_does_not_end_the_claim_of_somebody_else(store: StateStore) -> None:
    late = claim_now(store)
    new = store.claim("a", NOON, NOON + LEASE, LEASE)
    assert new is not None
    store.release(late)
    assert store.claim("a", NOON, NOON + LEASE, LEASE) is None
    store.release(new)
    assert store.claim("a", NOON, NOON + LEASE, LEASE) is not None


def test_threads_that_claim_the_same_due_times_win_each_once(store: StateStore) -> None:
    won: list[str] = []
    start = threading.Barrier(4)

    def claim_all() -> None:
        start.wait(timeout=30)
        names = [f"alert {number}" for number in range(10)]
        won.extend(name for name in names if store.claim(name, NOON, NOON, LEASE))

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(won) == sorted(f"alert {number}" for number in range(10))


# Commits


def test_commit_writes_evaluation_states_and_deliveries(open_here: Open) -> None:
    record = commit_now(open_here(), make_delivery())
    other = open_here()
    assert other.load("a") == AlertMemory(last_due_at=NOON, states={"": make_state()})
    assert other.history("a") == [record]
    assert other.find_delivery("dlv_1") == make_delivery()


def test_commit_without_the_claim_writes_nothing(open_here: Open) -> None:
    late, other = open_here(), open_here()
    lost = claim_now(late)
    assert other.claim("a", NOON, NOON + LEASE, LEASE) is not None
    assert not late.commit(lost, make_record(), {"": make_state()}, [make_delivery()])
    assert late.load("a") == AlertMemory()
    assert late.history(None) == []
    assert late.find_delivery("dlv_1") is None


def test_commit_after_the_lease_counts_if_nobody_else_came(store: StateStore) -> None:
    claim = claim_now(store)
    assert store.commit(claim, make_record(), {}, [])
    assert store.load("a").last_due_at == NOON


def test_commit_again_after_its_answer_was_lost_says_that_it_is_written(store: StateStore) -> None:
    claim = claim_now(store)
    for _ in range(2):
        assert store.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    assert len(store.history(None)) == 1


def test_commit_replaces_all_states_of_its_alert_and_of_no_other(store: StateStore) -> None:
    commit_now(store, alert="b")
    for due_at, states in (
        (NOON, {"x": make_state("1"), "y": make_state("2")}),
        (NOON + SECOND, {"y": make_state("3")}),
    ):
        assert store.commit(claim_now(store, due_at=due_at), make_record("a", due_at), states, [])
    assert store.load("a").states == {"y": make_state("3")}
    assert store.load("b").states == {"": make_state()}


def test_commit_leaves_a_delivery_that_exists_as_it_is(store: StateStore) -> None:
    commit_now(store, make_delivery())
    commit_now(store, make_delivery(channel="other"), due_at=NOON + SECOND)
    assert store.find_delivery("dlv_1") == make_delivery()


def test_a_mute_outlives_evaluations_and_ends(store: StateStore) -> None:
    until = NOON + timedelta(days=1)
    store.mute("a", until)
    assert store.load("a") == AlertMemory(muted_until=until)
    commit_now(store)
    assert store.load("a").muted_until == until
    store.mute("a", None)
    assert store.load("a").muted_until is None
    assert store.load("a").last_due_at == NOON


# Deliveries


def test_the_delivery_that_is_due_longest_is_claimed_first(store: StateStore) -> None:
    late, early = NOON + 2 * SECOND, NOON + SECOND
    commit_now(store, make_delivery("late", due_at=late), make_delivery("early", due_at=early))
    claimed = [store.claim_delivery(["ops"], NOON + LEASE, LEASE) for _ in range(3)]
    assert [one and one.id for one in claimed] == ["early", "late", None]


def test_a_delivery_is_claimed_when_due_and_for_its_channel_only(store: StateStore) -> None:
    commit_now(store, make_delivery(due_at=NOON + SECOND))
    assert store.claim_delivery(["ops"], NOON, LEASE) is None
    assert store.claim_delivery(["team", "hook"], NOON + SECOND, LEASE) is None
    assert store.claim_delivery([], NOON + SECOND, LEASE) is None
    assert store.claim_delivery(["team", "ops"], NOON + SECOND, LEASE) is not None


def test_a_claim_of_a_delivery_counts_the_attempt_and_shuts_others_out(open_here: Open) -> None:
    one, other = open_here(), open_here()
    commit_now(one, make_delivery())
    claimed = one.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    assert claimed.token
    assert claimed == replace(make_delivery(), attempts=1, token=claimed.token)
    assert other.claim_delivery(["ops"], NOON + LEASE - SECOND, LEASE) is None
    assert other.find_delivery("dlv_1") == claimed


def test_a_delivery_whose_sender_went_silent_is_claimed_again_with_the_same_id(
    open_here: Open,
) -> None:
    one, other = open_here(), open_here()
    commit_now(one, make_delivery())
    first = one.claim_delivery(["ops"], NOON, LEASE)
    second = other.claim_delivery(["ops"], NOON + LEASE, LEASE)
    assert first is not None
    assert second is not None
    assert (second.id, second.attempts) == ("dlv_1", 2)
    assert second.token != first.token


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.DEAD])
def test_a_finished_delivery_is_written_and_never_claimed_again(
    open_here: Open, state: DeliveryState
) -> None:
    one, other = open_here(), open_here()
    commit_now(one, make_delivery())
    claimed = one.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    done = replace(
        claimed, state=state, finished_at=NOON + SECOND, next_attempt_at=None, detail="said so"
    )
    assert one.finish_delivery(done)
    assert other.find_delivery("dlv_1") == replace(done, token="")
    assert other.claim_delivery(["ops"], NOON + 2 * LEASE, LEASE) is None
    assert other.next_attempt_at(["ops"]) is None


def test_a_delivery_that_waits_for_another_attempt_is_claimed_when_that_is_due(
    store: StateStore,
) -> None:
    commit_now(store, make_delivery())
    claimed = store.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    again = replace(
        claimed, next_attempt_at=NOON + LEASE, recipients=("b@example.com",), detail="busy"
    )
    assert store.finish_delivery(again)
    assert store.next_attempt_at(["ops"]) == NOON + LEASE
    assert store.claim_delivery(["ops"], NOON + LEASE - SECOND, LEASE) is None
    retried = store.claim_delivery(["ops"], NOON + LEASE, LEASE)
    assert retried is not None
    assert retried == replace(again, attempts=2, token=retried.token)


def test_finish_after_the_claim_was_lost_writes_nothing(open_here: Open) -> None:
    one, other = open_here(), open_here()
    commit_now(one, make_delivery())
    lost = one.claim_delivery(["ops"], NOON, LEASE)
    new = other.claim_delivery(["ops"], NOON + LEASE, LEASE)
    assert lost is not None
    assert new is not None
    done = replace(lost, state=DeliveryState.DEAD, finished_at=NOON, detail="too late")
    assert not one.finish_delivery(done)
    assert one.find_delivery("dlv_1") == new
    assert not one.finish_delivery(replace(done, id="dlv_unknown"))


def test_finish_again_after_its_answer_was_lost_says_that_it_is_written(
    store: StateStore,
) -> None:
    commit_now(store, make_delivery())
    claimed = store.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    done = replace(claimed, state=DeliveryState.DELIVERED, finished_at=NOON, detail="ok")
    assert store.finish_delivery(done)
    assert store.finish_delivery(done)
    assert not store.finish_delivery(replace(done, detail="something else"))


def test_next_attempt_is_the_first_that_may_be_claimed(store: StateStore) -> None:
    commit_now(
        store,
        make_delivery("a", due_at=NOON),
        make_delivery("b", due_at=NOON + 2 * LEASE),
        make_delivery("c", channel="team", due_at=NOON - SECOND),
    )
    assert store.next_attempt_at(["ops"]) == NOON
    assert store.next_attempt_at(["ops", "team"]) == NOON - SECOND
    claimed = store.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    assert store.next_attempt_at(["ops"]) == NOON + LEASE  # its sender may die
    assert store.finish_delivery(replace(claimed, state=DeliveryState.DELIVERED, finished_at=NOON))
    assert store.next_attempt_at(["ops"]) == NOON + 2 * LEASE


def test_deliveries_are_listed_by_state_newest_notice_first(store: StateStore) -> None:
    commit_now(
        store,
        make_delivery("old", at=NOON - SECOND),
        make_delivery("new", at=NOON + SECOND),
        make_delivery("dead", at=NOON, channel="team"),
    )
    claimed = store.claim_delivery(["team"], NOON, LEASE)
    assert claimed is not None
    store.finish_delivery(replace(claimed, state=DeliveryState.DEAD, finished_at=NOON))
    every = list(DeliveryState)
    assert [one.id for one in store.deliveries(every)] == ["new", "dead", "old"]
    assert [one.id for one in store.deliveries(every, limit=2)] == ["new", "dead"]
    assert [one.id for one in store.deliveries([DeliveryState.DEAD])] == ["dead"]
    assert store.deliveries([DeliveryState.DELIVERED]) == store.deliveries([]) == []


@pytest.mark.parametrize(
    ("state", "recipients"),
    [(DeliveryState.DEAD, ("b@example.com",)), (DeliveryState.DELIVERED, None)],
)
def test_replay_lets_a_finished_delivery_wait_again(
    store: StateStore, state: DeliveryState, recipients: tuple[str, ...] | None
) -> None:
    """A dead one goes to whom it did not reach, a delivered one to everybody again."""
    commit_now(store, make_delivery())
    claimed = store.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    done = replace(
        claimed, state=state, finished_at=NOON, recipients=("b@example.com",), detail="bad"
    )
    assert store.finish_delivery(done)
    later = NOON + LEASE
    waiting = replace(make_delivery(due_at=later), recipients=recipients)
    assert store.replay("dlv_1", later) == waiting
    assert store.find_delivery("dlv_1") == waiting
    assert not store.finish_delivery(done)
    again = store.claim_delivery(["ops"], later, LEASE)
    assert again is not None
    assert again.attempts == 1


def test_replay_leaves_what_waits_or_is_being_sent_as_it_is(store: StateStore) -> None:
    commit_now(store, make_delivery())
    assert store.replay("dlv_1", NOON + SECOND) == make_delivery()
    claimed = store.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    assert store.replay("dlv_1", NOON + SECOND) == claimed
    assert store.finish_delivery(replace(claimed, state=DeliveryState.DELIVERED, finished_at=NOON))


def test_a_finished_delivery_says_when_it_was_finished(store: StateStore) -> None:
    commit_now(store, make_delivery())
    claimed = store.claim_delivery(["ops"], NOON, LEASE)
    assert claimed is not None
    with pytest.raises(ValueError, match="finished"):
        store.finish_delivery(replace(claimed, state=DeliveryState.DEAD))
    assert store.find_delivery("dlv_1") == claimed


# History, beats, forgetting


def test_history_is_newest_first_of_one_alert_or_of_all(store: StateStore) -> None:
    first = commit_now(store, alert="a", due_at=NOON)
    second = commit_now(store, alert="b", due_at=NOON + SECOND)
    third = commit_now(store, alert="a", due_at=NOON + 2 * SECOND)
    assert store.history(None) == [third, second, first]
    assert store.history("a") == [third, first]
    assert store.history(None, limit=1) == store.history("a", limit=1) == [third]
    assert store.history("unknown") == []


def test_the_last_beat_is_the_latest_of_any_runner(store: StateStore) -> None:
    store.beat("one", NOON)
    store.beat("two", NOON + 2 * SECOND)
    store.beat("one", NOON + SECOND)
    assert store.last_beat() == NOON + 2 * SECOND


def test_prune_forgets_what_is_older_but_no_state_and_nothing_that_waits(
    store: StateStore,
) -> None:
    old = [make_delivery(name) for name in ("sent", "waits")]
    commit_now(store, *old, due_at=NOON)
    newer = commit_now(store, make_delivery("new"), due_at=NOON + LEASE)
    for finished_at in (NOON, NOON + LEASE):
        claimed = store.claim_delivery(["ops"], NOON, LEASE)
        assert claimed is not None
        done = replace(claimed, state=DeliveryState.DELIVERED, finished_at=finished_at)
        assert store.finish_delivery(done)
    store.beat("gone", NOON - LEASE)
    store.beat("last", NOON)
    store.prune(NOON + SECOND)
    assert store.history(None) == [newer]
    assert [one.id for one in store.deliveries([DeliveryState.DELIVERED])] == ["sent"]
    assert [one.id for one in store.deliveries([DeliveryState.WAITING])] == ["waits"]
    assert store.load("a") == AlertMemory(last_due_at=NOON + LEASE, states={"": make_state()})
    assert store.last_beat() == NOON
    assert store.claim("a", NOON, NOON + 3 * LEASE, LEASE) is None


def test_prune_forgets_more_than_one_batch(store: StateStore) -> None:
    claim = claim_now(store)
    deliveries = [
        replace(make_delivery(f"dlv_{n}"), state=DeliveryState.DEAD, finished_at=NOON)
        for n in range(1_100)
    ]
    assert store.commit(claim, make_record(), {}, deliveries)
    assert store.find_delivery("dlv_1099") is not None
    store.prune(NOON + SECOND)
    assert store.deliveries(list(DeliveryState)) == []


# Exactness


@given(
    record=values_of(EvaluationRecord),
    states=st.dictionaries(TEXTS, values_of(AlertState), max_size=3),
    notice=values_of(Notice),
    recipients=st.none() | st.lists(TEXTS, max_size=3).map(tuple),
    muted_until=st.none() | TIMES,
)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_what_comes_back_is_exactly_what_was_stored(
    store: StateStore,
    record: EvaluationRecord,
    states: Mapping[str, AlertState],
    notice: Notice,
    recipients: tuple[str, ...] | None,
    muted_until: datetime | None,
) -> None:
    name = f"alert {uuid4()}"
    delivery = Delivery(name, "ops", notice, recipients=recipients)
    record = replace(record, alert=name)
    claim = store.claim(name, record.due_at, record.due_at, LEASE)
    assert claim is not None
    assert store.commit(claim, record, states, [delivery])
    store.mute(name, muted_until)
    memory = AlertMemory(record.due_at, muted_until, states)
    assert sorted_states(store.load(name)) == sorted_states(memory)
    assert exact(store.history(name)) == exact([record])
    expected = replace(delivery, next_attempt_at=delivery.notice.at)
    assert exact(store.find_delivery(name)) == exact(expected)


def sorted_states(memory: AlertMemory) -> str:
    return exact(replace(memory, states=sorted(memory.states.items())))  # type: ignore[arg-type]


def test_times_of_other_zones_come_back_as_the_same_instant_in_utc(store: StateStore) -> None:
    there = (NOON + timedelta(microseconds=1)).astimezone(timezone(timedelta(hours=5, minutes=45)))
    commit_now(store, make_delivery(at=there), due_at=there)
    store.mute("a", there)
    for found in (
        store.load("a").last_due_at,
        store.load("a").muted_until,
        store.history("a")[0].due_at,
        store.next_attempt_at(["ops"]),
    ):
        assert exact(found) == exact(there.astimezone(UTC))
    with pytest.raises(ValueError, match="time zone"):
        store.mute("a", there.replace(tzinfo=None))


def test_every_scheme_of_the_registry_opens_a_state_store() -> None:
    methods = {name for name in vars(StateStore) if not name.startswith("_")}
    places = {"sqlite": "sqlite:///x.db", "s3": "s3://bucket/x.json"}
    for scheme in STORES:
        store = open_store(places.get(scheme, f"{scheme}://127.0.0.1:1/x"), {})
        assert methods <= set(dir(store)), scheme
        for method in methods:
            ours, promised = getattr(type(store), method), getattr(StateStore, method)
            assert get_type_hints(ours).keys() == get_type_hints(promised).keys()


@pytest.mark.parametrize(
    "place",
    ["mysql://root:hunter2@host/db", "redis://x", "sqlite://x.db", "s3://bucket", "", ":memory:"],
)
def test_a_place_that_is_none_is_refused_without_showing_it(place: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_store(place, {})
    assert refused.value.hint
    assert "hunter2" not in str(refused.value.to_dict())


def test_a_path_and_both_forms_of_a_sqlite_url_name_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, place in enumerate(
        ["state.db", "sqlite:///state.db", f"sqlite:///{tmp_path}/state.db"]
    ):
        with closing(open_store(place, {})) as store:
            assert len(store.history(None)) == number
            commit_now(store, due_at=NOON + number * SECOND)
    assert (tmp_path / "state.db").exists()
