"""What `make localstack` deploys is the template, changed where LocalStack needs it alone."""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from infra.localstack import deployment, variant
from tests.contract.test_deployed_files import pins
from tests.support.built_functions import build_functions
from tests.support.template import RESOURCES, TEMPLATE

CHANGED = {
    variant.FUNCTION: ("CodeUri",),
    variant.LAYER: ("ContentUri",),
    **variant.UNKNOWN_PROPERTIES,
}


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        (build_functions().folder / "template.yaml").read_text()
    )
    return document


def test_the_variant_changes_nothing_but_code_and_what_is_unknown_there(
    built: dict[str, Any],
) -> None:
    changed = variant.change_template(built, Path("/built"))
    assert changed != built
    for document in (changed, built := copy.deepcopy(built)):
        for resource in document["Resources"].values():
            for name in CHANGED.get(resource["Type"], ()):
                resource["Properties"].pop(name, None)
    assert changed == built


def test_every_function_of_the_variant_has_the_one_zip(built: dict[str, Any]) -> None:
    resources = variant.change_template(built, Path("/built"))["Resources"].values()
    of_functions = [each["Properties"] for each in resources if each["Type"] == variant.FUNCTION]
    assert len(of_functions) > 10
    assert {place["CodeUri"] for place in of_functions} == {variant.CODE}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, names in variant.UNKNOWN_PROPERTIES.items() for name in names],
)
def test_what_is_left_out_is_really_in_the_template(kind: str, name: str) -> None:
    assert any(name in each["Properties"] for each in RESOURCES.values() if each["Type"] == kind)


def test_the_zip_holds_functions_and_layers_side_by_side(tmp_path: Path) -> None:
    built = tmp_path / "built"
    for name in ("FirstFunction/first/handler.py", "Deps/python/other/__init__.py"):
        (built / name).parent.mkdir(parents=True)
        (built / name).write_text(f"# {name}\n")
    document = {
        "Resources": {
            "First": {"Type": variant.FUNCTION, "Properties": {"CodeUri": "FirstFunction"}},
            "Deps": {"Type": variant.LAYER, "Properties": {"ContentUri": "Deps"}},
        }
    }
    (built / "template.yaml").write_text(yaml.safe_dump(document))
    template = variant.make_variant(built, tmp_path / "variant")
    first = (template.parent / variant.CODE).read_bytes()
    with zipfile.ZipFile(template.parent / variant.CODE) as code:
        assert code.namelist() == ["first/handler.py", "other/__init__.py"]
        assert code.read("other/__init__.py") == b"# Deps/python/other/__init__.py\n"
    resources = json.loads(template.read_text())["Resources"]
    assert Path(resources["Deps"]["Properties"]["ContentUri"]) == built / "Deps"
    variant.make_variant(built, tmp_path / "variant")
    assert (template.parent / variant.CODE).read_bytes() == first


def test_the_secret_is_the_one_that_samconfig_names() -> None:
    text = (deployment.ROOT / "samconfig.toml").read_text()
    assert f":secret:{deployment.SECRET}" in text
    assert (
        f"python{deployment.PYTHON.removeprefix('python')}"
        == (TEMPLATE["Globals"]["Function"]["Runtime"])
    )


def test_localstack_is_locked_by_hash_and_apart_from_what_is_tested() -> None:
    lock = "requirements/localstack.txt"
    text = (deployment.ROOT / lock).read_text()
    assert pins(lock)["localstack-core"] == "2026.3.0"
    assert text.count("==") <= text.count("--hash=sha256:") + text.count(" ; python")
    assert "localstack-core" not in pins("requirements/dev.txt")
