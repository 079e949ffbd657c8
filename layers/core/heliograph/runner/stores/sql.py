"""The state store in SQL: the same statements for every database that keeps it in tables.

A claim is one statement; what must not half happen is one transaction. A write that is done again
after its answer was lost finds its own token, and succeeds without a second effect. What differs
between databases is a `Dialect`; how to reach one is a `SqlDatabase`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from heliograph.alerts.models import AlertState
from heliograph.notifications.models import DeliveryState, Notice
from heliograph.runner.stores import rows
from heliograph.runner.stores.contract import AlertMemory, Claim, Delivery, EvaluationRecord
from heliograph.runner.stores.dialect import Execute, Rows, SqlDatabase
from heliograph.runner.stores.owners import name_owner

_PRUNED_AT_ONCE = 1000


class SqlStateStore:
    """A `StateStore` in the tables of an SQL database."""

    def __init__(self, database: SqlDatabase) -> None:
        self._database = database
        self._dialect = database.dialect
        self._time = database.dialect.encode_time

    def load(self, alert: str) -> AlertMemory:
        """Return what is remembered of an alert."""
        found = self._database.read(_LOAD, {"alert": alert})
        if not found:
            return AlertMemory()
        last_due_at, muted_until, states = found[0]
        return AlertMemory(
            self._time_or_none(last_due_at),
            self._time_or_none(muted_until),
            rows.parse_mapping(AlertState, states),
        )

    def claim(self, alert: str, due_at: datetime, now: datetime, lease: timedelta) -> Claim | None:
        """Claim an evaluation; a crash of the machine ends the claim as it ends its holder."""
        claim = Claim(alert, due_at, secrets.token_hex(16))
        parameters = {
            "alert": alert,
            "due_at": self._time(due_at),
            "now": self._time(now),
            **self._lease(claim.token, now + lease),
        }
        won = self._database.write(lambda execute: execute(_CLAIM, parameters), must_last=False)
        return claim if won else None

    def commit(
        self,
        claim: Claim,
        evaluation: EvaluationRecord,
        states: Mapping[str, AlertState],
        deliveries: Sequence[Delivery],
    ) -> bool:
        """Write the evaluation, all states of the alert and the deliveries, and end the claim."""
        written = {
            "alert": claim.alert,
            "due_at": self._time(claim.due_at),
            "evaluated_at": self._time(evaluation.evaluated_at),
            "token": claim.token,
            "record": rows.dump(evaluation),
            "states": rows.dump(states),
        }
        inserts = [self._new_row(delivery) for delivery in deliveries]

        def work(execute: Execute) -> bool:
            if not execute(_COMMIT_ALERT, written):
                return bool(execute(_FIND_COMMITTED, written))
            execute(_INSERT_EVALUATION, written)
            for insert in inserts:
                execute(_INSERT_DELIVERY, insert)
            return True

        return self._database.write(work, has_steps=True)

    def release(self, claim: Claim) -> None:
        """End a claim without an evaluation."""
        parameters = {"alert": claim.alert, "token": claim.token}
        self._database.write(lambda execute: execute(_RELEASE, parameters), must_last=False)

    def claim_delivery(
        self, channels: Sequence[str], now: datetime, lease: timedelta
    ) -> Delivery | None:
        """Claim the waiting delivery of these channels that is due longest, and count it."""
        parameters = {
            "channels": self._dialect.encode_list(channels),
            "now": self._time(now),
            **self._lease(secrets.token_hex(16), now + lease),
        }
        is_first = iter([True])

        def work(execute: Execute) -> Rows:
            held = [] if next(is_first, False) else execute(_FIND_CLAIMED, parameters)
            return held or execute(_CLAIM_DELIVERY, parameters)

        claimed = self._database.write(work)
        return self._delivery(claimed[0]) if claimed else None

    def finish_delivery(self, delivery: Delivery) -> bool:
        """Write how a claimed delivery went."""
        row = self._new_row(delivery)

        def work(execute: Execute) -> bool:
            if execute(_FINISH, {**row, "token": delivery.token}):
                return True
            found = execute(_FIND_DELIVERY, {"id": delivery.id})
            return bool(found) and self._delivery(found[0]) == rows.settled(delivery)

        return self._database.write(work)

    def next_attempt_at(self, channels: Sequence[str]) -> datetime | None:
        """Return when the first waiting delivery of these channels may be claimed."""
        found = self._database.read(
            _NEXT_ATTEMPT, {"channels": self._dialect.encode_list(channels)}
        )
        return self._time_or_none(found[0][0]) if found else None

    def deliveries(self, states: Sequence[DeliveryState], limit: int = 100) -> list[Delivery]:
        """Return deliveries in these states, the newest notice first."""
        wanted = self._dialect.encode_list([state.value for state in states])
        found = self._database.read(_DELIVERIES, {"states": wanted, "limit": limit})
        return [self._delivery(row) for row in found]

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery."""
        found = self._database.read(_FIND_DELIVERY, {"id": delivery_id})
        return self._delivery(found[0]) if found else None

    def replay(self, delivery_id: str, now: datetime) -> Delivery | None:
        """Make a finished delivery wait again; see the contract."""
        parameters = {"id": delivery_id, "now": self._time(now)}
        if self.find_delivery(delivery_id) is None:
            return None
        replayed = self._database.write(lambda execute: execute(_REPLAY, parameters))
        return self._delivery(replayed[0]) if replayed else self.find_delivery(delivery_id)

    def mute(self, alert: str, until: datetime | None) -> None:
        """Remember that an alert is muted; None ends it."""
        parameters = {"alert": alert, "until": None if until is None else self._time(until)}
        self._database.write(lambda execute: execute(_MUTE, parameters))

    def history(self, alert: str | None, limit: int = 100) -> list[EvaluationRecord]:
        """Return evaluations, newest first."""
        statement = _HISTORY_OF_ALL if alert is None else _HISTORY
        found = self._database.read(statement, {"alert": alert or "", "limit": limit})
        return [rows.parse(EvaluationRecord, record) for (record,) in found]

    def beat(self, runner: str, now: datetime) -> None:
        """Remember that a staying runner is alive."""
        parameters = {"runner": runner, "now": self._time(now)}
        self._database.write(lambda execute: execute(_BEAT, parameters), must_last=False)

    def last_beat(self) -> datetime | None:
        """Return when any staying runner was last known to be alive."""
        found = self._database.read(_LAST_BEAT, {})
        return self._time_or_none(found[0][0]) if found else None

    def prune(self, before: datetime) -> None:
        """Forget what is older, a little at a time, so that others need not wait long."""
        parameters = {"before": self._time(before), "most": _PRUNED_AT_ONCE}
        for statement in (_PRUNE_EVALUATIONS, _PRUNE_DELIVERIES):
            while self._prune_some(statement, parameters) == _PRUNED_AT_ONCE:
                pass
        self._prune_some(_PRUNE_RUNNERS, parameters)

    def close(self) -> None:
        """Give back connections and files."""
        self._database.close()

    def _prune_some(self, statement: str, parameters: Mapping[str, Any]) -> int:
        return len(
            self._database.write(lambda execute: execute(statement, parameters), must_last=False)
        )

    def _lease(self, token: str, until: datetime) -> dict[str, Any]:
        return {"token": token, "until": self._time(until), "owner": name_owner()}

    def _time_or_none(self, stored: Any) -> datetime | None:
        return None if stored is None else self._dialect.decode_time(stored)

    def _new_row(self, delivery: Delivery) -> dict[str, Any]:
        one = rows.settled(delivery)
        return {
            "id": one.id,
            "channel": one.channel,
            "notice": rows.dump(one.notice),
            "notice_at": self._time(one.notice.at),
            "state": one.state.value,
            "attempts": one.attempts,
            "next_attempt_at": one.next_attempt_at and self._time(one.next_attempt_at),
            "finished_at": one.finished_at and self._time(one.finished_at),
            "detail": one.detail,
            "recipients": None if one.recipients is None else rows.dump_texts(one.recipients),
        }

    def _delivery(self, row: tuple[Any, ...]) -> Delivery:
        id_, channel, notice, state, attempts, next_at, finished_at, detail, names, token = row
        return Delivery(
            id=id_,
            channel=channel,
            notice=rows.parse(Notice, notice),
            state=DeliveryState(state),
            attempts=attempts,
            next_attempt_at=self._time_or_none(next_at),
            finished_at=self._time_or_none(finished_at),
            detail=detail,
            recipients=None if names is None else rows.parse_texts(names),
            token=token or "",
        )


