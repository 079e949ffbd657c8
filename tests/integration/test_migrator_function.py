"""The function `migrator`, through the events of CloudFormation and of whoever invokes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from functions.migrator.handler import migrate
from tests.support.faulty_aws import FaultyAws
from tests.support.http_receiver import HttpReceiver
from tests.support.moto_server import MotoServer, running_moto

from heliograph.kernel.errors import (
    ConnectionRefused,
    DatabaseUnavailable,
    DatabaseUnknown,
    LoginFailed,
    MigrationFailed,
    PlatformError,
    SchemaOutdated,
    SettingsMissing,
    SetupDone,
)
from heliograph.platform.aws import open_client
from heliograph.platform.database import Database
from heliograph.platform.migrations import find_pending, read_migrations
from heliograph.platform.postgres import connect
from heliograph.platform.secrets import read_database_url

TITLES = [migration.title for migration in read_migrations()]
NOWHERE = "postgresql://owner:s3cret@127.0.0.1:1/heliograph"


class Context:
    """What Lambda tells a function about the time that it has, look by look."""

    def __init__(self, *milliseconds: int) -> None:
        self.looks = list(milliseconds)

    def get_remaining_time_in_millis(self) -> int:
        return self.looks.pop(0) if self.looks else 5_000


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def url(make_database: Callable[[], str]) -> str:
    return make_database()


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, url: str) -> Callable[[Mapping[str, str]], None]:
    """Call it with the variables that the deployment gives in other values."""

    def deploy(other: Mapping[str, str]) -> None:
        settings = {
            "HELIOGRAPH_DATABASE": url,
            "HELIOGRAPH_KEY": "file:///nowhere/key.json",
            "HELIOGRAPH_PUBLIC_URL": "https://heliograph.example",
        }
        for name, value in {**settings, **other}.items():
            monkeypatch.setenv(name, value)

    deploy({})
    return deploy


def event(receiver: HttpReceiver, request: str, **more: Any) -> dict[str, Any]:
    return {
        "RequestType": request,
        "ResponseURL": receiver.url("/bucket/answer?Signature=s1gnature%3D"),
        "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/heliograph/1",
        "RequestId": uuid4().hex,
        "ResourceType": "Custom::Migrations",
        "LogicalResourceId": "Migrations",
        "ResourceProperties": {"CodeVersion": "core:1"},
        **more,
    }


def is_migrated(url: str) -> bool:
    with closing(Database(url)) as database:
        return find_pending(database) == []


def put_ahead(url: str) -> None:
    """Migrate, and write down one migration more than this version knows."""
    migrate({}, Context())
    with connect(url) as connection:
        connection.execute(
            "INSERT INTO schema_migrations SELECT 9999, 'of_tomorrow', '', applied_at"
            " FROM schema_migrations LIMIT 1"
        )


# Invoked by a person


@pytest.mark.usefixtures("deployed")
def test_invoked_it_applies_what_is_pending_and_tells(url: str) -> None:
    assert migrate({}, Context()) == {"applied": TITLES}
    assert is_migrated(url)
    assert migrate({}, Context()) == {"applied": []}


@pytest.mark.usefixtures("deployed")
def test_invoked_it_makes_a_set_up_link_until_there_is_an_admin(url: str) -> None:
    with pytest.raises(SchemaOutdated):
        migrate({"setup_link": True}, Context())
    migrate({}, Context())
    first, second = (migrate({"setup_link": True}, Context())["setup_link"] for _ in range(2))
    assert first.startswith("https://heliograph.example/")
    assert first != second
    with connect(url) as connection:
        connection.execute(
            "INSERT INTO users (id, email, name, role, password_hash, created_at, updated_at)"
            " VALUES (gen_random_uuid(), 'a@b.example', 'A', 'admin', 'x', now(), now())"
        )
    with pytest.raises(SetupDone):
        migrate({"setup_link": True}, Context())


def test_invoked_it_raises_what_goes_wrong(
    deployed: Callable[[Mapping[str, str]], None], url: str
) -> None:
    put_ahead(url)
    with pytest.raises(SchemaOutdated):
        migrate({}, Context())
    deployed({"HELIOGRAPH_DATABASE": NOWHERE})
    with pytest.raises(ConnectionRefused):
        migrate({}, Context())
    deployed({"HELIOGRAPH_DATABASE": ""})
    with pytest.raises(SettingsMissing, match="HELIOGRAPH_DATABASE"):
        migrate({}, Context())


def test_a_database_that_does_not_answer_yet_is_waited_for_while_there_is_time(
    deployed: Callable[[Mapping[str, str]], None], url: str
) -> None:
    deployed({"HELIOGRAPH_DATABASE": NOWHERE})
    context = Context(290_000, 200_000, 59_999, 1)
    with pytest.raises(ConnectionRefused):
        migrate({}, context)
    assert context.looks == [1]
    # What waiting does not mend is told at once.
    for wrong, error in (
        (url.rpartition("/")[0] + "/nowhere", DatabaseUnknown),
        (url.replace("postgres:", "nobody:", 1), LoginFailed),
    ):
        deployed({"HELIOGRAPH_DATABASE": wrong})
        context = Context(290_000)
        with pytest.raises(error):
            migrate({}, context)
        assert context.looks == [290_000]


# Asked by CloudFormation


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_deployment_migrates_and_is_told_so(url: str, request_type: str) -> None:
    with HttpReceiver() as receiver:
        asked = event(receiver, request_type)
        assert migrate(asked, Context()) == {"applied": TITLES, "failure": None}
        (answer,) = receiver.requests
    assert is_migrated(url)
    assert (answer.method, answer.path) == ("PUT", "/bucket/answer?Signature=s1gnature%3D")
    assert answer.headers["content-type"] == ""
    assert answer.json() == {
        "Status": "SUCCESS",
        "Reason": "Done.",
        "PhysicalResourceId": "heliograph-app-database",
        "StackId": asked["StackId"],
        "RequestId": asked["RequestId"],
        "LogicalResourceId": "Migrations",
        "Data": {"Applied": str(len(TITLES))},
    }


@pytest.mark.usefixtures("deployed")
def test_an_update_keeps_the_resource_that_it_is_told(url: str) -> None:
    with HttpReceiver() as receiver:
        migrate(event(receiver, "Update", PhysicalResourceId="older-name"), Context())
        (answer,) = receiver.requests
    assert answer.json()["PhysicalResourceId"] == "older-name"
    assert is_migrated(url)


def test_a_stack_that_is_deleted_leaves_the_database_alone(
    deployed: Callable[[Mapping[str, str]], None], url: str
) -> None:
    migrate({}, Context())
    deployed({"HELIOGRAPH_DATABASE": NOWHERE})
    with HttpReceiver() as receiver:
        migrate(event(receiver, "Delete", PhysicalResourceId="heliograph-app-database"), Context())
        (answer,) = receiver.requests
    assert answer.json()["Status"] == "SUCCESS"
    assert is_migrated(url)


@pytest.mark.parametrize(
    ("database", "told"),
    [
        (NOWHERE, "connection_refused: "),
        ("", "settings_missing: The environment lacks HELIOGRAPH_DATABASE."),
        ("mysql://root:s3cret@db/x", "database_unavailable: The address of the app database is"),
        ("postgresql://owner:s3cret@[broken/x", "database_unavailable: The URL of"),
    ],
)
def test_a_failure_is_answered_with_its_reason_and_without_secrets(
    deployed: Callable[[Mapping[str, str]], None],
    capsys: pytest.CaptureFixture[str],
    database: str,
    told: str,
) -> None:
    deployed({"HELIOGRAPH_DATABASE": database})
    with HttpReceiver() as receiver:
        outcome = migrate(event(receiver, "Create"), Context())
        (answer,) = receiver.requests
    assert answer.json()["Status"] == "FAILED"
    assert answer.json()["Reason"].startswith(told)
    logged = capsys.readouterr()
    for text in (json.dumps(outcome), answer.body.decode(), logged.err, logged.out):
        assert "s3cret" not in text
        assert "s1gnature" not in text


@pytest.mark.usefixtures("deployed")
def test_a_migration_that_fails_is_answered_with_what_postgresql_said(url: str) -> None:
    with connect(url) as connection:
        connection.execute("CREATE TABLE users (id integer)")
    with HttpReceiver() as receiver:
        migrate(event(receiver, "Update"), Context())
        (answer,) = receiver.requests
    assert answer.json()["Status"] == "FAILED"
    reason = f'migration_failed: The migration {TITLES[0]} failed: relation "users" already exists.'
    assert answer.json()["Reason"].startswith(reason)
    with pytest.raises(MigrationFailed):
        migrate({}, Context())


@pytest.mark.usefixtures("deployed")
def test_a_rollback_to_older_code_does_not_leave_the_stack_stuck(url: str) -> None:
    put_ahead(url)
    with HttpReceiver() as receiver:
        for request_type in ("Update", "Create"):
            migrate(event(receiver, request_type), Context())
        update, create = (answer.json() for answer in receiver.requests)
    assert update["Status"] == "SUCCESS"
    assert create["Status"] == "FAILED"
    assert create["Reason"].startswith("schema_outdated: The app database has the migration 9999")


@pytest.mark.usefixtures("deployed")
def test_an_answer_that_is_not_taken_is_sent_again(url: str) -> None:
    with HttpReceiver([503]) as receiver:
        migrate(event(receiver, "Create"), Context())
        first, second = receiver.requests
    assert first.body == second.body
    with HttpReceiver([403, 403, 403]) as receiver:
        with pytest.raises(PlatformError, match="status 403") as found:
            migrate(event(receiver, "Update"), Context())
        assert len(receiver.requests) == 3
    assert "s1gnature" not in str(found.value.to_dict())
    assert is_migrated(url)


@pytest.mark.usefixtures("deployed")
def test_an_answer_goes_nowhere_but_to_the_web() -> None:
    with HttpReceiver() as receiver:
        asked = {**event(receiver, "Delete"), "ResponseURL": "file:///tmp/answer"}
        with pytest.raises(PlatformError, match="not one of http"):
            migrate(asked, Context())


# The address of the app database


@pytest.fixture
def secret(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Call it for the ARN of a new secret that holds a text."""
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)

    def make(text: str) -> str:
        with closing(open_client("secretsmanager", moto.environment)) as client:
            made = client.create_secret(Name=f"db-{uuid4().hex}", SecretString=text)
            return str(made["ARN"])

    return make


