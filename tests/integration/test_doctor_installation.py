"""The doctor of an installation: what `heliograph serve` stands on, with the fix of each part."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tests.support.cli import Finished, heliograph

from heliograph.kernel.actors import SYSTEM, Role
from heliograph.local.node import open_node
from heliograph.local.places import Places, join_installation
from heliograph.platform.keys_file import create_key_file
from heliograph.web.services import Services

ADMIN = {"email": "ann@example.com", "name": "Ann", "password": "the quick brown heron 7"}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    create_key_file(folder / "key.json")
    return folder


def rows(done: Finished) -> dict[str, str]:
    """Return ``name: mark`` of every row that was printed."""
    lines = done.stdout.decode().splitlines()
    return {line.split()[1]: line.split()[0] for line in lines if not line.startswith(" ")}


def doctor(*arguments: str | Path) -> Finished:
    return heliograph("doctor", *map(str, arguments))


def test_an_installation_that_is_well_exits_0(
    services: Services, app_database_url: str, data_dir: Path
) -> None:
    services.users.create(SYSTEM, role=Role.ADMIN, **ADMIN)
    done = doctor("--data-dir", data_dir, "--database-url", app_database_url)
    assert (done.code, done.stderr) == (0, "")
    assert rows(done) == dict.fromkeys(
        ["database", "migrations", "setup", "queues", "secrets", "key", "blobs"], "ok"
    )


def test_without_a_folder_only_the_database_is_examined(app_database_url: str) -> None:
    done = doctor("--database-url", app_database_url)
    assert done.code == 0
    assert rows(done) == {
        "database": "ok", "migrations": "ok", "setup": "warning", "queues": "ok"
    }  # fmt: skip
    assert "fix: " in done.stdout.decode()


def test_a_database_that_cannot_be_reached_is_explained_step_by_step(
    app_database_url: str, data_dir: Path
) -> None:
    url = app_database_url.replace(app_database_url.rpartition("/")[2], "nowhere")
    done = doctor("--data-dir", data_dir, "--database-url", url)
    assert done.code == 1
    assert rows(done)["login"] == "FAILED"
    assert rows(done)["database"] == "FAILED"
    assert rows(done)["key"] == "ok"
    assert "nowhere" in done.stdout.decode()


def test_what_is_missing_exits_1_with_its_fix(
    make_database: Callable[[], str], data_dir: Path
) -> None:
    (data_dir / "blobs").write_text("not a folder")
    done = doctor("--data-dir", data_dir, "--database-url", make_database())
    assert done.code == 1
    assert [name for name, mark in rows(done).items() if mark == "FAILED"] == [
        "migrations", "blobs"
    ]  # fmt: skip
    assert "heliograph migrate" in done.stdout.decode()


def test_dead_letters_are_a_warning_and_redrive_brings_them_back(
    services: Services, app_database_url: str
) -> None:
    services.schema_queue.send("one")
    with psycopg.connect(app_database_url, autocommit=True) as connection:
        connection.execute("UPDATE queue_messages SET queue = 'set_aside', dead_from = queue")
    done = doctor("--database-url", app_database_url)
    assert (done.code, rows(done)["queues"]) == (0, "warning")
    assert "--redrive" in done.stdout.decode()
    done = doctor("--database-url", app_database_url, "--redrive")
    assert (done.code, rows(done)["queues"]) == (0, "ok")
    assert "brought back 1 message" in done.stderr


def test_a_folder_that_is_no_installation_is_said_so(tmp_path: Path, data_dir: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        done = doctor("--data-dir", folder)
        assert (done.code, done.error["code"]) == (2, "file_invalid")
        assert "heliograph serve" in done.error["hint"]
    assert list(tmp_path.iterdir()) == [data_dir]


@pytest.mark.parametrize(
    "arguments",
    [("--redrive",), ("--data-dir", "x", "--url", "postgresql://a@b/c")],
)
def test_options_that_do_not_belong_together_are_refused(arguments: tuple[str, ...]) -> None:
    done = doctor(*arguments)
    assert (done.code, done.error["code"]) == (2, "usage_invalid")


def test_the_embedded_database_is_found_and_never_started(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with open_node(folder) as node:
        join_installation(Places.of(folder), node.database_url, is_alone=True)
        done = doctor("--data-dir", folder)
        assert done.code == 0, done.stdout
        assert rows(done)["migrations"] == "ok"
    done = doctor("--data-dir", folder)
    assert done.code == 1
    assert rows(done) == {"database": "FAILED", "key": "ok", "blobs": "ok"}
    assert f"heliograph serve --data-dir {folder}" in done.stdout.decode()
    shutil.rmtree(folder / "postgres")
    assert doctor("--data-dir", folder).code == 1
    assert not (folder / "postgres").exists()
