"""What accounts are made of: people, groups, sessions, links and tokens, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from heliograph.kernel.actors import Role
from heliograph.kernel.ids import GroupId, UserId


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in, unless deactivated. ``email`` is in lower case.

    ``claims`` are what row-level security may know of them besides; see `accounts.claims`.
    """

    id: UserId
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime
    updated_at: datetime
    last_signed_in_at: datetime | None
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdentityFacts:
    """What is known of a person that policies may see. ``groups`` are names, sorted.

    ``known_claims`` are the names, sorted, of all claims that anybody has.
    """

    groups: tuple[str, ...]
    claims: Mapping[str, str]
    known_claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of people, to whom rights are granted together."""

    id: GroupId
    name: str
    member_count: int
    created_at: datetime
    updated_at: datetime


class SessionEnd(StrEnum):
    """Why a session is over before its time."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"  # by the person, from another session
    REUSED = "reused"  # a refresh token came twice
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class Session:
    """A place where somebody is signed in."""

    id: UUID
    user_id: UserId
    address: str | None
    user_agent: str | None
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What signing in, or refreshing, gives. The tokens are shown to nobody else, and not kept."""

    user: User
    session_id: UUID
    access_token: str
    expires_in: int
    """Seconds that the access token is good for."""
    refresh_token: str
    refresh_expires_at: datetime

    def __repr__(self) -> str:
        return f"SignedIn(user={self.user!r}, session_id={self.session_id!r})"


class LinkKind(StrEnum):
    """What a one-time link is for."""

    SETUP = "setup"
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that waits for its person."""

    id: UUID
    email: str
    role: Role
    group_ids: tuple[GroupId, ...]
    created_by: UserId | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedLink:
    """A link, whole, as it is shown once. ``id`` is that of the invitation or reset."""

    id: UUID
    url: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"IssuedLink(id={self.id!r}, expires_at={self.expires_at!r})"


class Scope(StrEnum):
    """What a personal token may be used for."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A personal token without its secret. ``hint`` is how it begins, to find it again."""

    id: UUID
    user_id: UserId
    name: str
    hint: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
