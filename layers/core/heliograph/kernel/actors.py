"""Who does something: a person, a personal token of theirs, the command line, or Heliograph."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from heliograph.kernel.ids import GroupId, UserId


class Role(StrEnum):
    """What a person may do at all; grants say to what. Each role may do what the next one may."""

    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


class ActorKind(StrEnum):
    """By which way somebody acts."""

    USER = "user"  # signed in
    TOKEN = "token"  # a personal API token  # noqa: S105
    CLI = "cli"  # who has the app database may do everything
    SYSTEM = "system"  # Heliograph itself
    ANONYMOUS = "anonymous"  # nobody has been asked who they are


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as far as any decision or record needs to know.

    ``user_id``, ``email`` and ``role`` are None for the command line, the system and the anonymous.
    ``scopes`` is None for a person who is signed in, and a token's own limits otherwise.
    ``address`` is where the request came from, None when there was none.
    """

    kind: ActorKind
    user_id: UserId | None = None
    email: str | None = None
    role: Role | None = None
    group_ids: frozenset[GroupId] = frozenset()
    scopes: frozenset[str] | None = None
    session_id: str | None = None
    address: str | None = None
    user_agent: str | None = None
    request_id: str | None = field(default=None, compare=False)

    @property
    def is_admin(self) -> bool:
        """Say whether everything is permitted: an admin, the command line, the system."""
        return self.role is Role.ADMIN or self.kind in (ActorKind.CLI, ActorKind.SYSTEM)


SYSTEM = Actor(ActorKind.SYSTEM)
"""Heliograph itself: what happens by schedule, and what follows from something else."""
