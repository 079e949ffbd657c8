"""The password of the app database may be changed while functions are warm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from tests.support.moto_server import MotoServer

from heliograph.kernel.errors import DatabaseUnavailable
from heliograph.platform.aws import open_client
from heliograph.platform.postgres import connect, set_password
from heliograph.platform.settings import AppSettings
from heliograph.web.services import Services


@pytest.fixture
def login(app_database_url: str) -> Iterator[Callable[[str], str]]:
    """Call it to give a role of the app database a password; returns its URL."""
    role = f"app_{uuid4().hex[:12]}"
    parts = urlsplit(app_database_url)

    def change(password: str) -> str:
        with connect(app_database_url) as connection:
            set_password(connection, role, password)
        netloc = f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"
        return urlunsplit(parts._replace(netloc=netloc))

    with connect(app_database_url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    yield change
    with connect(app_database_url) as connection:
        connection.execute(f"DROP ROLE {role}".encode())


def test_a_changed_database_password_is_read_anew_from_its_secret(
    login: Callable[[str], str], moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    with closing(open_client("secretsmanager", moto.environment)) as client:
        made = client.create_secret(Name=uuid4().hex, SecretString=login("first-one"))
        settings = AppSettings(database=made["ARN"])
        with closing(Services(settings, moto.environment)) as services:
            assert services.database.fetch("SELECT 1 AS n") == [{"n": 1}]
            changed = login("second-one")
            assert services.database.fetch("SELECT 1 AS n") == [{"n": 1}], "a session goes on"
            services.database.close()
            with pytest.raises(DatabaseUnavailable) as found:  # the secret is the old one still
                services.database.fetch("SELECT 1 AS n")
            assert "first-one" not in str(found.value.to_dict())
            client.put_secret_value(SecretId=made["ARN"], SecretString=changed)
            assert services.database.fetch("SELECT 1 AS n") == [{"n": 1}]
