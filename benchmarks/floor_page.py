"""The floor of the web app: pages of one file, that do what is measured and nothing else.

``/`` is an input under a heading. ``/rows`` has the style of rows and cells; the benchmark puts
them there and writes the text of each, once a frame.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

EMPTY = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Floor</title>
<h1>Floor</h1><input type="email" autocomplete="username">"""

ROWS = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Floor</title>
<style>
  body { margin: 0; font: 13px sans-serif }
  .row { position: absolute; height: 28px; width: 100%; contain: strict }
  .row > div { position: absolute; width: 95px; height: 28px; overflow: hidden }
</style>
<body>"""


def empty(request: Request) -> HTMLResponse:
    """Answer with a heading and an input."""
    return HTMLResponse(EMPTY)


def rows(request: Request) -> HTMLResponse:
    """Answer with a page that has no cells yet."""
    return HTMLResponse(ROWS)


app = Starlette(routes=[Route("/", empty), Route("/rows", rows)])
