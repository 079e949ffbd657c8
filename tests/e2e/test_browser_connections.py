"""Connections in a browser: made with a test that helps, changed, shared, deleted."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.support.cli import heliograph
from tests.support.shared_demo import Demo


@pytest.fixture
def shop_url(demo_app: Demo) -> str:
    """The address of the demo's database, with its password."""
    return heliograph("demo", "url", "--data-dir", str(demo_app.data_dir)).stdout.decode().strip()


def paste_address(page: Page, url: str) -> None:
    """Put an address where one is pasted."""
    page.get_by_label("Have an address? Paste it").fill(url)


def make_connection(page: Page, name: str, url: str) -> None:
    """Save a connection by the form."""
    paste_address(page, url)
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_a_wrong_password_is_named_with_its_fix_and_the_right_one_saves(
    visit: Visit, shop_url: str
) -> None:
    page = visit("/connections", role="editor").page
    page.get_by_role("link", name="New connection").first.click()
    parts = urlsplit(shop_url)
    paste_address(page, shop_url.replace(f":{parts.password}@", ":wrong@"))
    expect(page.get_by_label("Host")).to_have_value(str(parts.hostname))
    expect(page.get_by_label("Database", exact=True)).to_have_value("shop")
    expect(page.get_by_label("Have an address? Paste it")).to_have_value("")
    page.get_by_label("Name", exact=True).fill("Typed wrong first")

    page.get_by_role("button", name="Save connection").click()
    steps = page.get_by_role("list", name="Steps of the test")
    login = steps.get_by_role("listitem").filter(has_text="Log in")
    expect(login).to_contain_text("failed")
    expect(login).to_contain_text("password")
    expect(page.get_by_text("It does not work yet. Save it anyway?")).to_be_visible()
    expect(page.get_by_role("button", name="Save anyway")).to_be_visible()

    page.get_by_label("Password", exact=True).fill(str(parts.password))
    expect(page.get_by_role("button", name="Save anyway")).to_be_hidden()
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_role("heading", name="Typed wrong first", level=1)).to_be_visible()
    expect(page.get_by_text("It works")).to_be_visible()
    assert str(parts.password) not in page.content()


def test_what_does_not_work_is_saved_only_when_asked_for(visit: Visit) -> None:
    page = visit("/connections/new", role="editor").page
    paste_address(page, "postgresql://reader:x@127.0.0.1:1/nothing")
    page.get_by_role("button", name="Save connection").click()
    page.get_by_role("button", name="Save anyway").click()
    expect(page.get_by_role("heading", name="nothing", level=1)).to_be_visible()
    expect(page.get_by_text("Kept, encrypted")).to_be_visible()


def test_a_saved_password_is_kept_unless_the_connection_moves(visit: Visit, shop_url: str) -> None:
    page = visit("/connections/new", role="editor").page
    make_connection(page, "Moves later", shop_url)
    page.get_by_label("Most rows").first.fill("5000")
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_text("All saved")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Most rows").first).to_have_value("5000")

    page.get_by_label("Host").fill("localhost")
    expect(page.get_by_role("alert").filter(has_text="Type the password again")).to_be_visible()
    page.get_by_role("button", name="Replace").click()
    page.get_by_label("Password", exact=True).fill(str(urlsplit(shop_url).password))
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_text("All saved")).to_be_visible()


def test_a_certificate_is_refused_at_its_field_and_limits_by_role_are_kept(
    visit: Visit, shop_url: str
) -> None:
    watched = visit("/connections/new", role="editor")
    page = watched.page
    paste_address(page, shop_url)
    page.get_by_label("Name", exact=True).fill("With a certificate")
    page.get_by_label("Mode").select_option("verify-ca")
    key = b"-----BEGIN PRIVATE KEY-----\nbm90IG9uZQ==\n-----END PRIVATE KEY-----\n"
    page.get_by_label("File with the root certificate").set_input_files(
        {"name": "authority.pem", "mimeType": "text/plain", "buffer": key}
    )
    field = page.get_by_label("Root certificate", exact=True)
    expect(field).to_have_value(key.decode())
    watched.expect_complaint("422")
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_text("Holds a private key: give the certificate alone.")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Remove the certificate").click()
    page.get_by_label("Mode").select_option("prefer")

    page.get_by_text("Other limits for some roles").click()
    viewers = page.get_by_role("group", name="Viewers")
    viewers.get_by_label("Most rows").fill("10,000")
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_role("heading", name="With a certificate", level=1)).to_be_visible()
    page.reload()
    expect(viewers.get_by_label("Most rows")).to_have_value("10000")


def test_leaving_asks_only_when_something_would_be_lost(visit: Visit) -> None:
    page = visit("/connections/new", role="editor").page
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()
    page.get_by_role("link", name="New connection").first.click()
    page.get_by_label("Name", exact=True).fill("Half typed")
    page.get_by_role("link", name="Cancel").click()
    question = page.get_by_role("dialog", name="Leave without saving?")
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half typed")
    page.get_by_role("link", name="Cancel").click()
    question.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()


