"""Who asks, told to the database for one transaction, so that its own policies can judge by it.

PostgreSQL's row-level security reads the claims with ``current_setting('heliograph.user_id',
true)``. They are bound values of the transaction that runs the query and end with it. Nobody can
set them in SQL: the guard refuses SET and ``set_config``. A function of the database that sets
them itself is the database owner's own doing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from heliograph.accounts.claims import NAME_RULE, is_claim_name, is_setting_value
from heliograph.kernel.actors import Actor
from heliograph.kernel.errors import RequestInvalid

USER_ID: Final = "heliograph.user_id"
USER_EMAIL: Final = "heliograph.user_email"
USER_ROLE: Final = "heliograph.user_role"
USER_GROUPS: Final = "heliograph.user_groups"
CLAIM_PREFIX: Final = "heliograph.claim_"

_NAMES: Final = (USER_ID, USER_EMAIL, USER_ROLE, USER_GROUPS)


@dataclass(frozen=True, slots=True)
class Identity:
    """What policies may know of whoever asks. ``groups`` are names, ``claims`` are by name."""

    user_id: str
    email: str
    role: str
    groups: tuple[str, ...] = ()
    claims: Mapping[str, str] = field(default_factory=dict)


def identity_of(
    actor: Actor, groups: Iterable[str], claims: Mapping[str, str] | None = None
) -> Identity:
    """Return the identity of an actor who is in ``groups``, given by name.

    The command line and Heliograph itself are nobody: their id, email and role are empty.
    """
    return Identity(
        user_id=str(actor.user_id) if actor.user_id else "",
        email=actor.email or "",
        role=actor.role.value if actor.role else "",
        groups=tuple(sorted(set(groups))),
        claims=dict(claims or {}),
    )


def identity_settings(
    identity: Identity | None, *, known_claims: Iterable[str] = ()
) -> dict[str, str]:
    """Return the claims as `RunOptions.settings`; without an identity every one of them is empty.

    ``heliograph.user_groups`` is a JSON array of names, sorted. Of ``known_claims`` those that the
    identity lacks are set too, to nothing, so that policies see the same on a new connection and on
    one that others have used. Raises `RequestInvalid` for a claim's name that is not made of
    lower-case letters, digits and ``_``, and for a value with a NUL character.
    """
    settings = dict.fromkeys((*_NAMES, *map(_claim_setting, known_claims)), "")
    if identity is not None:
        settings |= {_claim_setting(name): value for name, value in identity.claims.items()}
        settings[USER_ID] = identity.user_id
        settings[USER_EMAIL] = identity.email
        settings[USER_ROLE] = identity.role
        settings[USER_GROUPS] = json.dumps(sorted(set(identity.groups)), ensure_ascii=False)
    for name, value in settings.items():
        if not is_setting_value(value):
            raise RequestInvalid(f"The value of {name} holds a character that PostgreSQL refuses.")
    return settings


def identity_key(settings: Mapping[str, str]) -> str:
    """Return a key that two runs share only if every policy sees the same in both: 64 hex digits.

    ``settings`` are those of `identity_settings`.
    """
    text = json.dumps(sorted(settings.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _claim_setting(name: str) -> str:
    if not is_claim_name(name):
        raise RequestInvalid(f"The name of a claim {NAME_RULE}.")
    return CLAIM_PREFIX + name
