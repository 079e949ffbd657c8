"""Fixtures of the tests that use the app in a browser.

`demo_app` is the app with its demo, one for all workers; `visit` opens pages of it, each in a
context of its own, signed in as a role or as nobody. A page that writes an error to the console,
breaks the policy or asks another host fails its test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect
from tests.support.browser import WatchedPage, launched_browser, watched_page
from tests.support.serving import call, sign_in
from tests.support.shared_demo import Demo, SharedDemo

# Browsers share two cores with the other tests: what is there at once elsewhere may take its time.
expect.set_options(timeout=20_000)


class Visit(Protocol):
    """What the fixture `visit` is: call it for a page."""

    def __call__(
        self,
        path: str = "/",
        *,
        role: str | None = None,
        person: tuple[str, str] | None = None,
        **options: Any,
    ) -> WatchedPage:
        """Open ``path``, signed in with ``role`` or as a ``person``, by email and password.

        Options are those of a browser context.
        """


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture(scope="session")
def demo_app(session_folder: Path) -> Iterator[Demo]:
    """The app with its demo. What a test changes there, others find: use names of your own."""
    with SharedDemo(session_folder / "demo-app").in_use() as demo:
        yield demo


@pytest.fixture(scope="session")
def people(demo_app: Demo) -> Mapping[str, tuple[str, str]]:
    """Email and password by role."""
    return demo_app.people


@pytest.fixture
def own_editor(demo_app: Demo, people: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """An editor whom no other test knows: what they reset is theirs. Email and password."""
    email, password = f"{uuid4().hex}@demo.example", f"a lamp for {uuid4().hex}"
    _, token = sign_in(demo_app.url, *people["admin"])
    body = {"email": email, "role": "editor", "group_ids": []}
    status, told = call(f"{demo_app.url}/api/invitations", "POST", token=token, json_body=body)
    assert status == 201
    accepted = {"token": told["link"].partition("#token=")[2], "name": "Own", "password": password}
    status, _ = call(f"{demo_app.url}/api/invitations/accept", "POST", json_body=accepted)
    assert status in (200, 201)
    return email, password


@pytest.fixture
def visit(
    browser: Browser, demo_app: Demo, people: Mapping[str, tuple[str, str]]
) -> Iterator[Visit]:
    with ExitStack() as stack:

        def open_page(
            path: str = "/",
            *,
            role: str | None = None,
            person: tuple[str, str] | None = None,
            **options: Any,
        ) -> WatchedPage:
            watched = stack.enter_context(watched_page(browser, demo_app.url, **options))
            if person or role:
                sign_in_context(watched, *(person or people[role or ""]))
            watched.open(path)
            return watched

        yield open_page


def sign_in_context(watched: WatchedPage, email: str, password: str) -> None:
    """Sign in without the form: the cookie and the hint that the app would leave."""
    answer = watched.page.context.request.post(
        f"{watched.base_url}/api/session", data={"email": email, "password": password}
    )
    assert answer.ok, answer.text()
    # Once: who signs out afterwards stays out.
    watched.page.context.add_init_script("""
        if (location.protocol.startsWith("http") && !sessionStorage.getItem("signed-in-by-test")) {
          sessionStorage.setItem("signed-in-by-test", "1");
          localStorage.setItem("heliograph.has-session", "1");
        }
    """)


@pytest.fixture
def sign_in_form() -> Callable[[WatchedPage, str, str], None]:
    """Fill in the form of the sign-in page."""

    def fill(watched: WatchedPage, email: str, password: str) -> None:
        page = watched.page
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()

    return fill
