"""Groups of people, to whom rights are granted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts import groups_store as store
from heliograph.accounts.models import Group, User
from heliograph.accounts.names import clean_name, escape_like, fold_name
from heliograph.audit.service import record
from heliograph.kernel.actors import Actor
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import NameTaken, NotFound
from heliograph.kernel.ids import GroupId, new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.platform.database import ConstraintViolated

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction


class Groups:
    """The groups of an installation. Threads may share it.

    Who may call what is decided by the route: only admins change groups.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def list(self, page: PageRequest, *, search: str | None = None) -> Page[Group]:
        """Return a page of groups by name; ``search`` is a part of the name, whatever its case."""
        after = page.after(str)
        found = store.select_page(
            self._database,
            pattern=None if search is None else escape_like(search),
            after=None if after is None else str(after[0]),
            limit=page.limit + 1,
        )
        keyed = make_page(found, page.limit, lambda item: (item[0],))
        return Page([group for _, group in keyed.items], keyed.next)

    def get(self, group_id: UUID) -> Group:
        """Return a group. Raises `NotFound`."""
        group = store.find(self._database, group_id)
        if group is None:
            raise _no_group()
        return group

    def of_user(self, user_id: UUID) -> Sequence[tuple[GroupId, str]]:
        """Return the ids and names of all groups that a user is in, by name."""
        return store.select_of(self._database, user_id)

    def create(self, actor: Actor, name: str) -> Group:
        """Create a group. Raises `NameTaken` when there is one of that name, whatever its case."""
        name, now = clean_name(name), self._clock.now()
        group = Group(GroupId(new_id()), name, 0, now, now)
        try:
            with self._database.transaction() as tx:
                store.insert(tx, group, fold_name(name))
                self._record(tx, actor, "group.created", group, after={"name": name})
        except ConstraintViolated as broken:
            raise _taken(broken) from None
        return group

    def rename(self, actor: Actor, group_id: UUID, name: str) -> Group:
        """Give a group another name. Raises `NotFound` and `NameTaken`."""
        name = clean_name(name)
        try:
            with self._database.transaction() as tx:
                before = self._lock(tx, group_id)
                if before.name == name:
                    return before
                after = replace(before, name=name, updated_at=self._clock.now())
                store.rename(tx, after, fold_name(name))
                told = {"before": {"name": before.name}, "after": {"name": name}}
                self._record(tx, actor, "group.changed", after, **told)
        except ConstraintViolated as broken:
            raise _taken(broken) from None
        return after

    def delete(self, actor: Actor, group_id: UUID) -> None:
        """Delete a group, and with it what was granted to it. Raises `NotFound`."""
        with self._database.transaction() as tx:
            group = self._lock(tx, group_id)
            store.delete(tx, group_id)
            told = {"name": group.name, "member_count": group.member_count}
            self._record(tx, actor, "group.deleted", group, before=told)

    def members(self, group_id: UUID, page: PageRequest) -> Page[User]:
        """Return a page of the members of a group by email. Raises `NotFound`."""
        after = page.after(str)
        self.get(group_id)
        last = None if after is None else str(after[0])
        found = store.select_members(self._database, group_id, after=last, limit=page.limit + 1)
        return make_page(found, page.limit, lambda user: (user.email,))

    def add_member(self, actor: Actor, group_id: UUID, user_id: UUID) -> None:
        """Add somebody to a group; nothing happens when they are in it. Raises `NotFound`."""
        with self._database.transaction() as tx:
            group = self._lock(tx, group_id)
            email = self._find_email(tx, user_id)
            if store.add_member(tx, group_id, user_id, self._clock.now()):
                told = {"user_id": user_id, "email": email}
                self._record(tx, actor, "group.member_added", group, after=told)

    def remove_member(self, actor: Actor, group_id: UUID, user_id: UUID) -> None:
        """Take somebody out of a group. Raises `NotFound`, also when they are not in it."""
        with self._database.transaction() as tx:
            group = self._lock(tx, group_id)
            email = self._find_email(tx, user_id)
            if not store.remove_member(tx, group_id, user_id):
                raise NotFound("This user is not in the group.")
            told = {"user_id": user_id, "email": email}
            self._record(tx, actor, "group.member_removed", group, before=told)

    def _lock(self, tx: Transaction, group_id: UUID) -> Group:
        group = store.lock(tx, group_id)
        if group is None:
            raise _no_group()
        return group

    def _find_email(self, tx: Transaction, user_id: UUID) -> str:
        email = store.find_email(tx, user_id)
        if email is None:
            raise NotFound("There is no such user.")
        return email

    def _record(
        self, tx: Transaction, actor: Actor, action: str, group: Group, **told: dict[str, Any]
    ) -> None:
        record(
            tx,
            actor,
            action,
            at=self._clock.now(),
            object_type="group",
            object_id=group.id,
            object_name=group.name,
            before=told.get("before"),
            after=told.get("after"),
        )


def _taken(broken: ConstraintViolated) -> Exception:
    if broken.constraint == "groups_folded_name_key":
        return NameTaken("There is a group of this name already.")
    return broken


def _no_group() -> NotFound:
    return NotFound("There is no such group.")
