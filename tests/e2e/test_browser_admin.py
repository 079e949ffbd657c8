"""What admins do in a browser: people, groups, invitations, tokens, and the audit record."""

from __future__ import annotations

import csv
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.support.browser import WatchedPage
from tests.support.serving import call

PASSWORD = "a heron at noon 44"


def invite(page: Page, email: str, role: str = "Viewer", group: str | None = None) -> str:
    """Invite somebody by the form; return the link."""
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_label("Role", exact=True).select_option(role)
    if group:
        page.get_by_label(group).check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("dialog", name=f"{email} is invited")).to_be_visible()
    link = page.get_by_label("Link", exact=True).input_value()
    page.get_by_role("button", name="Done").click()
    return link


def accept(visit: Visit, link: str, name: str) -> WatchedPage:
    """Take up an invitation, in a context of its own."""
    parts = urlsplit(link)
    watched = visit(f"{parts.path}#{parts.fragment}")
    page = watched.page
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("heading", name=f"Welcome, {name}")).to_be_visible()
    return watched


def test_who_is_invited_comes_with_their_role_and_into_their_group(
    visit: Visit,
) -> None:
    page = visit("/groups?new=true", role="admin").page
    page.get_by_role("dialog").get_by_label("Name").fill("Night shift")
    page.get_by_role("button", name="Make group").click()
    expect(page.get_by_role("heading", name="Night shift", level=1)).to_be_visible()
    page.get_by_role("link", name="Invitations").click()
    page.get_by_role("button", name="Invite somebody").first.click()
    link = invite(page, "nina@demo.example", group="Night shift")
    row = page.get_by_role("row").filter(has_text="nina@demo.example")
    expect(row).to_contain_text("Waiting")
    expect(row).to_contain_text("Night shift")

    nina = accept(visit, link, "Nina Night").page
    expect(nina.get_by_role("link", name="People")).to_have_count(0)
    page.get_by_role("link", name="People").click()
    page.get_by_label("Search by name or email").fill("nina")
    row = page.get_by_role("row").filter(has_text="Nina Night")
    expect(row).to_contain_text("Viewer")
    row.get_by_role("link", name="Nina Night").click()
    expect(page.get_by_role("heading", name="Nina Night", level=1)).to_be_visible()
    page.get_by_role("link", name="Groups").click()
    page.get_by_role("link", name="Night shift").click()
    expect(page.get_by_role("link", name="Nina Night")).to_be_visible()


def test_claims_are_refused_at_their_place_and_kept_when_they_are_right(visit: Visit) -> None:
    watched = visit("/invitations?new=true", role="admin")
    page = watched.page
    accept(visit, invite(page, "clara@demo.example"), "Clara Claim")
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Clara Claim").click()
    expect(page.get_by_role("heading", name="Clara Claim", level=1)).to_be_visible()
    assert watched.axe() == []
    page.get_by_role("button", name="Add a claim").click()
    page.get_by_placeholder("region").fill("Region")
    page.get_by_placeholder("west").fill("north")
    watched.expect_complaint("422")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_placeholder("region")).to_have_attribute("aria-invalid", "true")
    page.get_by_placeholder("region").fill("region")
    page.get_by_label("Role", exact=True).select_option("Editor")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("button", name="Save changes")).to_be_disabled()
    page.reload()
    expect(page.get_by_placeholder("region")).to_have_value("region")
    expect(page.get_by_label("Role", exact=True)).to_have_value("editor")