def test_a_url_is_the_address_itself() -> None:
    for url in ("postgresql://a:b@c/d?sslmode=verify-full", "postgres://c"):
        assert read_database_url(url) == url


def test_a_secret_may_hold_the_url(
    secret: Callable[[str], str], deployed: Callable[[Mapping[str, str]], None], url: str
) -> None:
    deployed({"HELIOGRAPH_DATABASE": secret(f"{url}\n")})
    assert migrate({}, Context()) == {"applied": TITLES}
    assert is_migrated(url)


def test_a_secret_may_hold_what_rds_keeps(secret: Callable[[str], str]) -> None:
    kept = {
        "engine": "postgres",
        "host": "db.cluster-x.eu-central-1.rds.amazonaws.com",
        "port": 5433,
        "dbname": "helio graph",
        "username": "own/er",
        "password": "p@ss:w/o?rd#%",
    }
    place = "db.cluster-x.eu-central-1.rds.amazonaws.com"
    login = "own%2Fer:p%40ss%3Aw%2Fo%3Frd%23%25"
    assert read_database_url(secret(json.dumps(kept))) == (
        f"postgresql://{login}@{place}:5433/helio%20graph?sslmode=require"
    )
    del kept["port"], kept["dbname"]
    assert read_database_url(secret(json.dumps({**kept, "sslmode": "verify-full"}))) == (
        f"postgresql://{login}@{place}:5432/postgres?sslmode=verify-full"
    )


