"""Signing in and out, in a browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect
from tests.e2e.conftest import Visit
from tests.support.browser import WatchedPage


def test_who_is_not_signed_in_signs_in_and_comes_to_the_page_they_wanted(
    visit: Visit,
    people: dict[str, tuple[str, str]],
    sign_in_form: Callable[[WatchedPage, str, str], None],
) -> None:
    watched = visit("/")
    expect(watched.page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in_form(watched, *people["editor"])
    expect(watched.page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_who_is_signed_in_stays_so_after_a_reload(visit: Visit) -> None:
    watched = visit("/", role="viewer")
    expect(watched.page.get_by_role("heading", name="Welcome")).to_be_visible()
    watched.page.reload()
    expect(watched.page.get_by_role("heading", name="Welcome")).to_be_visible()
