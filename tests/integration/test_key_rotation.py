"""``heliograph admin rotate-key``: another key for every stored secret, while people work."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.accounts import GOOD_PASSWORD, VISITOR, actions_of, make_user
from tests.support.cli import Finished, heliograph
from tests.support.moto_server import running_moto
from tests.support.repository import PACKAGE, ROOT

from heliograph.connections.key_rotation import SEALED_COLUMNS, rotate_secrets
from heliograph.connections.models import Connection, ConnectionDraft
from heliograph.connections.passwords import context_of
from heliograph.kernel.actors import SYSTEM, Actor, ActorKind, Role
from heliograph.kernel.errors import KeyUnavailable, TokenInvalid
from heliograph.platform.aws import open_client
from heliograph.platform.envelope import Envelope
from heliograph.platform.keys import open_keys
from heliograph.platform.keys_file import FileKeys, create_key_file, rotate_key_file
from heliograph.web.health import Health
from heliograph.web.services import Services

CLI = Actor(ActorKind.CLI)
# Columns of bytes that hold hashes, salts, public halves, and rows.
NOT_SEALED = {
    "one_time_links.token_hash",
    "connections.history_salt",
    "query_executions.fingerprint",
    "query_executions.preview",
    "query_executions.result",
    "api_tokens.token_hash",
    "refresh_tokens.token_hash",
    "refresh_tokens.successor_salt",
    "schema_snapshots.content",
    "signing_keys.public_key",
}


@pytest.fixture
def connections(services: Services) -> list[Connection]:
    """Three saved connections; somebody is signed in, and the key is remembered."""
    make_user(services, "boss@example.com", Role.ADMIN)
    services.sessions.sign_in("boss@example.com", GOOD_PASSWORD, VISITOR)
    made = [services.connections.create(SYSTEM, draft(name)) for name in ("A", "B", "C")]
    assert examine_secrets(services, remembers_key=True)
    return made


def draft(name: str) -> ConnectionDraft:
    return ConnectionDraft.model_validate(
        {
            "name": name,
            "host": "db.example",
            "database": "shop",
            "username": "reader",
            "password": f"secret {name}",
        }
    )


def rotate(services: Services, *arguments: str, env: Mapping[str, str] | None = None) -> Finished:
    assert services.settings.database
    place = ("--database-url", services.settings.database)
    return heliograph("admin", "rotate-key", *place, *arguments, env=dict(env or {}))


def key_of(services: Services) -> str:
    assert services.settings.key
    return services.settings.key


def passwords(services: Services, envelope: Envelope) -> list[str]:
    """Return every stored password, by the name of its connection, as ``envelope`` opens it."""
    rows = services.database.fetch("SELECT * FROM connections ORDER BY name")
    sealed = [(bytes(row["password"]), context_of(row["id"], row)) for row in rows]
    return [envelope.decrypt(*one).decode() for one in sealed]


def examine_secrets(services: Services, **options: Any) -> bool:
    """Say whether the key is the one that everything was encrypted with."""
    return {one.name: one.ok for one in Health(services, **options).examine()}["secrets"]


def stored(services: Services) -> list[bytes]:
    """Return every sealed value as it stands in the database."""
    found = []
    for table, name in SEALED_COLUMNS.items():
        rows = services.database.fetch(f"SELECT {name} AS sealed FROM {table} ORDER BY 1")
        found += [bytes(row["sealed"]) for row in rows]
    return found


def key_ids(services: Services) -> list[str]:
    text = Path(key_of(services).removeprefix("file://")).read_text()
    return [entry["id"] for entry in json.loads(text)["keys"]]


def wrapped_by(services: Services) -> set[str]:
    return {sealed[3:11].hex() for sealed in stored(services)}


def test_everything_is_encrypted_by_a_new_key_and_nobody_notices(
    services: Services, connections: list[Connection]
) -> None:
    before = stored(services)
    done = rotate(services, "--from", key_of(services))
    assert (done.code, done.stdout) == (0, b"")
    assert "back it up now" in done.stderr
    assert "4 secret(s) encrypted anew, 0 were so already" in done.stderr
    first, second = key_ids(services)
    assert wrapped_by(services) == {second} != {first}
    assert not {*before} & {*stored(services)}
    # The same process, with its envelope from before, and one that starts now.
    for envelope in (services.envelope, Envelope(open_keys(key_of(services), {}))):
        assert passwords(services, envelope) == ["secret A", "secret B", "secret C"]
    signed_in = services.sessions.sign_in("boss@example.com", GOOD_PASSWORD, VISITOR)
    assert services.sessions.authenticate(signed_in.access_token).email == "boss@example.com"
    assert examine_secrets(services)
    kept = [services.connections.get(SYSTEM, one.id) for one in connections]
    assert [one.version for one in kept] == [one.version for one in connections]
    assert "key.rotated" in actions_of(services)


def test_a_backup_from_before_is_read_by_the_file_from_after(
    services: Services, connections: list[Connection]
) -> None:
    before = services.database.fetch("SELECT id, password FROM connections")
    assert rotate(services, "--from", key_of(services)).code == 0
    with services.database.transaction() as tx:
        for row in before:
            tx.execute("UPDATE connections SET password = %(password)s WHERE id = %(id)s", row)
    envelope = Envelope(open_keys(key_of(services), {}))
    assert passwords(services, envelope) == ["secret A", "secret B", "secret C"]


def test_a_rotation_that_broke_off_is_gone_on_with_by_the_same_key(
    services: Services, connections: list[Connection]
) -> None:
    path = Path(key_of(services).removeprefix("file://"))
    rotate_key_file(path)
    old, new = Envelope(FileKeys(path)), BreakingOff(FileKeys(path, newest_only=True), after=2)
    with pytest.raises(InterruptedError):
        rotate_secrets(services.database, services.clock, CLI, old=old, new=new)
    assert len(wrapped_by(services)) == 2, "some are done, some are not"
    assert passwords(services, services.envelope) == ["secret A", "secret B", "secret C"]
    done = rotate(services, "--from", key_of(services), "--resume")
    assert "2 secret(s) encrypted anew, 2 were so already" in done.stderr
    assert (done.code, len(key_ids(services))) == (0, 2)
    assert wrapped_by(services) == {key_ids(services)[1]}


class BreakingOff(Envelope):
    """An envelope whose process ends after it has encrypted so many."""

    def __init__(self, keys: FileKeys, after: int) -> None:
        super().__init__(keys)
        self._left = after

    def encrypt(self, plain: bytes, context: Mapping[str, str]) -> bytes:
        if not self._left:
            raise InterruptedError
        self._left -= 1
        return super().encrypt(plain, context)


def test_what_neither_key_opens_is_named_and_keeps_nothing_else_from_being_done(
    services: Services, connections: list[Connection], tmp_path: Path
) -> None:
    create_key_file(tmp_path / "foreign")
    foreign = Envelope(FileKeys(tmp_path / "foreign")).encrypt(b"x", {"purpose": "other"})
    with services.database.transaction() as tx:
        tx.execute("UPDATE connections SET password = %s WHERE name = 'B'", [foreign])
    done = rotate(services, "--from", key_of(services))
    assert (done.code, done.error["code"]) == (1, "key_unavailable")
    assert "cannot be read: the password of the connection B" in done.stderr
    assert "does not hold" in done.error["message"]
    assert "3 secret(s) encrypted anew" in done.stderr
    rows = services.database.fetch("SELECT password FROM connections WHERE name = 'B'")
    assert bytes(rows[0]["password"]) == foreign
    services.connections.delete(SYSTEM, connections[1].id)
    assert rotate(services, "--from", key_of(services), "--resume").code == 0


def test_a_password_that_is_changed_meanwhile_is_not_overwritten(
    services: Services, connections: list[Connection], tmp_path: Path
) -> None:
    create_key_file(tmp_path / "new")
    new = Envelope(open_keys(f"file://{tmp_path}/new", {}))
    later = services.envelope.encrypt(b"typed anew", {"purpose": "any"})

    class Overtaken(Envelope):
        """Somebody types another password for A between reading and writing."""

        def decrypt(self, data: bytes, context: Mapping[str, str]) -> bytes:
            with services.database.transaction() as tx:
                tx.execute("UPDATE connections SET password = %s WHERE name = 'A'", [later])
            return super().decrypt(data, context)

    old = Overtaken(open_keys(key_of(services), {}))
    told = rotate_secrets(services.database, services.clock, CLI, old=old, new=new)
    assert (told.done, told.changed) == (3, 1)
    rows = services.database.fetch("SELECT password FROM connections WHERE name = 'A'")
    assert bytes(rows[0]["password"]) == later


def test_secrets_move_from_a_key_file_to_kms_and_to_another_key_of_kms(
    services: Services, connections: list[Connection]
) -> None:
    with running_moto() as moto:
        with closing(open_client("kms", moto.environment)) as client:
            first, second = (client.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
        environment = moto.environment
        done = rotate(services, "--from", key_of(services), "--to", first, env=environment)
        assert (done.code, done.stdout) == (0, b""), done.stderr
        assert "4 secret(s) encrypted anew" in done.stderr
        old, new = (Envelope(open_keys(arn, environment)) for arn in (first, second))
        assert passwords(services, old) == ["secret A", "secret B", "secret C"]
        counts = []
        for _ in range(2):
            told = rotate_secrets(services.database, services.clock, CLI, old=old, new=new)
            counts.append((told.done, told.already))
        assert counts == [(4, 0), (0, 4)]
        with pytest.raises(KeyUnavailable):
            passwords(services, Envelope(open_keys(first, environment)))
        settings = replace(services.settings, key=second)
        with closing(Services(settings, environment, services.clock)) as moved:
            assert passwords(moved, moved.envelope) == ["secret A", "secret B", "secret C"]
            assert examine_secrets(moved)


def test_it_has_to_be_said_which_key_is_meant(services: Services, tmp_path: Path) -> None:
    kms = "arn:aws:kms:eu-central-1:123456789012:key/1234"
    resumed = ("--from", key_of(services), "--to", kms, "--resume")
    for arguments in ((), resumed, ("--from", kms)):
        done = rotate(services, *arguments)
        assert (done.code, done.error["code"]) == (2, "usage_invalid")
    assert rotate(services, "--data-dir", str(tmp_path / "none")).error["code"] == "file_invalid"
    assert len(key_ids(services)) == 1
    done = rotate(services, env={"HELIOGRAPH_KEY": key_of(services)})
    assert (done.code, len(key_ids(services))) == (0, 2)


def test_the_folder_says_which_key_is_meant(
    services: Services, connections: list[Connection], tmp_path: Path
) -> None:
    Path(key_of(services).removeprefix("file://")).rename(tmp_path / "key.json")
    done = rotate(services, "--data-dir", str(tmp_path))
    assert done.code == 0
    assert "4 secret(s) encrypted anew" in done.stderr
    envelope = Envelope(FileKeys(tmp_path / "key.json", newest_only=True))
    assert passwords(services, envelope) == ["secret A", "secret B", "secret C"]


def test_every_column_of_bytes_is_encrypted_anew_or_known_to_hold_no_secret() -> None:
    text = (PACKAGE / "migrations/schema.sql").read_text()
    columns = {
        f"{table}.{column}"
        for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", text, re.DOTALL)
        for column in re.findall(r"^    (\w+) bytea", body, re.MULTILINE)
    }
    assert columns == {".".join(one) for one in SEALED_COLUMNS.items()} | NOT_SEALED


def test_the_sql_of_the_operator_s_pages_runs(
    services: Services, connections: list[Connection]
) -> None:
    pages = ("how-to/rotate-keys.md", "how-to/back-up-and-restore.md", "reference/costs.md")
    texts = [(ROOT / "docs" / page).read_text() for page in pages]
    scripts = [sql for text in texts for sql in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)]
    assert len(scripts) == 4
    boss = services.sessions.sign_in("boss@example.com", GOOD_PASSWORD, VISITOR)
    with services.database.transaction() as tx:
        for sql in scripts:
            if "ROLE heliograph" not in sql:  # the server of the tests has no such role
                tx.execute(sql.encode())
    with pytest.raises(TokenInvalid):
        services.sessions.authenticate(boss.access_token)
    assert services.database.fetch("SELECT kid FROM signing_keys") == []