@pytest.mark.parametrize(
    "text",
    [
        "s3cret",
        "[]",
        '"s3cret"',
        '{"username": "owner", "password": "s3cret"}',
        '{"host": "db", "username": "owner", "password": "s3cret", "port": "s3cret"}',
    ],
)
def test_a_secret_that_holds_something_else_is_refused_without_a_word_of_it(
    secret: Callable[[str], str], text: str
) -> None:
    arn = secret(text)
    with pytest.raises(DatabaseUnavailable, match="holds neither") as found:
        read_database_url(arn)
    assert "s3cret" not in str(found.value.to_dict())


def test_a_secret_that_does_not_exist_is_told(secret: Callable[[str], str]) -> None:
    arn = secret("postgresql://c")
    assert read_database_url(arn) == "postgresql://c"
    with pytest.raises(DatabaseUnavailable, match="ResourceNotFoundException"):
        read_database_url(arn[:-6] + "zzzzzz")


@pytest.mark.usefixtures("pauses")
def test_a_secret_that_is_not_given_at_once_is_asked_for_again(
    secret: Callable[[str], str],
    deployed: Callable[[Mapping[str, str]], None],
    url: str,
    faulty: FaultyAws,
) -> None:
    deployed({"HELIOGRAPH_DATABASE": secret(url), **faulty.environment})
    lasting = faulty.fail("GetSecretValue", "ThrottlingException")
    with HttpReceiver() as receiver:
        migrate(event(receiver, "Create"), Context())
        (answer,) = receiver.requests
    assert answer.json()["Status"] == "FAILED"
    assert answer.json()["Reason"].startswith("database_unavailable: ")
    assert (lasting.seen, is_migrated(url)) == (2, False)
    faulty.mend()
    faulty.fail("GetSecretValue", "ThrottlingException", times=1)
    assert migrate({}, Context()) == {"applied": TITLES}