_LOAD = "SELECT last_due_at, muted_until, states FROM {schema}alerts WHERE name = :alert"
_CLAIM = """
INSERT INTO {schema}alerts AS alerts (name, states, claim_token, claimed_until, claimed_by)
VALUES (:alert, '{}', :token, :until, :owner)
ON CONFLICT (name) DO UPDATE
SET claim_token = :token, claimed_until = :until, claimed_by = :owner
WHERE (alerts.last_due_at IS NULL OR alerts.last_due_at < :due_at)
  AND ({free:alerts} OR alerts.claim_token = :token)
RETURNING name
"""
_COMMIT_ALERT = """
UPDATE {schema}alerts
SET last_due_at = :due_at, states = :states,
    claim_token = NULL, claimed_until = NULL, claimed_by = NULL
WHERE name = :alert AND claim_token = :token
RETURNING name
"""
_FIND_COMMITTED = """
SELECT 1 FROM {schema}evaluations
WHERE alert = :alert AND due_at = :due_at AND claim_token = :token
"""
_INSERT_EVALUATION = """
INSERT INTO {schema}evaluations (alert, due_at, evaluated_at, claim_token, record)
VALUES (:alert, :due_at, :evaluated_at, :token, :record)
"""
_INSERT_DELIVERY = """
INSERT INTO {schema}deliveries
       (id, channel, notice, notice_at, state, attempts, next_attempt_at,
        finished_at, detail, recipients)
VALUES (:id, :channel, :notice, :notice_at, :state, :attempts, :next_attempt_at,
        :finished_at, :detail, :recipients)
ON CONFLICT (id) DO NOTHING
"""
_RELEASE = """
UPDATE {schema}alerts SET claim_token = NULL, claimed_until = NULL, claimed_by = NULL
WHERE name = :alert AND claim_token = :token
"""
_CLAIM_DELIVERY = """
UPDATE {schema}deliveries
SET attempts = attempts + 1, claim_token = :token, claimed_until = :until, claimed_by = :owner
WHERE id = (
    SELECT deliveries.id FROM {schema}deliveries AS deliveries
    WHERE deliveries.state = 'waiting' AND deliveries.next_attempt_at <= :now
      AND deliveries.channel {in:channels} AND ({free:deliveries})
    ORDER BY deliveries.next_attempt_at, deliveries.id
    LIMIT 1 {skip_locked}
)
RETURNING {columns}
"""
_FIND_CLAIMED = """
SELECT {columns} FROM {schema}deliveries WHERE state = 'waiting' AND claim_token = :token
"""
_FINISH = """
UPDATE {schema}deliveries
SET state = :state, attempts = :attempts, next_attempt_at = :next_attempt_at,
    finished_at = :finished_at, detail = :detail, recipients = :recipients,
    claim_token = NULL, claimed_until = NULL, claimed_by = NULL
WHERE id = :id AND claim_token = :token
RETURNING id
"""
_FIND_DELIVERY = "SELECT {columns} FROM {schema}deliveries WHERE id = :id"
_DELIVERIES = """
SELECT {columns} FROM {schema}deliveries
WHERE state {in:states} ORDER BY notice_at DESC, id LIMIT :limit
"""
_NEXT_ATTEMPT = """
SELECT min(CASE WHEN deliveries.claim_token IS NULL OR {dead:deliveries}
                THEN deliveries.next_attempt_at ELSE deliveries.claimed_until END)
FROM {schema}deliveries AS deliveries
WHERE deliveries.state = 'waiting' AND deliveries.channel {in:channels}
"""
_REPLAY = """
UPDATE {schema}deliveries
SET state = 'waiting', attempts = 0, next_attempt_at = :now, finished_at = NULL, detail = '',
    recipients = CASE WHEN state = 'delivered' THEN NULL ELSE recipients END
WHERE id = :id AND state <> 'waiting'
RETURNING {columns}
"""
_MUTE = """
INSERT INTO {schema}alerts (name, states, muted_until) VALUES (:alert, '{}', :until)
ON CONFLICT (name) DO UPDATE SET muted_until = :until
"""
_HISTORY = """
SELECT record FROM {schema}evaluations WHERE alert = :alert ORDER BY due_at DESC LIMIT :limit
"""
_HISTORY_OF_ALL = """
SELECT record FROM {schema}evaluations ORDER BY evaluated_at DESC, due_at DESC, alert LIMIT :limit
"""
_BEAT = """
INSERT INTO {schema}runners (name, beat_at) VALUES (:runner, :now)
ON CONFLICT (name) DO UPDATE SET beat_at = :now
"""
_LAST_BEAT = "SELECT max(beat_at) FROM {schema}runners"
_PRUNE_EVALUATIONS = """
DELETE FROM {schema}evaluations WHERE (alert, due_at) IN (
    SELECT alert, due_at FROM {schema}evaluations WHERE evaluated_at < :before LIMIT :most
) RETURNING 1
"""
_PRUNE_DELIVERIES = """
DELETE FROM {schema}deliveries WHERE id IN (
    SELECT id FROM {schema}deliveries WHERE finished_at < :before LIMIT :most
) RETURNING 1
"""
_PRUNE_RUNNERS = """
DELETE FROM {schema}runners
WHERE beat_at < :before AND beat_at < (SELECT max(beat_at) FROM {schema}runners)
RETURNING 1
"""
