"""Take pictures of every screen, light, dark and on a phone: `make screenshots`.

Words after it name screens or scenes: `make screenshots ARGS=sign-in`. `make screenshots
ARGS=--docs` draws the pictures of the documentation anew, docs/images/*.webp.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page
from tests.e2e.conftest import sign_in_context
from tests.e2e.scenes import SCENES, Scene
from tests.e2e.screens import SCREENS, Screen
from tests.support.browser import launched_browser, watched_page
from tests.support.repository import ROOT
from tests.support.shared_demo import Demo, SharedDemo

FOLDER = ROOT / ".cache/screenshots"
DOCS_FOLDER = ROOT / "docs/images"
DOCS_SCALE = 1.5
WEBP_QUALITY = 80
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": WIDE},
    "dark": {"color_scheme": "dark", "viewport": WIDE},
    "phone": {"color_scheme": "light", "viewport": PHONE, "device_scale_factor": 2},
}


@contextmanager
def opened(
    browser: Browser, demo: Demo, path: str, role: str | None, options: Mapping[str, Any]
) -> Iterator[Page]:
    """Yield a path of the app, signed in with ``role``."""
    with watched_page(browser, demo.url, **options) as watched:
        if role:
            sign_in_context(watched, *demo.people[role])
        yield watched.open(path)


def take_screen(browser: Browser, demo: Demo, screen: Screen) -> None:
    """Write the pictures of one screen."""
    for look, options in LOOKS.items():
        with opened(browser, demo, screen.path, screen.role, options) as page:
            page.get_by_role("heading", name=screen.heading).first.wait_for()
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{screen.name}-{look}.png")


def take_scene(browser: Browser, demo: Demo, scene: Scene) -> None:
    """Write the pictures of a screen with something on it."""
    for look, options in LOOKS.items():
        with opened(browser, demo, scene.path, scene.role, options) as page:
            scene.prepare(page)
            page.screenshot(path=FOLDER / f"{scene.name}-{look}.png")


def draw_docs(browser: Browser, demo: Demo, scene: Scene) -> None:
    """Write the pictures of a scene that the documentation shows, small."""
    for look, file_name in scene.pictures:
        with opened(browser, demo, scene.path, scene.role, LOOKS[look]) as page:
            scene.prepare(page)
            session = page.context.new_cdp_session(page)
            clip = {"x": 0, "y": 0, **LOOKS[look]["viewport"], "scale": DOCS_SCALE}
            wanted = {"format": "webp", "quality": WEBP_QUALITY, "clip": clip}
            taken = session.send("Page.captureScreenshot", wanted)["data"]
            (DOCS_FOLDER / f"{file_name}.webp").write_bytes(base64.b64decode(taken))


def main(words: list[str]) -> None:
    """Serve the demo and take what is wanted, all by default."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    names = [word for word in words if word != "--docs"]
    work: list[tuple[str, Callable[[Browser, Demo], None]]] = []
    if "--docs" in words:
        work += [(one.name, partial(draw_docs, scene=one)) for one in SCENES if one.pictures]
    else:
        work += [(one.name, partial(take_screen, screen=one)) for one in SCREENS]
        work += [(one.name, partial(take_scene, scene=one)) for one in SCENES]
    with (
        tempfile.TemporaryDirectory() as folder,
        SharedDemo(Path(folder)).in_use() as demo,
        launched_browser() as browser,
    ):
        for name, take in work:
            if not names or name in names:
                take(browser, demo)
                sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
