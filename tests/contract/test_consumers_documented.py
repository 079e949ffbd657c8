"""Each function that a queue calls has a page in the reference, and what it says is so."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.contract.test_template_wiring import events, load_handler
from tests.support.repository import PACKAGE, ROOT
from tests.support.template import (
    FOLDERS,
    FUNCTIONS,
    RESOURCES,
    listed,
    references,
    resources,
    statements,
)

from heliograph.platform.settings import FUNCTION_SETTINGS, setting_name

CONSUMERS = {folder: name for name, folder in FOLDERS.items() if events(name, "SQS")}
"""Folder of ``functions/``: logical id, of every function that a queue of the template calls."""

PAGES = ROOT / "docs/reference/functions"
HEADINGS = [
    "What calls it",
    "A message",
    "What it does",
    "Twice, late, never",
    "What goes wrong",
    "Dead letters",
    "Settings",
    "Alarms",
    "The log",
]
FOLDER = pytest.mark.parametrize("folder", CONSUMERS)


def part(folder: str, heading: str) -> str:
    """Return what stands under a heading of a function's page."""
    text = (PAGES / f"{folder}.md").read_text()
    found = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def table(folder: str, heading: str) -> dict[str, str]:
    """Return the table under a heading, the first cell of each row and the second one."""
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in part(folder, heading).splitlines()
        if line.startswith("|")
    ]
    return {cells[0].strip("` "): cells[1].strip() for cells in rows[2:]}


def source(folder: str) -> Any:
    (event,) = events(CONSUMERS[folder], "SQS").values()
    return event


def queue_of(folder: str) -> str:
    return str(source(folder)["Queue"]["Fn::GetAtt"][0])


def dead_letters_of(folder: str) -> str:
    redrive = RESOURCES[queue_of(folder)]["Properties"]["RedrivePolicy"]
    return str(redrive["deadLetterTargetArn"]["Fn::GetAtt"][0])


def test_every_function_that_a_queue_calls_has_a_page_and_no_other_has() -> None:
    assert {"schema_reader", "query_runner", "export_writer"} <= CONSUMERS.keys()
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(CONSUMERS)
    overview = (ROOT / "docs/README.md").read_text()
    for folder in CONSUMERS:
        assert f"(reference/functions/{folder}.md)" in overview


@FOLDER
def test_a_page_says_the_same_things_in_the_same_order(folder: str) -> None:
    text = (PAGES / f"{folder}.md").read_text()
    assert text.startswith(f"# `{folder}`\n")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS


@FOLDER
def test_a_page_says_what_calls_its_function_and_how(folder: str) -> None:
    about, queue = FUNCTIONS[CONSUMERS[folder]]["Properties"], queue_of(folder)
    properties, dead = RESOURCES[queue]["Properties"], dead_letters_of(folder)
    most = source(folder)["ScalingConfig"]["MaximumConcurrency"]
    days = RESOURCES[dead]["Properties"]["MessageRetentionPeriod"] // 86_400
    assert table(folder, "What calls it") == {
        "queue": f"`{queue}`",
        "handler": f"`{about['Handler']}`",
        "batch size": f"{source(folder)['BatchSize']}",
        "at once": f"the parameter `{most['Ref']}`" if isinstance(most, dict) else f"{most}",
        "timeout": f"{about['Timeout']} seconds",
        "memory": f"{about['MemorySize']} MB",
        "visibility timeout": f"{properties['VisibilityTimeout']} seconds",
        "receives": f"{properties['RedrivePolicy']['maxReceiveCount']}",
        "dead letters": f"`{dead}`, kept for {days} days",
    }


@FOLDER
def test_the_message_on_a_page_is_one_that_the_function_reads(folder: str) -> None:
    module, _ = load_handler(CONSUMERS[folder])
    (example,) = re.findall(r"```json\n(.*?)```", part(folder, "A message"), re.DOTALL)
    consumer = module._consumer
    assert consumer.function == folder
    assert json.loads(consumer.read(example).to_body()) == json.loads(example)
    with pytest.raises(ValueError, match="message"):
        consumer.read("{}")


@FOLDER
def test_those_who_send_messages_are_functions_that_may(folder: str) -> None:
    arn = {"Fn::GetAtt": [queue_of(folder), "Arn"]}
    allowed = {
        sender
        for name, sender in FOLDERS.items()
        for statement in statements(name)
        if "sqs:SendMessage" in listed(statement["Action"])
        if arn in listed(statement["Resource"])
    }
    told = " ".join(re.findall(r"^\| (`.*?) \|", part(folder, "A message"), re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", told)) == allowed


@FOLDER
def test_a_page_lists_the_settings_of_its_function(folder: str) -> None:
    told = re.findall(r"`(HELIOGRAPH_\w+)`", part(folder, "Settings"))
    assert told == [setting_name(field) for field in FUNCTION_SETTINGS[folder]]


@FOLDER
def test_a_page_lists_the_alarms_of_its_function_and_of_its_queues(folder: str) -> None:
    watched = {CONSUMERS[folder], queue_of(folder), dead_letters_of(folder)}
    alarms = {
        name
        for name, alarm in resources("AWS::CloudWatch::Alarm").items()
        if watched & set(references(alarm["Properties"].get("Dimensions", [])))
    }
    assert len(alarms) >= 3
    assert table(folder, "Alarms").keys() == alarms


@FOLDER
def test_a_page_lists_the_events_that_consumers_log(folder: str) -> None:
    code = (PACKAGE / "web/consumers.py").read_text()
    logged = set(re.findall(r'log\(f"\{self\.function\}\.(\w+)"', code))
    assert logged == {"done", "failed", "message_invalid"}
    assert table(folder, "The log").keys() == {f"{folder}.{event}" for event in logged}


@FOLDER
def test_a_page_says_how_dead_letters_come_back(folder: str) -> None:
    (commands,) = re.findall(r"```sh\n(.*?)```", part(folder, "Dead letters"), re.DOTALL)
    assert "aws sqs start-message-move-task --source-arn" in commands
    assert "heliograph doctor --redrive" in commands
