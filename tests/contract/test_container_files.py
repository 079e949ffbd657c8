"""The images and the compose files: who runs in them, what they may do, what they are told."""

from __future__ import annotations

import configparser
import json
import re
from dataclasses import fields
from importlib.util import find_spec
from typing import Any

import pytest
import yaml
from tests.support.repository import ROOT

from heliograph.cli.parser import parse_arguments
from heliograph.platform.settings import AppSettings, setting_name

DOCKER = ROOT / "infra/docker"
TEXT = (DOCKER / "Dockerfile").read_text()
IMAGES = ("server", "alerts")
FOR_COMMANDS = {
    f"{setting_name('database')}_FILE",
    "HELIOGRAPH_DATA_DIR",
    "HELIOGRAPH_TRUSTED_PROXIES",
}
"""Variables that commands read and no function is given."""
SERVICE_KEYS = {
    "build",
    "cap_add",
    "cap_drop",
    "command",
    "depends_on",
    "entrypoint",
    "env_file",
    "environment",
    "healthcheck",
    "image",
    "mem_limit",
    "networks",
    "pids_limit",
    "ports",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "tmpfs",
    "volumes",
}


def stage(name: str) -> str:
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, name
    return found[1].replace("\\\n", " ")


def instruction(name: str, text: str) -> str:
    (found,) = re.findall(rf"^{name} (.+)$", text, re.MULTILINE)
    return str(found)


def compose(*names: str) -> dict[str, Any]:
    """Return what Compose makes of these files laid over each other, as far as we use it."""
    merged: dict[str, Any] = {}
    for name in names:
        _lay_over(merged, yaml.safe_load((DOCKER / name).read_text()))
    return merged


def _lay_over(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay_over(below[key], value)
        elif isinstance(value, list) and isinstance(below.get(key), list):
            below[key] = [*below[key], *value]
        else:
            below[key] = value


SETUPS = [
    ("compose.yaml",),
    ("compose.server.yaml",),
    ("compose.server.yaml", "compose.pgbouncer.yaml"),
]


# The images


def test_the_images_are_made_of_what_is_there() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    named = re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.MULTILINE)
    paths = " ".join(named).replace("${REQUIREMENTS}", "runtime.txt").split()
    assert "requirements/runtime-server.txt" in paths
    for path in paths:
        assert (ROOT / path).exists(), path
        assert any(f"!{part}" in ignored for part in (path, path.partition("/")[0])), path
    for name in IMAGES:
        (imports,) = re.findall(r'python -c "import (.+)"', stage(name))
        assert [module for module in imports.split(", ") if find_spec(module) is None] == []


def test_the_engine_is_sent_no_secret_and_no_data() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert sent == {
        "layers/core", "functions", "template.yaml", "requirements", "pyproject.toml",
        "README.md", "LICENSE", "infra/node", "infra/wheel.py", "frontend",
    }  # fmt: skip


def test_the_default_image_is_still_the_alert_runner() -> None:
    assert re.findall(r"^FROM \S+ AS (\S+)$", TEXT, re.MULTILINE)[-1] == "alerts"
    assert "chalice" not in stage("alerts-packages") + stage("alerts")
    assert "server" not in stage("alerts-packages")


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_runs_as_nobody_in_particular_and_ends_when_asked(name: str) -> None:
    text = stage(name)
    assert re.findall(r"^(USER|STOPSIGNAL|VOLUME) (.+)$", text, re.MULTILINE) == [
        ("USER", "10001:10001"),
        ("VOLUME", "/var/lib/heliograph"),
        ("STOPSIGNAL", "SIGTERM"),
    ]
    assert text.index("USER ") < text.index("ENTRYPOINT ")


@pytest.mark.parametrize("name", IMAGES)
def test_the_commands_of_an_image_are_commands_of_the_program(name: str) -> None:
    text = stage(name)
    assert json.loads(instruction("ENTRYPOINT", text)) == ["heliograph"]
    lines = re.findall(r"^(?:HEALTHCHECK .*?)?CMD (\[.+\])$", text, re.MULTILINE)
    check, command = map(json.loads, lines)
    assert check[0] == "heliograph"
    assert callable(parse_arguments(check[1:]).run)
    assert callable(parse_arguments(command).run)


def test_the_server_listens_for_the_outside_logs_for_machines_and_is_checked() -> None:
    text = stage("server")
    options = parse_arguments(json.loads(re.findall(r"^CMD (.+)$", text, re.MULTILINE)[-1]))
    assert (options.host, options.port, options.log_format) == ("0.0.0.0", 8000, "json")
    assert instruction("EXPOSE", text) == "8000"
    # Folder and secrets come in variables, so that commands beside it need no options.
    assert (options.data_dir, options.database_url) == (None, None)
    assert f"HELIOGRAPH_DATA_DIR={instruction('VOLUME', text)}" in text


