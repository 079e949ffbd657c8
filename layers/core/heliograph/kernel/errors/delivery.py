"""A notification did not reach its receiver."""

from __future__ import annotations

from typing import Any

from heliograph.kernel.errors.root import HeliographError


class DeliveryError(HeliographError):
    """A notification did not reach its receiver. Messages name the host, never path or secret."""

    code = "delivery_failed"


class DestinationRefused(DeliveryError):
    """The receiver's address is private or special, and ``allow_hosts`` does not name it."""

    code = "destination_refused"


class DeliveryRejected(DeliveryError):
    """The receiver refused for good: the same request would be refused again."""

    code = "delivery_rejected"


class DeliveryDeferred(DeliveryError):
    """The receiver could not be reached or asked to wait: to be tried again.

    ``retry_after`` is the wait that the receiver asked for, in seconds, None when it did not say.
    """

    code = "delivery_deferred"

    def __init__(self, message: str, *, retry_after: float | None = None, **fields: Any) -> None:
        super().__init__(message, **fields)
        self.retry_after = retry_after
