"""The table of a result, in a browser: a million rows, sorted, filtered, copied, taken along."""

from __future__ import annotations

import csv
import re
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import openpyxl
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.e2e.conftest import Visit
from tests.support.query_editor import cell

MILLION = """select n, 'name ' || n as name, n * 1.10 as price, nullif(n % 3, 0) as maybe
from generate_series(1, 1000000) as n"""
MANY = MILLION.replace("1000000", "20000")
VALUES = """select * from (values
  (1, 'b', '', null::text, '{"b": 12345678901234567890, "a": 1.10}'::jsonb, 9223372036854775807),
  (2, 'a', 'x', '', '{}', -1)) as v(id, letter, empty, nothing, document, big)"""


def run(visit: Visit, sql: str, **options: object) -> Page:
    """Open the editor with a query, run it, and wait for its rows."""
    page = visit(f"/queries/new?{urlencode({'sql': sql})}", role="editor", **options).page
    expect(page.get_by_role("textbox", name="SQL.")).to_contain_text(sql.split(maxsplit=1)[0])
    page.get_by_role("button", name="Run", exact=True).click()
    expect(cell(page, 1, 1)).not_to_be_empty(timeout=30_000)
    return page


def grid(page: Page) -> Locator:
    return page.get_by_role("grid")


def header(page: Page, name: str) -> Locator:
    return grid(page).locator(f"[role=columnheader][title^='{name} · ']")


def open_menu(page: Page, name: str, item: str) -> None:
    header(page, name).hover()
    header(page, name).get_by_role("button", name=f"Menu of {name}").click()
    page.get_by_role("menuitem", name=item).click()


def test_a_million_rows_are_scrolled_to_their_end_and_by_single_rows(visit: Visit) -> None:
    page = run(visit, MILLION)
    expect(grid(page)).to_have_attribute("aria-rowcount", "1000001")
    grid(page).evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    expect(cell(page, 1_000_000, 2)).to_have_text("name 1000000")
    last = grid(page).get_by_role("rowheader", name="1,000,000", exact=True)
    assert last.evaluate("number => number.scrollWidth <= number.clientWidth")
    grid(page).hover()
    page.mouse.wheel(0, -28)
    expect(cell(page, 1_000_000, 2)).to_be_hidden()
    expect(cell(page, 999_999, 2)).to_have_text("name 999999")
    grid(page).focus()
    page.keyboard.press("Control+Home")
    expect(cell(page, 1, 1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("PageDown")
    page.keyboard.press("Control+ArrowDown")
    expect(cell(page, 1_000_000, 1)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("Row 1,000,000 of 1,000,000")).to_be_visible()
    assert grid(page).locator("[role=gridcell]:visible").count() < 400


def test_sorting_and_filtering_take_the_whole_result(visit: Visit) -> None:
    page = run(visit, MILLION)
    header(page, "price").get_by_text("price", exact=True).click()
    expect(header(page, "price")).to_have_attribute("aria-sort", "ascending", timeout=30_000)
    header(page, "price").get_by_text("price", exact=True).click()
    expect(cell(page, 1, 3)).to_have_text("1100000.00", timeout=30_000)
    expect(header(page, "price")).to_have_attribute("aria-sort", "descending")
    open_menu(page, "maybe", "Filter…")
    dialog = page.get_by_role("dialog", name="Filter by maybe")
    dialog.get_by_label("Keep rows whose value").select_option("is NULL")
    dialog.get_by_role("button", name="Filter", exact=True).click()
    expect(grid(page)).to_have_attribute("aria-rowcount", "333334", timeout=30_000)
    expect(cell(page, 1, 1)).to_have_text("999999")
    page.get_by_role("button", name="Clear sorting and filters").click()
    expect(grid(page)).to_have_attribute("aria-rowcount", "1000001")
    expect(cell(page, 1, 1)).to_have_text("1")


def test_a_result_stays_sorted_over_a_reload_and_comes_back_as_it_was(visit: Visit) -> None:
    page = run(visit, VALUES)
    header(page, "letter").click(button="right")
    page.get_by_role("menuitem", name="Sort ascending").click()
    expect(cell(page, 1, 2)).to_have_text("a")
    page.reload()
    expect(header(page, "letter")).to_have_attribute("aria-sort", "ascending")
    expect(cell(page, 1, 2)).to_have_text("a")
    page.get_by_role("button", name="Clear sorting and filters").click()
    expect(cell(page, 1, 2)).to_have_text("b")
    expect(header(page, "letter")).not_to_have_attribute("aria-sort", re.compile(""))


def test_a_result_without_rows_says_why(visit: Visit) -> None:
    page = run(visit, VALUES)
    open_menu(page, "empty", "Filter…")
    dialog = page.get_by_role("dialog", name="Filter by empty")
    dialog.get_by_label("Keep rows whose value").select_option("is NULL")
    dialog.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_text("No row fits the filters.")).to_be_visible()
    page.get_by_role("textbox", name="SQL.").fill("select 1 as one where false")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("The query ran, and found no rows.")).to_be_visible()


