"""What stands around every page, and what every page has to keep."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect
from tests.e2e.conftest import Visit
from tests.e2e.screens import SCREENS, Screen

NARROW = {"width": 320, "height": 640}
GROUND = "() => getComputedStyle(document.documentElement).backgroundColor"
THEME = "() => document.documentElement.dataset.theme"


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_a_screen_is_accessible_in_both_themes_and_narrow(visit: Visit, screen: Screen) -> None:
    """axe finds nothing serious, nothing is wider than 320 px, and the window has a title."""
    watched = visit(screen.path, role=screen.role, viewport=NARROW)
    page = watched.page
    expect(page.get_by_role("heading", name=screen.heading).first).to_be_attached()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= NARROW["width"]
    assert watched.axe(theme="light") == []
    page.set_viewport_size({"width": 1280, "height": 800})
    assert watched.axe(theme="dark") == []
    assert page.title().endswith("Heliograph")
    assert page.get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_the_systems_from_the_first_paint_on(visit: Visit, scheme: str) -> None:
    """The attribute is there before any stylesheet or module of the app has come."""
    watched = visit("/sign-in", color_scheme=scheme)
    page = watched.page
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.route("**/assets/*.js", lambda route: route.abort())
    watched.expect_complaint("ERR_FAILED")
    page.reload(wait_until="domcontentloaded")
    assert page.evaluate(THEME) == scheme


def test_a_chosen_theme_wins_over_the_system_and_lasts(visit: Visit) -> None:
    watched = visit("/", role="viewer", color_scheme="light")
    page = watched.page
    light = page.evaluate(GROUND)
    page.get_by_role("button", name="You: ").click()
    page.get_by_role("menuitemcheckbox", name="Dark theme").click()
    dark = page.evaluate(GROUND)
    assert dark != light
    page.reload()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    assert page.evaluate(GROUND) == dark
    page.get_by_role("button", name="You: ").click()
    page.get_by_role("menuitemcheckbox", name="Theme of the system").click()
    assert page.evaluate(GROUND) == light
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_click_on_the_menus_button_counts_before_the_menu_is_there(visit: Visit) -> None:
    page = visit("/", role="viewer").page
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:  # the file is asked for twice: first to see that it is there
            route.continue_()
        held.append(route)

    page.route("**/assets/user-menu-*.js", hold)
    page.reload(wait_until="commit")
    page.get_by_role("button", name="You: ").click()
    assert len(held) == 1
    expect(page.get_by_role("menu")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_role("menuitem", name="Sign out")).to_be_visible()


def test_an_address_that_no_page_has_says_so_and_leads_home(visit: Visit) -> None:
    watched = visit("/no/such/page", role="editor")
    page = watched.page
    page.get_by_role("link", name="Go home").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page).to_have_title("Home · Heliograph")


def test_the_palette_goes_to_a_page_without_a_mouse(visit: Visit) -> None:
    watched = visit("/no/such/page", role="editor")
    page = watched.page
    expect(page.get_by_role("link", name="Go home")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Commands")
    expect(field).to_be_focused()
    assert watched.axe() == []
    field.fill("zzzz")
    expect(page.get_by_text("No command has these words.")).to_be_visible()
    field.fill("home")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_help_shows_the_keys_and_they_work(visit: Visit) -> None:
    watched = visit("/no/such/page", role="viewer")
    page = watched.page
    expect(page.get_by_role("link", name="Go home")).to_be_visible()
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(sheet.get_by_text("Commands")).to_be_visible()
    assert watched.axe() == []
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()


def test_on_a_phone_the_menu_opens_over_the_page(visit: Visit) -> None:
    watched = visit("/no/such/page", role="editor", viewport=NARROW)
    page = watched.page
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("dialog", name="Menu").get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_an_api_that_is_away_is_said_and_tried_again(visit: Visit) -> None:
    watched = visit("/", role="viewer")
    page = watched.page
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.wait_for_load_state("networkidle")  # what is under way is not asked for once more
    watched.expect_complaint("ERR_CONNECTION_REFUSED")
    page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    page.evaluate("() => window.dispatchEvent(new Event('visibilitychange'))")
    banner = page.get_by_text("Heliograph does not answer.")
    expect(banner).to_be_visible()
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try again").click()
    expect(banner).to_be_hidden()


def test_offline_is_said_and_over_when_the_network_is_back(visit: Visit) -> None:
    watched = visit("/", role="viewer")
    page = watched.page
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.context.set_offline(True)
    banner = page.get_by_text("You are offline.")
    expect(banner).to_be_visible()
    page.context.set_offline(False)
    expect(banner).to_be_hidden()


def test_too_many_requests_wait_as_long_as_the_api_says_and_go_on(visit: Visit) -> None:
    watched = visit("/", role="viewer")
    page = watched.page
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.wait_for_load_state("networkidle")  # what is under way is not asked for once more
    watched.expect_complaint("429")
    page.route(
        "**/api/me",
        lambda route: route.fulfill(status=429, headers={"retry-after": "4"}, json={}),
        times=1,
    )
    with page.expect_response(lambda answer: answer.url.endswith("/api/me") and answer.ok):
        page.evaluate("() => window.dispatchEvent(new Event('visibilitychange'))")
        expect(page.get_by_text("It goes on by itself")).to_be_visible()
    expect(page.get_by_text("It goes on by itself")).to_be_hidden()
