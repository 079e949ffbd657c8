"""Who may do what to one object: decided here, from facts alone, with reasons.

An object is a connection, a folder, an Insight, a dashboard. Grants give a level (view, edit) on
it, or on a folder that it lies in, to a person, a group or everyone; edit holds view. Admins need
none. Viewers never edit, whatever was granted. A personal token does no more than its scopes say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.errors import Forbidden


class Level(StrEnum):
    """What a grant permits. ``edit`` permits what ``view`` does, and to share."""

    VIEW = "view"
    EDIT = "edit"


class GranteeType(StrEnum):
    """To whom something is granted."""

    USER = "user"
    GROUP = "group"
    EVERYONE = "everyone"


class ReasonKind(StrEnum):
    """Why something is permitted or refused."""

    ADMIN = "admin"
    GRANT = "grant"
    NO_GRANT = "no_grant"
    VIEW_ONLY = "view_only"
    VIEWER_ROLE = "viewer_role"
    TOKEN_SCOPE = "token_scope"  # noqa: S105
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object that rights can be granted on: its registered type and its id."""

    type: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who is granted something. ``id`` is None for everyone; ``name`` is there to be shown."""

    type: GranteeType
    id: UUID | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A right that was given: ``level`` on ``object`` to ``grantee``."""

    id: UUID
    object: ObjectRef
    grantee: Grantee
    level: Level
    created_at: datetime | None = None
    object_name: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision; ``grant`` is the right that it rests on, where there is one."""

    kind: ReasonKind
    message: str
    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something is permitted, and every reason that counted."""

    is_allowed: bool
    reasons: tuple[Reason, ...]


_SCOPE = {Level.VIEW: "read", Level.EDIT: "write"}


def decide(actor: Actor, needed: Level, subject: ObjectRef, grants: Iterable[Grant]) -> Decision:
    """Return whether ``actor`` has ``needed`` on ``subject``.

    ``grants`` are those on ``subject`` and on everything that it lies in, to anybody: the ones
    that do not concern the actor are passed over.
    """
    refusal = find_limit(actor, needed)
    if refusal is not None:
        return Decision(False, (refusal,))
    if actor.is_admin:
        return Decision(True, (Reason(ReasonKind.ADMIN, "Admins may do everything."),))
    held = [grant for grant in grants if _concerns(grant.grantee, actor)]
    enough = [grant for grant in held if needed is Level.VIEW or grant.level is Level.EDIT]
    if enough:
        return Decision(True, tuple(_because(grant, subject) for grant in enough))
    if held:
        views = tuple(_because(grant, subject) for grant in held)
        return Decision(False, (Reason(ReasonKind.VIEW_ONLY, "Only viewing is granted."), *views))
    return Decision(False, (Reason(ReasonKind.NO_GRANT, "Nothing is granted."),))


def find_limit(actor: Actor, needed: Level) -> Reason | None:
    """Return why the actor has ``needed`` on nothing at all, whatever is granted; else None."""
    if actor.scopes is not None and _SCOPE[needed] not in actor.scopes:
        message = f"The personal token lacks the scope {_SCOPE[needed]}."
        return Reason(ReasonKind.TOKEN_SCOPE, message)
    if needed is Level.EDIT and actor.role is Role.VIEWER:
        return Reason(ReasonKind.VIEWER_ROLE, "Viewers do not edit, whatever is granted.")
    return None


def refuse_token(actor: Actor) -> None:
    """Raise `Forbidden` for a personal token: this would get its holder more than it is good for.

    So it is for passwords, sessions, other tokens, and whatever makes an admin.
    """
    if actor.kind is ActorKind.TOKEN:
        raise Forbidden(
            "A personal token cannot do this.", hint="Sign in with the email and the password."
        )


def _concerns(grantee: Grantee, actor: Actor) -> bool:
    if grantee.type is GranteeType.EVERYONE:
        return True
    if grantee.id is None:
        return False
    if grantee.type is GranteeType.GROUP:
        return grantee.id in actor.group_ids
    return grantee.id == actor.user_id


def _because(grant: Grant, subject: ObjectRef) -> Reason:
    to = {
        GranteeType.USER: "to this person",
        GranteeType.GROUP: f"to the group {grant.grantee.name or grant.grantee.id}",
        GranteeType.EVERYONE: "to everyone",
    }[grant.grantee.type]
    where = ""
    if grant.object != subject:
        where = f" on the {grant.object.type} {grant.object_name or grant.object.id}"
    return Reason(ReasonKind.GRANT, f"{grant.level.value} is granted {to}{where}.", grant)
