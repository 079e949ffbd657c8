"""One attempt at one delivery: render, send, and write down how it went."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import timedelta

from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import DeliveryDeferred, DeliveryError, StateFailed
from heliograph.notifications.channels.contract import Outgoing
from heliograph.notifications.deliveries import DEFAULT_POLICY, RetryPolicy, next_attempt
from heliograph.notifications.models import (
    DeliveryState,
    MessageTemplate,
    Receipt,
)
from heliograph.runner.file import AlertFile
from heliograph.runner.stores.contract import Delivery, StateStore

SEND_SECONDS = 15.0
_PAUSES = (0.2, 1.0, 3.0)  # between attempts to write down how a delivery went
LEASE = timedelta(seconds=120)
"""How long a claimed delivery is its sender's: well over what one attempt may take."""


class Sender:
    """Sends what waits in the store, one delivery at a time and channel by channel."""

    def __init__(
        self,
        file: AlertFile,
        store: StateStore,
        clock: Clock,
        policy: RetryPolicy = DEFAULT_POLICY,
    ) -> None:
        self._file = file
        self._store = store
        self._clock = clock
        self._policy = policy
        self._random = random.Random()  # noqa: S311  # jitter, not a secret
        self._outgoing = Outgoing(
            allow_hosts=file.allow_hosts, timeout_seconds=SEND_SECONDS, now=clock.now
        )

    def send_next(self, channel: str) -> Delivery | None:
        """Send the delivery of this channel that is due longest; None when none is due.

        Returns it as it stands afterwards. Whatever the channel raises becomes the delivery's
        state; only the store's own failure is raised.
        """
        delivery = self._store.claim_delivery([channel], self._clock.now(), LEASE)
        if delivery is None:
            return None
        finished = self._attempt(delivery)
        self._write_down(finished)
        return finished

    def _write_down(self, finished: Delivery) -> None:
        """Insist: what was sent and is not written down would be sent once more."""
        for pause in _PAUSES:
            try:
                self._store.finish_delivery(finished)
            except StateFailed:
                time.sleep(pause)
            else:
                return
        self._store.finish_delivery(finished)

    def _attempt(self, delivery: Delivery) -> Delivery:
        channel = self._file.channels[delivery.channel]
        alert = self._file.alerts.get(delivery.notice.alert)
        template = alert.settings.message.template() if alert else MessageTemplate()
        try:
            message = channel.render(delivery.notice, template)
            receipt = channel.send(
                message, delivery.notice, self._outgoing, delivery.recipients or ()
            )
        except DeliveryError as error:
            return self._failed(delivery, error)
        except Exception as error:  # noqa: BLE001  # a bug in a channel must not stop the others
            bug = DeliveryError(f"The channel failed with an unexpected {type(error).__name__}.")
            return self._failed(delivery, bug)
        return self._accepted(delivery, receipt)

    def _accepted(self, delivery: Delivery, receipt: Receipt) -> Delivery:
        now = self._clock.now()
        detail = receipt.detail
        if receipt.refused:
            detail = f"{detail} Refused for good: {', '.join(receipt.refused)}."
        if receipt.deferred:
            error = DeliveryDeferred(f"Not taken yet for {', '.join(receipt.deferred)}.")
            again = next_attempt(delivery.attempts, error, now, self._random, self._policy)
            if again is not None:
                return replace(
                    delivery,
                    next_attempt_at=again,
                    recipients=tuple(receipt.deferred),
                    detail=detail,
                )
            detail = f"{detail} Given up for {', '.join(receipt.deferred)}."
        return replace(
            delivery,
            state=DeliveryState.DELIVERED,
            finished_at=now,
            next_attempt_at=None,
            detail=detail,
        )

    def _failed(self, delivery: Delivery, error: DeliveryError) -> Delivery:
        now = self._clock.now()
        again = next_attempt(delivery.attempts, error, now, self._random, self._policy)
        if again is not None:
            return replace(delivery, next_attempt_at=again, detail=_words(error))
        return replace(
            delivery,
            state=DeliveryState.DEAD,
            finished_at=now,
            next_attempt_at=None,
            detail=_words(error),
        )


def _words(error: DeliveryError) -> str:
    return f"{error.message} {error.hint or ''}".strip()
