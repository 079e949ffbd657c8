"""What ``sam build`` makes of template.yaml, built once for all workers and kept in ``.cache``."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.repository import ROOT
from tests.support.sam_cli import run_sam
from tests.support.template import TEMPLATE

FOLDER = ROOT / ".cache/built-functions"
RUNTIME: str = TEMPLATE["Globals"]["Function"]["Runtime"]


@dataclass(frozen=True, slots=True)
class Built:
    """The folder that was built, with a folder per function and layer, and for which Python."""

    folder: Path
    python: Path
    version: str

    @property
    def core(self) -> Path:
        """What is importable of the layer ``core``."""
        return self.folder / "CoreLayer/python"

    @property
    def deps(self) -> Path:
        """What is importable of the layer ``deps``."""
        return self.folder / "DepsLayer/python"


@cache
def build_functions() -> Built:
    """Return what ``sam build`` makes now; nothing is built twice for the same sources.

    It is built for the template's runtime where this machine has such an interpreter, else for the
    one that runs the tests, from a copy of the template that says so.
    """
    python = _find_python()
    version = RUNTIME.removeprefix("python")
    if python is None:
        python, version = Path(sys.executable), f"{sys.version_info[0]}.{sys.version_info[1]}"
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = FOLDER / _digest(version)
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for old in FOLDER.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            _build(folder, python, version)
    return Built(folder / "build", python, version)


def _build(folder: Path, python: Path, version: str) -> None:
    made = folder.with_suffix(".new")
    source = made / "source"
    source.mkdir(parents=True)
    for name in ("functions", "layers"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=left_out)
    text = (ROOT / "template.yaml").read_text()
    (source / "template.yaml").write_text(text.replace(RUNTIME, f"python{version}"))
    # Wheels for Lambda can be imported on Linux of the same kind alone.
    is_like_lambda = (platform.system(), platform.machine()) == ("Linux", "x86_64")
    done = run_sam(
        "build",
        "--build-dir",
        str(made / "build"),
        cwd=source,
        state=made / "state",
        environment={
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            "LAYER_PYTHON": str(python),
            "LAYER_VERSION": version,
            **({} if is_like_lambda else {"LAYER_PLATFORMS": ""}),
        },
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(source)
    made.rename(folder)


def _find_python() -> Path | None:
    """Return an interpreter of the template's runtime: on PATH, or among those of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    pattern = f"versions/{RUNTIME.removeprefix('python')}*/bin/{RUNTIME}"
    on_path = shutil.which(RUNTIME)
    candidates = [*([Path(on_path)] if on_path else []), *sorted(pyenv.glob(pattern))]
    return next(filter(_is_usable, candidates), None)


def _is_usable(python: Path) -> bool:
    """Say whether it runs at all (a shim may lead nowhere) and brings pip."""
    done = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    return done.returncode == 0


def _digest(version: str) -> str:
    """Return the name of all that goes into the build."""
    told = hashlib.sha256(f"{version} {platform.system()} {platform.machine()}".encode())
    files = [ROOT / "template.yaml", *ROOT.glob("functions/**/*"), *ROOT.glob("layers/**/*")]
    for file in sorted(files):
        if file.is_file() and "__pycache__" not in file.parts:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            told.update(f"{file.relative_to(ROOT).as_posix()} {content}\n".encode())
    return told.hexdigest()[:16]
