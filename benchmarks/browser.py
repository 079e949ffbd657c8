"""The web app in a headless Chromium, each measure beside the floor that it has.

Times are taken in the page itself, from the key or the start of the navigation to the frame in
which what was waited for stands in the document.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, Response
from tests.support.browser import launched_browser

from benchmarks import browser_scripts as scripts
from benchmarks.queries import make_connection
from benchmarks.serve import Served, ask, floor, serving
from heliograph.platform.postgres import connect

LOADS = 5
QUERIES = 15
SCROLL_SECONDS = 4
ROWS = 1_000_000
TABLES, COLUMNS = 2_000, 20
VIEWPORT = {"width": 1360, "height": 850}

EDITOR = ".cm-content"
FIRST_CELL = "[role=row][aria-rowindex='2'] [role=gridcell][aria-colindex='2']"
LAST_CELL = f"[role=row][aria-rowindex='{ROWS + 1}'] [role=gridcell][aria-colindex='2']"

THOUSAND = """select {base} + n as a, md5(n::text) as b, n * 1.10 as c, now() as d, n % 2 = 0 as e,
  current_date + n as f, 'text ' || n as g, nullif(n % 3, 0) as h, n / 7.0 as i, '' as j
from generate_series(1, 1000) as n"""
MILLION = """select n, md5(n::text) as hash, n * 1.10 as price, nullif(n % 3, 0) as maybe,
  timestamptz '2026-01-01' + n * interval '1 minute' as at, 'name ' || n as name,
  n as c1, n as c2, n as c3, n as c4, n as c5, '' as nothing
from generate_series({start}, {end}) as n"""


def run(folder: Path) -> None:
    """Measure the app against a server with the demo."""
    print("the web app in a headless Chromium, on this very machine")
    with serving(folder) as served, launched_browser() as browser:
        shop = _connection_id(served, "Demo shop")
        with floor({}, "benchmarks.floor_page:app") as (port, _):
            page = f"http://127.0.0.1:{port}"
            bench_loads(browser, served, page)
            bench_scrolling(browser, served, shop, page)
        bench_answers(browser, served, shop)
        bench_end(browser, served, shop)
        bench_completion(browser, served)


def bench_loads(browser: Browser, served: Served, floor_url: str) -> None:
    """Measure from the navigation to the first paint and to the page that can be used."""
    cases = {
        "sign-in": (f"{_url(served)}/sign-in", ["input[autocomplete=username]"], None),
        "SQL editor": (f"{_url(served)}/queries/new", [EDITOR, "[role=treeitem]"], served),
        "floor: an input": (f"{floor_url}/", ["input"], None),
    }
    print(f"\npage load in ms, median of {LOADS}: first paint, usable; no delay of a network")
    usable: dict[str, float] = {}
    for name, (url, selectors, who) in cases.items():
        cold, warm = _loads(browser, url, selectors, who)
        usable[name] = cold["usable"]
        print(
            f"  {name:<16} cold {cold['paint']:>5.0f} {cold['usable']:>5.0f}   "
            f"warm {warm['paint']:>5.0f} {warm['usable']:>5.0f}   "
            f"JS {cold['script'] / 1000:>4.0f} kB, all {cold['all'] / 1000:>4.0f} kB gzipped",
            flush=True,
        )
    print(f"  sign-in / floor, usable, cold: {usable['sign-in'] / usable['floor: an input']:.1f}")


def _loads(
    browser: Browser,
    url: str,
    selectors: list[str],
    who: Served | None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Return medians with an empty cache, and of the visits after the first."""
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for _ in range(LOADS):
        with _context(browser, who) as context:
            context.add_init_script(scripts.WATCH.replace("SELECTORS", json.dumps(selectors)))
            page = context.new_page()
            for kind in ("cold", "warm"):
                page.goto(url)
                page.wait_for_function(f"() => window.usableAt && {scripts.FIRST_PAINT}")
                found[kind].append(page.evaluate(scripts.LOADED))
    cold, warm = (
        {name: statistics.median(one[name] for one in found[kind]) for name in found[kind][0]}
        for kind in ("cold", "warm")
    )
    return cold, warm


