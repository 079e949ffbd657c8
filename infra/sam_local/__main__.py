"""Run every function with ``sam local`` and hold it to its answer: ``make sam-local``.

It needs a Docker engine, the SAM CLI of ``.cache/sam`` and python3.13 with pip on the PATH.
``SAM_OPTIONS`` adds options to ``sam local``: ``--skip-pull-image`` uses images that are there.
``--stay`` prepares everything, says how to invoke single functions, and waits for Ctrl-C.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from infra.sam_local import stack
from infra.sam_local.answers import CHECKS, check_answer, check_migration
from infra.sam_local.events import event_names, fill, function_of, read_event
from infra.sam_local.neighbours import Neighbours, open_neighbours
from infra.sam_local.requests import go_round
from infra.sam_local.trial import ROOT, TrialFailed, run, say
from infra.sam_local.world import World

from heliograph.kernel.actors import SYSTEM
from heliograph.kernel.errors import HeliographError
from heliograph.local.template import read_template
from heliograph.platform.migrations import migrate, read_migrations

_FUNCTION = "AWS::Serverless::Function"
# A cold function on a busy machine may take longer to load than health checks may take.
_ATTEMPTS = {"system": 3}


def main(arguments: list[str] | None = None) -> int:
    """Try everything, or prepare it and wait; 1 when something is missing or does not hold."""
    parser = argparse.ArgumentParser(prog="python -m infra.sam_local", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="prepare everything and wait")
    chosen = parser.parse_args(arguments)
    failures: list[str] = []
    try:
        check_tools()
        began = time.monotonic()
        stack.build()
        say("sam build", f"{time.monotonic() - began:.0f} s")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            with open_neighbours(Path(folder)) as neighbours:
                say("containers reach", f"{neighbours.doorstep.name}")
                if chosen.stay:
                    stay(neighbours)
                else:
                    failures = [*invoke_all(neighbours), *serve(neighbours)]
    except (TrialFailed, HeliographError, subprocess.SubprocessError) as error:
        failures.append(str(error))
    for failure in failures:
        print(f"The trial failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def check_tools() -> None:
    """Raise `TrialFailed` that says what is missing."""
    if not stack.SAM.exists():
        raise TrialFailed("the SAM CLI is not installed: make .cache/sam/.installed")
    if shutil.which(stack.PYTHON) is None:
        raise TrialFailed(f"{stack.PYTHON}, the functions' runtime, is not on the PATH.")
    if shutil.which("docker") is None:
        raise TrialFailed("docker is not installed; it needs a Docker engine.")
    try:
        engine = run(["docker", "version", "--format", "{{.Server.Version}}"]).stdout.strip()
    except TrialFailed as error:
        raise TrialFailed(f"no Docker engine answers: {error}") from None
    say("engine", engine)
    say("SAM CLI", run([stack.SAM, "--version"]).stdout.split()[-1])


def invoke_all(neighbours: Neighbours) -> list[str]:
    """Invoke each function with its events; return what does not hold, all of it."""
    outside, inside = neighbours.make_cloud(neighbours.make_database("events"))
    stack.write_environment(inside.variables)
    began_without = [migration.title for migration in read_migrations()]
    sample = read_event("migrator")
    event = fill(sample, {sample["ResponseURL"]: inside.answer_url()})
    done = stack.invoke(_logical_ids()["migrator"], stack.write_event("migrator", event))
    told = check_migration(done.answer, outside.read_answer(), pending=began_without)
    _say_invoked("migrator", done, told)
    failures = []
    with neighbours.services(outside) as services:
        world = neighbours.make_world(services, outside)
        for name in CHECKS:
            try:
                _invoke_one(name, world)
            except TrialFailed as error:
                say(name, "FAILED")
                failures.append(f"{name}: {error}")
    return failures


def _invoke_one(name: str, world: World) -> None:
    path = stack.write_event(name, world.fill(read_event(name)))
    for left in reversed(range(_ATTEMPTS.get(name, 1))):
        done = stack.invoke(_logical_ids()[function_of(name)], path)
        try:
            told = check_answer(name, done.answer, world)
        except TrialFailed:
            if not left:
                raise
        else:
            _say_invoked(name, done, told)
            return


def serve(neighbours: Neighbours) -> list[str]:
    """Go through HTTP from an empty installation to rows; return what does not hold."""
    database_url = neighbours.make_database("api")
    outside, inside = neighbours.make_cloud(database_url)
    migrate(database_url)
    with neighbours.services(outside) as services:
        link = services.links.create_setup_link(SYSTEM)
    stack.write_environment(inside.variables)
    shop_url = neighbours.inside(neighbours.shop_url)
    try:
        with stack.serving() as url:
            go_round(url, link.partition("#token=")[2], shop_url, neighbours.count_orders())
    except TrialFailed as error:
        return [f"start-api: {error}"]
    return []


def stay(neighbours: Neighbours) -> None:
    """Make a world and its events, say how to use them, and wait for Ctrl-C."""
    database_url = neighbours.make_database("events")
    outside, inside = neighbours.make_cloud(database_url)
    migrate(database_url)
    stack.write_environment(inside.variables)
    with neighbours.services(outside) as services:
        world = neighbours.make_world(services, outside)
        for name in event_names():
            event = world.fill(read_event(name))
            url = event.get("ResponseURL")
            stack.write_event(name, fill(event, {url: inside.answer_url()}) if url else event)
        sam = stack.SAM.relative_to(ROOT)
        print(f"\nIn another terminal, until Ctrl-C here:\n  cd {stack.BUILD.relative_to(ROOT)}")
        print(f"  ../../../{sam} local invoke SystemFunction --event events/system.json")
        print(f"  ../../../{sam} local start-api", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _say_invoked(name: str, done: stack.Invocation, told: str) -> None:
    say(name, f"{done.seconds:5.1f} s, {done.ran:5.2f} s in the function: {told}")


def _logical_ids() -> dict[str, str]:
    functions = read_template(ROOT / "template.yaml").all_resources.items()
    return {
        about["Properties"]["Handler"].partition(".")[0]: name
        for name, about in functions
        if about["Type"] == _FUNCTION
    }


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that all is stopped then, too
    raise SystemExit(main())
