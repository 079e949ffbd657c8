"""Sign-in, and what keeps people signed in: access tokens and refresh tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts import links_store, refresh_tokens, users_store
from heliograph.accounts import sessions_store as store
from heliograph.accounts.access_tokens import LIFETIME, AccessTokens
from heliograph.accounts.attempts import KNOWN_FOR, Attempts
from heliograph.accounts.models import Session, SessionEnd, SignedIn, User
from heliograph.accounts.names import fold_email
from heliograph.accounts.one_time_secrets import hash_secret
from heliograph.accounts.passwords import (
    check_password,
    hash_password,
    needs_rehash,
    verify_password,
)
from heliograph.accounts.permissions import refuse_token
from heliograph.accounts.signing_keys import SigningKeys
from heliograph.audit.service import HIDDEN, record
from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import (
    Forbidden,
    NotFound,
    RequestInvalid,
    SessionRevoked,
    SignInFailed,
    TokenExpired,
    TokenInvalid,
)
from heliograph.kernel.ids import GroupId, UserId, new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction
    from heliograph.platform.envelope import Envelope

LIFE = timedelta(days=30)
_MOST_CHARACTERS = 300


class Sessions:
    """The sessions of an installation. Threads may share it.

    ``envelope`` is asked for only where tokens are signed: at sign-in and refresh.
    """

    def __init__(self, database: Database, clock: Clock, envelope: Callable[[], Envelope]) -> None:
        self._database = database
        self._clock = clock
        self._attempts = Attempts(database, clock)
        self._tokens = AccessTokens(SigningKeys(database, clock, envelope), clock)

    def authenticate(
        self,
        token: str,
        *,
        address: str | None = None,
        user_agent: str | None = None,
        request_id: str | None = None,
    ) -> Actor:
        """Return who makes a request with an access token, as they are now: one statement.

        Raises `TokenInvalid`, `TokenExpired`, and `SessionRevoked` when the session was ended or
        the person deactivated.
        """
        claims = self._tokens.verify(token)
        row = store.find_actor(self._database, claims.session_id, claims.user_id)
        if row is None or row["ended_at"] is not None or row["deactivated_at"] is not None:
            raise _revoked()
        if row["expires_at"] <= self._clock.now():
            raise TokenExpired("The session has expired.", hint="Sign in again.")
        return Actor(
            kind=ActorKind.USER,
            user_id=claims.user_id,
            email=row["email"],
            role=Role(row["role"]),
            group_ids=frozenset(GroupId(group_id) for group_id in row["group_ids"]),
            session_id=str(claims.session_id),
            address=address,
            user_agent=user_agent,
            request_id=request_id,
        )

    def prepare(self) -> None:
        """Have the key at hand, before something is used up in vain. Raises `KeyUnavailable`."""
        self._tokens.prepare()

    def sign_in(self, email: str, password: str, visitor: Actor) -> SignedIn:
        """Start a session for who knows the password; ``visitor`` says where they are.

        Raises `SignInFailed`, the same and after the same time for an unknown email, a wrong
        password and a deactivated person, and `RateLimited` after too many of those.
        """
        self.prepare()  # first: what we lack is nobody's failure to sign in
        account = fold_email(email)
        since = self._clock.now() - KNOWN_FOR
        found = users_store.find_for_sign_in(self._database, account, visitor.address, since)
        counted = self._attempts.count(
            account,
            visitor.address,
            is_known_address=found is not None and found["is_known_address"],
        )
        is_right = verify_password(password, None if found is None else found["password_hash"])
        if found is None or not is_right or found["deactivated_at"] is not None:
            self._record_failure(visitor, account, found)
            raise _failed()
        rehashed = hash_password(password) if needs_rehash(found["password_hash"]) else None
        return self._start(
            visitor, found["id"], verified=found["password_hash"], rehashed=rehashed, spent=counted
        )

    def start(self, user_id: UUID, visitor: Actor) -> SignedIn:
        """Start a session for somebody who has just proved who they are by a one-time link.

        Raises `SignInFailed` when they are deactivated.
        """
        return self._start(visitor, user_id)

    def refresh(self, token: str, visitor: Actor) -> SignedIn:
        """Return new tokens for a refresh token, which is used up by it.

        The same token again within 10 s gives the same again; later it ends the session, for
        somebody has stolen it. Raises `TokenInvalid`, `TokenExpired`, `SessionRevoked`.
        """
        self.prepare()
        now = self._clock.now()
        with self._database.transaction() as tx:
            row = store.lock_by_refresh_token(tx, hash_secret(token))
            if row is None:
                raise TokenInvalid("The refresh token is not one that Heliograph has given.")
            if row["ended_at"] is not None or row["deactivated_at"] is not None:
                raise _revoked()
            if row["expires_at"] <= now:
                raise TokenExpired("The session has expired.", hint="Sign in again.")
            successor = refresh_tokens.rotate(tx, token, row["id"], now, row["expires_at"])
            if successor is None:
                self._end_reused(tx, row, visitor, now)
            else:
                store.touch(tx, row["id"], visitor.address, now)
        if successor is None:
            raise _revoked()
        user = users_store.read_user(
            {
                **row,
                "id": row["user_id"],
                "created_at": row["user_created_at"],
                "updated_at": row["user_updated_at"],
            }
        )
        ends = refresh_tokens.expires_at(now, row["expires_at"])
        return self._signed_in(user, row["id"], successor, ends)

    def sign_out(self, token: str, visitor: Actor) -> bool:
        """End the session that a refresh token belongs to; say whether it was open."""
        with self._database.transaction() as tx:
            row = store.lock_by_refresh_token(tx, hash_secret(token))
            if row is None:
                return False
            actor = _as_user(visitor, row["user_id"], row["email"], Role(row["role"]), row["id"])
            return self._end_one(tx, actor, row["id"], SessionEnd.SIGNED_OUT)

    def end_own(self, actor: Actor) -> None:
        """End the session that a request is made in. Raises `Forbidden` for a personal token."""
        session_id = _own_session(actor)
        with self._database.transaction() as tx:
            self._end_one(tx, actor, session_id, SessionEnd.SIGNED_OUT)

    def list(self, actor: Actor, page: PageRequest) -> Page[Session]:
        """Return the actor's own open sessions, newest first. Raises `Forbidden` for a token."""
        _own_session(actor)
        assert actor.user_id is not None
        after = page.after(UUID)
        now = self._clock.now()
        found = store.select_open(
            self._database,
            actor.user_id,
            used_after=now - refresh_tokens.IDLE_LIFE,
            now=now,
            after=UUID(str(after[0])) if after else None,
            limit=page.limit + 1,
        )
        return make_page(found, page.limit, lambda session: (session.id,))

    def end(self, actor: Actor, session_id: UUID) -> None:
        """End one of the actor's own sessions. Raises `NotFound`, and `Forbidden` for a token."""
        _own_session(actor)
        with self._database.transaction() as tx:
            if not self._end_one(tx, actor, session_id, SessionEnd.REVOKED):
                raise NotFound("There is no such session.")

    def end_others(self, actor: Actor) -> int:
        """End all of the actor's own sessions but this one; return how many were open.

        Raises `Forbidden` for a personal token.
        """
        with self._database.transaction() as tx:
            return self._end_others(tx, actor, SessionEnd.REVOKED)

    def change_password(self, actor: Actor, current: str, new: str) -> None:
        """Change the actor's own password; their other sessions and a waiting reset link end.

        Raises `RequestInvalid` when ``current`` is wrong, `RateLimited` after too many of those,
        `PasswordWeak`, and `Forbidden` for a personal token.
        """
        _own_session(actor)
        assert actor.user_id is not None
        assert actor.email is not None
        check_password(new, email=actor.email, path="/new_password")
        # Who is signed in is known here, so strangers cannot keep them from it.
        counted = self._attempts.count(actor.email, actor.address, is_known_address=True)
        held = users_store.find_password_hash(self._database, actor.user_id)
        if not verify_password(current, held):
            raise _wrong_current()
        password_hash = hash_password(new)
        with self._database.transaction() as tx:
            if not users_store.set_password_hash(tx, actor.user_id, password_hash, replaced=held):
                raise _wrong_current()  # it was changed a moment ago
            self._attempts.give_back(tx, counted)
            links_store.revoke_resets(tx, actor.user_id, self._clock.now())
            self._end_others(tx, actor, SessionEnd.PASSWORD_CHANGED)
            record(
                tx,
                actor,
                "password.changed",
                at=self._clock.now(),
                object_type="user",
                object_id=actor.user_id,
                object_name=actor.email,
                after={"password": HIDDEN},
            )

    def _start(
        self,
        visitor: Actor,
        user_id: UUID,
        *,
        verified: str | None = None,
        rehashed: str | None = None,
        spent: Sequence[str] = (),
    ) -> SignedIn:
        self.prepare()  # without a key there is no session either
        now = self._clock.now()
        session_id = new_id()
        with self._database.transaction() as tx:
            user = users_store.sign_in(tx, user_id, verified, now)
            if user is None:  # deactivated, or the password changed, while it was verified
                raise _failed()
            if rehashed is not None:
                users_store.set_password_hash(tx, user_id, rehashed)
            address, user_agent = _cut(visitor.address), _cut(visitor.user_agent)
            ends = now + LIFE
            session = Session(session_id, user.id, address, user_agent, now, now, ends)
            store.insert(tx, session)
            token = refresh_tokens.issue(tx, session_id, now, ends)
            if spent:
                self._attempts.give_back(tx, spent)
            actor = _as_user(visitor, user.id, user.email, user.role, session_id)
            _record(tx, actor, "session.started", now, session_id)
            expires = refresh_tokens.expires_at(now, ends)
        return self._signed_in(user, session_id, token, expires)

    def _signed_in(
        self, user: User, session_id: UUID, token: str, expires_at: datetime
    ) -> SignedIn:
        access_token = self._tokens.issue(user.id, session_id)
        seconds = int(LIFETIME.total_seconds())
        return SignedIn(user, session_id, access_token, seconds, token, expires_at)

    def _end_one(
        self, tx: Transaction, actor: Actor, session_id: UUID, because: SessionEnd
    ) -> bool:
        assert actor.user_id is not None
        now = self._clock.now()
        if not store.end(tx, session_id, actor.user_id, because, now):
            return False
        _record(tx, actor, "session.ended", now, session_id, because=because)
        return True

    def _end_others(self, tx: Transaction, actor: Actor, because: SessionEnd) -> int:
        own = _own_session(actor)
        assert actor.user_id is not None
        now = self._clock.now()
        count = store.end_all(tx, actor.user_id, because, now, kept=own)
        if count:
            _record(tx, actor, "session.others_ended", now, own, because=because)
        return count

    def _end_reused(
        self, tx: Transaction, row: dict[str, Any], visitor: Actor, now: datetime
    ) -> None:
        store.end(tx, row["id"], row["user_id"], SessionEnd.REUSED, now)
        actor = _as_user(visitor, row["user_id"], row["email"], Role(row["role"]), row["id"])
        _record(tx, actor, "session.revoked", now, row["id"], because=SessionEnd.REUSED)

    def _record_failure(self, visitor: Actor, account: str, found: dict[str, Any] | None) -> None:
        # What was typed is not recorded unless it is somebody's email: it may be a password.
        is_known = found is not None
        with self._database.transaction() as tx:
            record(
                tx,
                visitor,
                "session.failed",
                at=self._clock.now(),
                object_type="user",
                object_id=found["id"] if found is not None else None,
                object_name=account if is_known else None,
            )


