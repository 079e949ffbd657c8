"""People who are signed in, and connections that they make, for the tests of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from tests.support.api import Answered, Api

from heliograph.kernel.actors import Actor, ActorKind, Role
from heliograph.kernel.errors import TokenInvalid
from heliograph.kernel.ids import UserId, new_id
from heliograph.web.services import Services

ADMIN, EDITOR, OTHER, VIEWER = "admin", "editor", "other-editor", "viewer"
_ROLES = {ADMIN: Role.ADMIN, EDITOR: Role.EDITOR, OTHER: Role.EDITOR, VIEWER: Role.VIEWER}


class KnownPeople:
    """Takes the place of the sessions: each person's token is their name."""

    def __init__(self, services: Services) -> None:
        self.actors: dict[str, Actor] = {}
        now = services.clock.now()
        with services.database.transaction() as tx:
            for name, role in _ROLES.items():
                user_id = UserId(new_id())
                email = f"{name}@heliograph.example"
                tx.execute(
                    "INSERT INTO users (id, email, name, role, password_hash, created_at,"
                    " updated_at) VALUES (%s, %s, %s, %s, 'none', %s, %s)",
                    [user_id, email, name, role.value, now, now],
                )
                self.actors[name] = Actor(ActorKind.USER, user_id, email, role)
        services.__dict__["sessions"] = self

    def authenticate(self, token: str, **known: Any) -> Actor:
        if token not in self.actors:
            raise TokenInvalid("This is no token that Heliograph has given.")
        return replace(self.actors[token], **known)


@dataclass
class ConnectionsApi:
    """``/api/connections``, called by a person: ``as_=EDITOR`` unless told otherwise."""

    api: Api
    people: KnownPeople

    def make(self, url: str, *, as_: str = EDITOR, **values: Any) -> Any:
        """Save a connection to the database of ``url`` and return what was answered."""
        answered = self.post("", as_=as_, json={**connection_body(url), **values})
        assert answered.status == 201, answered.text
        return answered.json

    def get(self, path: str = "", *, as_: str = EDITOR, **how: Any) -> Answered:
        return self.api.get(f"/api/connections{path}", token=as_, **how)

    def post(self, path: str = "", *, as_: str = EDITOR, **how: Any) -> Answered:
        return self.api.post(f"/api/connections{path}", token=as_, **how)

    def patch(self, connection_id: str, *, as_: str = EDITOR, **changes: Any) -> Answered:
        return self.api.patch(f"/api/connections/{connection_id}", token=as_, json=changes)

    def delete(self, connection_id: str, *, as_: str = EDITOR) -> Answered:
        return self.api.delete(f"/api/connections/{connection_id}", token=as_)

    def grant(self, connection_id: str, to: str, level: str = "view") -> None:
        """Grant a level to a person, as an admin would."""
        grants = self.api.services.grants
        from heliograph.accounts.permissions import GranteeType, Level

        grants.give(
            self.people.actors[ADMIN],
            "connection",
            UUID(connection_id),
            GranteeType.USER,
            self.people.actors[to].user_id,
            Level(level),
        )

    def audited(self) -> list[dict[str, Any]]:
        """Return what was recorded of connections and schemas, oldest first."""
        return self.api.services.database.fetch(
            "SELECT action, actor_email, object_name, before, after FROM audit_events"
            " WHERE action LIKE 'connection.%%' OR action LIKE 'schema.%%' ORDER BY id"
        )


def connection_body(url: str, name: str = "Shop") -> dict[str, Any]:
    """Return the body that makes a connection to the database of ``url``."""
    parts = urlsplit(url)
    body = {
        "name": name,
        "host": parts.hostname,
        "port": parts.port or 5432,
        "database": parts.path.removeprefix("/"),
        "username": unquote(parts.username or ""),
    }
    if parts.password:
        body["password"] = unquote(parts.password)
    return body
