"""The whole state as one JSON document, and what each operation does to it. No I/O.

Entries that an operation does not touch stay as they were read, with fields that only a newer
version knows. Whatever is done again after its answer was lost finds its own token, and succeeds
without a second effect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from heliograph.alerts.models import AlertState
from heliograph.kernel.errors import StateFailed
from heliograph.notifications.models import DeliveryState
from heliograph.runner.stores import rows
from heliograph.runner.stores.contract import AlertMemory, Claim, Delivery, EvaluationRecord

FORMAT = "heliograph-alerts"
VERSION = 1
_KEPT = tuple(one.name for one in fields(Delivery) if one.name != "token")
_Entry = dict[str, Any]


class Document:
    """The state in memory. ``is_changed`` says whether there is something to write."""

    def __init__(self, data: bytes | None) -> None:
        """Read what `dump` wrote; None is a state in which nothing was ever written.

        Raises `StateFailed` for anything else, and for what a newer version wrote.
        """
        self._data = _read(data)
        self._alerts: dict[str, _Entry] = _part(self._data, "alerts", dict)
        self._evaluations: list[_Entry] = _part(self._data, "evaluations", list)
        self._deliveries: dict[str, _Entry] = _part(self._data, "deliveries", dict)
        self._runners: dict[str, str] = _part(self._data, "runners", dict)
        self.is_changed = False

    def dump(self, *, most_evaluations: int, most_finished: int) -> bytes:
        """Return the document as JSON, without the oldest of what only history needs."""
        del self._evaluations[: max(0, len(self._evaluations) - most_evaluations)]
        finished = sorted(
            (one for one in self._deliveries.values() if one["state"] != "waiting"),
            key=lambda one: str(one["finished_at"]),
        )
        for one in finished[: max(0, len(finished) - most_finished)]:
            del self._deliveries[one["id"]]
        return orjson.dumps(self._data)

    def load(self, alert: str) -> AlertMemory:
        """Return what is remembered of an alert."""
        entry = self._alerts.get(alert, {})
        return AlertMemory(
            _time(entry.get("last_due_at")),
            _time(entry.get("muted_until")),
            {key: rows.decode(AlertState, state) for key, state in entry.get("states", {}).items()},
        )

    def claim(self, claim: Claim, now: datetime, until: datetime, owner: str) -> bool:
        """Claim an evaluation if it is not done and nobody holds a lease."""
        entry = self._alerts.get(claim.alert, {})
        last_due_at = _time(entry.get("last_due_at"))
        if last_due_at is not None and last_due_at >= claim.due_at:
            return False
        if _holds(entry, claim.token):
            return True
        if not _is_free(entry, now):
            return False
        entry = self._alerts.setdefault(claim.alert, {})
        entry["claim"] = _new_claim(claim.token, until, owner)
        self.is_changed = True
        return True

    def commit(
        self,
        claim: Claim,
        evaluation: EvaluationRecord,
        states: Mapping[str, AlertState],
        deliveries: Sequence[Delivery],
    ) -> bool:
        """Write an evaluation and end its claim; False when the claim was lost."""
        entry = self._alerts.get(claim.alert, {})
        if not _holds(entry, claim.token):
            return any(one.get("claim_token") == claim.token for one in self._evaluations)
        del entry["claim"]
        entry["last_due_at"] = rows.encode_time(claim.due_at)
        entry["states"] = {key: rows.encode(state) for key, state in states.items()}
        self._evaluations.append({**rows.encode(evaluation), "claim_token": claim.token})
        for delivery in deliveries:
            if delivery.id not in self._deliveries:
                self._deliveries[delivery.id] = _kept(delivery)
        self.is_changed = True
        return True

    def release(self, claim: Claim) -> None:
        """End a claim without an evaluation."""
        entry = self._alerts.get(claim.alert, {})
        if _holds(entry, claim.token):
            del entry["claim"]
            self.is_changed = True

    def claim_delivery(
        self, channels: Collection[str], token: str, now: datetime, until: datetime, owner: str
    ) -> Delivery | None:
        """Claim the waiting delivery of these channels that is due longest, and count it."""
        for entry in self._waiting(channels):
            if _holds(entry, token):
                return _delivery(entry)
        due = [
            entry
            for entry in self._waiting(channels)
            if entry["next_attempt_at"] <= rows.encode_time(now) and _is_free(entry, now)
        ]
        if not due:
            return None
        entry = min(due, key=lambda one: (one["next_attempt_at"], one["id"]))
        entry["attempts"] += 1
        entry["claim"] = _new_claim(token, until, owner)
        self.is_changed = True
        return _delivery(entry)

    def finish_delivery(self, delivery: Delivery) -> bool:
        """Write how a claimed delivery went; False when the claim was lost."""
        entry = self._deliveries.get(delivery.id)
        if entry is None:
            return False
        if not _holds(entry, delivery.token):
            return _delivery(entry) == rows.settled(delivery)
        del entry["claim"]
        entry.update(_kept(delivery))
        self.is_changed = True
        return True

    def next_attempt_at(self, channels: Collection[str]) -> datetime | None:
        """Return when the first waiting delivery of these channels may be claimed."""
        times = [
            entry["claim"]["until"] if "claim" in entry else entry["next_attempt_at"]
            for entry in self._waiting(channels)
        ]
        return _time(min(times, default=None))

    def deliveries(self, states: Collection[DeliveryState], limit: int) -> list[Delivery]:
        """Return deliveries in these states, the newest notice first."""
        found = [one for one in self._deliveries.values() if one["state"] in states]
        found.sort(key=lambda one: str(one["id"]))
        found.sort(key=lambda one: str(one["notice"]["at"]), reverse=True)
        return [_delivery(one) for one in found[:limit]]

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery."""
        entry = self._deliveries.get(delivery_id)
        return None if entry is None else _delivery(entry)

    def replay(self, delivery_id: str, now: datetime) -> Delivery | None:
        """Make a finished delivery wait again."""
        entry = self._deliveries.get(delivery_id)
        if entry is None:
            return None
        if entry["state"] != "waiting":
            if entry["state"] == "delivered":
                entry["recipients"] = None
            entry.update(
                state="waiting",
                attempts=0,
                next_attempt_at=rows.encode_time(now),
                finished_at=None,
                detail="",
            )
            self.is_changed = True
        return _delivery(entry)

    def mute(self, alert: str, until: datetime | None) -> None:
        """Remember that an alert is muted; None ends it."""
        stored = None if until is None else rows.encode_time(until)
        if self._alerts.get(alert, {}).get("muted_until") != stored:
            self._alerts.setdefault(alert, {})["muted_until"] = stored
            self.is_changed = True

    def history(self, alert: str | None, limit: int) -> list[EvaluationRecord]:
        """Return evaluations, newest first."""
        found = [one for one in self._evaluations if alert is None or one["alert"] == alert]
        found.sort(key=lambda one: str(one["alert"]))
        order = ("evaluated_at", "due_at") if alert is None else ("due_at",)
        found.sort(key=lambda one: [str(one[name]) for name in order], reverse=True)
        return [rows.decode(EvaluationRecord, one) for one in found[:limit]]

    def beat(self, runner: str, now: datetime) -> None:
        """Remember that a staying runner is alive."""
        self._runners[runner] = rows.encode_time(now)
        self.is_changed = True

    def last_beat(self) -> datetime | None:
        """Return when any staying runner was last known to be alive."""
        return _time(max(self._runners.values(), default=None))

    def prune(self, before: datetime) -> None:
        """Forget evaluations, finished deliveries and silent runners older than this."""
        limit, last = rows.encode_time(before), max(self._runners.values(), default="")
        counts = len(self._evaluations), len(self._deliveries), len(self._runners)
        self._evaluations[:] = [one for one in self._evaluations if one["evaluated_at"] >= limit]
        for one in list(self._deliveries.values()):
            if one["finished_at"] is not None and one["finished_at"] < limit:
                del self._deliveries[one["id"]]
        for name, at in list(self._runners.items()):
            if at < limit and at < last:
                del self._runners[name]
        self.is_changed |= counts != (
            len(self._evaluations),
            len(self._deliveries),
            len(self._runners),
        )

    def _waiting(self, channels: Collection[str]) -> list[_Entry]:
        return [
            one
            for one in self._deliveries.values()
            if one["state"] == "waiting" and one["channel"] in channels
        ]


