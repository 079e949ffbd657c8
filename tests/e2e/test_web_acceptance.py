"""The second acceptance: in a browser, connect a database, ask it, see the table, reset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.browser import WatchedPage, watched_page
from tests.support.gated_database import GatedDatabase, gated_database
from tests.support.postgres import SharedServer, fresh_database
from tests.support.query_editor import RUN, cell, editor, result, write
from tests.support.serving import Served, served

from heliograph.local.postgres_server import PostgresServer


@pytest.fixture
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data_dir = tmp_path_factory.mktemp("web-acceptance") / "data"
    with served("--demo", "--port", "0", "--data-dir", data_dir) as started:
        started.wait_for_line("viewer ")
        yield started


@pytest.fixture
def database(shared_server: tuple[SharedServer, PostgresServer]) -> Iterator[GatedDatabase]:
    """A database on another server than the demo's, with a login of its own."""
    with fresh_database(shared_server[1].url) as url, gated_database(url) as database:
        yield database


def test_somebody_connects_a_database_asks_it_and_begins_anew(
    browser: Browser,
    app: Served,
    database: GatedDatabase,
    sign_in_form: Callable[[WatchedPage, str, str], None],
) -> None:
    """From the sign-in to the last query in one window, by what a person sees and presses."""
    _, email, password = app.wait_for_line("editor ").split(" ")
    with watched_page(browser, app.url) as watched:
        page = watched.open("/")
        sign_in_form(watched, email, password)
        connect(page, "Lighthouse", database.reader_url)
        page.get_by_role("link", name="Ask it").click()
        expect(page.get_by_role("treeitem", name="lamps", exact=False).first).to_be_visible()
        ask_for_the_table(page)
        reset(page, database)
        ask_for_the_table(page)


def connect(page: Page, name: str, url: str) -> None:
    """Save a connection by the form, which tests it first."""
    page.get_by_role("link", name="Connections").first.click()
    page.get_by_role("link", name="New connection").first.click()
    page.get_by_label("Have an address? Paste it").fill(url)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.get_by_text("It works")).to_be_visible()


def ask_for_the_table(page: Page) -> None:
    """Run a query, and find every value in its cell."""
    write(page, "select id, name, lumens, note from lamps order by id")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(result(page).get_by_text("3 rows").first).to_be_visible()
    headers = page.get_by_role("grid").get_by_role("columnheader")
    for name in ("id", "name", "lumens", "note"):
        expect(headers.filter(has_text=name)).to_be_visible()
    values = (
        ("1", "north", "1200.50", "NULL"),
        ("2", "south", "0.10", ""),
        ("3", "Żółw", "7", "on"),
    )
    for row, texts in enumerate(values, 1):
        for column, text in enumerate(texts, 1):
            expect(cell(page, row, column)).to_have_text(text)


def reset(page: Page, database: GatedDatabase) -> None:
    """Begin anew while a query runs: it ends on the server, and the tab is empty."""
    with database.gate_closed():
        write(page, "select wait_at_gate()")
        page.keyboard.press(RUN)
        database.wait_for_waiting()
        page.get_by_role("button", name="Reset session").click()
        page.get_by_role("dialog").get_by_role("button", name="Reset session").click()
        expect(result(page)).to_contain_text("The session was reset")
        expect(result(page)).to_contain_text(re.compile("1 query canceled"))
        database.wait_for_waiting(0)
    expect(editor(page)).not_to_contain_text("wait_at_gate")
    page.get_by_label("Connection", exact=True).select_option("Lighthouse")