def _as_user(visitor: Actor, user_id: UUID, email: str, role: Role, session_id: UUID) -> Actor:
    return replace(
        visitor,
        kind=ActorKind.USER,
        user_id=UserId(user_id),
        email=email,
        role=role,
        session_id=str(session_id),
    )


def _record(
    tx: Transaction,
    actor: Actor,
    action: str,
    at: datetime,
    session_id: UUID,
    *,
    because: SessionEnd | None = None,
) -> None:
    after = None if because is None else {"because": because.value}
    record(
        tx,
        actor,
        action,
        at=at,
        object_type="session",
        object_id=session_id,
        object_name=actor.email,
        after=after,
    )


def _own_session(actor: Actor) -> UUID:
    """Return the session that a person acts in. Raises `Forbidden` for anybody else."""
    refuse_token(actor)
    if actor.session_id is None:
        raise Forbidden("This needs a person who is signed in.")
    return UUID(actor.session_id)


def _cut(text: str | None) -> str | None:
    if text is None:
        return None
    return text[:_MOST_CHARACTERS].encode(errors="replace").decode().replace("\x00", "")


def _failed() -> SignInFailed:
    return SignInFailed(
        "The email and the password do not belong together.",
        hint="An admin can make a link to set a new password.",
    )


def _revoked() -> SessionRevoked:
    return SessionRevoked("The session was ended.", hint="Sign in again.")


def _wrong_current() -> RequestInvalid:
    return RequestInvalid(
        "The current password is another one.", [("/current_password", "is another one")]
    )
