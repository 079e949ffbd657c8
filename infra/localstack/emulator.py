"""LocalStack itself: in a container where its image can be had, else a process of this machine."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from infra.localstack.steps import CACHE, TrialFailed, expect, run, step, wait_for

IMAGE = "localstack/localstack:4.14.0"
MODES = ("auto", "container", "host")
NAME = f"heliograph-localstack-{os.getpid()}"
INIT = Path(__file__).with_name("lambda_init.py")
SETTINGS = {
    "DISABLE_EVENTS": "1",  # nothing is told to its makers
    "SKIP_SSL_CERT_DOWNLOAD": "1",
    "S3_SKIP_SIGNATURE_VALIDATION": "0",
    "LAMBDA_RUNTIME_ENVIRONMENT_TIMEOUT": "120",  # of 20 s, a busy machine needs more
    "MAIN_CONTAINER_NAME": NAME,  # its functions' containers are named after it
}
PASSED_ON = ("DEBUG", "LOCALSTACK_AUTH_TOKEN")
PASSED_ON_PREFIX = "LAMBDA_"
_PULL_SECONDS = 600
_READY_SECONDS = 120
_STOP_SECONDS = 10  # nothing of it is kept


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running LocalStack: its address for this machine, and where its log is."""

    url: str
    log: Path


def find_host_address() -> str:
    """Return where containers reach this machine. Raises `TrialFailed` without a Docker engine."""
    expect(shutil.which("docker") is not None, "docker is not installed; it needs a Docker engine")
    run("docker", "version", "--format", "{{.Server.Version}}", timeout=30)
    if address := os.environ.get("HOST_ADDRESS"):
        return address
    expect(
        platform.system() == "Linux",
        "HOST_ADDRESS is not set: an address of this machine that containers reach",
    )
    described = run("docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
    for network in json.loads(described) or ():
        if ":" not in network["Subnet"]:
            # Some engines leave the gateway out; it is the first address then.
            first = next(ip_network(network["Subnet"]).hosts())
            return str(network.get("Gateway") or first)
    raise TrialFailed("Docker's network bridge has no address; HOST_ADDRESS names one")


@contextmanager
def localstack(folder: Path, host: str) -> Iterator[Emulator]:
    """Run LocalStack with its files in ``folder``; ``host`` is this machine for containers."""
    port = int(os.environ.get("LOCALSTACK_PORT") or 4566)
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    expect(not taken, f"port {port} is taken; LOCALSTACK_PORT names another")
    url = f"http://127.0.0.1:{port}"
    log = folder / "localstack.log"
    with ExitStack() as stack:
        stack.callback(_remove_functions)
        has_image = _find_image()
        if not has_image:
            _install()
        with step("LocalStack is ready") as said:
            running = _container(port, log) if has_image else _process(folder, host, port, log)
            stack.enter_context(running)
            wait_for(lambda: _is_ready(url), _READY_SECONDS, "it does not answer")
            said.append(f"{url}, {'in a container' if has_image else 'a process of this machine'}")
        yield Emulator(url, log)


def _find_image() -> bool:
    """Decide by LOCALSTACK_MODE whether there is an image to run; else it is a process."""
    mode = os.environ.get("LOCALSTACK_MODE") or "auto"
    expect(mode in MODES, f"LOCALSTACK_MODE is one of {', '.join(MODES)}")
    if mode == "host":
        return False
    image = _image()
    with step("image of LocalStack") as said:
        try:
            if not _has(image):
                run("docker", "pull", "--quiet", image, timeout=_PULL_SECONDS)
        except TrialFailed:
            if mode == "container":
                raise
            said.append(f"{image} cannot be pulled; it will be a process of this machine")
            return False
        said.append(image)
    return True


def _install() -> None:
    with step("LocalStack is installed") as said:
        run("make", "--no-print-directory", ".cache/localstack/.installed", timeout=900)
        said.append("in .cache/localstack")


def _image() -> str:
    return os.environ.get("LOCALSTACK_IMAGE") or IMAGE


def _has(image: str) -> bool:
    try:
        run("docker", "image", "inspect", image)
    except TrialFailed:
        return False
    return True


def _settings() -> Mapping[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_ON or name.startswith(PASSED_ON_PREFIX)
    }
    return {**SETTINGS, **passed}


@contextmanager
def _container(port: int, log: Path) -> Iterator[None]:
    listen = f"0.0.0.0:{port}"  # inside
    settings = {**_settings(), "GATEWAY_LISTEN": listen}
    options = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
    docker_socket = "/var/run/docker.sock"
    run(
        *("docker", "run", "--detach", "--name", NAME, *options),
        *("--publish", f"127.0.0.1:{port}:{port}"),
        *("--volume", f"{docker_socket}:{docker_socket}", _image()),
    )
    with log.open("w") as file:
        subprocess.Popen(["docker", "logs", "--follow", NAME], stdout=file, stderr=file)  # noqa: S603, S607
    try:
        yield
    finally:
        with step("LocalStack is stopped"):
            run("docker", "stop", "-t", str(_STOP_SECONDS), NAME)
            run("docker", "rm", "--force", "--volumes", NAME)


@contextmanager
def _process(folder: Path, host: str, port: int, log: Path) -> Iterator[None]:
    own_init = "heliograph"  # a version of its own, for which nothing is downloaded
    settings = {
        **_settings(),
        "OVERRIDE_IN_DOCKER": "0",
        "FILESYSTEM_ROOT": str(folder / "root"),
        "TMPDIR": str(folder),
        "GATEWAY_SERVER": "hypercorn",  # the other one listens on every address
        "GATEWAY_LISTEN": f"{host}:{port},127.0.0.1:{port}",
        "HOSTNAME_FROM_LAMBDA": host,
        "DNS_ADDRESS": "0",
        "LAMBDA_INIT_RELEASE_VERSION": own_init,
    }
    kind = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    place = folder / f"root/var/lib/localstack/lib/lambda-runtime/{own_init}/{kind}/var/rapid/init"
    place.parent.mkdir(parents=True)
    shutil.copyfile(INIT, place)
    place.chmod(0o755)
    with log.open("w") as file:
        process = subprocess.Popen(  # noqa: S603
            [CACHE / "localstack/bin/python", "-m", "localstack.runtime.main"],
            cwd=folder,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C is for us: it is stopped in its turn
        )
    try:
        yield
    finally:
        with step("LocalStack is stopped") as said:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                said.append(f"killed, after {_STOP_SECONDS} s")


def _is_ready(url: str) -> bool | None:
    try:
        with urllib.request.urlopen(f"{url}/_localstack/health", timeout=5):  # noqa: S310
            return True
    except OSError:
        return None


def _remove_functions() -> None:
    """Remove what containers of functions LocalStack has left."""
    listed = run("docker", "ps", "--all", "--quiet", "--filter", f"name=^{NAME}-")
    if listed:
        run("docker", "rm", "--force", *listed.split())
