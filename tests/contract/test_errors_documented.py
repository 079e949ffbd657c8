"""Codes, documentation and the drawn tree say the same."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from tests.support.repository import PACKAGE, ROOT

from heliograph.kernel import errors
from heliograph.kernel.errors import HeliographError

BRANCH = re.compile(r"^(?P<lead>[ │]*(?:[├└]── )?)(?P<name>[A-Z]\w+) {2,}(?P<code>[a-z_]+)$")


def all_classes(root: type[HeliographError] = HeliographError) -> list[type[HeliographError]]:
    """Return the tree, a class before its subclasses."""
    return [root, *(kind for child in root.__subclasses__() for kind in all_classes(child))]


def classes_of_the_module() -> list[type[HeliographError]]:
    return [kind for kind in all_classes() if kind.__module__.startswith(errors.__name__ + ".")]


def drawn_tree() -> dict[str, tuple[str, str | None]]:
    """Return ``class: (code, parent)`` as the docstring draws it."""
    drawn: dict[str, tuple[str, str | None]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := BRANCH.match(line.removeprefix("    ")):
            depth = len(match["lead"]) // 4
            parent = above[depth - 1] if depth else None
            above[depth:] = [match["name"]]
            drawn[match["name"]] = (match["code"], parent)
    return drawn


def documented() -> list[str]:
    text = (ROOT / "docs/reference/errors.md").read_text()
    return re.findall(r"^## `?([a-z_]+)`?$", text, re.MULTILINE)


def test_every_code_is_a_heading_and_every_heading_is_a_code() -> None:
    assert sorted(documented()) == sorted(kind.code for kind in classes_of_the_module())


def test_every_heading_says_what_happened_and_what_to_do() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text()
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        assert len(body.split()) >= 12, f"{heading} is hardly explained"


def test_no_two_classes_share_a_code() -> None:
    counts = Counter(kind.code for kind in classes_of_the_module())
    assert [code for code, count in counts.items() if count > 1] == []


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    real = {
        kind.__name__: (
            kind.code,
            kind.__base__.__name__ if kind is not HeliographError and kind.__base__ else None,
        )
        for kind in classes_of_the_module()
    }
    assert drawn_tree() == real


@pytest.mark.parametrize("kind", classes_of_the_module(), ids=lambda kind: kind.__name__)
def test_every_error_says_when_it_happens(kind: type[HeliographError]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != (kind.__base__.__doc__ if kind.__base__ else None)
    assert "code" in vars(kind), "it needs a code of its own"


def test_errors_are_defined_nowhere_else() -> None:
    bases = {kind.__name__ for kind in classes_of_the_module()}
    pattern = re.compile(r"^class \w+\((?:\w+, )*(?P<base>\w+)", re.MULTILINE)
    elsewhere = [
        f"{path.relative_to(PACKAGE)}: {match[0]}"
        for path in PACKAGE.rglob("*.py")
        if path.parent != PACKAGE / "kernel/errors"
        for match in pattern.finditer(path.read_text())
        if match["base"] in bases
    ]
    assert elsewhere == []