def test_who_is_deactivated_is_signed_out_and_can_come_back(visit: Visit) -> None:
    page = visit("/invitations?new=true", role="admin").page
    theirs = accept(visit, invite(page, "otto@demo.example", "Editor"), "Otto Out")
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Otto Out").click()
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_role("heading", name="Deactivated")).to_be_visible()
    theirs.expect_complaint("401")
    theirs.page.reload()
    expect(theirs.page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Reactivate").click()
    expect(page.get_by_role("button", name="Deactivate")).to_be_visible()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Hand this to Otto Out").input_value()
    assert "/password-reset#token=" in link


def test_the_last_admin_stays_and_is_told_why(visit: Visit) -> None:
    """No test of the shared demo makes another admin: this one would take Ada's place."""
    watched = visit("/users", role="admin")
    page = watched.page
    page.get_by_role("link", name="Ada Admin").click()
    expect(page.get_by_role("heading", name="Ada Admin", level=1)).to_be_visible()
    page.get_by_label("Role", exact=True).select_option("Editor")
    watched.expect_complaint("409")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_role("dialog").get_by_role("button", name="Change my role").click()
    expect(page.get_by_text("This is the last active admin.")).to_be_visible()
    page.get_by_label("Role", exact=True).select_option("Admin")
    page.get_by_role("button", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(page.get_by_text("This is the last active admin.")).to_be_visible()


def test_members_come_into_a_group_and_go_and_come_back_by_undo(visit: Visit) -> None:
    watched = visit("/groups", role="admin")
    page = watched.page
    page.get_by_role("button", name="New group").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Day shift")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # An impatient second one makes no second group.
    expect(page.get_by_role("heading", name="Day shift", level=1)).to_be_visible()
    assert watched.axe() == []
    page.get_by_label("Add somebody").fill("edgar")
    page.get_by_role("option", name="Edgar Editor").click()
    page.get_by_role("button", name="Add", exact=True).click()
    member = page.get_by_role("link", name="Edgar Editor")
    expect(member).to_be_visible()
    page.get_by_role("button", name="Remove Edgar Editor").click()
    expect(member).to_be_hidden()
    page.get_by_role("button", name="Undo").click()
    expect(member).to_be_visible()
    page.get_by_role("button", name="Delete group").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete group").click()
    expect(page.get_by_role("heading", name="Groups", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Day shift")).to_have_count(0)


def test_an_invitation_that_is_taken_back_opens_nothing(visit: Visit) -> None:
    page = visit("/invitations?new=true", role="admin").page
    link = urlsplit(invite(page, "never@demo.example"))
    page.get_by_role("button", name="Take back the invitation of never@demo.example").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(page.get_by_role("cell", name="never@demo.example")).to_have_count(0)
    watched = visit("/sign-in")
    watched.expect_complaint("410")
    watched.open(f"{link.path}#{link.fragment}")
    expect(watched.page.get_by_label("Your name")).to_have_count(0)
    expect(watched.page.get_by_role("alert")).to_be_visible()


def test_a_token_is_shown_once_works_and_is_revoked(visit: Visit) -> None:
    watched = visit("/tokens", role="editor")
    page = watched.page
    page.get_by_role("button", name="New token").click()
    page.get_by_label("Name").fill("Nightly report")
    page.get_by_role("button", name="Make token").click()
    token = page.get_by_label("Token", exact=True).input_value()
    me = f"{watched.base_url}/api/me"
    assert call(me, token=token)[0] == 200
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="Nightly report")
    expect(row).to_be_visible()
    assert token not in page.content()
    row.get_by_role("button", name="Revoke Nightly report").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_be_hidden()
    assert call(me, token=token)[0] == 401


def test_the_audit_record_is_filtered_by_its_url_and_exported(visit: Visit) -> None:
    page = visit("/groups?new=true", role="admin").page
    page.get_by_role("dialog").get_by_label("Name").fill("Audited")
    page.get_by_role("button", name="Make group").click()
    page.get_by_label("Name of the group").fill("Audited twice")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_role("heading", name="Audited twice", level=1)).to_be_visible()
    page.get_by_role("link", name="Audit record").click()
    page.get_by_label("What happened").select_option("Group: changed")
    page.get_by_label("Search names and emails").fill("Audited")
    rows = page.get_by_role("region", name="Events, table").get_by_role("row")
    expect(rows).to_have_count(2)
    shared = page.url
    page.get_by_role("button", name="Details of Group: changed").click()
    change = page.get_by_role("dialog").get_by_role("row").filter(has_text="name")
    expect(change.get_by_role("cell")).to_have_text(["Audited", "Audited twice"])
    page.get_by_role("button", name="Close").last.click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export matching events").click()
        page.get_by_role("menuitem", name="CSV, for spreadsheets").click()
    lines = csv.DictReader(Path(download.value.path()).read_text().splitlines())
    assert [line["action"] for line in lines] == ["group.changed"]

    other = visit(shared.partition(urlsplit(shared).netloc)[2], role="admin").page
    expect(other.get_by_label("What happened")).to_have_value("group.changed")
    expect(other.get_by_role("region", name="Events, table").get_by_role("row")).to_have_count(2)


def test_what_is_for_admins_is_explained_to_others_and_found_by_admins_in_the_palette(
    visit: Visit,
) -> None:
    editor = visit("/users", role="editor").page
    expect(editor.get_by_text("This page is for admins")).to_be_visible()
    expect(editor.get_by_role("link", name="Ada Admin")).to_have_count(0)
    editor.get_by_role("link", name="What each role may do").click()
    expect(editor.get_by_role("heading", name="What roles may do", level=1)).to_be_visible()
    page = visit("/", role="admin").page
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    page.keyboard.press("Control+K")
    page.get_by_role("option", name="Invite somebody").click()
    expect(page.get_by_role("dialog", name="Invite somebody")).to_be_visible()
