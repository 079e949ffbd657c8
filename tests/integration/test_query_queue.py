"""The queue of executions: the cap holds, turns are fair, and what was lost is told."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from heliograph.kernel.ids import new_id
from heliograph.platform.database import ConstraintViolated, Database
from heliograph.queries import executions_store as executions
from heliograph.queries import slots_store, turns_store
from heliograph.queries.executions_store import Kind, NewExecution, Success, lease_of
from heliograph.queries.runs_store import NewRun
from heliograph.queries.turns_store import Claimed, Turn

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
LASTS = timedelta(seconds=30)
WITHIN = timedelta(minutes=5)
LOST = {"code": "worker_lost", "message": "Who did the work has died."}


class Queue:
    """One connection and three people in a database, and short ways to ask."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.people = [new_id() for _ in range(3)]
        self.connection = new_id()
        with database.transaction() as tx:
            for number, person in enumerate(self.people):
                tx.execute(
                    "INSERT INTO users (id, email, name, role, password_hash, created_at,"
                    " updated_at) VALUES (%s, %s, 'P', 'editor', 'none', %s, %s)",
                    [person, f"p{number}@heliograph.example", NOW, NOW],
                )
            tx.execute(
                "INSERT INTO connections (id, name, folded_name, engine, host, port, database,"
                " username, ssl_mode, max_concurrency, statement_timeout_seconds, max_rows,"
                " identity, cache_seconds, version, created_at, updated_at) VALUES (%s, 'C', 'c',"
                " 'postgres', 'h', 5432, 'd', 'u', 'disable', 4, 60, 1000, 'user', 0, 1, %s, %s)",
                [self.connection, NOW, NOW],
            )

    def new(self, person: int = 0, *, after: float = 0, runs_once: bool = False) -> NewExecution:
        at = NOW + timedelta(seconds=after)
        work = {"sql": "select 1"}
        return NewExecution(
            new_id(), self.connection, 1, self.people[person], work, at, runs_once=runs_once
        )

    def add(self, person: int = 0, *, after: float = 0, runs_once: bool = False) -> UUID:
        new = self.new(person, after=after, runs_once=runs_once)
        with self.database.transaction() as tx:
            executions.insert_queued(tx, new)
        return new.id

    def claim(
        self, owner: UUID | None = None, *, most: int = 4, now: datetime = NOW
    ) -> Claimed | None:
        return self.turn(owner, most=most, now=now).claimed

    def turn(
        self,
        owner: UUID | None = None,
        *,
        most: int = 4,
        now: datetime = NOW,
        kind: Kind = Kind.QUERY,
    ) -> Turn:
        lease = lease_of(now, owner or new_id(), lasts=LASTS, within=WITHIN)
        with self.database.transaction() as tx:
            return turns_store.claim_next(tx, self.connection, lease, most=most, kind=kind)

    def begin(self, new: NewExecution, owner: UUID, *, most: int = 4) -> bool:
        lease = lease_of(NOW, owner, lasts=LASTS, within=WITHIN)
        run = NewRun(new_id(), new.id, self.connection, new.user_id, "select 1", NOW)
        slot = turns_store.begin(self.database, new, run, lease, most=most, most_ms=5_000)
        return slot is not None

    def succeed(
        self,
        execution: UUID,
        owner: UUID,
        *,
        keeper: UUID | None = None,
        duration_ms: float = 2.5,
    ) -> bool:
        ended = executions.succeed(
            self.database,
            execution,
            owner,
            NOW,
            Success(1, duration_ms, b"rows", NOW + timedelta(hours=1)),
            connection_id=self.connection,
            keeper=keeper,
            kept_until=NOW + timedelta(minutes=1) if keeper else None,
        )
        return ended.is_held

    def cancel(self, execution: UUID, owner: UUID) -> bool:
        ended = executions.fail(
            self.database,
            execution,
            owner,
            NOW,
            {"code": "canceled"},
            connection_id=self.connection,
            is_canceled=True,
        )
        return ended.is_held

    def state(self, execution: UUID) -> str:
        rows = self.database.fetch("SELECT state FROM query_executions WHERE id = %s", [execution])
        return str(rows[0]["state"])


