"""Other major versions: fetched, verified, started and stopped like our own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.postgres_majors import MajorUnavailable, find_major, verify

from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect


def test_server_of_another_major_version_answers(
    major_server: PostgresServer, major_url: str
) -> None:
    with connect(major_url) as connection:
        found = connection.execute(
            "SELECT current_setting('server_version'), current_setting('server_encoding'),"
            " current_setting('timezone')"
        ).fetchone()
    assert found == (major_server.status().version, "UTF8", "UTC")


def test_databases_of_another_major_version_are_apart(
    make_major_database: Callable[[], str],
) -> None:
    first, second = make_major_database(), make_major_database()
    with connect(first) as connection:
        connection.execute("CREATE TABLE t (n int)")
    with connect(second) as connection:
        assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)


def test_archive_that_is_not_what_was_pinned_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tgz"
    archive.write_bytes(b"")
    empty = (
        "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
    )
    verify(archive, f"sha512-{empty}")
    archive.write_bytes(b"x")
    with pytest.raises(MajorUnavailable, match="not what was pinned"):
        verify(archive, f"sha512-{empty}")


def test_version_without_a_pin_is_named(tmp_path: Path) -> None:
    with pytest.raises(MajorUnavailable, match="PostgreSQL 9 are pinned"):
        find_major(9, cache=tmp_path)
