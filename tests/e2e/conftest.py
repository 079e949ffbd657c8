"""Fixtures of the tests that use the app in a browser.

`demo` serves the app with its demo, once per worker; `visit` opens pages of it, each in a context
of its own, signed in as a role or as nobody. A page that writes an error to the console, breaks the
policy or asks another host fails its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser
from tests.support.browser import WatchedPage, launched_browser, watched_page
from tests.support.serving import Served, served

ROLES = ("admin", "editor", "viewer")


class Visit(Protocol):
    """What the fixture `visit` is: call it for a page."""

    def __call__(self, path: str = "/", *, role: str | None = None, **options: Any) -> WatchedPage:
        """Open ``path``, signed in with ``role``; options are those of a browser context."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def demo_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app with its demo. What a test changes there, others find: use names of your own."""
    data_dir = tmp_path_factory.mktemp("browser") / "data"
    with served("--demo", "--port", "0", "--data-dir", data_dir) as started:
        started.wait_for_line("viewer ")
        yield started


@pytest.fixture(scope="session")
def people(demo_app: Served) -> dict[str, tuple[str, str]]:
    """Email and password by role."""
    words = [line.split(" ") for line in demo_app.out]
    return {one[0]: (one[1], one[2]) for one in words if one[0] in ROLES}


@pytest.fixture
def visit(
    browser: Browser, demo_app: Served, people: dict[str, tuple[str, str]]
) -> Iterator[Visit]:
    with ExitStack() as stack:

        def open_page(path: str = "/", *, role: str | None = None, **options: Any) -> WatchedPage:
            watched = stack.enter_context(watched_page(browser, demo_app.url, **options))
            if role:
                sign_in_context(watched, *people[role])
            watched.open(path)
            return watched

        yield open_page


def sign_in_context(watched: WatchedPage, email: str, password: str) -> None:
    """Sign in without the form: the cookie and the hint that the app would leave."""
    answer = watched.page.context.request.post(
        f"{watched.base_url}/api/session", data={"email": email, "password": password}
    )
    assert answer.ok, answer.text()
    watched.page.context.add_init_script(
        'try { localStorage.setItem("heliograph.has-session", "1") } catch {}'
    )


@pytest.fixture
def sign_in_form() -> Callable[[WatchedPage, str, str], None]:
    """Fill in the form of the sign-in page."""

    def fill(watched: WatchedPage, email: str, password: str) -> None:
        page = watched.page
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()

    return fill
