"""What is built for Lambda runs there: from the built files alone, in an empty environment."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.support.built_functions import Built, build_functions
from tests.support.repository import PACKAGE, ROOT, module_name, package_modules
from tests.support.template import FOLDERS, FUNCTIONS

MB = 1_000_000
MOST_DEPS = 120 * MB
MOST_UNZIPPED = 250 * MB  # Lambda's limit for a function with its layers

# `heliograph serve` and the demo have a machine of their own, with more installed.
_NOT_IN_FUNCTIONS = ("heliograph.local", "heliograph.cli")
MODULES = [
    name
    for path in package_modules()
    if not (name := module_name(path)).startswith(_NOT_IN_FUNCTIONS)
]

# Run by an interpreter that knows nothing but its standard library and the folders it is given.
PROBE = r"""
import importlib, json, os, sys, traceback

asked = json.load(sys.stdin)
sys.path[:0] = asked["folders"]
before = set(sys.modules)
problems, elsewhere = {}, {}
for name, attribute in asked["names"]:
    try:
        module = importlib.import_module(name)
        if attribute:
            assert callable(getattr(module, attribute))
    except BaseException:
        problems[name] = traceback.format_exc()
ours = tuple(os.path.join(folder, "") for folder in asked["folders"])
library = tuple(p for p in sys.path if not p.startswith(ours) and p not in asked["folders"])
for name in set(sys.modules) - before:
    file = getattr(sys.modules[name], "__file__", None)
    if file and not file.startswith((*ours, *library)):
        elsewhere[name] = file
print(json.dumps({
    "problems": problems,
    "elsewhere": elsewhere,
    "path": sys.path,
    "loaded": sorted({name.partition(".")[0] for name in sys.modules}),
    "files": {n: sys.modules[n].__file__ for n, _ in asked["names"] if n in sys.modules},
}))
"""


@pytest.fixture(scope="module")
def built() -> Built:
    return build_functions()


def probe(built: Built, folders: list[Path], names: list[tuple[str, str]]) -> dict[str, Any]:
    """Import modules in a clean interpreter that sees ``folders`` alone, and tell."""
    done = subprocess.run(
        [built.python, "-I", "-S", "-B", "-c", PROBE],
        input=json.dumps({"folders": [str(f) for f in folders], "names": names}),
        env={},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not [path for path in found["path"] if "site-packages" in path]
    return found


@cache
def imported() -> dict[str, Any]:
    made = build_functions()
    return probe(made, [made.core, made.deps], [(name, "") for name in MODULES])


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def test_every_module_that_functions_may_need_imports_from_the_layers_alone() -> None:
    assert len(MODULES) > 80
    assert imported()["problems"] == {}
    assert imported()["elsewhere"] == {}
    root = str(build_functions().core)
    assert [name for name, file in imported()["files"].items() if not file.startswith(root)] == []


def test_importing_loads_neither_boto3_nor_a_tool() -> None:
    loaded = set(imported()["loaded"])
    assert {"chalice", "psycopg", "pydantic"} <= loaded
    assert not loaded & {"boto3", "botocore", "click", "inquirer", "pip", "setuptools", "uvicorn"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_handler_imports_from_what_is_deployed_with_it(built: Built, name: str) -> None:
    module, _, attribute = FUNCTIONS[name]["Properties"]["Handler"].rpartition(".")
    found = probe(built, [built.folder / name, built.core, built.deps], [(module, attribute)])
    assert found["problems"] == {}
    assert found["elsewhere"] == {}
    assert found["files"][module] == str(built.folder / name / FOLDERS[name] / "handler.py")


def test_a_module_that_is_not_deployed_would_be_noticed(built: Built) -> None:
    names = [("heliograph.kernel.ids", ""), ("pytest", ""), ("boto3", "")]
    found = probe(built, [built.core, built.deps], names)
    assert sorted(found["problems"]) == ["boto3", "pytest"]
    alone = probe(built, [built.core], [("heliograph.web.contract", "")])
    assert "No module named 'pydantic'" in alone["problems"]["heliograph.web.contract"]


def test_the_layers_are_small_enough(built: Built) -> None:
    deps, core = size_of(built.deps), size_of(built.core)
    assert 20 * MB < deps < MOST_DEPS
    assert core < 20 * MB
    assert deps + core + size_of(built.folder / "AccountsFunction") < MOST_UNZIPPED


def test_the_layers_hold_no_tool_and_nothing_that_the_runtime_brings(built: Built) -> None:
    names = {path.name for path in built.deps.iterdir()}
    assert {"chalice", "cryptography", "psycopg", "pydantic", "tzdata"} <= names
    tools = {"bin", "boto3", "botocore", "click", "inquirer", "pip", "setuptools", "pytest"}
    assert not names & tools


def test_the_layers_come_compiled_so_that_no_cold_start_has_to(built: Built) -> None:
    tag = f".cpython-{built.version.replace('.', '')}.pyc"
    for folder in (built.core / "heliograph", built.deps / "chalice", built.deps / "pydantic"):
        files = list(folder.rglob("*.py"))
        assert len(files) > 10
        missing = [f for f in files if not (f.parent / "__pycache__" / (f.stem + tag)).is_file()]
        assert missing == []
    header = (built.core / "heliograph/__pycache__" / f"__init__{tag}").read_bytes()[:8]
    # PEP 552: by the source's hash, and unchecked: a zip keeps no times that could be compared.
    assert int.from_bytes(header[4:8], "little") == 0b01


def test_the_core_layer_is_the_package_with_all_its_files(built: Built) -> None:
    def files(folder: Path) -> set[str]:
        return {
            path.relative_to(folder).as_posix()
            for path in folder.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    assert files(built.core / "heliograph") == files(PACKAGE)
    assert any(name.endswith(".sql") for name in files(built.core / "heliograph"))
    assert not (built.core / "Makefile").exists()
    assert (ROOT / "layers/core/Makefile").exists()
