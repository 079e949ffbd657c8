"""Fixtures that every kind of test may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.support.api import Api, SetClock
from tests.support.app_database import AppDatabases
from tests.support.faulty_aws import FaultyAws
from tests.support.moto_server import MotoServer, running_moto
from tests.support.postgres import SharedServer, fresh_database, remove_leftovers
from tests.support.postgres_majors import (
    DEFAULT_MAJORS,
    MajorUnavailable,
    find_major,
    wanted_majors,
)

from heliograph.local.demo.shop import ShopLogins, load_shop
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.keys_file import create_key_file
from heliograph.platform.settings import AppSettings
from heliograph.web.services import Services


def pytest_xdist_auto_num_workers() -> int | None:
    """Let `-n auto` start three workers for two cores.

    Many tests wait for a lease, a timeout or a process, and leave their core to another one.
    """
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # pytest-xdist reads it
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return ((cores or 1) * 3 + 1) // 2


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own


@pytest.fixture(scope="session")
def shared_server(session_folder: Path) -> Iterator[tuple[SharedServer, PostgresServer]]:
    remove_leftovers(session_folder.parent, "*/postgres*")
    shared = SharedServer(session_folder / "postgres")
    with shared.in_use() as server:
        yield shared, server


@pytest.fixture(scope="session")
def superuser_url(shared_server: tuple[SharedServer, PostgresServer]) -> str:
    """A superuser's login on the test server."""
    return shared_server[1].url()


@pytest.fixture
def make_database(
    shared_server: tuple[SharedServer, PostgresServer],
) -> Iterator[Callable[[], str]]:
    """Call it for the URL of a fresh empty database, superuser login, dropped afterwards."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(fresh_database(shared_server[1].url))


@pytest.fixture(scope="session")
def app_databases(shared_server: tuple[SharedServer, PostgresServer]) -> Iterator[AppDatabases]:
    with closing(AppDatabases(*shared_server)) as made:
        yield made


@pytest.fixture
def app_database_url(app_databases: AppDatabases) -> Iterator[str]:
    """The URL of an app database of one's own with all migrations applied and no row."""
    with app_databases.one() as url:
        yield url


@pytest.fixture(scope="session")
def moto() -> Iterator[MotoServer]:
    """AWS, as moto has it: one server per worker."""
    with running_moto() as server:
        yield server


@pytest.fixture
def faulty(moto: MotoServer) -> Iterator[FaultyAws]:
    """A server before `moto` that fails on demand."""
    with FaultyAws(moto) as server:
        yield server


@pytest.fixture
def clock() -> SetClock:
    """The clock of `services`, which a test moves: ``clock.advance(timedelta(minutes=5))``."""
    return SetClock()


@pytest.fixture
def services(app_database_url: str, tmp_path: Path, clock: SetClock) -> Iterator[Services]:
    """All services over a fresh app database, a key file, a folder of blobs and a queue."""
    create_key_file(tmp_path / "key")
    settings = AppSettings(
        database=app_database_url,
        key=f"file://{tmp_path}/key",
        blobs=f"file://{tmp_path}/blobs?links=https://heliograph.example",
        schema_queue="postgres:schema",
        query_queue="postgres:query",
        export_queue="postgres:export",
        public_url="https://heliograph.example",
    )
    with closing(Services(settings, {}, clock)) as services:
        yield services


@pytest.fixture
def api(services: Services) -> Api:
    """The API over `services`: `tests.support.api.Api`."""
    return Api(services)


@pytest.fixture(scope="session")
def shop_logins(
    shared_server: tuple[SharedServer, PostgresServer], session_folder: Path
) -> ShopLogins:
    """The demo shop, made once per session; only read from it."""
    shared, server = shared_server
    with shared.locked():
        # Workers agree on the day, also when they start before and after midnight.
        day = session_folder / "shop-day"
        if not day.exists():
            day.write_text(datetime.now(UTC).date().isoformat())
    return load_shop(server, today=date.fromisoformat(day.read_text()))


@pytest.fixture(scope="session")
def shop_url(shop_logins: ShopLogins) -> str:
    """A superuser's login on the demo shop; only read from it."""
    return shop_logins.superuser_url


@pytest.fixture(scope="session")
def shop_reader_url(shop_logins: ShopLogins) -> str:
    """A login on the demo shop that may only read."""
    return shop_logins.reader_url


@pytest.fixture(scope="session", params=wanted_majors(), ids=lambda major: f"postgres{major}")
def major_server(request: pytest.FixtureRequest, session_folder: Path) -> Iterator[PostgresServer]:
    """A server of each other major version that is tested."""
    try:
        binaries = find_major(request.param)
    except MajorUnavailable as why:
        if wanted_majors() != DEFAULT_MAJORS:
            raise
        pytest.skip(str(why))
    shared = SharedServer(session_folder / f"postgres{request.param}", binaries=binaries)
    with shared.in_use() as server:
        yield server


@pytest.fixture(scope="session")
def major_url(major_server: PostgresServer) -> str:
    """A superuser's login on a server of each other major version that is tested."""
    return major_server.url()


@pytest.fixture
def make_major_database(major_server: PostgresServer) -> Iterator[Callable[[], str]]:
    """Call it for the URL of a fresh empty database on `major_server`, dropped afterwards."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(fresh_database(major_server.url))
