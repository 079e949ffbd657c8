"""The files of this repository, for the tests that hold them to their rules."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers/core/heliograph"
_NOT_OURS = {".git", ".venv", ".cache", ".heliograph", ".hypothesis", "__pycache__", "dist"}
_NOT_OURS |= {"node_modules"}


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return the files that git tracks or would track; without git, all but what is generated."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
        return tuple(file for file in files if file.is_file())
    return tuple(
        file
        for file in sorted(ROOT.rglob("*"))
        if file.is_file() and not _NOT_OURS & set(file.relative_to(ROOT).parts)
    )


@cache
def package_modules() -> tuple[Path, ...]:
    """Return every Python module of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


def module_name(path: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def documents() -> tuple[Path, ...]:
    """Return the Markdown files."""
    return tuple(file for file in tracked_files() if file.suffix == ".md")
