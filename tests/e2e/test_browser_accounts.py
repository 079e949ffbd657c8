"""Coming in, staying in and leaving, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Visit
from tests.support.browser import WatchedPage, watched_page
from tests.support.serving import Served, call, served, sign_in

SignInForm = Callable[[WatchedPage, str, str], None]
People = Mapping[str, tuple[str, str]]
PASSWORD = "four mirrors on a ridge"


def welcome(page: Page) -> None:
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_who_is_not_signed_in_signs_in_and_comes_to_the_page_they_wanted(
    visit: Visit, people: People, sign_in_form: SignInForm
) -> None:
    watched = visit("/no/such/page?q=a")
    expect(watched.page).to_have_url(re.compile(r"/sign-in\?next="))
    sign_in_form(watched, *people["editor"])
    expect(watched.page).to_have_url(f"{watched.base_url}/no/such/page?q=a")
    watched.open("/")
    welcome(watched.page)


def test_a_wrong_password_is_said_and_the_email_stays(
    visit: Visit, people: People, sign_in_form: SignInForm
) -> None:
    watched = visit("/sign-in")
    watched.expect_complaint("401")
    sign_in_form(watched, people["editor"][0], "not the password")
    expect(watched.page.get_by_role("alert")).to_contain_text("sign_in_failed")
    expect(watched.page.get_by_label("Email")).to_have_value(people["editor"][0])
    watched.page.get_by_label("Password", exact=True).fill(people["editor"][1])
    watched.page.keyboard.press("Enter")
    welcome(watched.page)


def test_a_link_that_leads_away_after_signing_in_leads_home(
    visit: Visit, people: People, sign_in_form: SignInForm
) -> None:
    watched = visit("/sign-in?next=//evil.example/")
    sign_in_form(watched, *people["viewer"])
    welcome(watched.page)
    expect(watched.page).to_have_url(f"{watched.base_url}/")


def test_who_is_signed_in_stays_so_after_a_reload_and_in_another_tab(visit: Visit) -> None:
    watched = visit("/", role="viewer")
    welcome(watched.page)
    watched.page.reload()
    welcome(watched.page)
    other = watched.page.context.new_page()
    other.goto(watched.base_url)
    welcome(other)


def test_who_signs_out_is_out_in_every_tab_and_no_reload_brings_them_back(visit: Visit) -> None:
    watched = visit("/", role="editor")
    other = watched.page.context.new_page()
    other.goto(watched.base_url)
    welcome(other)
    watched.page.get_by_role("button", name="You: ").click()
    watched.page.get_by_role("menuitem", name="Sign out").click()
    for page in (watched.page, other):
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    watched.open("/")
    expect(watched.page.get_by_role("heading", name="Sign in")).to_be_visible()


def end_session(watched: WatchedPage) -> None:
    """End the session on the server, as somebody in another browser would."""
    answer = watched.page.context.request.delete(
        f"{watched.base_url}/api/session", headers={"Content-Type": "application/json"}
    )
    assert answer.status == 204


def come_back(page: Page) -> None:
    """The person returns to the window: the app looks whether they are still signed in."""
    page.evaluate("() => window.dispatchEvent(new Event('visibilitychange'))")


def test_a_session_that_is_over_asks_for_the_password_and_goes_on_where_it_was(
    visit: Visit, people: People
) -> None:
    watched = visit("/", role="admin")
    page = watched.page
    expect(page.get_by_text("checks are well")).to_be_visible()
    page.evaluate("() => { window.isSameDocument = true }")
    end_session(watched)
    watched.expect_complaint("401")
    come_back(page)
    dialog = page.get_by_role("dialog", name="Please sign in again")
    expect(dialog).to_be_visible()
    assert watched.axe() == []
    dialog.get_by_label("Password", exact=True).fill("not the password")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("sign_in_failed")
    dialog.get_by_label("Password", exact=True).fill(people["admin"][1])
    with page.expect_response(lambda answer: answer.url.endswith("/api/me") and answer.ok):
        page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("checks are well")).to_be_visible()
    assert page.evaluate("() => window.isSameDocument")


def test_who_does_not_want_to_sign_in_again_comes_back_to_the_same_page_later(
    visit: Visit, people: People, sign_in_form: SignInForm
) -> None:
    watched = visit("/no/such/page?q=b", role="editor")
    page = watched.page
    expect(page.get_by_text("There is nothing here").first).to_be_visible()
    end_session(watched)
    watched.expect_complaint("401")
    come_back(page)
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    sign_in_form(watched, *people["editor"])
    expect(page).to_have_url(f"{watched.base_url}/no/such/page?q=b")


@pytest.fixture(scope="module")
def fresh_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An installation without anybody."""
    data_dir = tmp_path_factory.mktemp("fresh") / "data"
    with served("--port", "0", "--data-dir", data_dir) as started:
        assert started.url
        yield started