@pytest.fixture
def queue(app_database_url: str) -> Iterator[Queue]:
    with closing(Database(app_database_url, most=12)) as database:
        yield Queue(database)


def test_no_more_are_claimed_than_there_are_slots(queue: Queue) -> None:
    for _ in range(6):
        queue.add()
    owner = new_id()
    claimed = [queue.claim(owner) for _ in range(6)]
    held = [one for one in claimed if one is not None]
    assert [one is not None for one in claimed] == [True] * 4 + [False] * 2
    assert {one.slot.number for one in held} == {1, 2, 3, 4}
    assert queue.succeed(held[1].id, owner)
    again = queue.claim(owner)
    assert again is not None
    assert again.slot.number == held[1].slot.number


def test_the_cap_holds_when_many_claim_at_once(queue: Queue) -> None:
    waiting = {queue.add(number % 3) for number in range(60)}
    running: set[UUID] = set()
    done: list[UUID] = []
    seen: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        owner = new_id()
        for _ in range(400):
            if len(done) == len(waiting):
                return
            claimed = queue.claim(owner, most=3)
            if claimed is None:
                continue
            with lock:
                assert claimed.id not in running
                running.add(claimed.id)
                seen.append(len(running))
            with lock:
                running.discard(claimed.id)
            assert queue.succeed(claimed.id, owner)
            with lock:
                done.append(claimed.id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter(done) == Counter(waiting)
    assert max(seen) <= 3


def test_a_single_query_does_not_wait_for_anothers_hundred(queue: Queue) -> None:
    for number in range(100):
        queue.add(0, after=number / 100)
    owner = new_id()
    held = [queue.claim(owner) for _ in range(4)]
    single = queue.add(1, after=60)
    with queue.database.transaction() as tx:
        assert turns_store.find_position(tx, queue.connection, single) == 1
    assert held[0] is not None
    queue.succeed(held[0].id, owner)
    found = queue.claim(owner)
    assert found is not None
    assert found.id == single


def test_people_are_served_in_turns_and_their_own_in_order(queue: Queue) -> None:
    mine = [queue.add(0, after=n) for n in range(3)]
    theirs = [queue.add(1, after=10 + n) for n in range(3)]
    owner = new_id()
    served = []
    for minute in range(6):
        claimed = queue.claim(owner, most=1, now=NOW + timedelta(minutes=minute))
        assert claimed is not None
        served.append(claimed.id)
        queue.succeed(claimed.id, owner)
    assert served == [mine[0], theirs[0], mine[1], theirs[1], mine[2], theirs[2]]


def test_a_request_begins_at_once_only_where_nobody_waits(queue: Queue) -> None:
    owner = new_id()
    first, second, third = queue.new(), queue.new(1), queue.new(2)
    assert queue.begin(first, owner, most=2)
    queue.add(1)
    assert not queue.begin(second, owner, most=2)
    claimed = queue.claim(owner, most=2)
    assert claimed is not None
    assert not queue.begin(third, owner, most=2), "both slots are in use"
    queue.succeed(claimed.id, owner)
    assert queue.begin(third, owner, most=2)
    assert not queue.database.fetch("SELECT 1 FROM query_executions WHERE id = %s", [second.id])


def test_who_lost_the_lease_changes_nothing(queue: Queue) -> None:
    execution, owner = queue.add(), new_id()
    assert queue.claim(owner) is not None
    later = NOW + LASTS + timedelta(seconds=1)
    with queue.database.transaction() as tx:
        assert executions.fail_lost(tx, NOW + timedelta(seconds=29), LOST) == []
        assert [one.id for one in executions.fail_lost(tx, later, LOST)] == [execution]
    assert queue.state(execution) == "failed"
    with queue.database.transaction() as tx:
        assert not executions.renew(tx, execution, owner, later + LASTS, 5)
        assert not executions.requeue(tx, execution, owner, work={})
    assert not queue.cancel(execution, owner)
    assert not queue.succeed(execution, owner)
    (row,) = queue.database.fetch("SELECT error, work FROM query_executions")
    assert (row["error"], row["work"]) == (LOST, None)


def test_the_slot_of_a_dead_one_is_taken_and_it_is_named(queue: Queue) -> None:
    dead, _ = queue.add(), queue.add()
    assert queue.claim(most=1) is not None
    assert queue.claim(most=1) is None
    later = NOW + LASTS + timedelta(seconds=1)
    claimed = queue.claim(most=1, now=later)
    assert claimed is not None
    assert claimed.slot.evicted == dead
    with queue.database.transaction() as tx:
        assert not slots_store.give_back(tx, dead), "it is somebody else's now"


def test_a_renewed_lease_keeps_work_and_slot(queue: Queue) -> None:
    execution, owner = queue.add(), new_id()
    queue.add()
    assert queue.claim(owner, most=1) is not None
    soon = NOW + timedelta(seconds=20)
    with queue.database.transaction() as tx:
        assert executions.renew(tx, execution, owner, soon + LASTS, 1000)
    after_the_first = NOW + LASTS + timedelta(seconds=1)
    with queue.database.transaction() as tx:
        assert executions.fail_lost(tx, after_the_first, LOST) == []
    assert queue.claim(most=1, now=after_the_first) is None
    assert queue.succeed(execution, owner)


def test_cancelling_ends_what_waits_and_tells_who_works(queue: Queue) -> None:
    working, waiting = queue.add(after=0), queue.add(after=1)
    owner = new_id()
    assert queue.claim(owner) is not None
    with queue.database.transaction() as tx:
        assert executions.request_cancel(tx, waiting, NOW) == "canceled"
        assert executions.request_cancel(tx, working, NOW) == "running"
        assert executions.request_cancel(tx, working, NOW) == "running", "twice is as good as once"
        assert executions.request_cancel(tx, waiting, NOW) is None
    standing = executions.look(queue.database, working, NOW)
    assert standing is not None
    assert (standing.owner, standing.is_unwanted) == (owner, True)
    assert queue.cancel(working, owner)
    assert {queue.state(working), queue.state(waiting)} == {"canceled"}
    assert queue.claim() is None


def test_work_that_was_begun_goes_to_the_queue_unless_it_may_run_once_only(queue: Queue) -> None:
    owner = new_id()
    again, once = queue.new(), queue.new(runs_once=True)
    assert queue.begin(again, owner)
    assert queue.begin(once, owner)
    with queue.database.transaction() as tx:
        assert executions.requeue(tx, again.id, owner, work=again.work, preview=b"first rows")
        slots_store.give_back(tx, again.id)
        assert not executions.requeue(tx, once.id, owner, work=once.work)
    assert (queue.state(again.id), queue.state(once.id)) == ("queued", "running")
    claimed = queue.claim()
    assert claimed is not None
    assert (claimed.id, dict(claimed.work)) == (again.id, {"sql": "select 1"})


def test_a_warm_backend_is_used_by_its_keeper_and_named_to_others(queue: Queue) -> None:
    keeper, other = new_id(), new_id()
    first = [queue.add() for _ in range(2)]
    for execution in first:
        assert queue.claim(keeper, most=2) is not None
        assert queue.succeed(execution, keeper, keeper=keeper if execution == first[1] else None)
    queue.add()
    mine = queue.claim(keeper, most=2)
    assert mine is not None
    assert (mine.slot.number, mine.slot.keeper) == (1, None)
    assert queue.succeed(mine.id, keeper, keeper=keeper)
    queue.add()
    queue.add()
    free, kept = queue.claim(other, most=2), queue.claim(other, most=2)
    assert free is not None
    assert kept is not None
    assert (free.slot.number, free.slot.keeper) == (2, None)
    assert (kept.slot.number, kept.slot.keeper) == (1, keeper)


def test_a_lower_cap_holds_for_who_comes_next(queue: Queue) -> None:
    owner = new_id()
    for _ in range(5):
        queue.add()
    assert all(queue.claim(owner, most=3) for _ in range(3))
    assert queue.claim(owner, most=2) is None
    (held,) = queue.database.fetch(
        "SELECT execution_id FROM query_slots WHERE execution_id IS NOT NULL AND number = 1"
    )
    assert queue.succeed(held["execution_id"], owner)
    assert queue.claim(owner, most=2) is not None


@pytest.mark.parametrize(
    "change",
    [
        "state = 'running'",
        "state = 'succeeded', work = NULL, finished_at = queued_at",
        "state = 'failed', work = NULL, finished_at = queued_at",
        "state = 'lost'",
        "lease_expires_at = queued_at",
        "truncated_reason = 'whim'",
    ],
)
def test_a_state_without_what_belongs_to_it_cannot_be_written(queue: Queue, change: str) -> None:
    execution = queue.add()
    with pytest.raises(ConstraintViolated), queue.database.transaction() as tx:
        tx.execute(f"UPDATE query_executions SET {change}".encode())
    assert queue.state(execution) == "queued"


def test_deleting_a_connection_leaves_the_history(queue: Queue) -> None:
    execution = queue.add()
    assert queue.claim() is not None
    with queue.database.transaction() as tx:
        tx.execute("DELETE FROM connections")
    rows = queue.database.fetch("SELECT id, connection_id FROM query_executions")
    assert rows == [{"id": execution, "connection_id": None}]
    assert queue.database.fetch("SELECT 1 FROM query_slots") == []


def test_nothing_waits_where_nothing_was_asked(queue: Queue) -> None:
    assert queue.claim() is None
    with queue.database.transaction() as tx:
        assert turns_store.find_position(tx, queue.connection, new_id()) is None
    assert replace(queue.new(), runs_once=True).runs_once


def test_what_took_long_the_last_time_does_not_begin_at_once(queue: Queue) -> None:
    owner = new_id()
    for duration, begins in ((4_999.0, True), (5_001.0, False)):
        mark = str(duration).encode()
        first, again = (replace(queue.new(), fingerprint=mark) for _ in range(2))
        assert queue.begin(first, owner), "nothing is known of it yet"
        assert queue.succeed(first.id, owner, duration_ms=duration)
        assert queue.begin(again, owner) is begins


def test_nothing_begins_at_once_while_somebody_waits(queue: Queue) -> None:
    assert queue.begin(queue.new(), new_id())
    queue.add(1)
    assert not queue.begin(queue.new(), new_id())


def test_exports_hold_half_of_the_slots_at_most(queue: Queue) -> None:
    exports = [replace(queue.new(after=n), kind=Kind.EXPORT) for n in range(4)]
    with queue.database.transaction() as tx:
        for one in exports:
            executions.insert_queued(tx, one)
    turns = [queue.turn(kind=Kind.EXPORT) for _ in range(3)]
    assert [turn.claimed is not None for turn in turns] == [True, True, False]
    queue.add(1, after=9)
    assert queue.turn().claimed is not None, "the other half is there for queries"


def test_a_turn_of_the_other_kind_leaves_it_a_slot_and_says_so(queue: Queue) -> None:
    export = replace(queue.new(0), kind=Kind.EXPORT)
    with queue.database.transaction() as tx:
        executions.insert_queued(tx, export)
    queue.add(1, after=1)
    assert queue.turn(most=1) == Turn(None, is_others=True)
    assert queue.turn(most=1, kind=Kind.EXPORT).claimed is not None
    assert queue.turn(most=2) != Turn(None, is_others=True)
