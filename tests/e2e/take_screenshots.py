"""Take pictures of every screen, light, dark and on a phone: `make screenshots`.

Words after it name screens: `make screenshots ARGS=sign-in`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser
from tests.e2e.conftest import sign_in_context
from tests.e2e.screens import SCREENS, Screen
from tests.support.browser import launched_browser, watched_page
from tests.support.repository import ROOT
from tests.support.shared_demo import Demo, SharedDemo

FOLDER = ROOT / ".cache/screenshots"
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS = {
    "light": {"color_scheme": "light", "viewport": WIDE},
    "dark": {"color_scheme": "dark", "viewport": WIDE},
    "phone": {"color_scheme": "light", "viewport": PHONE, "device_scale_factor": 2},
}


def take(browser: Browser, demo: Demo, screen: Screen) -> None:
    """Write the pictures of one screen."""
    for look, options in LOOKS.items():
        with watched_page(browser, demo.url, **options) as watched:
            if screen.role:
                sign_in_context(watched, *demo.people[screen.role])
            page = watched.open(screen.path)
            page.get_by_role("heading", name=screen.heading).first.wait_for()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{screen.name}-{look}.png")


def main(names: list[str]) -> None:
    """Serve the demo and take what is wanted, all by default."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        SharedDemo(Path(folder)).in_use() as demo,
        launched_browser() as browser,
    ):
        for screen in SCREENS:
            if not names or screen.name in names:
                take(browser, demo, screen)
                sys.stdout.write(f"{screen.name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
