"""The second acceptance: one command, and three people work with the demo in their own rights."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.cli import environment
from tests.support.repository import ROOT
from tests.support.serving import HELIOGRAPH, Served, call, served, sign_in

ROLES = ("admin", "editor", "viewer")
NEW_PASSWORD = "seven lamps on a hill at dusk"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("acceptance") / "data"


@pytest.fixture(scope="module")
def demo(data_dir: Path) -> Iterator[Served]:
    with served("--demo", "--port", "0", "--data-dir", data_dir) as started:
        assert started.url
        started.wait_for_line("viewer ")
        yield started


def people(process: Served) -> dict[str, tuple[str, str]]:
    """Return the sign-ins that were printed, by role."""
    found = {}
    for line in process.out:
        if line.split(" ")[0] in ROLES:
            role, email, password = line.split(" ")
            found[role] = (email, password)
    return found


def token_of(process: Served, role: str) -> str:
    status, token = sign_in(process.url, *people(process)[role])
    assert status in (200, 201)
    return str(token)


def shop_of(process: Served, token: str) -> str:
    status, told = call(f"{process.url}/api/connections", token=token)
    assert status == 200
    (shop,) = (one for one in told["items"] if one["name"] == "Demo shop")
    assert "password" not in shop
    return str(shop["id"])


def test_each_person_signs_in_with_what_was_printed(demo: Served) -> None:
    assert set(people(demo)) == set(ROLES)
    for role in ROLES:
        status, me = call(f"{demo.url}/api/me", token=token_of(demo, role))
        assert status == 200
        assert role in json.dumps(me)
    assert sign_in(demo.url, people(demo)["admin"][0], "wrong password")[0] == 401


def test_an_editor_tests_the_shops_connection_and_a_viewer_may_not(demo: Served) -> None:
    editor = token_of(demo, "editor")
    shop = f"{demo.url}/api/connections/{shop_of(demo, editor)}"
    status, tested = call(f"{shop}/test", "POST", token=editor)
    assert status == 200
    assert tested["ok"], tested
    assert call(f"{shop}/test", "POST", token=token_of(demo, "viewer"))[0] == 403


def test_only_an_admin_sees_what_was_done(demo: Served) -> None:
    events = f"{demo.url}/api/audit-events"
    assert call(events, token=token_of(demo, "admin"))[0] == 200
    assert call(events, token=token_of(demo, "editor"))[0] == 403
    assert call(events)[0] == 401


def test_the_demo_command_finds_the_same_database_meanwhile(demo: Served, data_dir: Path) -> None:
    url = subprocess.run(
        [HELIOGRAPH, "demo", "url", "--data-dir", data_dir],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout.strip()
    asked = subprocess.run(
        [HELIOGRAPH, "query", "select count(*) from orders", "--url", url],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(asked.stdout)["rows"][0][0] > 1000


def test_everything_is_still_there_after_a_restart(demo: Served, data_dir: Path) -> None:
    """The last one here: it ends what the others used."""
    before = people(demo)
    admin = token_of(demo, "admin")
    shop = shop_of(demo, admin)
    viewer = token_of(demo, "viewer")
    status, _ = call(
        f"{demo.url}/api/me/password",
        "POST",
        token=viewer,
        json_body={"current_password": before["viewer"][1], "new_password": NEW_PASSWORD},
    )
    is_changed = status < 300
    assert demo.end() == 0
    with served("--demo", "--port", "0", "--data-dir", data_dir) as again:
        assert again.url
        again.wait_for_line("editor ")
        assert call(f"{again.url}/api/me", token=admin)[0] == 200
        assert shop_of(again, token_of(again, "admin")) == shop
        assert again.end() == 0
    after = people(again)
    assert {role: after[role] for role in ("admin", "editor")} == {
        role: before[role] for role in ("admin", "editor")
    }
    assert is_changed
    assert "viewer" not in after, "a password that does not work any more was printed"
    assert any("viewer@demo.example has a password of their own" in line for line in again.errors)


def test_make_up_serves_with_the_demo_on_the_given_port_and_folder() -> None:
    told = subprocess.run(
        ["make", "--dry-run", "-C", ROOT, "up", "PORT=8123", "DATA_DIR=/tmp/x"],
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    assert 'heliograph serve --demo --port "8123" --data-dir "/tmp/x"' in told
