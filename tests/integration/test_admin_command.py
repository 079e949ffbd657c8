"""``heliograph admin``: with nothing but the app database."""

from __future__ import annotations

import pytest
from tests.support.accounts import VISITOR, access_token, actions_of, make_user, token_in
from tests.support.cli import heliograph

from heliograph.accounts.models import LinkKind
from heliograph.kernel.actors import Role
from heliograph.kernel.errors import SignInFailed
from heliograph.web.services import Services

EMAIL = ("--email", "boss@example.com", "--name", "Boss")


def test_create_makes_an_admin_whose_password_is_printed_alone(
    services: Services, app_database_url: str
) -> None:
    done = heliograph("admin", "create", *EMAIL, "--database-url", app_database_url)
    assert done.code == 0
    password = done.stdout.decode().strip()
    assert password not in done.stderr
    signed_in = services.sessions.sign_in("boss@example.com", password, VISITOR)
    assert (signed_in.user.role, signed_in.user.name) == (Role.ADMIN, "Boss")
    rows = services.database.fetch("SELECT actor_kind FROM audit_events WHERE action LIKE 'user%%'")
    assert rows == [{"actor_kind": "cli"}]


def test_create_takes_a_password_from_standard_input_and_prints_nothing(
    services: Services, app_database_url: str
) -> None:
    def create(stdin: bytes) -> int:
        done = heliograph(
            "admin",
            "create",
            *EMAIL,
            "--password-stdin",
            stdin=stdin,
            env={"HELIOGRAPH_DATABASE": app_database_url},
        )
        assert done.stdout == b""
        return done.code

    assert create(b"password123\n") == 1
    assert create(b"\xff\xfe lamp ocean") == 2
    assert create(b"tiger lamp ocean\n") == 0
    assert services.sessions.sign_in("boss@example.com", "tiger lamp ocean", VISITOR)
    assert create(b"tiger lamp ocean\n") == 1  # there is one already


def test_setup_link_prints_a_link_that_works_until_there_is_an_admin(
    services: Services, app_database_url: str
) -> None:
    place = ("--database-url", app_database_url)
    done = heliograph("admin", "setup-link", *place, "--public-url", "https://h.example/")
    url = done.stdout.decode().strip()
    assert url.startswith("https://h.example/setup#token=")
    services.links.use_setup(
        token_in(url), VISITOR, email="boss@example.com", name="Boss", password="tiger lamp ocean"
    )
    refused = heliograph("admin", "setup-link", *place)
    assert (refused.code, refused.error["code"], refused.stdout) == (1, "setup_done", b"")


def test_reset_password_prints_a_link_for_whoever_exists(
    services: Services, app_database_url: str
) -> None:
    make_user(services, "eva@example.com")
    place = ("--database-url", app_database_url)
    done = heliograph("admin", "reset-password", "Eva@Example.com", *place)
    url = done.stdout.decode().strip()
    assert url.startswith("http://127.0.0.1:8000/password-reset#token=")
    assert services.links.inspect(LinkKind.PASSWORD_RESET, token_in(url)) == "eva@example.com"
    services.links.use_reset(token_in(url), VISITOR, "otter lamp window")
    with pytest.raises(SignInFailed):
        services.sessions.sign_in("eva@example.com", "tiger lamp ocean", VISITOR)
    for email in ("nobody@example.com", "no email"):
        unknown = heliograph("admin", "reset-password", email, *place)
        assert (unknown.code, unknown.error["code"]) == (2, "usage_invalid")
    assert "password_reset.created" in actions_of(services)


def test_it_has_to_be_said_which_database_is_meant() -> None:
    done = heliograph("admin", "setup-link")
    assert (done.code, done.error["code"]) == (2, "usage_invalid")


def test_forget_secrets_asks_before_it_deletes(services: Services, app_database_url: str) -> None:
    make_user(services, "boss@example.com", Role.ADMIN)
    access_token(services, "boss@example.com")
    place = ("--database-url", app_database_url)
    assert heliograph("admin", "forget-secrets", *place).code == 2
    assert services.database.fetch("SELECT count(*) AS n FROM signing_keys") == [{"n": 1}]
    done = heliograph("admin", "forget-secrets", "--yes", *place)
    assert (done.code, done.stdout) == (0, b"")
    assert "1 signing key(s)" in done.stderr
    assert services.database.fetch("SELECT count(*) AS n FROM signing_keys") == [{"n": 0}]