def _read(data: bytes | None) -> _Entry:
    if data is None:
        return {"format": FORMAT, "version": VERSION}
    try:
        read = orjson.loads(data)
    except orjson.JSONDecodeError:
        read = None
    if not isinstance(read, dict) or read.get("format") != FORMAT:
        raise StateFailed(
            "The object at the alert state's place is no alert state.",
            hint="It was left as it is. Give the runner another key.",
        )
    version = read.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise StateFailed(
            "The alert state was written by a newer version of Heliograph.",
            hint="It was left as it is. Use that version, or another key.",
        )
    return read


def _part(data: _Entry, name: str, kind: type) -> Any:
    part = data.setdefault(name, kind())
    if not isinstance(part, kind):
        raise rows.unreadable(name)
    return part


def _time(text: str | None) -> datetime | None:
    return None if text is None else rows.decode_time(text)


def _new_claim(token: str, until: datetime, owner: str) -> _Entry:
    return {"token": token, "until": rows.encode_time(until), "owner": owner}


def _holds(entry: _Entry, token: str) -> bool:
    return bool(entry.get("claim", {}).get("token") == token)


def _is_free(entry: _Entry, now: datetime) -> bool:
    return "claim" not in entry or bool(entry["claim"]["until"] <= rows.encode_time(now))


def _kept(delivery: Delivery) -> _Entry:
    encoded = rows.encode(rows.settled(delivery))
    return {name: encoded[name] for name in _KEPT}


def _delivery(entry: _Entry) -> Delivery:
    return rows.decode(Delivery, {**entry, "token": entry.get("claim", {}).get("token", "")})
