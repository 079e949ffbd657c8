"""The site's files, as CloudFront in front of a bucket would serve them."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote

_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """What to answer: ``path`` is the file to send, None when there is no body."""

    status: int
    headers: Mapping[str, str]
    path: Path | None = None
    size: int = field(default=0)


class Site:
    """The files of ``folder``, each answered with ``headers``. Nothing outside of it is reachable.

    A path whose last part has no dot and that names no file gets ``index.html``: it is a page that
    the app itself draws.
    """

    def __init__(self, folder: Path, headers: Mapping[str, str]) -> None:
        self._folder = folder.resolve()
        self._headers = dict(headers)

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> FileAnswer:
        """Return the answer to a request; ``path`` is percent-encoded, header names lower case."""
        if method not in ("GET", "HEAD"):
            return FileAnswer(405, {**self._headers, "allow": "GET, HEAD"})
        found = self._find(path)
        if found is None and _is_page(path):
            found = self._find("/")
        if found is None:
            return FileAnswer(404, self._headers)
        return self._found(found, headers, is_head=method == "HEAD")

    def _find(self, path: str) -> Path | None:
        try:
            decoded = unquote(path, errors="strict")
        except UnicodeDecodeError:
            return None
        parts = decoded.split("/")[1:]
        if decoded.endswith("/"):
            parts[-1] = "index.html"
        # Neither hidden files nor ways up; an empty part would be a second name of the same file.
        if any(not part or part.startswith(".") or set(part) & set("\\\0") for part in parts):
            return None
        try:
            found = self._folder.joinpath(*parts).resolve()
            return found if found.is_relative_to(self._folder) and found.is_file() else None
        except OSError:  # a name longer than the system admits
            return None

    def _found(self, path: Path, headers: Mapping[str, str], *, is_head: bool) -> FileAnswer:
        chosen, encoding = _encoded(path, headers.get("accept-encoding", ""))
        about = chosen.stat()
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}{"-" + encoding if encoding else ""}"'
        is_hashed = path.relative_to(self._folder).parts[0] == "assets"
        said = {
            **self._headers,
            "cache-control": _FOREVER if is_hashed else _ASK_AGAIN,
            "etag": tag,
            "vary": "accept-encoding",
        }
        if _has_tag(headers.get("if-none-match", ""), tag):
            return FileAnswer(304, said)
        said["content-type"] = _media_type(path)
        said["last-modified"] = formatdate(about.st_mtime, usegmt=True)
        if encoding:
            said["content-encoding"] = encoding
        return FileAnswer(200, said, None if is_head else chosen, about.st_size)


def _is_page(path: str) -> bool:
    """Tell an address of the app from a missing file, as the function of CloudFront does."""
    return "." not in path.rpartition("/")[2]


def _media_type(path: Path) -> str:
    known = _TYPES.get(path.suffix.lower())
    return known or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _encoded(path: Path, accept: str) -> tuple[Path, str]:
    """Return the smallest form of a file that was made beforehand and that the client takes."""
    accepted = {
        name.strip()
        for part in accept.lower().split(",")
        for name, _, weight in [part.partition(";")]
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    }
    for encoding, ending in _ENCODINGS:
        made = path.with_name(path.name + ending)
        if encoding in accepted and made.is_file():
            return made, encoding
    return path, ""


def _has_tag(given: str, tag: str) -> bool:
    tags = {part.strip().removeprefix("W/") for part in given.split(",")}
    return tag in tags or "*" in tags
