"""The SQL editor and the history, in a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visit
from tests.support.query_editor import RUN, editor, result, write


@pytest.fixture
def page(visit: Visit) -> Page:
    """The editor with one empty tab, in a browser that has kept nothing."""
    page = visit("/queries/new", role="editor").page
    expect(editor(page)).to_be_visible()
    expect(page.get_by_role("treeitem", name="orders", exact=False).first).to_be_visible()
    return page


def test_a_run_shows_its_rows_and_a_mistake_its_place(page: Page) -> None:
    write(page, "select id, name\nfrom customers\nlimit 7")
    page.keyboard.press(RUN)
    expect(result(page).get_by_text("7 rows").first).to_be_visible()
    write(page, "select 1;\nselect 'ö😀', nmae from customers;\nselect 2")
    page.keyboard.press("ArrowUp")
    page.keyboard.press(RUN)
    expect(result(page).get_by_role("alert")).to_contain_text('column "nmae" does not exist')
    expect(result(page).get_by_role("alert")).to_contain_text("42703")
    expect(page.locator(".cm-lintRange-error")).to_have_text("nmae")
    expect(result(page)).to_contain_text("The result before: 7 rows")
    page.keyboard.type("-- edited")
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)


def test_cancel_ends_a_run_and_the_next_one_works(page: Page) -> None:
    write(page, "select pg_sleep(60)")
    page.keyboard.press(RUN)
    expect(result(page)).to_contain_text(re.compile(r"Running \d+\.\d s"))
    page.keyboard.press("Control+.")
    expect(result(page)).to_contain_text("Canceled.")
    write(page, "select 1 as one")
    page.keyboard.press(RUN)
    expect(result(page).get_by_text("1 row").first).to_be_visible()


def test_placeholders_become_inputs_that_say_what_is_wrong_with_their_values(page: Page) -> None:
    write(page, "select {{n}}::int as n, '{{text}}' [[ , {{left}}::text as more ]]")
    inputs = page.get_by_role("group", name="Parameters")
    expect(inputs.get_by_role("textbox")).to_have_count(2)
    number = inputs.get_by_role("textbox", name="n", exact=True)
    page.get_by_role("button", name="Run", exact=True).click()
    expect(inputs.get_by_role("alert").first).to_have_text("Give it a value, or choose NULL.")
    number.fill("twelve")
    number.press("Enter")
    expect(inputs.get_by_role("alert").first).to_contain_text("is not a valid int")
    number.fill("12")
    number.press("Enter")
    expect(result(page).get_by_text("1 row").first).to_be_visible()
    expect(inputs.get_by_role("alert")).to_have_count(0)


def test_retry_runs_what_was_mended_meanwhile(page: Page) -> None:
    write(page, "select {{n}}::int as n")
    page.keyboard.press(RUN)
    retry = result(page).get_by_role("button", name="Retry")
    expect(retry).to_be_visible()
    page.get_by_role("group", name="Parameters").get_by_label("n", exact=True).fill("7")
    retry.click()
    expect(result(page).get_by_text("1 row").first).to_be_visible()
    write(page, "select wrong")
    page.keyboard.press(RUN)
    expect(result(page)).to_contain_text('column "wrong" does not exist')
    write(page, "select 1 union select 2")
    retry.click()
    expect(result(page).get_by_text("2 rows").first).to_be_visible()


def test_drafts_survive_a_reload_and_a_run_goes_on_in_its_tab(page: Page) -> None:
    write(page, "select pg_sleep(2), 'first'")
    page.keyboard.press(RUN)
    page.keyboard.press("Control+Alt+N")
    expect(editor(page)).to_be_focused()
    write(page, "-- Second\nselect {{x}}")
    page.get_by_role("textbox", name="x", exact=True).fill("kept")
    tabs = page.get_by_role("navigation", name="Open queries")
    expect(tabs.get_by_role("button", name="Finished: select pg_sleep")).to_be_visible()
    page.reload()
    expect(editor(page)).to_contain_text("select {{x}}")
    expect(page.get_by_role("textbox", name="x", exact=True)).to_have_value("kept")
    tabs.get_by_role("button", name="select pg_sleep").first.click()
    expect(editor(page)).to_contain_text("'first'")
    expect(result(page).get_by_text("1 row").first).to_be_visible()


def test_closing_a_tab_can_be_taken_back(page: Page) -> None:
    write(page, "select 'precious'")
    page.get_by_role("button", name=re.compile("^Close select 'precious'")).click()
    expect(editor(page)).not_to_contain_text("precious")
    page.get_by_role("button", name="Undo").click()
    expect(editor(page)).to_contain_text("precious")


def test_columns_come_first_after_an_alias_and_the_tree_writes_names(page: Page) -> None:
    write(page, "select  from orders o join customers c on c.id = o.customer_id")
    page.keyboard.press("Home")
    for _ in "select ":
        page.keyboard.press("ArrowRight")
    page.keyboard.type("c.na")
    options = page.get_by_role("listbox", name="Completions").get_by_role("option")
    expect(options.first).to_contain_text("name")
    options.first.click()
    expect(editor(page)).to_contain_text("select c.name from orders o")
    page.keyboard.type(", ")
    tree = page.get_by_role("tree")
    page.get_by_role("searchbox", name="Search tables and columns").fill("shipped_at")
    tree.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(editor(page)).to_contain_text("select c.name, shipped_at from orders o")


def test_format_keeps_placeholders_and_undo_takes_it_back(page: Page) -> None:
    sql = "select {{a}} as a from orders where true [[ and country = {{b}} ]]"
    write(page, sql)
    page.get_by_role("button", name="Format").click()
    expect(page.locator(".cm-line").nth(1)).to_be_visible()
    text = "\n".join(page.locator(".cm-line").all_inner_texts())
    assert re.sub(r"\s+", " ", text).strip() == sql
    editor(page).focus()
    page.keyboard.press("Control+Z")
    expect(page.locator(".cm-line")).to_have_count(1)


def test_reset_ends_everything_and_the_editor_works_on(
    visit: Visit, own_editor: tuple[str, str]
) -> None:
    page = visit("/queries/new", person=own_editor).page
    expect(editor(page)).to_be_visible()
    write(page, "select pg_sleep(60)")
    page.keyboard.press(RUN)
    expect(result(page)).to_contain_text("Running")
    page.get_by_role("button", name="New query").click()
    page.get_by_role("button", name="Reset session").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset session").click()
    expect(result(page)).to_contain_text("The session was reset")
    expect(result(page)).to_contain_text(re.compile(r"[1-9] quer(y|ies) canceled"))
    expect(page.locator(".cm-placeholder")).to_be_visible()
    write(page, "select 1")
    page.keyboard.press(RUN)
    expect(result(page).get_by_text("1 row").first).to_be_visible()


def test_the_history_opens_what_was_asked(page: Page) -> None:
    write(page, "select 4321 as from_history")
    page.keyboard.press(RUN)
    expect(result(page).get_by_text("1 row").first).to_be_visible()
    page.get_by_role("link", name="History").last.click()
    page.get_by_role("searchbox", name="Search in the SQL").fill("from_history")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=from_history$"))
    runs = page.get_by_role("region", name="Runs").get_by_role("listitem")
    expect(runs).to_have_count(1)
    runs.get_by_role("link").click()
    expect(result(page).get_by_text("1 row").first).to_be_visible()
    expect(page).to_have_title("select 4321 as from_history · Heliograph")
    page.get_by_label("Breadcrumbs").get_by_role("link", name="History").click()
    search = page.get_by_role("searchbox", name="Search in the SQL")
    expect(search).to_have_value("")
    search.fill("nobody has asked this")
    search.press("Enter")
    page.get_by_role("button", name="Clear the filters").click()
    expect(search).to_have_value("")
    search.focus()
    search.blur()
    page.go_back()
    expect(result(page).get_by_text("1 row").first).to_be_visible()
    page.get_by_role("button", name="Open in the editor").click()
    expect(editor(page)).to_contain_text("select 4321 as from_history")


def test_a_run_goes_on_when_the_network_comes_back(visit: Visit) -> None:
    watched = visit("/queries/new", role="editor")
    page = watched.page
    expect(editor(page)).to_be_visible()
    watched.expect_complaint("ERR_INTERNET_DISCONNECTED")
    write(page, "select pg_sleep(7)")
    with page.expect_response(lambda answer: answer.status == 202):
        page.keyboard.press(RUN)
    page.context.set_offline(True)
    expect(result(page)).to_contain_text("Waiting for the network")
    page.context.set_offline(False)
    expect(result(page).get_by_text("1 row").first).to_be_visible()


def test_a_link_opens_its_sql_and_viewers_are_told_why_not(
    visit: Visit,
) -> None:
    page = visit("/queries/new?sql=select+1+as+linked", role="editor").page
    expect(editor(page)).to_contain_text("select 1 as linked")
    expect(page).to_have_url(re.compile("/queries/new$"))
    viewer = visit("/queries/new", role="viewer").page
    expect(viewer.get_by_text(re.compile("editor", re.IGNORECASE)).first).to_be_visible()
    expect(editor(viewer)).to_have_count(0)


def test_every_state_can_be_read_in_both_themes(visit: Visit) -> None:
    watched = visit("/queries/new", role="editor")
    page = watched.page
    expect(editor(page)).to_be_visible()
    write(page, "select {{n}}::int as n, 'a' as a [[ , {{more}} ]]")
    page.get_by_role("textbox", name="n", exact=True).fill("1")
    page.keyboard.press("Enter")
    expect(result(page).get_by_text("1 row").first).to_be_visible()
    page.get_by_role("textbox", name="n", exact=True).fill("x")
    page.keyboard.press("Enter")
    expect(result(page)).to_contain_text("A value does not fit")
    assert watched.axe(theme="light") == []
    assert watched.axe(theme="dark") == []
    write(page, "select pg_sleep(60)")
    page.keyboard.press(RUN)
    expect(result(page)).to_contain_text("Running")
    assert watched.axe(theme="light") == []
    page.keyboard.press("Control+.")
    expect(result(page)).to_contain_text("Canceled.")
    assert watched.axe(theme="dark") == []
