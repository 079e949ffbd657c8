"""Saved connections: made, tested, changed, deleted, and opened for who may use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from heliograph.accounts.grants import Grants
from heliograph.accounts.names import fold_name
from heliograph.accounts.permissions import Level
from heliograph.audit.service import HIDDEN, changed, record
from heliograph.connections import store
from heliograph.connections.addresses import AddressPolicy
from heliograph.connections.engines.contract import Session
from heliograph.connections.engines.registry import load_engine
from heliograph.connections.logins import Logins, check_tls
from heliograph.connections.models import (
    STATED_FIELDS,
    Connection,
    ConnectionChanges,
    ConnectionDraft,
    Target,
    TargetChanges,
    TargetDraft,
)
from heliograph.connections.passwords import require_typed_again
from heliograph.connections.testing import ConnectionTest, run_test
from heliograph.connections.url import ConnectionUrl
from heliograph.connections.warm import SHARED
from heliograph.kernel.actors import Actor, Role
from heliograph.kernel.clock import Clock
from heliograph.kernel.errors import (
    Conflict,
    Forbidden,
    NameTaken,
    NotFound,
)
from heliograph.kernel.ids import new_id
from heliograph.kernel.pagination import Page, PageRequest, make_page
from heliograph.platform.database import ConstraintViolated
from heliograph.platform.settings import AppSettings

if TYPE_CHECKING:
    from heliograph.platform.database import Database, Transaction
    from heliograph.platform.envelope import Envelope

OBJECT_TYPE = "connection"

_TARGET = frozenset(Target.model_fields)
_MOST_ATTEMPTS = 3  # when others change the same connection at the same moment


class Connections:
    """The saved connections. Threads may share it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        open_envelope: Callable[[], Envelope],
        grants: Grants,
        settings: AppSettings,
        *,
        policy: AddressPolicy | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._grants = grants
        self._settings = settings
        policy = policy or AddressPolicy(settings.forbidden_hosts, self._app_database_url)
        self._logins = Logins(database, open_envelope, policy)
        self.warm = SHARED
        self._used: set[UUID] = set()

    def create(self, actor: Actor, draft: ConnectionDraft) -> Connection:
        """Save a connection; who makes it may edit it.

        Raises `Forbidden` for viewers, `NameTaken`, `AddressForbidden`, `RequestInvalid`.
        """
        require_author(actor)
        values = draft.stated
        self._logins.check(values)
        connection_id, now = new_id(), self._clock.now()
        password = draft.password.get_secret_value() if draft.password else None
        row = {
            "id": connection_id,
            **values,
            "folded_name": fold_name(draft.name),
            "password": self._logins.seal(connection_id, values, password),
            "version": 1,
            "created_at": now,
            "created_by": actor.user_id,
            "updated_at": now,
            "updated_by": actor.user_id,
        }
        with _names_are_unique(), self._database.transaction() as tx:
            store.insert(tx, row)
            self._grants.give_creator(tx, actor, OBJECT_TYPE, connection_id)
            connection = self._select(tx, actor, connection_id)
            after = connection.to_record()
            if password:
                after["password"] = HIDDEN
            self._record(tx, actor, "connection.created", connection, after=after)
        return connection

    def list(self, actor: Actor, page: PageRequest) -> Page[Connection]:
        """Return a page of the connections that the actor may view, by name.

        Raises `CursorInvalid`.
        """
        after = page.after(_storable, UUID)
        with self._database.transaction() as tx:
            found = store.select_page(
                tx,
                self._grants.visible(actor, OBJECT_TYPE),
                self._grants.visible(actor, OBJECT_TYPE, level=Level.EDIT),
                after,
                page.limit + 1,
            )
        return make_page(found, page.limit, lambda one: (fold_name(one.name), one.id))

    def get(self, actor: Actor, connection_id: UUID) -> Connection:
        """Return one connection. Raises `NotFound` for one that the actor may not view."""
        return self._get_beside(actor, connection_id, ("NULL", []))[0]

    def _get_beside(
        self, actor: Actor, connection_id: UUID, expression: store.Condition
    ) -> tuple[Connection, Any]:
        can_edit = self._grants.visible(actor, OBJECT_TYPE, level=Level.EDIT)
        visible = self._grants.visible(actor, OBJECT_TYPE)
        found = store.select_visible(self._database, connection_id, visible, can_edit, expression)
        if found is None:
            with self._database.transaction() as tx:  # to say why
                self._grants.check(actor, Level.VIEW, OBJECT_TYPE, connection_id, tx=tx)
            raise _unknown()
        return found

    def get_for_use(self, actor: Actor, connection_id: UUID) -> Connection:
        """Return a connection that the actor may send SQL to.

        Raises `NotFound` as `get` does, and `Forbidden` for viewers.
        """
        connection = self.get(actor, connection_id)
        require_author(actor)
        return connection

    def get_for_query(
        self, actor: Actor, connection_id: UUID, expression: store.Condition
    ) -> tuple[Connection, Any]:
        """Return as `get_for_use`, and the value of an SQL expression where it names who asks.

        One round trip for both: ``expression`` is `Users.identity_expression`.
        """
        found = self._get_beside(actor, connection_id, expression)
        require_author(actor)
        return found

    def change(
        self,
        actor: Actor,
        connection_id: UUID,
        changes: ConnectionChanges,
        *,
        version: int | None = None,
    ) -> Connection:
        """Change what ``changes`` say and nothing else; the connection gets a new version.

        With ``version``, only when the connection still has it. Raises `NotFound`, `Forbidden`,
        `Conflict`, `PasswordRequired`, `NameTaken`, `AddressForbidden` and `RequestInvalid`;
        nothing is changed then.
        """
        for _ in range(_MOST_ATTEMPTS):
            current = self._get_for_edit(actor, connection_id)
            if version is not None and current.version != version:
                break
            values = self._merge(current, changes)
            if not self._is_different(current, values, changes):
                return current
            done = self._write(actor, current, values, changes)
            if done is not None:
                self._drop_older(connection_id, done.version)
                return done
        raise Conflict(
            "Somebody else has changed this connection meanwhile.",
            hint="Read it again, and make your changes to what it is now.",
        )

    def delete(self, actor: Actor, connection_id: UUID) -> None:
        """Delete a connection, the rights on it, and what was read of its schema.

        Raises `NotFound` and `Forbidden`.
        """
        with self._database.transaction() as tx:
            self._grants.check(actor, Level.EDIT, OBJECT_TYPE, connection_id, tx=tx)
            connection = self._select(tx, actor, connection_id)
            self._grants.forget(tx, OBJECT_TYPE, connection_id)
            if not store.delete(tx, connection_id):
                raise _unknown()
            before = connection.to_record()
            self._record(tx, actor, "connection.deleted", connection, before=before)
        self.warm.drop(lambda key: key[0] == connection_id)

    def test_draft(self, actor: Actor, draft: TargetDraft) -> ConnectionTest:
        """Try out values that are not saved. Raises `Forbidden` for viewers, `AddressForbidden`."""
        require_author(actor)
        check_tls(draft.ssl_mode, draft.ssl_root_cert)
        password = draft.password.get_secret_value() if draft.password else None
        tested = run_test(draft.engine, lambda: self._logins.url_of(draft, password))
        name = f"{draft.host}:{draft.port}/{draft.database}"
        self._record_test(actor, tested, None, name)
        return tested

    def test(
        self, actor: Actor, connection_id: UUID, changes: TargetChanges | None = None
    ) -> ConnectionTest:
        """Try out a saved connection, or what it would be with ``changes``; nothing is saved.

        Changes are for those who may edit it, and ask for the password as `change` does. Raises
        `NotFound`, `Forbidden`, `PasswordRequired`, `AddressForbidden` and `RequestInvalid`.
        """
        if changes is None or not changes.model_fields_set:
            connection = self.get_for_use(actor, connection_id)
            tested = run_test(connection.engine, lambda: self.login(connection))
        else:
            connection = self._get_for_edit(actor, connection_id)
            values = self._merge(connection, changes)
            target = Target.model_construct(**{name: values[name] for name in _TARGET})
            if "password" in changes.model_fields_set:
                typed = changes.password.get_secret_value() if changes.password else None
            else:
                typed = self._logins.open_password(connection)
            tested = run_test(target.engine, lambda: self._logins.url_of(target, typed))
        self._record_test(actor, tested, connection_id, connection.name)
        return tested

    def login(self, connection: Connection) -> ConnectionUrl:
        """Return how to reach and log in to a connection: addresses checked, password opened.

        Raises `AddressForbidden`, `HostUnknown`, `KeyUnavailable`, and `Conflict` when the
        connection has been changed since it was read.
        """
        return self._logins.url_of_saved(connection)

    @contextmanager
    def borrow(
        self, connection: Connection, *, application_name: str = "heliograph"
    ) -> Iterator[Session]:
        """Lend a session on a connection, warm when there is one of the same version.

        Whoever asks has checked who may use it. Raises what `login` does, and the `ConnectError`
        family.
        """
        key = (connection.id, connection.version)
        self._used.add(connection.id)
        self._drop_older(*key)
        engine = load_engine(connection.engine)
        with self.warm.borrow(
            key, lambda: engine.open(self.login(connection), application_name=application_name)
        ) as session:
            yield session

    def find(self, connection_id: UUID) -> Connection | None:
        """Return a connection for Heliograph's own work, None when there is none any more."""
        with self._database.transaction() as tx:
            return store.select(tx, connection_id, ("TRUE", []))

    def close(self) -> None:
        """Close the warm sessions of what was used here; the next use opens new ones."""
        self.warm.drop(lambda key: key[0] in self._used)

    def _drop_older(self, connection_id: UUID, version: int) -> None:
        self.warm.drop(lambda key: key[0] == connection_id and key[1] < version)

    def _get_for_edit(self, actor: Actor, connection_id: UUID) -> Connection:
        with self._database.transaction() as tx:
            self._grants.check(actor, Level.EDIT, OBJECT_TYPE, connection_id, tx=tx)
            return self._select(tx, actor, connection_id)

    def _select(self, tx: Transaction, actor: Actor, connection_id: UUID) -> Connection:
        can_edit = self._grants.visible(actor, OBJECT_TYPE, level=Level.EDIT)
        connection = store.select(tx, connection_id, can_edit)
        if connection is None:
            raise _unknown()
        return connection

    def _merge(self, current: Connection, changes: TargetChanges) -> dict[str, Any]:
        """Return what the connection would be, having checked that it may be that."""
        values = {name: getattr(current, name) for name in STATED_FIELDS} | changes.stated
        if "password" not in changes.model_fields_set:
            require_typed_again(current, values)
        if any(values[name] != getattr(current, name) for name in _TARGET):
            self._logins.check(values)
        return values

    def _is_different(
        self, current: Connection, values: Mapping[str, Any], changes: TargetChanges
    ) -> bool:
        is_password_new = "password" in changes.model_fields_set and (
            changes.password is not None or current.has_password
        )
        return is_password_new or any(
            value != getattr(current, name) for name, value in values.items()
        )

    def _write(
        self,
        actor: Actor,
        current: Connection,
        values: Mapping[str, Any],
        changes: ConnectionChanges,
    ) -> Connection | None:
        """Write the values over ``current``; None when it is not current any more."""
        now = self._clock.now()
        row = {**values, "folded_name": fold_name(values["name"])}
        row |= {"updated_at": now, "updated_by": actor.user_id}
        has_new_password = "password" in changes.model_fields_set
        if has_new_password:
            typed = changes.password.get_secret_value() if changes.password else None
            row["password"] = self._logins.seal(current.id, values, typed)
        with _names_are_unique(), self._database.transaction() as tx:
            self._grants.check(actor, Level.EDIT, OBJECT_TYPE, current.id, tx=tx)
            if not store.update(tx, current.id, current.version, row):
                return None
            connection = self._select(tx, actor, current.id)
            before, after = changed(current.to_record(), connection.to_record())
            if has_new_password and changes.password is not None:
                after["password"] = HIDDEN
            self._record(tx, actor, "connection.changed", connection, before=before, after=after)
        return connection

    def _app_database_url(self) -> str:
        from heliograph.platform.secrets import read_database_url  # noqa: PLC0415

        return read_database_url(self._settings.database) if self._settings.database else ""

    def _record_test(
        self, actor: Actor, tested: ConnectionTest, connection_id: UUID | None, name: str
    ) -> None:
        failed = next((step.name for step in tested.steps if not step.ok), None)
        with self._database.transaction() as tx:
            record(
                tx,
                actor,
                "connection.tested",
                at=self._clock.now(),
                object_type=OBJECT_TYPE,
                object_id=connection_id,
                object_name=name,
                after={"ok": tested.ok, "failed_step": failed},
            )

    def _record(
        self,
        tx: Transaction,
        actor: Actor,
        action: str,
        connection: Connection,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        record(
            tx,
            actor,
            action,
            at=self._clock.now(),
            object_type=OBJECT_TYPE,
            object_id=connection.id,
            object_name=connection.name,
            before=before,
            after=after,
        )


def require_author(actor: Actor) -> None:
    """Raise `Forbidden` for who may send no SQL and make no connections: viewers."""
    if not actor.is_admin and actor.role is not Role.EDITOR:
        raise Forbidden("Viewers run saved Insights only; connections are for editors and admins.")


def _storable(text: str) -> str:
    text.encode()  # raises ValueError for half of a surrogate pair
    return text


def _unknown() -> NotFound:
    return NotFound("There is no such connection, or none that you may see.")


@contextmanager
def _names_are_unique() -> Iterator[None]:
    try:
        yield
    except ConstraintViolated as error:
        if error.constraint == "connections_folded_name_key":
            raise NameTaken("Another connection has this name already.") from None
        raise