def test_a_filter_offers_the_values_and_refuses_what_postgresql_refuses(visit: Visit) -> None:
    page = run(visit, "select id, country, total from orders")
    open_menu(page, "country", "Filter…")
    dialog = page.get_by_role("dialog", name="Filter by country")
    dialog.get_by_label("Search values").fill("F")
    dialog.get_by_role("checkbox", name=re.compile("^FR")).check()
    dialog.get_by_role("button", name="Filter", exact=True).click()
    chip = page.get_by_role("button", name="country is one of FR", exact=True)
    expect(chip).to_be_visible()
    expect(cell(page, 1, 2)).to_have_text("FR")
    open_menu(page, "id", "Filter…")
    dialog = page.get_by_role("dialog", name="Filter by id")
    dialog.get_by_label("Value", exact=True).fill("seven")
    dialog.get_by_role("button", name="Filter", exact=True).click()
    expect(
        page.get_by_role("alert").filter(
            has_text="The value of the filter of id is not a valid int8"
        )
    ).to_be_visible()
    expect(cell(page, 1, 2)).to_have_text("FR")
    page.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert").filter(has_text="not a valid int8")).to_have_count(0)
    page.get_by_role("button", name="Remove the filter: country is one of FR").click()
    expect(chip).to_have_count(0)


def test_values_are_exact_and_null_is_not_empty(visit: Visit) -> None:
    page = run(visit, VALUES)
    expect(cell(page, 1, 3)).to_have_text("")
    expect(cell(page, 1, 4)).to_have_text("NULL")
    expect(cell(page, 1, 5)).to_have_text('{"a": 1.10, "b": 12345678901234567890}')
    expect(cell(page, 1, 6)).to_have_text("9223372036854775807")
    cell(page, 1, 5).dblclick()
    dialog = page.get_by_role("dialog", name="document")
    expect(dialog.get_by_label("Value")).to_contain_text('"b": 12345678901234567890')
    page.keyboard.press("Escape")
    cell(page, 1, 4).dblclick()
    expect(page.get_by_role("dialog", name="nothing")).to_contain_text("NULL: no value")


def test_a_long_value_is_whole_in_its_viewer(visit: Visit) -> None:
    page = run(visit, "select repeat('long ', 40000) || 'end' as story")
    cell(page, 1, 1).dblclick()
    dialog = page.get_by_role("dialog", name="story")
    expect(dialog).to_contain_text("200,003 characters")
    expect(dialog.get_by_label("Value")).to_have_text(re.compile("long end$"))


def test_a_range_is_copied_as_a_spreadsheet_pastes_it(visit: Visit) -> None:
    page = run(visit, VALUES, permissions=["clipboard-read", "clipboard-write"])
    cell(page, 1, 2).click()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_text("2 rows × 3 selected")).to_be_visible()
    page.keyboard.press("Control+C")
    expect(page.get_by_text("Copied 6 cells").first).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.replace("\r\n", "\n") == 'b\t""\t\na\tx\t""'


def test_columns_are_moved_hidden_and_widened_by_the_keyboard_alone(visit: Visit) -> None:
    page = run(visit, VALUES)
    grid(page).focus()
    page.keyboard.press("Alt+Shift+ArrowRight")
    expect(cell(page, 1, 1)).to_have_text("b")
    expect(cell(page, 1, 2)).to_have_text("1")
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_role("menuitem", name="Hide").press("Enter")
    expect(header(page, "id")).to_have_count(0)
    page.get_by_role("button", name="Columns, 1 hidden").press("Enter")
    page.get_by_role("menuitem", name="Show all columns").press("Enter")
    expect(header(page, "id")).to_be_visible()
    before = header(page, "letter").bounding_box()
    grid(page).focus()
    page.keyboard.press("Home")
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_role("menuitem", name="Wider").press("Enter")
    page.wait_for_function(
        "width => [...document.querySelectorAll('[role=columnheader]')]"
        ".some(one => one.textContent.startsWith('letter') && one.clientWidth > width)",
        arg=before["width"] if before else 0,
    )


@pytest.mark.parametrize("ending", ["CSV", "Excel"])
def test_the_whole_result_is_downloaded_as_it_is_sorted(
    visit: Visit, tmp_path: Path, ending: str
) -> None:
    page = run(visit, "select n from generate_series(1, 1500) as n")
    open_menu(page, "n", "Sort descending")
    expect(cell(page, 1, 1)).to_have_text("1500")
    with page.expect_download(timeout=30_000) as begun:
        page.get_by_role("button", name="Download").click()
        page.get_by_role("menuitem", name=ending).click()
    path = tmp_path / begun.value.suggested_filename
    begun.value.save_as(path)
    if ending == "CSV":
        lines = list(csv.reader(path.read_text().splitlines()))
    else:
        with closing(openpyxl.load_workbook(path, read_only=True)) as book:
            rows = book.worksheets[0].iter_rows(values_only=True)
            lines = [[str(value) for value in row] for row in rows]
    assert (len(lines), lines[0], lines[1], lines[-1]) == (1501, ["n"], ["1500"], ["1"])


def test_rows_that_are_gone_say_so_and_are_asked_for_again(
    visit: Visit, own_editor: tuple[str, str]
) -> None:
    watched = visit(f"/queries/new?{urlencode({'sql': MANY})}", person=own_editor)
    page = watched.page
    watched.expect_complaint("410")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(cell(page, 1, 2)).to_have_text("name 1", timeout=30_000)
    email, password = own_editor
    asked = page.request.post(
        f"{watched.base_url}/api/session", data={"email": email, "password": password}
    )
    reset = page.request.post(
        f"{watched.base_url}/api/queries/reset",
        headers={"Authorization": f"Bearer {asked.json()['access_token']}"},
    )
    assert reset.ok
    grid(page).evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2 }")
    expect(page.get_by_role("alert")).to_contain_text("result_expired")
    grid(page).evaluate("grid => { grid.scrollTop = 0 }")
    expect(cell(page, 1, 2)).to_have_text("name 1")
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0, timeout=30_000)
    grid(page).evaluate("grid => { grid.scrollTop = grid.scrollHeight }")
    expect(cell(page, 20_000, 2)).to_have_text("name 20000")
