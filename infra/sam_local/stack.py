"""What ``sam build`` makes of the template, ready for ``sam local``: invoked, and served.

::

    .cache/sam-local/build/
        template.yaml       what was built, with two changes: see `_adapt`
        samconfig.toml      so that ``sam local`` needs no options in this folder
        environment.json    what the functions are given
        events/             the events, about what there really is
        layers/             the layers, as the SAM CLI keeps those that it has fetched
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from infra.sam_local.cloud import CREDENTIALS, REGION
from infra.sam_local.relay import LOOPBACK
from infra.sam_local.trial import ROOT, TrialFailed, run

FOLDER = ROOT / ".cache/sam-local"
BUILD = FOLDER / "build"
SAM = ROOT / ".cache/sam/bin/sam"
PYTHON = "python3.13"
_LAYERS = ("CoreLayer", "DepsLayer")
_LAYER_ARN = "arn:aws:lambda:us-east-1:123456789012:layer:{name}:{version}"
_CONTAINER = re.compile(r"SAM_CONTAINER_ID: ([0-9a-f]{12,64})")
_BUILD_SECONDS = 600
_INVOKE_SECONDS = 300
_START_SECONDS = 120
_SAMCONFIG = """\
version = 0.1

[default.local_invoke.parameters]
region = "{region}"
env_vars = "environment.json"
layer_cache_basedir = "layers"

[default.local_start_api.parameters]
region = "{region}"
env_vars = "environment.json"
layer_cache_basedir = "layers"
warm_containers = "LAZY"
"""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a function answered: ``seconds`` in all, ``ran`` of them in its container."""

    answer: Any
    seconds: float
    ran: float


def build() -> None:
    """Build functions and layers, and make the folder that ``sam local`` runs in."""
    options: list[str | Path] = ["--build-dir", BUILD, "--cache-dir", FOLDER / "cache"]
    run([SAM, "build", *options], seconds=_BUILD_SECONDS, environment=_environment())
    path = BUILD / "template.yaml"
    template = yaml.safe_load(path.read_text())
    _adapt(template)
    path.write_text(yaml.safe_dump(template, sort_keys=False))
    (BUILD / "samconfig.toml").write_text(_SAMCONFIG.format(region=REGION))


def write_environment(variables: Mapping[str, str]) -> None:
    """Say what the functions find in their environment, each what the template gives it."""
    (BUILD / "environment.json").write_text(json.dumps({"Parameters": variables}, indent=2) + "\n")


def write_event(name: str, event: Mapping[str, Any]) -> Path:
    """Put an event into the folder and return its path."""
    path = BUILD / "events" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(event, indent=2) + "\n")
    return path


def invoke(function: str, event: Path) -> Invocation:
    """Run ``sam local invoke`` for a function, by its logical id.

    Raises `TrialFailed` when the function raises, or does not run at all.
    """
    command: list[str | Path] = [SAM, "local", "invoke", function, "--event", event, *_options()]
    began = time.monotonic()
    done = run(command, seconds=_INVOKE_SECONDS, folder=BUILD, environment=_environment())
    seconds = time.monotonic() - began
    report = re.search(r"\tDuration: ([\d.]+) ms", done.stderr)
    lines = done.stdout.strip().splitlines()
    answer = json.loads(lines[-1]) if lines else None
    if report is None or (isinstance(answer, dict) and "errorMessage" in answer):
        raise TrialFailed(f"{function} failed: {answer}\n{done.stderr.strip()[-2000:]}")
    return Invocation(answer, seconds, float(report[1]) / 1000)


@contextmanager
def serving() -> Iterator[str]:
    """Yield the URL at which ``sam local start-api`` answers; its containers are removed."""
    port, log = _free_port(), FOLDER / "start-api.log"
    where = ["--host", LOOPBACK, "--port", str(port)]
    command: list[str | Path] = [SAM, "local", "start-api", *where, *_options()]
    with log.open("w") as out:
        served = subprocess.Popen(  # noqa: S603
            command, cwd=BUILD, env=_environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _await_answers(served, port, log)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        served.send_signal(signal.SIGTERM)
        try:
            served.wait(30)
        except subprocess.TimeoutExpired:
            served.kill()
            served.wait()
        for container in _CONTAINER.findall(log.read_text()):
            with suppress(TrialFailed):  # it is gone already
                run(["docker", "rm", "--force", container])


def _await_answers(served: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends_at = time.monotonic() + _START_SECONDS
    while served.poll() is None and time.monotonic() < ends_at:
        with suppress(OSError), socket.create_connection((LOOPBACK, port), 1):
            return
        time.sleep(0.2)
    raise TrialFailed(f"sam local start-api does not listen: {log.read_text()[-2000:]}")


def _adapt(template: dict[str, Any]) -> None:
    """Change of a built template what keeps ``sam local`` from running it well.

    The SAM CLI gives a function no variable that its template does not name, so each is given the
    address of what stands in for AWS. And a layer of the template is built into an image anew at
    each invocation, 4 s and more each time; one that has a version is built once. So the layers
    get versions that follow from their content, and lie where the CLI keeps what it has fetched.
    """
    everywhere = template["Globals"]["Function"]
    everywhere["Environment"] = {"Variables": {"AWS_ENDPOINT_URL": ""}}
    everywhere["Layers"] = [_place_layer(name) for name in _LAYERS]


def _place_layer(name: str) -> str:
    version = int(_digest(BUILD / name)[:8], 16)
    arn = _LAYER_ARN.format(name=name, version=version)
    mark = hashlib.sha256(arn.encode()).hexdigest()[:10]
    target = BUILD / "layers" / f"{name}-{version}-{mark}"
    shutil.copytree(BUILD / name, target, dirs_exist_ok=True)
    return arn


def _digest(folder: Path) -> str:
    told = hashlib.sha256()
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        told.update(f"{path.relative_to(folder)} ".encode())
        told.update(hashlib.sha256(path.read_bytes()).digest())
    return told.hexdigest()


def _options() -> list[str]:
    return shlex.split(os.environ.get("SAM_OPTIONS", ""))


def _environment() -> dict[str, str]:
    """Return this process's environment, with nobody's account and settings in it."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "HELIOGRAPH_", "SAM_CLI_"))
    }
    return {**kept, **CREDENTIALS, "AWS_DEFAULT_REGION": REGION, "SAM_CLI_TELEMETRY": "0"}


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
