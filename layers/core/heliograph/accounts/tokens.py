"""Personal API tokens: for scripts, in the name of a person, with less than the person may do.

``hgt_<22 letters>_<43 letters>``: the first part finds the token, the second is 256 random bits.
The prefix is fixed, so that scanners of repositories recognise a token that leaked.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts import tokens_store as store
from heliograph.accounts import users_store
from heliograph.accounts.models import ApiToken, Scope
from heliograph.accounts.names import clean_name
from heliograph.accounts.one_time_secrets import (
    decode_base62,
    encode_base62,
    hash_secret,
    make_secret,
)
from heliograph.accounts.permissions import refuse_token
from heliograph.audit.service import record
from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import (
    Conflict,
    Forbidden,
    NotFound,
    RequestInvalid,
    TokenExpired,
    TokenInvalid,
)
from heliograph.kernel.ids import GroupId, UserId, new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction

DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=365)
MOST_TOKENS = 100
_NOTED_EVERY = timedelta(minutes=1)
_TOKEN = re.compile(r"hgt_(?P<id>[0-9A-Za-z]{22})_(?P<secret>[0-9A-Za-z]{43})", re.ASCII)


class Tokens:
    """The personal tokens of an installation. Threads may share it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def authenticate(
        self,
        token: str,
        *,
        address: str | None = None,
        user_agent: str | None = None,
        request_id: str | None = None,
    ) -> Actor:
        """Return who makes a request with a personal token, as they are now: one statement.

        Raises `TokenExpired`, and `TokenInvalid` for one that is unknown, was revoked, or is of
        somebody who is deactivated.
        """
        parts = _TOKEN.fullmatch(token)
        raw_id = decode_base62(parts["id"], 16) if parts else None
        if parts is None or raw_id is None:
            raise _invalid()
        now, token_hash = self._clock.now(), hash_secret(token)
        row = store.find_actor(
            self._database, UUID(bytes=raw_id), token_hash, now, now - _NOTED_EVERY
        )
        if row is None or not hmac.compare_digest(bytes(row["token_hash"]), token_hash):
            raise _invalid()
        if row["revoked_at"] is not None or row["deactivated_at"] is not None:
            raise _invalid()
        if row["expires_at"] <= now:
            raise TokenExpired("The personal token has expired.", hint="Make a new one.")
        return Actor(
            kind=ActorKind.TOKEN,
            user_id=UserId(row["user_id"]),
            email=row["email"],
            role=Role(row["role"]),
            group_ids=frozenset(GroupId(group_id) for group_id in row["group_ids"]),
            scopes=frozenset(row["scopes"]),
            address=address,
            user_agent=user_agent,
            request_id=request_id,
        )

    def create(
        self,
        actor: Actor,
        name: str,
        scopes: Sequence[Scope],
        *,
        life: timedelta = DEFAULT_LIFE,
    ) -> tuple[ApiToken, str]:
        """Make a token for the actor; the second of the pair is the token, shown once.

        Raises `Forbidden` for a personal token, which makes no others, `RequestInvalid` for no
        scopes or a life over a year, and `Conflict` when there are 100 already.
        """
        refuse_token(actor)
        if actor.user_id is None:
            raise Forbidden("Only a person has personal tokens.")
        if not scopes:
            raise RequestInvalid("A token needs a scope.", [("/scopes", "is empty")])
        if not timedelta(0) < life <= LONGEST_LIFE:
            why = f"must lie within the next {LONGEST_LIFE.days} days"
            raise RequestInvalid(f"The end of a token {why}.", [("/expires_at", why)])
        token_id, now = new_id(), self._clock.now()
        secret = f"{_hint(token_id)}_{make_secret()}"
        row = {
            "id": token_id,
            "user_id": actor.user_id,
            "name": clean_name(name),
            "scopes": sorted({scope.value for scope in scopes}),
            "created_at": now,
            "expires_at": now + life,
            "last_used_at": None,
        }
        with self._database.transaction() as tx:
            users_store.lock(tx, actor.user_id)  # so that two at once do not pass the limit
            if store.count(tx, actor.user_id, now) >= MOST_TOKENS:
                raise Conflict(f"There are {MOST_TOKENS} tokens.", hint="Revoke some.")
            store.insert(tx, {**row, "token_hash": hash_secret(secret)})
            told = {"scopes": row["scopes"], "expires_at": row["expires_at"]}
            self._record(tx, actor, "token.created", row, after=told)
        return _read(row), secret

    def list(
        self, actor: Actor, page: PageRequest, *, user_id: UUID | None = None
    ) -> Page[ApiToken]:
        """Return a page of the tokens of a user, newest first: the actor's own unless said.

        Raises `Forbidden` when it is somebody else's, and the actor is no admin.
        """
        if user_id is not None and user_id != actor.user_id and not actor.is_admin:
            raise Forbidden("Only admins may list the tokens of others.")
        after = page.after(UUID)
        found = store.select_page(
            self._database,
            user_id=user_id or actor.user_id,
            after=UUID(str(after[0])) if after else None,
            limit=page.limit + 1,
        )
        return make_page([_read(row) for row in found], page.limit, lambda token: (token.id,))

    def revoke(self, actor: Actor, token_id: UUID) -> None:
        """Revoke a token: one's own, and as an admin anybody's. Raises `NotFound`.

        A personal token may revoke its person's tokens, itself too: whoever finds one may end it.
        """
        whose = None if actor.is_admin else actor.user_id
        with self._database.transaction() as tx:
            row = store.revoke(tx, token_id, whose, self._clock.now())
            if row is None:
                raise NotFound("There is no such token.")
            self._record(tx, actor, "token.revoked", row, before={"scopes": row["scopes"]})

    def _record(
        self,
        tx: Transaction,
        actor: Actor,
        action: str,
        row: Mapping[str, Any],
        **told: Mapping[str, Any],
    ) -> None:
        record(
            tx,
            actor,
            action,
            at=self._clock.now(),
            object_type="token",
            object_id=row["id"],
            object_name=row["name"],
            before=told.get("before"),
            after={"user_id": row["user_id"], **told.get("after", {})},
        )


def _hint(token_id: UUID) -> str:
    return f"hgt_{encode_base62(token_id.bytes, 22)}"


def _read(row: Mapping[str, Any]) -> ApiToken:
    return ApiToken(
        id=row["id"],
        user_id=UserId(row["user_id"]),
        name=row["name"],
        hint=_hint(row["id"]),
        scopes=tuple(Scope(scope) for scope in row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )


def _invalid() -> TokenInvalid:
    return TokenInvalid("The personal token is not one that can be used.")