def bench_scrolling(browser: Browser, served: Served, shop: str, floor_url: str) -> None:
    """Measure the CPU of a frame, and the heap, while a million rows are scrolled by wheel."""
    with _editor(browser, served, shop, MILLION.format(start=1, end=ROWS)) as page:
        _ask(page, "1")
        cells = page.locator("[role=gridcell]:visible").count()
        rows = page.locator("[role=rowheader]:visible").count()
        session = _metrics_session(page)
        ours, rate = _cost_of_frames(session, lambda: page.evaluate(scripts.SCROLL, SCROLL_SECONDS))
        used = _metrics(session)["JSHeapUsedSize"]
        session.send("HeapProfiler.collectGarbage")
        kept = _metrics(session)["JSHeapUsedSize"]
    with _context(browser, None) as context:
        page = context.new_page()
        page.goto(f"{floor_url}/rows")
        work = [SCROLL_SECONDS, rows, round(cells / rows)]
        least, floor_rate = _cost_of_frames(
            _metrics_session(page), lambda: page.evaluate(scripts.FLOOR_SCROLL, work)
        )
    print(
        f"\nscrolling {ROWS:,} rows by wheel, {rows} new rows of {cells // rows} cells each frame"
    )
    print(f"  heliograph {ours:.1f} CPU ms a frame, {rate:.0f} frames a second")
    print(
        f"  floor: the text of as many cells {least:.1f} CPU ms, {floor_rate:.0f} frames a second"
    )
    print(f"  ours / floor {ours / least:.1f}")
    print(f"  JS heap {used / 1e6:.0f} MB, after collecting {kept / 1e6:.0f} MB  (aim: under 150)")


def _cost_of_frames(session: CDPSession, scroll: Callable[[], int]) -> tuple[float, float]:
    """Return the CPU milliseconds of the page's main thread for each frame, and frames a second."""
    before, began = _metrics(session)["TaskDuration"], time.perf_counter()
    frames = scroll()
    lasted = time.perf_counter() - began
    return 1000 * (_metrics(session)["TaskDuration"] - before) / frames, frames / lasted


def bench_answers(browser: Browser, served: Served, shop: str) -> None:
    """Measure from Mod+Enter to rows on the screen."""
    cases = {
        "select 1": (lambda number: f"select {number}", 0),
        "1,000 rows x 10": (lambda number: THOUSAND.format(base=number), 1),
    }
    print(f"\nfrom Mod+Enter to rows on the screen, ms, of {QUERIES}; each query is a new one")
    with _editor(browser, served, shop, "") as page, _bare_page(browser, served) as bare:
        for name, (sql, more) in cases.items():
            ours, least = [], []
            for number in range(100_000, 100_000 + QUERIES):
                _write(page, sql(number))
                ours.append(_ask(page, str(number + more)))
                body = {"connection_id": shop, "sql": sql(10 * number), "limit": 1000}
                arguments = ["/api/queries", served.token, json.dumps(body)]
                least.append(float(bare.evaluate(scripts.FLOOR_QUERY, arguments)))
            _show_pair(name, ours, "a bare page, the same API", least)


def bench_end(browser: Browser, served: Served, shop: str) -> None:
    """Measure from dragging the scroll bar to its end to the last row on the screen."""
    print(f"\nfrom a drag to the end to row {ROWS:,} on the screen, ms; each result is a new one")
    ours, least, first = [], [], []
    with _editor(browser, served, shop, "") as page, _bare_page(browser, served) as bare:
        for start in range(1, LOADS + 1):
            _write(page, MILLION.format(start=start, end=start + ROWS - 1))
            with page.expect_response(_is_question) as asked:
                first.append(_ask(page, str(start)))
            ours.append(float(page.evaluate(scripts.DRAG, [LAST_CELL, str(start + ROWS - 1)])))
            run_id = asked.value.json()["id"]
            path = f"/api/queries/{run_id}/rows?offset={ROWS - 500}&limit=500"
            least.append(float(bare.evaluate(scripts.FLOOR_QUERY, [path, served.token, ""])))
    _show_pair("the app", ours, "a bare page, the same rows", least)
    print(
        f"  {ROWS:,} rows x 12: from Mod+Enter to the first rows {statistics.median(first):.0f} ms"
    )


