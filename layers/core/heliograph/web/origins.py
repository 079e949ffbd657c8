"""Pages of others: which of them may call the API, and what their forms may not do.

By default the API answers pages of its own origin only: it sends no CORS headers. The setting
``HELIOGRAPH_ALLOWED_ORIGINS`` names origins whose pages may call it with a token. Cookies are for
its own pages in any case.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from heliograph.kernel.errors import Forbidden
from heliograph.platform.settings import AppSettings
from heliograph.web.contract import Access, Route
from heliograph.web.requests import Request

_SAFE = ("GET", "HEAD")
_PREFLIGHT_SECONDS = 600


def refuse_foreign_pages(route: Route, request: Request, settings: AppSettings) -> None:
    """Refuse with `Forbidden` what a page of somebody else's sends with this browser's cookies.

    It concerns public routes, where a cookie may say who asks; elsewhere a token does, which no
    foreign page has. The browser says what kind of page sends (``Sec-Fetch-Site``), or which
    (``Origin``). A client that says neither must send JSON, which no form can.
    """
    headers = request.headers
    if route.access is not Access.PUBLIC or request.method in _SAFE or "cookie" not in headers:
        return
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        is_own = site in ("same-origin", "none")
    elif origin is not None:
        is_own = _is_own(origin, headers.get("host"), settings.public_url)
    else:
        is_own = request.media_type.partition(";")[0].strip() == "application/json"
    if not is_own:
        raise Forbidden(
            "A cookie counts only for the app's own pages.",
            hint="A client that is no browser sends Content-Type: application/json.",
        )


def cors_headers(
    request: Request, settings: AppSettings, methods: Iterable[str] = ()
) -> dict[str, str]:
    """Return the headers that let a page of an allowed origin read the answer; else none.

    With ``methods`` they are those of a preflight.
    """
    allowed = allowed_origins(settings)
    if not allowed:
        return {}
    origin = request.headers.get("origin")
    if origin is None or origin not in allowed:
        return {"Vary": "Origin"}
    found = {"Vary": "Origin", "Access-Control-Allow-Origin": origin}
    if methods:
        return found | {
            "Access-Control-Allow-Methods": ", ".join(methods),
            "Access-Control-Allow-Headers": "authorization, content-type",
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }
    return found | {"Access-Control-Expose-Headers": "X-Request-Id, Retry-After"}


def allowed_origins(settings: AppSettings) -> frozenset[str]:
    """Return the origins whose pages may call the API, beside its own."""
    return frozenset(
        origin.strip().rstrip("/")
        for origin in (settings.allowed_origins or "").split(",")
        if origin.strip() not in ("", "*", "null")
    )


def _is_own(origin: str, host: str | None, public_url: str | None) -> bool:
    if public_url is not None and origin == public_url.rstrip("/"):
        return True
    return host is not None and urlsplit(origin).netloc == host
