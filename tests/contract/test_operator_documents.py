"""What the operator's pages say is what the template, the program and the files are."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.support.repository import PACKAGE, ROOT
from tests.support.template import FUNCTIONS, RESOURCES, TEMPLATE

SECURITY = ROOT / "docs/explanation/security.md"
OPERATE = (ROOT / "docs/how-to/operate-on-aws.md").read_text()
COSTS = ROOT / "infra/costs/costs.py"


@pytest.fixture(scope="module")
def costs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costs", COSTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["costs"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def rows() -> list[list[str]]:
    """Return the cells of the table rows that name code and tests."""
    lines = SECURITY.read_text().splitlines()
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return [row for row in found if len(row) == 4 and "`" in row[2] and "`" in row[3]]


def test_every_file_that_the_threat_model_names_exists() -> None:
    missing = []
    for _, _, code, test in rows():
        named = re.findall(r"`([^`]+)`", code)
        places = [PACKAGE / one for one in named], [ROOT / one for one in named]
        missing += [
            one for one, *at in zip(named, *places, strict=True) if not any(map(Path.is_file, at))
        ]
        tests = re.findall(r"`([^`]+)`", test)
        missing += [one for one in tests if not (ROOT / "tests" / one).is_file()]
    assert missing == []
    assert len(rows()) > 30


def test_every_threat_has_a_wall_and_a_test() -> None:
    text = SECURITY.read_text()
    tables = text.partition("## Threats and walls")[2].partition("## What is left")[0]
    threats = [line for line in tables.splitlines() if re.match(r"\| (?!threat|---)", line)]
    assert [line for line in threats if line.count("test_") == 0] == []
    assert len(threats) == len(rows())


def test_what_it_costs_is_what_the_program_makes_of_the_template(costs: ModuleType) -> None:
    text = costs.DOCUMENT.read_text()
    assert costs.filled(text, costs.tables()) == text
    assert all(f"<!-- {name} -->\n|" in text for name in costs.tables())


def test_the_costs_follow_the_template(costs: ModuleType) -> None:
    own = costs.Deployment(DatabaseSecretArn="arn:aws:secretsmanager:r:1:secret:x")
    queries = FUNCTIONS["QueriesFunction"]["Properties"]["MemorySize"]
    assert own.gb("QueriesFunction") == queries / 1024
    assert sorted(own.ticks("JanitorFunction")) == [730, 43_800]
    assert own.polled_queues() == 3
    alone = costs.Deployment(Parts="alerts")
    assert (alone.polled_queues(), alone.ticks("AlertFileFunction")) == (0, [43_800])
    assert alone.count("AWS::CloudWatch::Alarm") == 3


def test_other_prices_make_other_tables(costs: ModuleType) -> None:
    dear = {name: 2 * price for name, price in costs.PRICES.items()}
    for line, twice in zip(costs.at_rest(costs.PRICES), costs.at_rest(dear), strict=True):
        assert twice.usd == pytest.approx(2 * line.usd)
    for name in costs.PRICES:
        changed = {**costs.PRICES, name: costs.PRICES[name] * 100 + 1}
        assert costs.tables(changed) != costs.tables(), f"{name} is in no table"


def test_concurrency_is_rate_times_duration(costs: ModuleType) -> None:
    small, large = costs.load_of(1_000), costs.load_of(100_000)
    seconds = costs.EVALUATION_SECONDS + 2 / costs.PROCESS_RATE
    assert small.concurrency == pytest.approx(1_000 / 300 * seconds)
    assert large.evaluations == pytest.approx(100 * small.evaluations)
    assert large.rows_a_day == pytest.approx(28_800_000)


def test_prices_come_from_a_file_too(tmp_path: Path) -> None:
    given = tmp_path / "prices.json"

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, COSTS, "--prices", given],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    given.write_text(json.dumps({"alarm_month": 1000}))
    assert "| 19,000.00 |" in run().stdout
    given.write_text(json.dumps({"alarms": 1}))
    refused = run()
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "no such price: alarms" in refused.stderr


def test_the_numbers_of_the_operator_s_guide_are_the_template_s() -> None:
    bounded = [
        name
        for name, function in FUNCTIONS.items()
        if "ApiReservedConcurrency" in json.dumps(function)
    ]
    assert len(bounded) == 6
    assert "the six functions of the API" in OPERATE
    defaults = {
        name: about["Default"]
        for name, about in TEMPLATE["Parameters"].items()
        if "Default" in about
    }
    most = 6 * 20 + defaults["QueryWorkers"] + defaults["ExportWorkers"] + 5
    assert 135 < most < 145
    assert "With 20, 10 and 4 that is some 140." in OPERATE
    assert FUNCTIONS["MigratorFunction"]["Properties"]["Timeout"] == 300
    assert "four of its five minutes" in OPERATE


def test_the_network_lets_in_what_the_threat_model_says() -> None:
    def group(name: str) -> dict[str, Any]:
        found: dict[str, Any] = RESOURCES[name]["Properties"]
        return found

    assert "SecurityGroupIngress" not in group("FunctionsSecurityGroup")
    functions = {
        "Fn::If": [
            "HasOwnSecurityGroup",
            {"Ref": "FunctionsSecurityGroup"},
            {"Fn::Select": [0, {"Ref": "SecurityGroupIds"}]},
        ]
    }
    for name, port in (("AuroraSecurityGroup", 5432), ("EndpointsSecurityGroup", 443)):
        (rule,) = group(name)["SecurityGroupIngress"]
        assert (rule["FromPort"], rule["ToPort"]) == (port, port)
        assert rule["SourceSecurityGroupId"] == functions
        assert "CidrIp" not in rule
    assert RESOURCES["AuroraInstance"]["Properties"]["PubliclyAccessible"] is False
    # From 17 on, Aurora PostgreSQL refuses what is not encrypted.
    allowed = TEMPLATE["Parameters"]["AuroraEngineVersion"]["AllowedPattern"]
    assert re.fullmatch(allowed, "17.5")
    assert not re.fullmatch(allowed, "16.9")
