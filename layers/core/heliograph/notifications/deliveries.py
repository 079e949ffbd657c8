"""When a delivery is tried again, and what it is called. Pure: time and chance are handed in."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from heliograph.kernel.errors import DeliveryDeferred, DeliveryError

_ID_LENGTH = 26  # 130 bits of base32
_MAX_DOUBLINGS = 24  # more would overflow a timedelta; any `longest` is reached before


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patiently a delivery is tried again.

    Waits are drawn between 0 and ``first`` x 2^n, at most ``longest`` ("full jitter":
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). On average the
    default gives up after about 24 hours: half of 10 s, 20 s, ... 10,240 s and 14 x 3 h.
    """

    first: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(hours=3)
    longest_retry_after: timedelta = timedelta(hours=6)
    max_attempts: int = 26


DEFAULT_POLICY = RetryPolicy()


def next_attempt(
    attempts: int,
    error: DeliveryError,
    now: datetime,
    random: Random,
    policy: RetryPolicy = DEFAULT_POLICY,
) -> datetime | None:
    """Return when to try again after ``attempts`` failures, or None when the delivery is dead.

    Only `DeliveryDeferred` is tried again. What the receiver asked for with ``Retry-After`` is the
    least wait, with up to ``first`` more so that not everybody comes back at once.
    """
    if not isinstance(error, DeliveryDeferred) or attempts >= policy.max_attempts:
        return None
    doublings = min(max(0, attempts - 1), _MAX_DOUBLINGS)
    wait = min(policy.longest, policy.first * (1 << doublings)) * random.random()
    if error.retry_after is not None:
        asked = timedelta(
            seconds=min(max(0.0, error.retry_after), policy.longest_retry_after.total_seconds())
        )
        wait = max(wait, asked + policy.first * random.random())
    return now + wait


def delivery_id(alert: str, key: str, due_at: datetime, channel: str, notice_type: str) -> str:
    """Return the name of a delivery: the same for the same cause, ``dlv_`` and 26 letters.

    An evaluation that is repeated after a crash therefore gives its deliveries the same ids, by
    which receivers recognise a repeat.
    """
    cause = [alert, key, due_at.astimezone(UTC).isoformat(), channel, notice_type]
    digest = hashlib.sha256(json.dumps(cause).encode()).digest()
    return "dlv_" + base64.b32encode(digest).decode("ascii").lower()[:_ID_LENGTH]
