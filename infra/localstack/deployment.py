"""Building and deploying the stack, and what came of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from infra.localstack.steps import CACHE, ROOT, expect, run, step
from infra.localstack.variant import make_variant

SAM = CACHE / "sam/bin/sam"
FOLDER = CACHE / "localstack-build"
STACK = "heliograph"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
SECRET = "heliograph/database"  # noqa: S105  (the name; samconfig.toml has its ARN)
PYTHON = "python3.13"


@dataclass(frozen=True)
class Deployment:
    """The stack that was deployed, seen from this machine: ``url`` is that of LocalStack."""

    url: str
    outputs: Mapping[str, str]

    @property
    def api_url(self) -> str:
        """Return what paths like ``/api/health`` are appended to."""
        api_id = (urlsplit(self.outputs["ApiUrl"]).hostname or "").partition(".")[0]
        return f"{self.url}/_aws/execute-api/{api_id}/live"

    @cached_property
    def session(self) -> Any:
        """Return what makes clients."""
        return _session(self.url)

    def client(self, service: str) -> Any:
        """Return a client of an AWS service."""
        return self.session.client(service, endpoint_url=self.url)

    def invoke(self, output: str, event: Mapping[str, Any]) -> Any:
        """Invoke the function that an output names, and return its answer."""
        answer = self.client("lambda").invoke(
            FunctionName=self.outputs[output], Payload=json.dumps(event)
        )
        said = answer["Payload"].read().decode()
        expect("FunctionError" not in answer, f"{output} ended with {said[:1000]}")
        return json.loads(said)

    def events(self, output: str, event: str) -> list[dict[str, Any]]:
        """Return the log lines of one event that a function has written, oldest first."""
        logs = self.client("logs")
        group = f"/aws/lambda/{self.outputs[output]}"  # whatever the template's LoggingConfig says
        try:
            pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=group))
        except logs.exceptions.ResourceNotFoundException:
            return []  # it has not been called yet
        lines = [each["message"] for page in pages for each in page["events"]]
        found = [json.loads(line) for line in lines if line.startswith("{") and event in line]
        return [line for line in found if line.get("event") == event]


def check_tools() -> None:
    """Raise `TrialFailed` that says which program a build needs and this machine has not."""
    expect(shutil.which(PYTHON) is not None, f"{PYTHON} is not on the PATH; sam build needs it")
    run(PYTHON, "-m", "pip", "--version")  # a shim may lead nowhere


def deploy(url: str, database: str) -> Deployment:
    """Build, make the variant, and deploy it with samconfig.toml's environment ``localstack``."""
    environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": url, "SAM_CLI_TELEMETRY": "0"}
    config = ("--config-file", ROOT / "samconfig.toml", "--config-env", "localstack")
    with step("sam build") as said:
        folders = ("--build-dir", FOLDER / "build", "--cache-dir", FOLDER / "cache")
        run(SAM, "build", *config, *folders, timeout=900, environment=environment)
        said.append("functions and layers")
    with step("variant without layers") as said:
        template = make_variant(FOLDER / "build", FOLDER / "variant")
        size = (template.parent / "functions.zip").stat().st_size
        said.append(f"one zip of {size / 1e6:.0f} MB")
    with step("sam deploy") as said:
        _keep_secret(url, database)
        run(
            SAM,
            "deploy",
            *config,
            "--template-file",
            template,
            timeout=900,
            environment=environment,
        )
        stack = (
            _session(url)
            .client("cloudformation", endpoint_url=url)
            .describe_stacks(StackName=STACK)["Stacks"][0]
        )
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        said.append(f"{stack['StackStatus']}, {len(outputs)} outputs")
    return Deployment(url, outputs)


def _keep_secret(url: str, database: str) -> None:
    _session(url).client("secretsmanager", endpoint_url=url).create_secret(
        Name=SECRET, SecretString=database
    )


def _session(url: str) -> Any:
    import boto3  # noqa: PLC0415

    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
    )
