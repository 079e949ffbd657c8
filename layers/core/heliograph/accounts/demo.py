"""The three people of a demo: an admin, an editor and a viewer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heliograph.accounts import users_store
from heliograph.accounts.passwords import hash_password, make_password, verify_password
from heliograph.accounts.users import Users
from heliograph.kernel.actors import SYSTEM, Role
from heliograph.kernel.clock import Clock

if TYPE_CHECKING:
    from heliograph.platform.database import Database


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who may sign in to a demo."""

    role: Role
    email: str
    password: str

    def __repr__(self) -> str:
        return f"DemoPerson(role={self.role!r}, email={self.email!r})"


_NAMES = {Role.ADMIN: "Ada Admin", Role.EDITOR: "Edgar Editor", Role.VIEWER: "Vera Viewer"}


def make_demo_people(
    database: Database, clock: Clock, kept: Mapping[str, str] | None = None
) -> list[DemoPerson]:
    """Return an admin, an editor and a viewer, made or found, with their passwords.

    ``kept`` holds the passwords that the caller was given the last time, by role. Who exists and
    is in it stays as they are; whoever else gets a random password, also in place of one that the
    caller has lost.
    """
    users = Users(database, clock)
    known = kept or {}
    people = []
    for role, name in _NAMES.items():
        email = f"{role.value}@demo.example"
        found = users.find_by_email(email)
        password = known.get(role.value) if found is not None else None
        if password is None:
            password = make_password()
            if found is None:
                users.create(SYSTEM, email=email, name=name, role=role, password=password)
            else:
                password_hash = hash_password(password)
                with database.transaction() as tx:
                    users_store.set_password_hash(tx, found.id, password_hash)
        people.append(DemoPerson(role, email, password))
    return people


def can_still_sign_in(database: Database, clock: Clock, person: DemoPerson) -> bool:
    """Say whether a person's password is still theirs, and they are active. Records nothing."""
    found = Users(database, clock).find_by_email(person.email)
    if found is None or not found.is_active:
        return False
    return verify_password(person.password, users_store.find_password_hash(database, found.id))
