"""The SQL editor's page, as the tests of the browser use it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

RUN = "Control+Enter"


def editor(page: Page) -> Locator:
    """The text of the tab that is shown."""
    return page.get_by_role("textbox", name="SQL.")


def result(page: Page) -> Locator:
    """What came of the last run."""
    return page.get_by_role("region", name="Result")


def write(page: Page, sql: str) -> None:
    """Replace the text, and leave no list of completions open."""
    editor(page).focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(sql)
    page.keyboard.press("Escape")


def cell(page: Page, row: int, column: int) -> Locator:
    """A cell of the result by its row and column, counted from 1."""
    return page.get_by_role("grid").locator(
        f"[role=row][aria-rowindex='{row + 1}'] [role=gridcell][aria-colindex='{column + 1}']"
    )
