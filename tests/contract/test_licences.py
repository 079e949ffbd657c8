"""What Heliograph brings along at run time is free to be passed on under Apache-2.0."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from email.message import Message
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from tests.support.repository import ROOT

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",  # a file at a time: using it unmodified asks nothing of our code
    "PSF-2.0",
    "PostgreSQL",
    "Unlicense",
}
# LGPL asks that the library can be exchanged for another version: it is a package of its own,
# installed unmodified, so it can. GPL is never allowed: it would reach our own code.
LGPL_ALLOWED = {"psycopg", "psycopg-binary"}
LGPL = {"LGPL-3.0-only", "LGPL-3.0-or-later"}

# What packages wrote before SPDX expressions (PEP 639) were the rule.
OLD_NAMES = {
    "Apache License 2.0": "Apache-2.0",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}


class LicenceRefused(Exception):
    """A package whose licence does not fit ours, or that does not say what it is."""


def check_licence(package: Message) -> None:
    """Accept a package's metadata or raise `LicenceRefused`."""
    name = str(package["Name"]).lower().replace("_", "-")
    allowed = ALLOWED | (LGPL if name in LGPL_ALLOWED else set())
    expression = package.get("License-Expression")
    stated = package.get("License") or ""
    if not expression and OLD_NAMES.get(stated, stated) in ALLOWED | LGPL:
        expression = OLD_NAMES.get(stated, stated)
    if not expression:
        classifiers = [
            text for text in package.get_all("Classifier") or [] if text.startswith("License ::")
        ]
        expression = " AND ".join(OLD_NAMES.get(text, "unknown") for text in classifiers)
    if not expression or not is_satisfied(expression, allowed):
        raise LicenceRefused(f"{name}: {expression or stated[:60] or 'no licence'}")


def is_satisfied(expression: str, allowed: set[str]) -> bool:
    """Evaluate an SPDX expression: AND binds stronger than OR."""
    tokens = re.findall(r"[()]|[^\s()]+", expression)

    def any_of() -> bool:
        result = all_of()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            result = all_of() or result
        return result

    def all_of() -> bool:
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            result = one() and result
        return result

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            result = any_of()
            assert tokens.pop(0) == ")"
            return result
        if tokens and tokens[0] == "WITH":
            del tokens[:2]
        return token in allowed

    result = any_of()
    return result and not tokens


def direct_requirements() -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in project["dependencies"]:
        yield Requirement(text)
    for texts in project["optional-dependencies"].values():
        for text in texts:
            yield Requirement(text)


def left_out() -> set[str]:
    """Return what a dependency names and our locks leave out: an override that nothing meets."""
    lines = (ROOT / "requirements/overrides.txt").read_text().splitlines()
    overrides = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {each.name for each in overrides if each.marker and not each.marker.evaluate()}


def installed_with(roots: Iterator[Requirement]) -> dict[str, metadata.PackageMetadata]:
    """Return the metadata of every package that these requirements bring along here."""
    found: dict[str, metadata.PackageMetadata] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(roots)
    never = left_out()
    while waiting:
        requirement = waiting.pop()
        key = (requirement.name.lower(), frozenset(requirement.extras))
        if key in seen or key[0] in never:
            continue
        seen.add(key)
        found[key[0]] = metadata.metadata(requirement.name)
        extras = requirement.extras or {""}
        for text in metadata.requires(requirement.name) or []:
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
                waiting.append(needed)
    return found


def test_every_runtime_dependency_may_be_passed_on() -> None:
    packages = installed_with(direct_requirements())
    assert {"psycopg", "psycopg-binary", "orjson", "boto3", "botocore"} <= packages.keys()
    assert {"chalice", "cryptography", "pyjwt", "uvicorn"} <= packages.keys()
    refused = []
    for package in packages.values():
        try:
            check_licence(package)  # type: ignore[arg-type]
        except LicenceRefused as error:
            refused.append(str(error))
    assert refused == []


def test_what_the_locks_leave_out_is_in_no_lock() -> None:
    names = left_out()
    assert "inquirer" in names
    for lock in ("requirements/dev.txt", "layers/deps/requirements.txt"):
        pinned = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / lock).read_text(), re.MULTILINE)
        assert names & {name.lower() for name in pinned} == set()


def made_up(name: str = "made-up", **fields: str | list[str]) -> Message:
    package = Message()
    package["Name"] = name
    for key, values in fields.items():
        for value in [values] if isinstance(values, str) else values:
            package[key.replace("_", "-")] = value
    return package


@pytest.mark.parametrize(
    "package",
    [
        made_up(License_Expression="MIT"),
        made_up(License_Expression="MIT OR GPL-3.0-only"),
        made_up(License_Expression="MPL-2.0 AND (Apache-2.0 OR GPL-2.0-only)"),
        made_up(License="BSD-3-Clause"),
        made_up(License="Apache License 2.0"),
        made_up(License="see LICENSE", Classifier="License :: OSI Approved :: MIT License"),
        made_up("psycopg", License_Expression="LGPL-3.0-only"),
    ],
)
def test_a_licence_that_fits_is_accepted(package: Message) -> None:
    check_licence(package)


@pytest.mark.parametrize(
    "package",
    [
        made_up(License_Expression="GPL-3.0-or-later"),
        made_up(License_Expression="AGPL-3.0-only"),
        made_up(License_Expression="MIT AND GPL-3.0-only"),
        made_up(License_Expression="MIT nonsense"),
        made_up("pglast", License="GPL v3 or later"),
        made_up(
            Classifier=[
                "License :: OSI Approved :: MIT License",
                "License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            ]
        ),
        made_up("another-driver", License_Expression="LGPL-3.0-only"),
        made_up(License="LGPL-3.0-only"),
        made_up(License="Proprietary"),
        made_up(),
    ],
)
def test_a_licence_that_does_not_fit_is_refused(package: Message) -> None:
    with pytest.raises(LicenceRefused):
        check_licence(package)


def test_the_decision_record_argues_for_every_dependency_and_no_other() -> None:
    record = (ROOT / "docs/decisions/0002-runtime-dependencies.md").read_text()
    argued = set(re.findall(r"^\| `([a-z0-9-]+)(?:\[[a-z]+\])?`", record, re.MULTILINE))
    assert argued == {requirement.name for requirement in direct_requirements()}


def test_our_own_licence_is_apache() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]
