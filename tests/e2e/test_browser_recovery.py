"""The second acceptance's promise: after whatever went wrong the same page works, unreloaded.

Each failure stands beside the run that it spoils: the last good rows stay, greyed, with what has
happened and a way to try again; and that way leads to rows.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import sign_in_context
from tests.support.browser import WatchedPage, watched_page
from tests.support.connections import connection_body
from tests.support.gated_database import GatedDatabase, gated_database
from tests.support.postgres import SharedServer, fresh_database
from tests.support.query_editor import RUN, cell, editor, result, write
from tests.support.runs import wait_until
from tests.support.serving import HELIOGRAPH, Served, call, sign_in
from tests.support.tls_proxy import TlsProxy

from heliograph.local.postgres_server import PostgresServer

LAMPS = "select id, name, lumens, note from lamps order by id"
GATE = "select wait_at_gate()"
LONG = "select n, repeat('x', 1000) as x from generate_series(1, 20000) as n"
RETRY = re.compile("^(Retry|Run again|Try again)$")
AT_ONCE, EVERY_SECONDS = 400, 4
"""An address may ask so often at once, and then every so many seconds."""


class App:
    """`heliograph serve --demo`, which is killed and comes back at the same place."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self.process = self._start(0)
        self.url = self.process.url
        self.process.wait_for_line("viewer ")
        found = (line.split(" ") for line in self.process.out)
        self.people = {words[0]: (words[1], words[2]) for words in found if len(words) == 3}

    def kill(self) -> None:
        self.process.end(signal.SIGKILL)

    def come_back(self) -> None:
        self.process = self._start(urlsplit(self.url).port or 0)
        assert self.process.url == self.url

    def _start(self, port: int) -> Served:
        command = [HELIOGRAPH, "serve", "--demo", "--port", str(port), "--behind-proxy"]
        rate = ["--requests-per-second", str(1 / EVERY_SECONDS)]
        return Served([*command, *rate, "--data-dir", self._data_dir])


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = App(tmp_path_factory.mktemp("recovery") / "data")
    try:
        yield app
    finally:
        app.process.end()


@pytest.fixture(scope="module")
def database(shared_server: tuple[SharedServer, PostgresServer]) -> Iterator[GatedDatabase]:
    with fresh_database(shared_server[1].url) as url, gated_database(url) as database:
        yield database


