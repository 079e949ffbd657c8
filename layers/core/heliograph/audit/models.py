"""What a recorded event says, and which events are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One thing that somebody did.

    ``at`` is in UTC. ``before`` and ``after`` hold what changed, secrets as ``***``. The fields of
    the actor are None for the command line, the system, and whoever could not be recognised.
    """

    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_email: str | None
    action: str
    object_type: str | None
    object_id: str | None
    object_name: str | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    address: str | None
    user_agent: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events are asked for: those that fit everything that is given.

    ``action`` is a whole action, ``user.created``, or its noun, ``user``. ``since`` belongs to the
    span, ``until`` no more. ``search`` is found anywhere in the object's name or the actor's email.
    """

    actor_id: UUID | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is given, by name."""
        named = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in named.items() if value is not None}


class ExportFormat(StrEnum):
    """How exported events are written."""

    NDJSON = "ndjson"
    CSV = "csv"
