"""The SAM CLI and cfn-lint, which live in an environment of their own: ``.cache/sam``."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.repository import ROOT

FOLDER = ROOT / ".cache/sam"
_KEPT = ("HOME", "PATH", "TMPDIR", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")


def tool(name: str) -> Path:
    """Return a program of that environment; without it, say what makes it."""
    path = FOLDER / "bin" / name
    assert path.exists(), "There is no SAM CLI: run make .cache/sam/.installed, or make test."
    return path


def run_sam(
    *arguments: str, cwd: Path, state: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``sam``: without credentials and telemetry, and writing only to ``state`` and ``cwd``."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.upper().endswith("_PROXY") or name.startswith(("PIP_", "UV_"))
    }
    return subprocess.run(
        [str(tool("sam")), *arguments],
        cwd=cwd,
        env={
            **kept,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(state),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **(environment or {}),
        },
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


# What SAM's transform makes of the template, without AWS: what lies in S3 is made up.
_TRANSLATE = r"""
import json, os, sys
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
template = yaml_parse(sys.stdin.read())
template["Globals"]["Function"]["CodeUri"] = "s3://built-code/functions"
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::LayerVersion":
        resource["Properties"]["ContentUri"] = "s3://built-code/layer"
print(json.dumps(Translator({}, Parser()).translate(template, {}), default=str))
"""


def translate(template: Path) -> bytes:
    """Return what SAM's transform makes of a template, as JSON."""
    return subprocess.run(
        [tool("python"), "-I", "-c", _TRANSLATE],
        input=template.read_bytes(),
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout


def schema_of(kind: str) -> dict[str, Any]:
    """Return AWS's schema of a type of resource, as cfn-lint brings it."""
    (schemas,) = FOLDER.glob("lib/python3*/site-packages/cfnlint/data/schemas")
    names = json.loads((schemas / "providers/us-east-1.json").read_text())
    found: dict[str, Any] = json.loads((schemas / f"resources/{names[kind]}.json").read_text())
    return found