@pytest.fixture(scope="module")
def wire(database: GatedDatabase) -> Iterator[TlsProxy]:
    """What lies between Heliograph and the database."""
    with TlsProxy(database.reader_url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def connect(app: App, wire: TlsProxy) -> Callable[..., str]:
    """Save a connection to the database, and return its id."""
    _, token = sign_in(app.url, *app.people["editor"])
    numbers = count(1)

    def save(**values: Any) -> str:
        body = connection_body(wire.url(), f"Lamps {next(numbers)}")
        status, told = call(
            f"{app.url}/api/connections",
            "POST",
            json_body={**body, "cache_seconds": 0, **values},
            token=token,
        )
        assert status == 201, told
        return str(told["id"])

    return save


@pytest.fixture(scope="module")
def connection(connect: Callable[..., str]) -> str:
    return connect()


_addresses = (f"203.0.113.{number}" for number in count(1))


@pytest.fixture
def address() -> str:
    """Where the page's requests come from: each test's counts for itself."""
    return next(_addresses)


@contextmanager
def at_work(app: App, browser: Browser, address: str, connection: str) -> Iterator[WatchedPage]:
    """Yield the editor with the lamps in its table; fails when the page was loaded anew."""
    headers = {"X-Forwarded-For": address}
    with watched_page(browser, app.url, extra_http_headers=headers) as watched:
        sign_in_context(watched, *app.people["editor"])
        page = watched.open(f"/queries/new?connection={connection}")
        expect(editor(page)).to_be_visible()
        page.evaluate("() => { window.__alive = true }")
        run(page, LAMPS)
        is_shown(page)
        yield watched
        assert page.evaluate("() => window.__alive === true"), "the page was loaded anew"


@pytest.fixture
def watched(app: App, browser: Browser, address: str, connection: str) -> Iterator[WatchedPage]:
    with at_work(app, browser, address, connection) as watched:
        yield watched


@pytest.fixture
def page(watched: WatchedPage) -> Page:
    return watched.page


def run(page: Page, sql: str) -> None:
    write(page, sql)
    page.keyboard.press(RUN)


def is_shown(page: Page) -> None:
    """The lamps are there, as what was asked last."""
    expect(result(page).get_by_text("3 rows").first).to_be_visible()
    expect(result(page)).not_to_contain_text("The result before")
    expect(cell(page, 3, 2)).to_have_text("Żółw")
    expect(cell(page, 1, 3)).to_have_text("1200.50")


def is_told(page: Page, *words: str) -> None:
    """What has happened is said, and the lamps are there below, greyed."""
    for word in words:
        expect(result(page).get_by_role("alert")).to_contain_text(word)
    is_greyed(page)


def is_greyed(page: Page) -> None:
    expect(result(page)).to_contain_text("The result before: 3 rows")
    expect(cell(page, 1, 2)).to_have_text("north")
    expect(result(page).locator(".grayscale").get_by_role("grid")).to_be_visible()


def retry(page: Page) -> int:
    """Take the way that is offered; return the status of the API's answer."""
    with page.expect_response(lambda answer: "/api/queries" in answer.url) as answer:
        result(page).get_by_role("button", name=RETRY).click()
    return answer.value.status


def works(page: Page) -> None:
    """Another query is run, in the same page."""
    run(page, "select 40 + 2 as answer")
    expect(cell(page, 1, 1)).to_have_text("42")
    run(page, LAMPS)
    is_shown(page)


def test_after_a_mistake_in_the_sql(page: Page) -> None:
    run(page, "select id, nmae from lamps")
    is_told(page, 'column "nmae" does not exist', "42703")
    retry(page)
    is_told(page, "42703")
    works(page)


def test_after_a_query_that_took_too_long(
    app: App, browser: Browser, address: str, connect: Callable[..., str]
) -> None:
    with at_work(app, browser, address, connect(statement_timeout_seconds=1)) as watched:
        page = watched.page
        run(page, "select pg_sleep(60)")
        is_told(page, "It took too long")
        works(page)


def test_after_a_query_that_was_canceled_and_then_run_again(
    page: Page, database: GatedDatabase
) -> None:
    with database.gate_closed():
        run(page, GATE)
        database.wait_for_waiting()
        page.get_by_role("button", name="Cancel").click()
        expect(result(page)).to_contain_text("Canceled.")
        is_greyed(page)
        database.wait_for_waiting(0)
    retry(page)
    expect(cell(page, 1, 1)).to_have_text("through")
    works(page)


def test_after_the_connection_was_lost_in_the_middle_of_a_result(
    page: Page, wire: TlsProxy
) -> None:
    wire.cut_after(2_000_000, rudely=True)
    run(page, LONG)
    is_told(page, "The connection to the database was lost")
    wire.restore()
    retry(page)
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "20001")
    works(page)


def test_after_the_database_was_gone(page: Page, wire: TlsProxy) -> None:
    wire.refuse()
    run(page, "select 2 as two")
    is_told(page, "The database does not answer")
    retry(page)
    is_told(page, "The database does not answer")
    wire.restore()
    retry(page)
    expect(cell(page, 1, 1)).to_have_text("2")
    works(page)


