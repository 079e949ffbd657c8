"""Who did what: recorded in the transaction that does it, listed and exported for admins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.audit import store
from heliograph.audit.changes import HIDDEN, changed, clean_text, hide_secrets, write_json
from heliograph.audit.models import AuditEvent, AuditFilter, ExportFormat
from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import ExportTooLarge
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page

if TYPE_CHECKING:
    from heliograph.platform.blob_store import BlobStore
    from heliograph.platform.database import Database, Transaction

__all__ = ["HIDDEN", "MOST_EXPORTED", "AuditLog", "changed", "hide_secrets", "record"]

MOST_EXPORTED = 200_000
"""How many events one export may hold: what fits into the time of one request."""

_MOST_CHARACTERS = 300
_LINK_SECONDS = 900


def record(  # noqa: PLR0913  # each is a column, and all but three are named
    tx: Transaction,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    object_type: str | None = None,
    object_id: UUID | str | None = None,
    object_name: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Record in ``tx`` that ``actor`` did ``action``: with what it did, or not at all.

    ``action`` is ``noun.verb_past`` and stands in docs/reference/audit.md. ``before`` and
    ``after`` hold what changed (see `changed`), a secret as `HIDDEN`: any other value under a name
    like ``password`` or ``token`` is hidden, with a warning that is an error in tests.
    """
    store.insert(
        tx,
        event_values(
            actor,
            action,
            at=at,
            object_type=object_type,
            object_id=object_id,
            object_name=object_name,
            before=before,
            after=after,
        ),
    )


RECORD = store.INSERT
"""What `record` does, as a statement whose FROM may follow: for who has one statement for all."""


def event_values(  # as `record`
    actor: Actor,
    action: str,
    *,
    at: datetime,
    object_type: str | None = None,
    object_id: UUID | str | None = None,
    object_name: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the values of `RECORD`; their names begin with ``event_``."""
    return {
        "event_id": new_id(),
        "event_at": at,
        "event_actor_kind": actor.kind.value,
        "event_actor_id": actor.user_id,
        "event_actor_email": _cut(actor.email),
        "event_action": action,
        "event_object_type": object_type,
        "event_object_id": None if object_id is None else str(object_id),
        "event_object_name": _cut(object_name),
        "event_before": write_json(before),
        "event_after": write_json(after),
        "event_address": _cut(actor.address),
        "event_user_agent": _cut(actor.user_agent),
        "event_request_id": _cut(actor.request_id),
    }


def _cut(text: str | None) -> str | None:
    return None if text is None else clean_text(text[:_MOST_CHARACTERS])


class AuditLog:
    """What was recorded, for those who may read it; who may is decided by the caller."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, wanted: AuditFilter, page: PageRequest) -> Page[AuditEvent]:
        """Return a page of events, newest first. Raises `CursorInvalid`."""
        last = page.after(datetime.fromisoformat, UUID)
        found = store.list_events(self._database, wanted, last, page.limit + 1)
        return make_page(found, page.limit, lambda event: (event.at, event.id))

    def export(
        self, actor: Actor, wanted: AuditFilter, export_format: ExportFormat, blobs: BlobStore
    ) -> str:
        """Write the events that fit into a file, oldest first, and return a link to it.

        Memory does not grow with the events: a portal of the server is read in batches. That it
        was exported is recorded before the link is given. Raises `ExportTooLarge` above
        `MOST_EXPORTED`, `StorageUnavailable`.
        """
        from heliograph.audit import exports  # noqa: PLC0415

        now = self._clock.now()
        key = exports.make_key(now, export_format)
        with self._database.transaction() as tx:
            count = store.count_up_to(tx, wanted, MOST_EXPORTED + 1)
            if count > MOST_EXPORTED:
                raise ExportTooLarge(
                    f"More than {MOST_EXPORTED:,} events fit.",
                    hint="Narrow them with `from` and `to`, and export them in parts.",
                )
            chunks = exports.encode_events(
                store.read_events(tx, wanted, MOST_EXPORTED), export_format
            )
            blobs.write(key, chunks, content_type=exports.MEDIA_TYPES[export_format])
            details = {"format": export_format.value, "events": count, **wanted.to_dict()}
            record(tx, actor, "audit.exported", at=now, object_type="audit", after=details)
        return blobs.link(
            key,
            seconds=_LINK_SECONDS,
            filename=key.rpartition("/")[2],
            content_type=exports.MEDIA_TYPES[export_format],
        )