def setup_link(app: Served) -> str:
    line = app.wait_for_line("Set it up, once", 20)
    return urlsplit(line.rpartition(" ")[2])._replace(scheme="", netloc="").geturl()


def test_the_first_admin_sets_it_up_by_the_link_that_was_printed_and_invites_somebody(
    browser: Browser, fresh_app: Served
) -> None:
    """Set-up, an invitation and a new password: each link once, in the order of a first day."""
    with watched_page(browser, fresh_app.url) as watched:
        page = watched.open("/")
        page.get_by_role("link", name="How to set it up").click()
        expect(page.get_by_text("Open the one-time link")).to_be_visible()
        page.goto(f"{watched.base_url}{setup_link(fresh_app)}")
        page.get_by_label("Your name").fill("Grace Hopper")
        page.get_by_label("Email").fill("grace@example.com")
        page.get_by_label("Password", exact=True).fill("password123")
        watched.expect_complaint("422")
        page.get_by_role("button", name="Create the first admin").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert watched.axe() == []
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Create the first admin").click()
        expect(page.get_by_role("heading", name="Welcome, Grace Hopper")).to_be_visible()
        watched.open("/setup")
        expect(page.get_by_role("heading", name="Heliograph is set up")).to_be_visible()
    token = sign_in(fresh_app.url, "grace@example.com", PASSWORD)[1]
    with watched_page(browser, fresh_app.url) as watched:
        accept_invitation(watched, invite(fresh_app, token))
    with watched_page(browser, fresh_app.url) as watched:
        set_new_password(watched, reset_link(fresh_app, token))


def invite(app: Served, token: str) -> str:
    body = {"email": "alan@example.com", "role": "editor", "group_ids": []}
    status, told = call(f"{app.url}/api/invitations", "POST", token=token, json_body=body)
    assert status == 201
    return path_of(told["link"])


def accept_invitation(watched: WatchedPage, link: str) -> None:
    page = watched.open(link)
    expect(page.get_by_text("alan@example.com")).to_be_visible()
    page.get_by_label("Your name").fill("Alan Turing")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("heading", name="Welcome, Alan Turing")).to_be_visible()
    watched.expect_complaint("410")
    page.goto("about:blank")
    watched.open(link)
    expect(page.get_by_role("alert")).to_contain_text("link_invalid")


def reset_link(app: Served, token: str) -> str:
    _, users = call(f"{app.url}/api/users?search=alan", token=token)
    body = {"user_id": users["items"][0]["id"]}
    status, told = call(f"{app.url}/api/password-resets", "POST", token=token, json_body=body)
    assert status == 201
    return path_of(told["link"])


def set_new_password(watched: WatchedPage, link: str) -> None:
    page = watched.open(link)
    page.get_by_label("New password", exact=True).fill("three lamps at a window")
    page.get_by_role("button", name="Change the password").click()
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("Email").fill("alan@example.com")
    page.get_by_label("Password", exact=True).fill("three lamps at a window")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome, Alan Turing")).to_be_visible()


def path_of(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()