def test_after_the_network_was_away(watched: WatchedPage) -> None:
    page = watched.page
    watched.expect_complaint("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    run(page, "select 2 as two")
    is_told(page, "Heliograph does not answer")
    expect(page.get_by_text("You are offline.")).to_be_visible()
    page.context.set_offline(False)
    retry(page)
    expect(cell(page, 1, 1)).to_have_text("2")
    works(page)


def test_after_the_server_was_killed_and_started_again(
    app: App, watched: WatchedPage, database: GatedDatabase
) -> None:
    page = watched.page
    watched.expect_complaint("ERR_")
    with database.gate_closed():
        run(page, GATE)
        database.wait_for_waiting()
        app.kill()
        is_told(page, "Heliograph does not answer")
        app.come_back()
    retry(page)
    expect(cell(page, 1, 1)).to_have_text("through")
    works(page)


def test_a_run_that_is_waited_for_outlives_the_session_and_the_server(
    app: App, watched: WatchedPage, database: GatedDatabase
) -> None:
    page = watched.page
    watched.expect_complaint("401")
    watched.expect_complaint("ERR_")
    with database.gate_closed():
        with page.expect_response(lambda answer: answer.status == 202):
            run(page, GATE)
        end_sessions(app)
        sign_in_again(app, page)
        expect(result(page)).to_contain_text("Running")
        app.kill()
        expect(result(page)).to_contain_text("Waiting for the network")
        is_greyed(page)
        app.come_back()
        # Any request that arrives tells the run that it may go on.
        page.get_by_role("button", name="Read the schema again").click()
        expect(result(page)).to_contain_text("Running")
        is_greyed(page)
    works(page)


def test_after_the_session_was_ended_elsewhere(app: App, watched: WatchedPage) -> None:
    page = watched.page
    watched.expect_complaint("401")
    end_sessions(app)
    run(page, "select 2 as two")
    expect(page.get_by_text("north")).to_be_visible()
    sign_in_again(app, page)
    expect(cell(page, 1, 1)).to_have_text("2")
    expect(editor(page)).to_have_text("select 2 as two")
    works(page)


def test_after_too_many_requests(app: App, watched: WatchedPage, address: str) -> None:
    page = watched.page
    watched.expect_complaint("429")
    write(page, "select 2 as two")
    use_up(app, address)
    page.keyboard.press(RUN)
    is_told(page, "rate_limited", "Try again in")
    wait_until(lambda: retry(page) != 429)  # what is refused counts for nothing
    expect(cell(page, 1, 1)).to_have_text("2")


def test_rows_that_could_not_be_fetched_come_when_the_network_does(watched: WatchedPage) -> None:
    page = watched.page
    watched.expect_complaint("ERR_INTERNET_DISCONNECTED")
    run(page, LONG)
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "20001")
    page.context.set_offline(True)
    page.get_by_role("grid").evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    expect(result(page).get_by_role("alert")).to_contain_text("Heliograph does not answer")
    page.context.set_offline(False)
    expect(cell(page, 20_000, 1)).to_have_text("20000")
    expect(result(page).get_by_role("alert")).to_have_count(0)
    works(page)


def test_a_page_that_had_not_come_opens_when_network_and_server_are_back(
    app: App, watched: WatchedPage
) -> None:
    page = watched.page
    watched.expect_complaint("ERR_")
    page.context.set_offline(True)
    page.get_by_role("link", name="Connections").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Heliograph does not answer")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()
    expect(page.get_by_text("does not answer")).to_have_count(0)
    app.kill()
    page.get_by_role("link", name="Personal tokens").click()
    expect(page.get_by_role("alert")).to_contain_text("Heliograph does not answer")
    app.come_back()
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Personal tokens", level=1)).to_be_visible()
    page.get_by_role("link", name="SQL editor").click()
    is_shown(page)


def test_a_page_that_the_server_has_no_more_says_that_there_is_a_new_version(
    app: App, browser: Browser, address: str
) -> None:
    """The one case that needs another page: this one's code is gone."""
    headers = {"X-Forwarded-For": address}
    with watched_page(browser, app.url, extra_http_headers=headers) as watched:
        sign_in_context(watched, *app.people["editor"])
        page = watched.open("/")
        expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        watched.expect_complaint("404")
        page.route("**/assets/connections-page*", lambda route: route.fulfill(status=404), times=1)
        page.get_by_role("link", name="Connections").first.click()
        expect(page.get_by_role("alert")).to_contain_text("Heliograph was updated")
        page.get_by_role("button", name="Load the page anew").click()
        expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()


def end_sessions(app: App) -> None:
    """Sign out everywhere else, as the person does in another browser."""
    _, token = sign_in(app.url, *app.people["editor"])
    assert call(f"{app.url}/api/me/sessions", "DELETE", token=token)[0] == 204


def sign_in_again(app: App, page: Page) -> None:
    """Give the dialog over the page what it asks for."""
    dialog = page.get_by_role("dialog", name="Please sign in again")
    dialog.get_by_label("Password", exact=True).fill(app.people["editor"][1])
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def use_up(app: App, address: str) -> None:
    """Ask for something small, from an address, until it may ask no more."""
    parts = urlsplit(app.url)
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=30)) as connection:
        for _ in range(2 * AT_ONCE):
            connection.request("HEAD", "/icon.svg", headers={"X-Forwarded-For": address})
            with connection.getresponse() as response:
                response.read()
            if response.status == 429:
                return
    raise AssertionError("nobody was refused")
