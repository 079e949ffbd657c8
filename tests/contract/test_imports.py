"""Importing is free: no network, no files, no environment, no threads, and little code."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from tests.support.repository import module_name, package_modules

MODULES = [module_name(path) for path in package_modules() if path.name != "__main__.py"]

# Each module is imported in a fork of an interpreter that has imported nothing of it yet: as fresh
# as a new process, at a tenth of the price.
PROBE = r"""
import gc, json, os, sys, threading, traceback

gc.disable()  # a child that lives for one import has nothing to collect
ALLOWED = tuple(os.path.realpath(p) for p in {sys.prefix, sys.base_prefix, *sys.path} if p)
THREADS = "/proc/self/task"

def watch(seen):
    def hook(event, arguments):
        if event.startswith(("socket.", "subprocess.", "os.exec", "os.posix_spawn", "os.system")):
            # A class that derives from socket makes no socket: `socket.__new__` is the object.
            seen.append(event)
        elif event == "os.fork":
            seen.append(event)
        elif event == "open":
            path, mode, flags = arguments
            is_written = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
            is_module = not isinstance(path, int) and os.path.realpath(
                os.fsdecode(path)).startswith(ALLOWED)
            if is_written or not is_module:
                seen.append(f"open {path}")
        elif event in ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "os.putenv"):
            seen.append(event)
    sys.addaudithook(hook)

def examine(name):
    seen = []
    count = len(os.listdir(THREADS)) if os.path.isdir(THREADS) else 1
    watch(seen)
    try:
        __import__(name)
    except BaseException:
        return {"problem": traceback.format_exc()}
    acts, seen = list(seen), []
    now = len(os.listdir(THREADS)) if os.path.isdir(THREADS) else 1
    return {
        "acts": acts,
        "threads": max(threading.active_count() - 1, now - count),
        "loaded": sorted({module.partition(".")[0] for module in sys.modules}),
    }

found = {}
for name in json.loads(sys.stdin.read()):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as out:
            out.write(json.dumps(examine(name)))
            out.flush()
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        found[name] = json.loads(answer.read() or '{"problem": "it ended the process"}')
    os.waitpid(child, 0)
print(json.dumps(found))
"""


def probe(names: list[str], setup: str = "") -> dict[str, Any]:
    """Import each module in an interpreter of its own, without an environment, and tell."""
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", setup + PROBE],
        input=json.dumps(names).encode(),
        env={},
        capture_output=True,
        timeout=110,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@cache
def all_found() -> dict[str, Any]:
    return probe(MODULES)


def test_every_module_imports_by_itself_in_an_empty_environment() -> None:
    problems = {name: found["problem"] for name, found in all_found().items() if "problem" in found}
    assert problems == {}


def test_importing_opens_no_socket_and_no_file() -> None:
    acts = {name: found["acts"] for name, found in all_found().items() if found.get("acts")}
    assert acts == {}


def test_importing_leaves_no_thread() -> None:
    assert {name: n["threads"] for name, n in all_found().items() if n.get("threads")} == {}


@pytest.mark.parametrize(
    ("name", "source", "act"),
    [
        ("reads_a_file", "open('/etc/hostname')", "open /etc/hostname"),
        ("writes_a_file", "import os; open(os.devnull, 'w')", "open /dev/null"),
        ("opens_a_socket", "import socket; socket.socket()", "socket.__new__"),
    ],
)
def test_the_probe_sees_what_it_is_to_forbid(name: str, source: str, act: str) -> None:
    assert act in probe([name], _made_up(name, source))[name]["acts"]


def test_the_probe_sees_threads_and_passes_the_innocent() -> None:
    setup = _made_up("thread", "import threading; threading.Thread(target=input, daemon=True)")
    assert probe(["thread"], setup)["thread"]["threads"] == 0
    waits = "import threading as t; t.Thread(target=t.Event().wait, daemon=True).start()"
    found = probe(["waits"], _made_up("waits", waits))["waits"]
    assert (found["threads"], found["acts"]) == (1, [])


HEAVY = {
    "boto3",
    "httpcore",
    "jinja2",
    "openpyxl",
    "orjson",
    "pgparse",
    "psycopg",
    "pydantic",
    "yaml",
}


def test_the_command_line_starts_without_what_it_may_not_need() -> None:
    found = probe(["heliograph.cli", "heliograph.cli.query"])
    assert HEAVY & set(found["heliograph.cli"]["loaded"]) == set()
    # A query that is refused, or a mistake in an option, is answered before the driver loads.
    assert (HEAVY - {"pgparse"}) & set(found["heliograph.cli.query"]["loaded"]) == set()


def _made_up(name: str, source: str) -> str:
    """Return code that makes ``import name`` run ``source``."""
    return (
        "import sys, importlib.abc, importlib.machinery\n"
        "class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        return importlib.machinery.ModuleSpec(name, self) if name == {name!r} else None\n"
        f"    def exec_module(self, module): exec({source!r}, module.__dict__)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
