"""Every action that the code records is documented, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.repository import PACKAGE, ROOT, package_modules

ACTION = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")


def recorders() -> list[Path]:
    """Return the modules that record something: they import `record`, or define it."""
    own = PACKAGE / "audit/service.py"
    return [p for p in package_modules() if p == own or imports_record(p.read_text())]


def imports_record(source: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == "heliograph.audit.service"
        and any(alias.name in ("record", "event_values") for alias in node.names)
        for node in ast.walk(ast.parse(source))
    )


def actions_in(source: str) -> Iterator[str]:
    """Yield every text of a module that has the form of an action, wherever it stands."""
    for node in ast.walk(ast.parse(source)):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and ACTION.fullmatch(text):
            yield text


def recorded() -> set[str]:
    return {action for path in recorders() for action in actions_in(path.read_text())}


def documented() -> list[str]:
    text = (ROOT / "docs/reference/audit.md").read_text()
    section = text.partition("\n## Actions\n")[2].partition("\n## ")[0]
    return re.findall(rf"^\| `({ACTION.pattern})` \|", section, re.MULTILINE)


def test_every_action_is_documented_once_and_every_documented_one_exists() -> None:
    assert sorted(documented()) == sorted(recorded())
    assert len(recorders()) > 5
    assert {"user.created", "session.failed", "audit.exported"} <= recorded()


def test_every_call_of_record_names_its_action_or_passes_one_on() -> None:
    strange = []
    for path in recorders():
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and name == "record":
                action = node.args[2]
                is_literal = isinstance(action, ast.Constant)
                if not is_literal and ast.unparse(action) != "action":
                    strange.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert strange == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("record(tx, actor, 'user.created', at=now)", ["user.created"]),
        ("a = 'user.on' if x else 'user.off'", ["user.on", "user.off"]),
        ("raise Error('user.created happened')", []),
        ("f'{noun}.created'", []),
    ],
)
def test_actions_are_seen_wherever_they_stand(source: str, found: list[str]) -> None:
    assert list(actions_in(source)) == found
