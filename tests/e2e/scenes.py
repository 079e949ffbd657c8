"""Screens with something on them: what a person does there before the picture is taken."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, expect

RUN = "Control+Enter"
BEST_SELLERS = """-- What brought the most in the last 30 days, and how much of it went back
select p.name, p.category, sum(l.quantity) as sold, sum(l.amount) as revenue,
  count(r.id) as refunds, mode() within group (order by r.reason) as reason
from orders o
join order_lines l on l.order_id = o.id
join products p on p.id = l.product_id
left join refunds r on r.order_id = o.id
where o.ordered_at between now() - interval '30 days' and now()
group by p.id
order by revenue desc"""
ORDERS = """select id, ordered_at, status, channel, country, coupon, total
from orders
order by ordered_at desc"""
CUSTOMERS = """select name, country, signed_up_at, birth_date, tags, preferences
from customers
order by id"""
MILLION = """select n as number, md5(n::text) as hash, n * 1.10 as price,
  nullif(n % 7, 0) as maybe, timestamptz '2026-01-01' + n * interval '1 minute' as at
from generate_series(1, 1000000) as n"""
PARAMETERS = """select status, count(*) as orders, sum(total) as total
from orders
where ordered_at >= {{since}} [[ and country = {{country}} ]]
group by status
order by orders desc"""
COMPLETED = """select o.id, o.total
from orders o
join customers c on c.id = o.customer_id
where """
MISTAKE = """select name, sum(total) as spent
from customers c
join orders o on o.custmer_id = c.id
group by name"""


@dataclass(frozen=True)
class Scene:
    """``prepare`` returns once everything that the picture is to show is there.

    ``pictures`` says which looks the documentation shows, and as which file.
    """

    name: str
    path: str
    prepare: Callable[[Page], None]
    pictures: tuple[tuple[str, str], ...] = ()
    role: str = "editor"


def _editor(sql: str) -> str:
    return f"/queries/new?{urlencode({'sql': sql})}"


def _run(page: Page) -> None:
    text = page.get_by_role("textbox", name="SQL.")
    expect(text).to_contain_text("select")
    text.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press(RUN)


def _ask(page: Page) -> None:
    _run(page)
    expect(_cell(page, 1, 1)).not_to_be_empty(timeout=30_000)
    page.mouse.move(640, 400)


def _cell(page: Page, row: int, column: int) -> Locator:
    """A cell by its row and column, counted from 1."""
    return page.get_by_role("grid").locator(
        f"[role=row][aria-rowindex='{row + 1}'] [role=gridcell][aria-colindex='{column + 1}']"
    )


def _go_to(page: Page, column: int) -> None:
    """Put the focus on the first row, by the keyboard: a phone shows only some of the columns."""
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+Home")
    for _ in range(column - 1):
        page.keyboard.press("ArrowRight")


def _menu(page: Page, column: int, item: str) -> None:
    _go_to(page, column)
    page.keyboard.press("Alt+ArrowDown")
    page.get_by_role("menuitem", name=item).click()


def _answer(page: Page) -> None:
    _ask(page)
    _cell(page, 3, 2).click()


def _filtered(page: Page) -> None:
    _ask(page)
    _menu(page, 7, "Sort descending")
    expect(page.get_by_role("button", name="Clear sorting and filters")).to_be_visible()
    _menu(page, 5, "Filter…")
    dialog = page.get_by_role("dialog", name="Filter by country")
    for country in ("DE", "FR"):
        dialog.get_by_role("checkbox", name=re.compile(f"^{country}")).check()
    dialog.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("button", name="country is one of DE, FR", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Clear sorting and filters")).to_be_visible()
    _go_to(page, 3)
    for key in ("ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(page.get_by_text("3 rows × 2 selected")).to_be_visible()


def _filter_values(page: Page) -> None:
    _ask(page)
    _menu(page, 3, "Filter…")
    dialog = page.get_by_role("dialog", name="Filter by status")
    dialog.get_by_role("checkbox", name=re.compile("^returned")).check()


def _cell_viewer(page: Page) -> None:
    _ask(page)
    _go_to(page, 6)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="preferences").get_by_label("Value")).to_be_visible()


def _column_menu(page: Page) -> None:
    _answer(page)
    page.keyboard.press("Alt+ArrowDown")
    expect(page.get_by_role("menuitem", name="Sort descending")).to_be_visible()


def _end_of_a_million(page: Page) -> None:
    _ask(page)
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+End")
    expect(_cell(page, 1_000_000, 5)).to_have_text(re.compile("^20"))


def _running(page: Page) -> None:
    _run(page)
    expect(page.get_by_role("region", name="Result")).to_contain_text(re.compile(r"Running [1-9]"))


def _failed(page: Page) -> None:
    _run(page)
    region = page.get_by_role("region", name="Result")
    expect(region.get_by_role("alert")).to_contain_text("42703")


def _completing(page: Page) -> None:
    text = page.get_by_role("textbox", name="SQL.")
    expect(text).to_contain_text("select")
    tree = page.get_by_role("treeitem", name="orders", exact=False)
    if page.get_by_role("tree").is_visible():
        expect(tree.first).to_be_visible()
    text.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type("c.", delay=50)
    options = page.get_by_role("listbox", name="Completions").get_by_role("option")
    expect(options.first).to_be_visible()


def _parameters(page: Page) -> None:
    inputs = page.get_by_role("group", name="Parameters")
    inputs.get_by_role("textbox", name="since").fill("yesterday")
    inputs.get_by_role("textbox", name="country").fill("DE")
    _ask(page)


def _failing_test(page: Page) -> None:
    # Nobody listens at port 1; the steps before it are well.
    address = "postgresql://reader:secret@localhost:1/shop"
    page.get_by_label("Have an address? Paste it").fill(address)
    page.get_by_role("button", name="Test the connection").click()
    steps = page.get_by_role("list", name="Steps of the test")
    expect(steps.get_by_role("listitem").filter(has_text="failed")).to_be_visible()
    steps.scroll_into_view_if_needed()


SCENES = (
    Scene(
        "editor-answer",
        _editor(BEST_SELLERS),
        _answer,
        pictures=(("light", "editor-light"), ("dark", "editor-dark")),
    ),
    Scene("editor-filtered", _editor(ORDERS), _filtered, pictures=(("light", "result-filtered"),)),
    Scene("editor-filter", _editor(ORDERS), _filter_values),
    Scene("editor-cell", _editor(CUSTOMERS), _cell_viewer),
    Scene("editor-column-menu", _editor(BEST_SELLERS), _column_menu),
    Scene("editor-million", _editor(MILLION), _end_of_a_million),
    Scene("editor-parameters", _editor(PARAMETERS), _parameters),
    Scene("editor-completion", _editor(COMPLETED), _completing),
    Scene("editor-running", _editor("select pg_sleep(60)"), _running),
    Scene("editor-mistake", _editor(MISTAKE), _failed),
    Scene(
        "connection-test",
        "/connections/new",
        _failing_test,
        pictures=(("light", "connection-test"),),
    ),
)
