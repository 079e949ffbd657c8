"""A consumer of a queue and of ticks, which writes down what it was given.

A message is a JSON object: ``{"do": "note" | "fail" | "partly" | "wait", "folder": "..."}``; what
was done becomes a file in the folder.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TICKS: list[Mapping[str, Any]] = []
BATCHES: list[Mapping[str, Any]] = []


def work(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Do each message; say which have failed."""
    BATCHES.append(event)
    failures = []
    for record in event["Records"]:
        asked = json.loads(record["body"])
        if asked["do"] == "fail":
            raise ValueError("poison")
        if asked["do"] == "partly":
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        folder = Path(asked["folder"])
        if asked["do"] == "wait":
            begun = folder / "begun"
            if not begun.exists():  # the first time only
                begun.touch()
                time.sleep(2.5)
        with (folder / "done").open("a") as file:
            file.write(record["messageId"] + "\n")
    return {"batchItemFailures": failures}


def tick(event: Mapping[str, Any], context: Any) -> None:
    """Note that a schedule has fired.

    In a process that names a folder as ``SAMPLE_TICKS`` files tell of it: who has begun, who has
    done it. The first who begins takes 2.5 s.
    """
    TICKS.append(event)
    if "SAMPLE_TICKS" not in os.environ:
        return
    folder, name = Path(os.environ["SAMPLE_TICKS"]), f"{event['time']}-{os.getpid()}"
    is_first = not any(folder.glob(f"begun-{event['time']}-*"))
    (folder / f"begun-{name}").touch()
    if is_first:
        time.sleep(2.5)
    (folder / f"done-{name}").touch()
