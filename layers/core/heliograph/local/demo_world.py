"""What ``heliograph serve --demo`` adds: the shop's data, three people, and their connection to it.

::

    KEPT/demo-sign-ins.json    {"people": {role: password}, "shop": a mark of the shop's login}

KEPT is the shared folder of several nodes, else the data folder. The file is readable by its owner
alone; it makes the sign-ins the same at each start.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from heliograph.accounts.demo import DemoPerson, can_still_sign_in, make_demo_people
from heliograph.accounts.permissions import GranteeType, Level
from heliograph.connections.models import Connection, ConnectionChanges, ConnectionDraft
from heliograph.connections.saved import OBJECT_TYPE
from heliograph.kernel.actors import SYSTEM
from heliograph.kernel.errors import HeliographError, NameTaken
from heliograph.kernel.pagination import PageRequest
from heliograph.local.demo.shop import load_shop
from heliograph.local.node import Node
from heliograph.local.postgres_folder import DataFolder, write_private

if TYPE_CHECKING:
    from heliograph.web.services import Services

CONNECTION = "Demo shop"

_FILE = "demo-sign-ins.json"
_OTHER_STARTER_SECONDS = 120.0
_OTHER_STARTERS = 3


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person to sign in as. ``is_current`` is False where the password has been changed."""

    person: DemoPerson
    is_current: bool


def prepare_demo(
    node: Node,
    services: Services,
    kept_dir: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> list[SignIn]:
    """Make what the demo lacks and renew what has changed; return who may sign in.

    Their passwords are kept in ``kept_dir``, so that all nodes print the same.

    The shop needs the node's own PostgreSQL: with another app database there are only people.
    Raises what the database and the services raise.
    """
    path = kept_dir / _FILE
    kept = _read(path)
    people = _make_people(services, kept.get("people"))
    kept["people"] = {person.role.value: person.password for person in people}
    _write(path, kept)
    if node.server is None:
        say("the demo shop is left out: it needs the PostgreSQL that Heliograph brings along.")
    else:
        with DataFolder(node.data_dir / "demo").locked(wait_seconds=_OTHER_STARTER_SECONDS):
            logins = load_shop(node.server, today=datetime.now(UTC).date(), say=say)
        kept["shop"] = _connect_shop(services, logins.reader_url, kept.get("shop"))
        _write(path, kept)
    return [
        SignIn(person, can_still_sign_in(services.database, services.clock, person))
        for person in people
    ]


def _make_people(services: Services, known: Mapping[str, str] | None) -> list[DemoPerson]:
    for _ in range(_OTHER_STARTERS):
        with suppress(NameTaken):  # by another node that starts the demo in this very moment
            return make_demo_people(services.database, services.clock, known)
    return make_demo_people(services.database, services.clock, known)


def _connect_shop(services: Services, url: str, known: str | None) -> str:
    """Make or renew the connection; return a mark that changes when its login does."""
    parts = urlsplit(url)
    password = SecretStr(parts.password or "")
    mark = hashlib.sha256(url.encode()).hexdigest()
    about: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port,
        "database": parts.path.lstrip("/"),
        "username": parts.username,
    }
    found = _find(services)
    if found is None:
        draft = ConnectionDraft(name=CONNECTION, ssl_mode="disable", password=password, **about)
        made = services.connections.create(SYSTEM, draft)
        services.grants.give(SYSTEM, OBJECT_TYPE, made.id, GranteeType.EVERYONE, None, Level.VIEW)
    elif known != mark or any(getattr(found, name) != value for name, value in about.items()):
        changes = ConnectionChanges(password=password, **about)
        services.connections.change(SYSTEM, found.id, changes)
    return mark


def _find(services: Services) -> Connection | None:
    cursor = None
    while True:
        page = services.connections.list(SYSTEM, PageRequest(cursor=cursor))
        for connection in page.items:
            if connection.name == CONNECTION:
                return connection
        if page.next is None:
            return None
        cursor = page.next


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise HeliographError(
            f"{path} cannot be read.", hint="Remove it: the demo's people get new passwords."
        ) from error
    return kept if isinstance(kept, dict) else {}


def _write(path: Path, kept: dict[str, Any]) -> None:
    write_private(path, json.dumps(kept) + "\n")
