"""Rights on objects: give, withdraw, check, explain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts import grants_store as store
from heliograph.accounts.object_types import OBJECT_TYPES, ObjectType
from heliograph.accounts.permissions import (
    Decision,
    Grant,
    Grantee,
    GranteeType,
    Level,
    ObjectRef,
    Reason,
    ReasonKind,
    decide,
    find_limit,
)
from heliograph.audit.service import record
from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import Forbidden, NotFound, RequestInvalid
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one person may do to one object, and why. ``level`` is None for nothing at all."""

    user_id: UUID
    user_name: str
    level: Level | None
    reasons: tuple[Reason, ...]


class Grants:
    """Who may view and edit what. Threads may share it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        object_types: Mapping[str, ObjectType] = OBJECT_TYPES,
    ) -> None:
        self._database = database
        self._clock = clock
        self._types = object_types

    def check(  # the last two are named, and seldom given
        self,
        actor: Actor,
        level: Level,
        object_type: str,
        object_id: UUID,
        *,
        parents: Sequence[ObjectRef] | None = None,
        tx: Transaction | None = None,
    ) -> Decision:
        """Return the decision that permits ``level`` on an object; refusals are raised.

        ``parents`` is what the object lies in, for a caller who knows; otherwise it is looked up.
        With ``tx`` the check is part of that transaction. Raises `NotFound` when there is no such
        object or the actor may not even view it, `Forbidden` when they may view it but not edit,
        and when a token lacks the scope for this on anything.
        """
        limit = find_limit(actor, level)
        if limit is not None and limit.kind is ReasonKind.TOKEN_SCOPE:
            raise Forbidden(limit.message, hint="Make a token with that scope, or sign in.")
        ref = ObjectRef(object_type, object_id)
        with self._reading(tx) as reading:
            chain = self._find(reading, ref, parents)
            needs_grants = not actor.is_admin
            grants = store.select_on(reading, [place for place, _ in chain]) if needs_grants else []
        decision = decide(actor, level, ref, _named(grants, chain))
        if decision.is_allowed:
            return decision
        if level is Level.EDIT and decide(actor, Level.VIEW, ref, grants).is_allowed:
            raise Forbidden(
                f"You may view this {object_type}, but not edit it.",
                detail=decision.reasons[0].message,
            )
        raise _not_found(object_type)

    def give(
        self,
        actor: Actor,
        object_type: str,
        object_id: UUID,
        grantee_type: GranteeType,
        grantee_id: UUID | None,
        level: Level,
    ) -> Grant:
        """Give a level on an object, in place of what the grantee had on it before.

        Whoever may edit an object may share it. Raises as `check` does, and `NotFound` for a
        grantee that does not exist or is deactivated.
        """
        if (grantee_id is None) != (grantee_type is GranteeType.EVERYONE):
            raise RequestInvalid(
                "A user and a group have an id, everyone has none.",
                [("/grantee/id", "does not fit the type")],
            )
        ref = ObjectRef(object_type, object_id)
        with self._database.transaction() as tx:
            self.check(actor, Level.EDIT, object_type, object_id, tx=tx)
            grantee = self._find_grantee(tx, grantee_type, grantee_id)
            return self._write(tx, actor, ref, grantee, level)

    def give_creator(
        self, tx: Transaction, actor: Actor, object_type: str, object_id: UUID
    ) -> None:
        """Give edit on a new object to who made it, in the transaction that makes it.

        The command line and the system need no right, and get none.
        """
        if actor.user_id is not None:
            creator = Grantee(GranteeType.USER, actor.user_id, actor.email)
            self._write(tx, actor, ObjectRef(object_type, object_id), creator, Level.EDIT)

    def withdraw(self, actor: Actor, grant_id: UUID) -> None:
        """Withdraw a grant. Raises `NotFound`, and `Forbidden` as `check` does."""
        with self._database.transaction() as tx:
            grant = store.select_one(tx, grant_id)
            if grant is None:
                raise _not_found("grant")
            try:
                self.check(actor, Level.EDIT, grant.object.type, grant.object.id, tx=tx)
            except NotFound:
                raise _not_found("grant") from None
            if not store.delete_one(tx, grant_id):
                raise _not_found("grant")
            self._record(tx, actor, "grant.withdrawn", grant, before=_told(grant))

    def forget(self, tx: Transaction, object_type: str, object_id: UUID) -> int:
        """Delete all grants on an object that is being deleted; return how many there were."""
        return store.delete_on(tx, ObjectRef(object_type, object_id))

    def list_on(
        self, actor: Actor, object_type: str, object_id: UUID, page: PageRequest
    ) -> Page[Grant]:
        """Return the grants on an object and on what it lies in, oldest first.

        For those who may edit the object; raises as `check` does.
        """
        after = page.after(UUID)
        with self._reading(None) as tx:
            self.check(actor, Level.EDIT, object_type, object_id, tx=tx)
            chain = store.read_chain(tx, self._types, ObjectRef(object_type, object_id))
            last = UUID(str(after[0])) if after else None
            refs = [ref for ref, _ in chain]
            found = store.select_on(tx, refs, after=last, limit=page.limit + 1)
        return make_page(_named(found, chain), page.limit, lambda grant: (grant.id,))

    def explain(
        self, actor: Actor, object_type: str, object_id: UUID, user_id: UUID
    ) -> Explanation:
        """Return what one person may do to an object, and why.

        For those who may edit the object; raises as `check` does, and `NotFound` for no such user.
        """
        ref = ObjectRef(object_type, object_id)
        with self._reading(None) as tx:
            self.check(actor, Level.EDIT, object_type, object_id, tx=tx)
            chain = self._find(tx, ref, None)
            grants = _named(store.select_on(tx, [place for place, _ in chain]), chain)
            person = store.select_actor(tx, user_id)
        if person is None:
            raise _not_found("user")
        if person["deactivated_at"] is not None:
            reason = Reason(ReasonKind.DEACTIVATED, "This person is deactivated.")
            return Explanation(user_id, person["name"], None, (reason,))
        subject = Actor(
            ActorKind.USER,
            person["id"],
            person["email"],
            Role(person["role"]),
            frozenset(person["group_ids"]),
        )
        edit = decide(subject, Level.EDIT, ref, grants)
        if edit.is_allowed:
            return Explanation(user_id, person["name"], Level.EDIT, edit.reasons)
        view = decide(subject, Level.VIEW, ref, grants)
        if not view.is_allowed:
            return Explanation(user_id, person["name"], None, view.reasons)
        reasons = tuple(dict.fromkeys([*view.reasons, *edit.reasons]))
        return Explanation(user_id, person["name"], Level.VIEW, reasons)

    def visible(
        self,
        actor: Actor,
        object_type: str,
        *,
        column: str = "id",
        level: Level = Level.VIEW,
    ) -> tuple[str, list[Any]]:
        """Return an SQL condition and its values: the objects on which the actor has ``level``.

        It stands in a WHERE clause of its own list query, so that pages are full and nothing is
        read that may not be seen: ``f"SELECT ... FROM connections WHERE {condition}"``.
        """
        if find_limit(actor, level) is not None:
            return "FALSE", []
        if actor.is_admin:
            return "TRUE", []
        only_edit = level is Level.EDIT
        condition = store.visible_condition(self._types, object_type, column, only_edit=only_edit)
        return condition, [actor.user_id, list(actor.group_ids)]

    def _find(
        self, tx: Transaction, ref: ObjectRef, parents: Sequence[ObjectRef] | None
    ) -> list[tuple[ObjectRef, str | None]]:
        if parents is not None:
            return [(ref, None), *((parent, None) for parent in parents)]
        chain = store.read_chain(tx, self._types, ref) if ref.type in self._types else []
        if not chain:
            raise _not_found(ref.type if ref.type in self._types else "object")
        return list(chain)

    def _find_grantee(self, tx: Transaction, kind: GranteeType, grantee_id: UUID | None) -> Grantee:
        if grantee_id is None:
            return Grantee(kind)
        name = store.find_grantee_name(tx, kind, grantee_id)
        if name is None:
            raise _not_found(kind.value)
        return Grantee(kind, grantee_id, name)

    def _write(
        self, tx: Transaction, actor: Actor, ref: ObjectRef, grantee: Grantee, level: Level
    ) -> Grant:
        now = self._clock.now()
        held = store.lock_held(tx, ref, grantee)
        if held is not None and held.level is level:
            return held
        grant = Grant(new_id(), ref, grantee, level, now)
        grant_id = store.upsert(tx, grant, created_by=actor.user_id, created_at=now)
        before = None if held is None else _told(held)
        self._record(tx, actor, "grant.given", grant, before=before, after=_told(grant))
        return replace(grant, id=grant_id, created_at=held.created_at if held else now)

    def _record(
        self,
        tx: Transaction,
        actor: Actor,
        action: str,
        grant: Grant,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        chain = store.read_chain(tx, self._types, grant.object)
        record(
            tx,
            actor,
            action,
            at=self._clock.now(),
            object_type=grant.object.type,
            object_id=grant.object.id,
            object_name=chain[0][1] if chain else None,
            before=before,
            after=after,
        )

    @contextmanager
    def _reading(self, tx: Transaction | None) -> Iterator[Transaction]:
        if tx is not None:
            yield tx
        else:
            with self._database.transaction() as own:
                yield own


def _named(grants: Sequence[Grant], chain: Sequence[tuple[ObjectRef, str | None]]) -> list[Grant]:
    names = dict(chain)
    return [replace(grant, object_name=names.get(grant.object)) for grant in grants]


def _told(grant: Grant) -> dict[str, Any]:
    return {
        "grantee_type": grant.grantee.type.value,
        "grantee_id": grant.grantee.id,
        "grantee": grant.grantee.name,
        "level": grant.level.value,
    }


def _not_found(what: str) -> NotFound:
    return NotFound(f"There is no such {what}, or none that you may see.")
