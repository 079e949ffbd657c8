"""People and their roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts import grants_store, links_store, sessions_store
from heliograph.accounts import users_store as store
from heliograph.accounts.claims import clean_claims
from heliograph.accounts.models import IdentityFacts, SessionEnd, User
from heliograph.accounts.names import clean_email, clean_name, escape_like
from heliograph.accounts.passwords import check_password, hash_password
from heliograph.accounts.permissions import refuse_token
from heliograph.audit.service import changed, hide_secrets, record
from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import LastAdmin, NameTaken, NotFound
from heliograph.kernel.ids import UserId, new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.platform.database import ConstraintViolated

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


class Users:
    """The people of an installation. Threads may share it.

    Who may call what is decided by the route: only admins change others.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(
        self,
        page: PageRequest,
        *,
        search: str | None = None,
        role: Role | None = None,
        is_active: bool | None = None,
    ) -> Page[User]:
        """Return a page of users in the order of their emails.

        ``search`` is a part of the name or the email, whatever its case.
        """
        after = page.after(str)
        found = store.select_page(
            self._database,
            pattern=None if search is None else escape_like(search),
            role=None if role is None else role.value,
            is_active=is_active,
            after=None if after is None else str(after[0]),
            limit=page.limit + 1,
        )
        return make_page(found, page.limit, lambda user: (user.email,))

    def get(self, user_id: UUID) -> User:
        """Return a user. Raises `NotFound`."""
        user = store.find(self._database, user_id)
        if user is None:
            raise _no_user()
        return user

    def find_by_email(self, email: str) -> User | None:
        """Return the user with this email, in whatever case, or None."""
        return store.find_by_email(self._database, clean_email(email))

    def find_actor(self, user_id: UUID) -> Actor | None:
        """Return a person as who acts, for work of theirs that has waited; None where they may not.

        That is when they are deactivated, or there is no such person.
        """
        with self._database.transaction() as tx:
            found = grants_store.select_actor(tx, user_id)
        if found is None or found["deactivated_at"] is not None:
            return None
        return Actor(
            ActorKind.USER,
            found["id"],
            found["email"],
            Role(found["role"]),
            frozenset(found["group_ids"]),
        )

    def identity_facts(self, user_id: UUID) -> IdentityFacts:
        """Return the groups and claims of a user, and all names of claims, in one round trip.

        Raises `NotFound`.
        """
        facts = store.find_identity_facts(self._database, user_id)
        if facts is None:
            raise _no_user()
        return facts

    def identity_expression(self, user_id: UUID) -> tuple[str, Sequence[Any]]:
        """Return an SQL expression and its values: what `read_identity_facts` reads, or NULL.

        For a statement that reads something else beside it, so that both are one round trip.
        """
        return store.IDENTITY_FACTS, [user_id]

    def read_identity_facts(self, found: Mapping[str, Any] | None) -> IdentityFacts:
        """Return the facts that the expression has given. Raises `NotFound` where it gave none."""
        if found is None:
            raise _no_user()
        return store.read_identity_facts(found)

    def create(self, actor: Actor, *, email: str, name: str, role: Role, password: str) -> User:
        """Create a user with a password: for the command line. People come by invitation.

        Raises `NameTaken` for an email that is taken, `PasswordWeak`, `RequestInvalid`.
        """
        email, name = clean_email(email), clean_name(name)
        check_password(password, email=email)
        password_hash = hash_password(password)
        try:
            with self._database.transaction() as tx:
                return self.create_in(
                    tx, actor, email=email, name=name, role=role, password_hash=password_hash
                )
        except ConstraintViolated as broken:
            raise email_taken(broken) from None

    def create_in(  # all named
        self,
        tx: Transaction,
        actor: Actor,
        *,
        email: str,
        name: str,
        role: Role,
        password_hash: str,
    ) -> User:
        """Write a new user, cleaned and hashed, inside a transaction.

        Breaks `users_email_key` when the email is taken.
        """
        now = self._clock.now()
        user = User(UserId(new_id()), email, name, role, True, now, now, None)
        store.insert(tx, user, password_hash)
        record(
            tx,
            actor,
            "user.created",
            at=now,
            object_type="user",
            object_id=user.id,
            object_name=email,
            after={"email": email, "name": name, "role": role.value},
        )
        return user

    def change(
        self,
        actor: Actor,
        user_id: UUID,
        *,
        name: str | None = None,
        role: Role | None = None,
        is_active: bool | None = None,
        claims: Mapping[str, str] | None = None,
    ) -> User:
        """Change what is given of a user; None leaves as it is, ``claims`` replace all of theirs.

        Deactivation ends all sessions and waiting links of the user, and makes their tokens
        unusable, at once. Raises `NotFound`, `LastAdmin` when no active admin would be left,
        `RequestInvalid`, and `Forbidden` for a personal token that makes an admin, or brings one
        back.
        """
        now = self._clock.now()
        with self._database.transaction() as tx:
            # Always the admins first, in one order: two admins who demote one another at once
            # wait here, and the second one finds what the first has done.
            admins = store.lock_active_admins(tx)
            before = store.lock(tx, user_id)
            if before is None:
                raise _no_user()
            after = replace(
                before,
                name=before.name if name is None else clean_name(name),
                role=before.role if role is None else role,
                is_active=before.is_active if is_active is None else is_active,
                claims=before.claims if claims is None else clean_claims(claims),
            )
            if _is_acting_admin(after) and not _is_acting_admin(before):
                refuse_token(actor)
            if after == before:
                return before
            after = replace(after, updated_at=now)
            if admins == [user_id] and not _is_acting_admin(after):
                raise LastAdmin(
                    "This is the last active admin.", hint="Make somebody else an admin before."
                )
            store.update(tx, after, now)
            if before.is_active and not after.is_active:
                sessions_store.end_all(tx, user_id, SessionEnd.DEACTIVATED, now)
                links_store.revoke_resets(tx, user_id, now)
            self._record_change(tx, actor, before, after)
        return after

    def _record_change(self, tx: Transaction, actor: Actor, before: User, after: User) -> None:
        action = "user.changed"
        if before.is_active != after.is_active:
            action = "user.reactivated" if after.is_active else "user.deactivated"
        told = [_to_record(side) for side in changed(asdict(before), asdict(after))]
        record(
            tx,
            actor,
            action,
            at=after.updated_at,
            object_type="user",
            object_id=after.id,
            object_name=after.email,
            before=told[0],
            after=told[1],
        )


def _to_record(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an audit record may hold of members of a user."""
    told = {name: value for name, value in members.items() if name != "updated_at"}
    if "claims" in told:
        told["claims"] = hide_secrets(told["claims"])
    return told


def _is_acting_admin(user: User) -> bool:
    return user.role is Role.ADMIN and user.is_active


def email_taken(broken: ConstraintViolated) -> Exception:
    """Return what to raise for a broken constraint: `NameTaken` when the email is taken."""
    if broken.constraint == "users_email_key":
        return NameTaken("There is a user with this email already.")
    return broken


def _no_user() -> NotFound:
    return NotFound("There is no such user.")
