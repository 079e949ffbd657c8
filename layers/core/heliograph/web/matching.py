"""From the path of a request to the route that was declared for it.

Paths are compared as they came: what is escaped with ``%``, doubled slashes, dots and a slash at
the end never match, because no declared path has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from heliograph.web.contract import Route


@dataclass(frozen=True, slots=True)
class Match:
    """A declared path, its routes by method, and what stood in its braces, not yet read."""

    path: str
    routes: Mapping[str, Route]
    texts: Mapping[str, str]

    @property
    def methods(self) -> tuple[str, ...]:
        """What may be done with the path; ``HEAD`` goes with ``GET``."""
        return tuple(sorted({*self.routes, *(["HEAD"] if "GET" in self.routes else [])}))


@dataclass(frozen=True, slots=True)
class _Pattern:
    path: str
    parts: tuple[str, ...]
    routes: dict[str, Route]

    def read(self, parts: list[str]) -> dict[str, str] | None:
        texts = {}
        for own, given in zip(self.parts, parts, strict=True):
            if own.startswith("{") and given:
                texts[own[1:-1]] = given
            elif own != given:
                return None
        return texts


class RouteTable:
    """The routes of one function. A literal part of a path goes before a part in braces.

    Raises `ValueError` for two routes of the same method and path, or of paths that differ only in
    the names in braces.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            methods = by_path.setdefault(route.path, {})
            if route.method in methods:
                raise ValueError(f"{route.method} {route.path} is declared twice")
            methods[route.method] = route
        self._literal = {
            path: Match(path, methods, {}) for path, methods in by_path.items() if "{" not in path
        }
        self._patterns: dict[int, list[_Pattern]] = {}
        shapes: dict[tuple[str, ...], str] = {}
        for path, methods in by_path.items():
            if "{" in path:
                parts = tuple(path.split("/"))
                shape = tuple("{" if part.startswith("{") else part for part in parts)
                if shape in shapes:
                    raise ValueError(f"{path} and {shapes[shape]} are the same path")
                shapes[shape] = path
                self._patterns.setdefault(len(parts), []).append(_Pattern(path, parts, methods))
        for patterns in self._patterns.values():
            patterns.sort(key=lambda pattern: [part.startswith("{") for part in pattern.parts])

    def find(self, path: str) -> Match | None:
        """Return the declared path that ``path`` is, or None when there is none."""
        literal = self._literal.get(path)
        if literal is not None:
            return literal
        parts = path.split("/")
        for pattern in self._patterns.get(len(parts), ()):
            texts = pattern.read(parts)
            if texts is not None:
                return Match(pattern.path, pattern.routes, texts)
        return None