def bench_completion(browser: Browser, served: Served) -> None:
    """Measure from the full stop after an alias to the columns, in a large schema."""
    wide = make_connection(served, _make_wide_database(served), name="Wide")
    while (
        ask(served.port, f"/api/connections/{wide}/schema", token=served.token)["state"] != "ready"
    ):
        time.sleep(0.2)
    took = []
    with _editor(browser, served, wide, f"select * from table_{TABLES // 2} as t where t") as page:
        page.locator("[role=treeitem]").first.wait_for()
        page.locator(EDITOR).focus()
        page.keyboard.press("Control+End")
        for _ in range(QUERIES):
            time.sleep(0.3)
            page.evaluate(
                "() => { window.took = window.sinceKey('.', () => "
                "/column_01/.test(document.querySelector('[role=listbox]')?.textContent)) }"
            )
            page.keyboard.press(".")
            took.append(float(page.evaluate("window.took")))
            page.keyboard.press("Escape")
            page.keyboard.press("Backspace")
            page.keyboard.press("Escape")
    print(f"\nfrom `alias.` to its columns, with {TABLES:,} tables of {COLUMNS} columns")
    print(f"  first {took[0]:.0f} ms, median {statistics.median(took):.0f} ms  (aim: under 100)")


def _make_wide_database(served: Served) -> str:
    """Make a database of many tables in the demo's PostgreSQL; return its URL."""
    kept = served.data_dir
    port = (kept / "postgres.port").read_text().strip()
    password = quote((kept / "postgres.password").read_text().strip())
    server = f"postgresql://postgres:{password}@127.0.0.1:{port}"
    with connect(f"{server}/postgres") as connection:
        connection.execute("CREATE DATABASE wide")
    columns = ", ".join(f"column_{number:02} integer" for number in range(1, COLUMNS + 1))
    with connect(f"{server}/wide") as connection:
        for start in range(0, TABLES, 100):
            tables = (f"CREATE TABLE table_{start + at} ({columns})" for at in range(1, 101))
            connection.execute("; ".join(tables).encode())
    return f"{server}/wide"


def _is_question(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/api/queries")


def _ask(page: Page, first: str) -> float:
    """Press Mod+Enter; return the milliseconds until the first cell says ``first``."""
    page.evaluate(
        "([selector, first]) => { window.took = window.sinceKey('Enter', () => "
        "document.querySelector(selector)?.textContent === first) }",
        [FIRST_CELL, first],
    )
    page.keyboard.press("Control+Enter")
    return float(page.evaluate("window.took"))


def _write(page: Page, sql: str) -> None:
    """Replace the text of the editor, and let it settle."""
    page.locator(EDITOR).focus()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(sql)
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)


@contextmanager
def _editor(browser: Browser, served: Served, connection: str, sql: str) -> Iterator[Page]:
    """Yield the editor with a text for a connection, with the schema's tree there."""
    with _context(browser, served) as context:
        page = context.new_page()
        page.goto(f"{_url(served)}/queries/new?{urlencode({'connection': connection, 'sql': sql})}")
        page.locator(EDITOR).wait_for()
        page.locator("[role=treeitem]").first.wait_for()
        page.locator(EDITOR).focus()
        yield page


@contextmanager
def _bare_page(browser: Browser, served: Served) -> Iterator[Page]:
    """Yield an empty page that may ask the API."""
    with _context(browser, None) as context:
        page = context.new_page()
        address = f"{_url(served)}/bare"
        page.route(address, lambda route: route.fulfill(body="", content_type="text/html"))
        page.goto(address)
        page.unroute(address)
        yield page


@contextmanager
def _context(browser: Browser, served: Served | None) -> Iterator[BrowserContext]:
    """Yield a context with an empty cache, signed in as the admin of ``served``."""
    context = browser.new_context(viewport=VIEWPORT)
    context.set_default_timeout(60_000)
    context.add_init_script(scripts.UNTIL)
    try:
        if served:
            email, password = served.people["admin"]
            data = {"email": email, "password": password}
            answer = context.request.post(f"{_url(served)}/api/session", data=data)
            assert answer.ok, answer.text()
            context.add_init_script(scripts.HAS_SESSION)
        yield context
    finally:
        context.close()


def _metrics_session(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    return session


def _metrics(session: CDPSession) -> dict[str, float]:
    return {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}


def _show_pair(name: str, ours: list[float], floor_name: str, least: list[float]) -> None:
    """Print medians and the slowest of a measure and of its floor."""
    for label, times in ((name, ours), (f"  floor: {floor_name}", least)):
        print(f"  {label:<36} median {statistics.median(times):>6.0f}  slowest {max(times):>6.0f}")
    ratio = statistics.median(ours) / statistics.median(least)
    print(f"  ours / floor {ratio:.1f}", flush=True)


def _connection_id(served: Served, name: str) -> str:
    found = ask(served.port, "/api/connections", token=served.token)["items"]
    return str(next(one["id"] for one in found if one["name"] == name))


def _url(served: Served) -> str:
    return f"http://127.0.0.1:{served.port}"
