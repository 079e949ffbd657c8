"""A real browser for the tests, and pages that notice what a person would not see."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request
from playwright.sync_api import sync_playwright as start_playwright
from tests.support.repository import ROOT

UNPACKED = ROOT / ".cache/chromium"
_SYSTEM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
AXE = ROOT / "tests/e2e/browser/node_modules/axe-core/axe.min.js"


# A colour on its way from one theme to the other is neither's.
_SHOW_THEME = """async (name) => {
  document.documentElement.dataset.theme = name;
  const changing = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.all(changing.map((one) => one.finished.catch(() => undefined)));
}"""


class BrowserMissing(Exception):
    """There is no Chromium for the tests."""


def find_chromium() -> tuple[Path, Mapping[str, str]]:
    """Return the browser's file and what its environment needs.

    ``CHROMIUM`` names one; else it is the one that make has unpacked, else the system's.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named), {}
    if (UNPACKED / "chromium").is_file():
        libraries = {"LD_LIBRARY_PATH": f"{UNPACKED}/lib:{UNPACKED}", "FONTCONFIG_PATH": UNPACKED}
        return UNPACKED / "chromium", {name: str(value) for name, value in libraries.items()}
    for name in _SYSTEM:
        if Path(name).is_file():
            return Path(name), {}
    raise BrowserMissing("No Chromium: run make acceptance once, or set CHROMIUM to its path.")


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """Yield a browser without a window."""
    path, extra = find_chromium()
    with start_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            env={**os.environ, **extra},
            args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-pings"],
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class WatchedPage:
    """A page, and whatever went wrong in it: `complaints` has to be empty in the end."""

    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    _expected: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self._complain(f"uncaught: {error}"))
        self.page.on("request", self._requested)

    def expect_complaint(self, part: str) -> None:
        """Let complaints pass that contain ``part``: the test makes them on purpose."""
        self._expected.append(part)

    def unexpected(self) -> list[str]:
        """Return the complaints that no test has asked for."""
        return [one for one in self.complaints if not any(part in one for part in self._expected)]

    def open(self, path: str) -> Page:
        """Go to a path of the app."""
        self.page.goto(f"{self.base_url}{path}")
        return self.page

    def axe(self, *, theme: str | None = None) -> list[str]:
        """Return what axe-core finds serious or critical on the page, as it is now."""
        if theme:
            self.page.evaluate(_SHOW_THEME, theme)
        self.page.evaluate(AXE.read_text())
        found: list[dict[str, Any]] = self.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        )
        return [
            f"{one['id']} ({one['impact']}): {node['html'][:160]} {node['failureSummary'][:300]}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"console: {message.text} ({message.location.get('url', '')})")

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        is_own = f"{parts.scheme}://{parts.netloc}" == self.base_url
        if not is_own and parts.scheme not in ("data", "blob"):
            self._complain(f"request to another host: {request.url}")

    def _complain(self, text: str) -> None:
        self.complaints.append(text)


@contextmanager
def watched_page(browser: Browser, base_url: str, **options: Any) -> Iterator[WatchedPage]:
    """Yield a page of a context of its own; fails afterwards when it has complaints."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(15_000)
    try:
        watched = WatchedPage(context.new_page(), base_url)
        yield watched
        assert watched.unexpected() == []
    finally:
        context.close()
