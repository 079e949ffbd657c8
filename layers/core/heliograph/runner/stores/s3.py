"""The state in one S3 object: for functions that come and go, and for few alerts.

Every change reads the whole document and writes it back on the condition that nobody else has
written in between; who loses begins anew. So of two runners one gets a claim, and it is in S3
before anything is sent. A claim whose holder died is free when its lease is over.
"""

from __future__ import annotations

import random
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeVar

from heliograph.alerts.models import AlertState
from heliograph.kernel.errors import StateFailed, UsageError
from heliograph.notifications.models import DeliveryState
from heliograph.platform.blobs import BlobConflict, Blobs, BlobUnreachable, S3Blobs
from heliograph.runner.stores import rows
from heliograph.runner.stores.contract import AlertMemory, Claim, Delivery, EvaluationRecord
from heliograph.runner.stores.document import Document
from heliograph.runner.stores.owners import name_owner

T = TypeVar("T")

MOST_EVALUATIONS = 500
MOST_FINISHED = 200
_TRIES = 24
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
_PLACE = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]+)/(?P<key>.*[^/])", re.DOTALL)


def open_s3(place: str, environment: Mapping[str, str]) -> S3StateStore:
    """Return the store in the object ``s3://bucket/key``. Raises `UsageError`."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise UsageError(
            "The place of an alert state in S3 names a bucket and a key.",
            hint="For example s3://my-bucket/heliograph/alerts.json.",
        )
    return S3StateStore(S3Blobs(found["bucket"], environment), found["key"])


class S3StateStore:
    """A `StateStore` in one object of ``blobs``, kept small: old history goes first, states never.

    Threads may share it; they take turns.
    """

    def __init__(
        self,
        blobs: Blobs,
        key: str,
        *,
        most_evaluations: int = MOST_EVALUATIONS,
        most_finished: int = MOST_FINISHED,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._blobs = blobs
        self._key = key
        self._most = {"most_evaluations": most_evaluations, "most_finished": most_finished}
        self._pause = pause
        self._lock = threading.Lock()
        self._known: tuple[Document, str] | None = None  # what we wrote last, if nobody else did

    def load(self, alert: str) -> AlertMemory:
        """Return what is remembered of an alert."""
        return self._read(lambda document: document.load(alert))

    def claim(self, alert: str, due_at: datetime, now: datetime, lease: timedelta) -> Claim | None:
        """Claim an evaluation; None when it is done, or somebody else holds a lease."""
        claim = Claim(alert, due_at, secrets.token_hex(16))
        until, owner = now + lease, name_owner()
        won = self._change(lambda document: document.claim(claim, now, until, owner))
        return claim if won else None

    def commit(
        self,
        claim: Claim,
        evaluation: EvaluationRecord,
        states: Mapping[str, AlertState],
        deliveries: Sequence[Delivery],
    ) -> bool:
        """Write the evaluation, all states of the alert and the deliveries, and end the claim."""
        return self._change(lambda document: document.commit(claim, evaluation, states, deliveries))

    def release(self, claim: Claim) -> None:
        """End a claim without an evaluation."""
        self._change(lambda document: document.release(claim))

    def claim_delivery(
        self, channels: Sequence[str], now: datetime, lease: timedelta
    ) -> Delivery | None:
        """Claim the waiting delivery of these channels that is due longest, and count it."""
        token, until, owner = secrets.token_hex(16), now + lease, name_owner()
        return self._change(
            lambda document: document.claim_delivery(channels, token, now, until, owner)
        )

    def finish_delivery(self, delivery: Delivery) -> bool:
        """Write how a claimed delivery went."""
        return self._change(lambda document: document.finish_delivery(delivery))

    def next_attempt_at(self, channels: Sequence[str]) -> datetime | None:
        """Return when the first waiting delivery of these channels may be claimed."""
        return self._read(lambda document: document.next_attempt_at(channels))

    def deliveries(self, states: Sequence[DeliveryState], limit: int = 100) -> list[Delivery]:
        """Return deliveries in these states, the newest notice first."""
        return self._read(lambda document: document.deliveries(states, limit))

    def find_delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery."""
        return self._read(lambda document: document.find_delivery(delivery_id))

    def replay(self, delivery_id: str, now: datetime) -> Delivery | None:
        """Make a finished delivery wait again; see the contract."""
        return self._change(lambda document: document.replay(delivery_id, now))

    def mute(self, alert: str, until: datetime | None) -> None:
        """Remember that an alert is muted; None ends it."""
        self._change(lambda document: document.mute(alert, until))

    def history(self, alert: str | None, limit: int = 100) -> list[EvaluationRecord]:
        """Return evaluations, newest first, as far back as the document goes."""
        return self._read(lambda document: document.history(alert, limit))

    def beat(self, runner: str, now: datetime) -> None:
        """Remember that a staying runner is alive."""
        self._change(lambda document: document.beat(runner, now))

    def last_beat(self) -> datetime | None:
        """Return when any staying runner was last known to be alive."""
        return self._read(lambda document: document.last_beat())

    def prune(self, before: datetime) -> None:
        """Forget evaluations and finished deliveries older than this."""
        self._change(lambda document: document.prune(before))

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        with self._lock:
            self._known = None
            self._blobs.close()

    def _read(self, work: Callable[[Document], T]) -> T:
        with self._lock, _explained():
            return work(self._fetch()[0])

    def _change(self, work: Callable[[Document], T]) -> T:
        """Do ``work`` on the newest document and write it back, until nobody comes between."""
        with self._lock, _explained():
            for attempt in range(_TRIES):
                known, self._known = self._known, None
                document, etag = known or self._fetch()
                result = work(document)
                if not document.is_changed:
                    if known is None:
                        return result
                    continue  # perhaps there is something to do in a newer document
                if self._put(document, etag):
                    return result
                ceiling = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)
                self._pause(ceiling * random.random())  # noqa: S311  # jitter, not a secret
        raise StateFailed(
            "The alert state in S3 was changed by others at every attempt to write it.",
            hint="Let fewer runners share it, or keep the state in PostgreSQL.",
        )

    def _fetch(self) -> tuple[Document, str | None]:
        found = self._blobs.get(self._key)
        return (Document(None), None) if found is None else (Document(found[0]), found[1])

    def _put(self, document: Document, etag: str | None) -> bool:
        """Write the document unless somebody else came first; say whether it was written."""
        try:
            written = self._blobs.put_if(self._key, document.dump(**self._most), etag)
        except BlobConflict:
            return False
        document.is_changed = False
        self._known = (document, written)
        return True


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what S3 says, and entries that cannot be read, into `StateFailed`."""
    try:
        yield
    except BlobUnreachable as error:
        raise StateFailed(error.message, hint=error.hint) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise rows.unreadable("entry") from error
