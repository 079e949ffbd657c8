"""Locks pin everything by hash and know nothing of the machine that made them."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from tests.support.repository import ROOT, tracked_files

LOCK_NAMES = re.compile(
    r"(requirements.*/.*\.txt|requirements[\w.-]*\.txt|.*\.lock|(?:.*/)?package-lock\.json|.*-lock\.yaml)"
)
# Written apart, so that this very file does not name them.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("registry", "npmjs"),
            ("npmmirror", "com"),
            ("registry", "yarnpkg"),
            ("jfrog", "io"),
        )
    )
    + r"|--(?:extra-)?index-url|--find-links"
)
OWN_FOLDER = re.compile(r"(?<![\w.~:/-])/(?:home|Users|work|root)/[\w.-]+")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


def lock_files() -> list[str]:
    names = [file.relative_to(ROOT).as_posix() for file in tracked_files()]
    return [name for name in names if LOCK_NAMES.fullmatch(name)]


def pins() -> dict[str, tuple[str, int]]:
    """Return ``name: (version, number of hashes)`` of the Python lock."""
    found: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=\S)", (ROOT / "requirements/dev.txt").read_text()):
        if match := PIN.match(block):
            name = match["name"].lower().replace("_", "-")
            found[name] = (match["version"], len(HASH.findall(block)))
    return found


def wanted() -> list[Requirement]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    texts = [
        *project["dependencies"],
        *(text for group in project["optional-dependencies"].values() for text in group),
        *(text for group in document["dependency-groups"].values() for text in group),
        *document["build-system"]["requires"],
    ]
    return [Requirement(text) for text in texts]


def test_no_lock_names_a_registry() -> None:
    assert "requirements/dev.txt" in lock_files()
    named = {
        name: found[0]
        for name in lock_files()
        if (found := REGISTRIES.search((ROOT / name).read_text()))
    }
    assert named == {}


def test_no_tracked_file_names_a_folder_of_somebodys_machine() -> None:
    named = {}
    for file in tracked_files():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        if found := OWN_FOLDER.search(text):
            named[file.relative_to(ROOT).as_posix()] = found[0]
    assert named == {}


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("cd " + "/".join(("", "home", "ann", "heliograph")), True),
        ('path = "' + "/".join(("", "Users", "ann")) + '"', True),
        ("/".join(("https://example.com", "home", "ann")), False),
        ("see docs/home/plan and ~/home", False),
    ],
)
def test_a_folder_is_told_from_what_looks_like_one(text: str, is_named: bool) -> None:
    assert (OWN_FOLDER.search(text) is not None) is is_named


@pytest.mark.parametrize("requirement", wanted(), ids=str)
def test_the_lock_satisfies_the_project(requirement: Requirement) -> None:
    locked = pins()
    name = requirement.name.lower()
    assert name in locked, f"{name} is not in requirements/dev.txt: run make lock"
    assert requirement.specifier.contains(locked[name][0], prereleases=True)


def test_npm_locks_name_no_address_and_pin_by_hash() -> None:
    names = [name for name in lock_files() if name.endswith("package-lock.json")]
    assert set(names) >= {"frontend/package-lock.json", "tests/e2e/browser/package-lock.json"}
    for name in names:
        text = (ROOT / name).read_text()
        assert "://" not in text, f"{name}: run frontend/scripts/strip-lock.mjs over it"
        packages = json.loads(text)["packages"]
        assert [path for path, one in packages.items() if path and "integrity" not in one] == []


def test_every_pin_has_a_hash() -> None:
    assert len(pins()) > 50
    assert [name for name, (_, hashes) in pins().items() if not hashes] == []
    lines = (ROOT / "requirements/dev.txt").read_text().splitlines()
    starts = [line for line in lines if line and line[0] not in "# \t"]
    assert [line for line in starts if not PIN.match(line)] == []