def test_what_somebody_else_has_saved_meanwhile_is_shown_beside_ones_own(
    visit: Visit, shop_url: str
) -> None:
    watched = visit("/connections/new", role="editor")
    mine = watched.page
    make_connection(mine, "Two at once", shop_url)
    theirs = visit(urlsplit(mine.url).path, role="admin").page
    theirs.get_by_label("Queries at once").fill("7")
    theirs.get_by_role("button", name="Save connection").click()
    expect(theirs.get_by_text("All saved")).to_be_visible()

    watched.expect_complaint("409")
    mine.get_by_label("Queries at once").fill("9")
    mine.get_by_role("button", name="Save connection").click()
    dialog = mine.get_by_role("dialog", name="Somebody else has changed this connection")
    row = dialog.get_by_role("row").filter(has_text="Queries at once")
    expect(row.get_by_role("cell")).to_have_text(["7", "9"])
    dialog.get_by_role("button", name="Overwrite with mine").click()
    expect(dialog).to_be_hidden()
    theirs.reload()
    expect(theirs.get_by_label("Queries at once")).to_have_value("9")


def test_sharing_is_given_explained_and_taken_back(visit: Visit, shop_url: str) -> None:
    watched = visit("/connections/new", role="editor")
    page = watched.page
    make_connection(page, "Shared by hand", shop_url)
    assert watched.axe() == []
    page.get_by_role("link", name="Sharing").click()
    expect(page.get_by_role("heading", name="Shared with")).to_be_visible()
    assert watched.axe(theme="dark") == []
    page.get_by_label("Who", exact=True).fill("Vera")
    page.get_by_role("option", name="Vera Viewer").click()
    page.get_by_role("button", name="Share").click()
    given = page.get_by_role("list", name="Shared with").get_by_role("listitem")
    expect(given.filter(has_text="Vera Viewer")).to_be_visible()

    page.get_by_label("Person").fill("Vera")
    page.get_by_role("option", name="Vera Viewer").click()
    expect(page.get_by_text("can use it", exact=True)).to_be_visible()
    page.get_by_role("button", name="Stop sharing with Vera Viewer").click()
    expect(given.filter(has_text="Vera Viewer")).to_be_hidden()
    expect(page.get_by_text("does not see it")).to_be_visible()


def test_a_new_connection_can_be_asked_at_once(visit: Visit, shop_url: str) -> None:
    page = visit("/queries/new", role="editor").page
    chosen = page.get_by_role("combobox", name="Connection")
    expect(chosen.locator("option:checked")).to_have_text("Demo shop")
    page.get_by_role("link", name="Connections").click()
    page.get_by_role("link", name="New connection").first.click()
    make_connection(page, "Brand new", shop_url)
    page.get_by_role("link", name="Ask it").click()
    expect(chosen.locator("option:checked")).to_have_text("Brand new")


def test_deleting_asks_for_the_name(visit: Visit, shop_url: str) -> None:
    page = visit("/connections/new", role="editor").page
    make_connection(page, "Soon gone", shop_url)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Delete…").click()
    button = page.get_by_role("button", name="Delete connection")
    expect(button).to_be_disabled()
    page.get_by_label("Type Soon gone to delete it").fill("Soon gone")
    button.click()
    expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Demo shop")).to_be_visible()
    expect(page.get_by_role("link", name="Soon gone")).to_be_hidden()


def test_a_copy_asks_for_the_password_and_a_taken_name_says_so_at_the_name(
    visit: Visit, shop_url: str
) -> None:
    watched = visit("/connections/new", role="editor")
    page = watched.page
    make_connection(page, "Twice", shop_url)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Twice (copy)")
    page.get_by_label("Name", exact=True).fill("Twice")
    page.get_by_label("Password", exact=True).fill(str(urlsplit(shop_url).password))
    watched.expect_complaint("409")
    page.get_by_role("button", name="Save connection").click()
    expect(page.get_by_text("Another connection has this name already.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")


def test_who_may_only_use_a_connection_sees_that_and_viewers_are_told_why_not(
    visit: Visit,
) -> None:
    page = visit("/connections", role="editor").page
    page.get_by_role("link", name="Demo shop").click()
    expect(page.get_by_text("It is shared with you to use.")).to_be_visible()
    expect(page.get_by_label("Host")).to_be_disabled()
    expect(page.get_by_role("button", name="Save connection")).to_have_count(0)
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_text("It works")).to_be_visible()

    viewer = visit("/connections", role="viewer").page
    expect(viewer.get_by_role("link", name="New connection")).to_have_count(0)
    expect(viewer.get_by_role("heading", level=1)).to_be_visible()
