"""The SAM CLI and cfn-lint, which live in an environment of their own: ``.cache/sam``."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

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