def test_an_image_is_given_no_secret() -> None:
    # BuildKit and `docker history` show both to whoever has the image.
    told = re.findall(r"^(?:ARG|ENV) .+$", TEXT.replace("\\\n", " "), re.MULTILINE)
    assert len(told) > 4
    secret = re.compile(r"password|secret|token|_key|database", re.IGNORECASE)
    assert [line for line in told if secret.search(line)] == []
    assert "index-url" not in TEXT


# Compose


@pytest.mark.parametrize("names", SETUPS, ids=lambda names: names[-1])
def test_services_say_only_what_compose_knows_and_every_image_has_a_version(
    names: tuple[str, ...],
) -> None:
    document = compose(*names)
    assert set(document) <= {"services", "networks", "volumes", "secrets"}
    for name, service in document["services"].items():
        assert set(service) <= SERVICE_KEYS, name
        if "build" not in service:
            assert re.search(r":v?\d+\.\d+", service["image"]), name


@pytest.mark.parametrize("names", SETUPS, ids=lambda names: names[-1])
def test_what_a_service_names_is_declared(names: tuple[str, ...]) -> None:
    document = compose(*names)
    for name, service in document["services"].items():
        assert set(service.get("secrets", [])) <= document.get("secrets", {}).keys()
        assert set(service.get("networks", [])) <= document.get("networks", {}).keys()
        sources = [volume.partition(":")[0] for volume in service.get("volumes", [])]
        for source in sources:
            is_file = source.startswith(".")
            assert (DOCKER / source).exists() if is_file else source in document["volumes"], source
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, name
            assert "healthcheck" in document["services"][needed], needed


@pytest.mark.parametrize("names", SETUPS, ids=lambda names: names[-1])
def test_services_can_do_little_and_hold_little(names: tuple[str, ...]) -> None:
    for name, service in compose(*names)["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"mem_limit", "pids_limit", "restart"} <= service.keys(), name
        assert service.get("read_only") is True or name == "database", name
        published = service.get("ports", [])
        assert all(port.startswith("127.0.0.1:") for port in published), name


@pytest.mark.parametrize("names", SETUPS[1:], ids=lambda names: names[-1])
def test_the_server_is_told_only_what_settings_know_and_its_secret_by_a_file(
    names: tuple[str, ...],
) -> None:
    document = compose(*names)
    server = document["services"]["server"]
    known = {setting_name(field.name) for field in fields(AppSettings)} | FOR_COMMANDS
    assert set(server["environment"]) <= known
    place = server["environment"]["HELIOGRAPH_DATABASE_FILE"]
    assert place.removeprefix("/run/secrets/") == server["secrets"][-1]
    assert server["build"]["target"] == "server"
    assert parse_arguments(server["healthcheck"]["test"][2:]).run
    # Nothing secret stands in the files; what they name is no part of the repository.
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    for secret in document["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "/infra/docker/secrets/" in ignored


def test_a_service_has_the_time_to_end_that_it_needs() -> None:
    services = compose("compose.server.yaml")["services"]
    # 25 seconds for what runs, then the PostgreSQL that comes along.
    assert int(services["server"]["stop_grace_period"].removesuffix("s")) >= 30


def test_no_connection_may_point_into_the_network_of_the_app_database() -> None:
    document = compose(*SETUPS[2])
    (network,) = document["networks"]["inside"]["ipam"]["config"]
    assert document["networks"]["inside"]["internal"] is True
    forbidden = document["services"]["server"]["environment"]["HELIOGRAPH_FORBIDDEN_HOSTS"]
    assert forbidden == f"${{HELIOGRAPH_FORBIDDEN_HOSTS:-{network['subnet']}}}"
    for name in ("database", "pgbouncer"):
        assert document["services"][name]["networks"] == ["inside"]
        assert "ports" not in document["services"][name]


def test_pgbouncer_pools_by_transaction_where_it_is_looked_for() -> None:
    config = configparser.ConfigParser()
    config.read(DOCKER / "pgbouncer.ini")
    pooler = config["pgbouncer"]
    service = compose(*SETUPS[2])["services"]["pgbouncer"]
    assert pooler["pool_mode"] == "transaction"
    assert pooler["auth_file"] == f"/run/secrets/{service['secrets'][0]}"
    assert pooler["listen_port"] == service["healthcheck"]["test"][-1]
    assert config["databases"]["heliograph"].startswith("host=database port=5432 ")
