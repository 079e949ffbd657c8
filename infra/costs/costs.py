"""What Heliograph costs on AWS: at rest, for queries, for alerts; and a load model of alerts.

``python infra/costs/costs.py`` prints the tables of docs/reference/costs.md. Memory, schedules and
numbers of alarms, secrets, keys and endpoints come from template.yaml; prices and assumptions stand
below. ``--prices FILE`` takes others: a JSON object with some of the names in `PRICES`.
``--write`` puts the tables into the document.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from heliograph.local.schedule_expressions import Rate, parse_schedule
from heliograph.local.template import Template, read_template

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/reference/costs.md"

# USD, us-east-1, list prices as publicly known in 2025, without free tiers, discounts and taxes.
PRICES: Mapping[str, float] = {
    "lambda_gb_second": 0.0000166667,
    "lambda_million": 0.20,
    "api_million": 3.50,
    "sqs_million": 0.40,
    "s3_put_million": 5.00,
    "s3_get_million": 0.40,
    "kms_key_month": 1.00,
    "kms_million": 3.00,
    "secret_month": 0.40,
    "secret_million": 5.00,
    "alarm_month": 0.10,
    "logs_gb": 0.50,
    "endpoint_zone_hour": 0.01,
    "nat_hour": 0.045,
    "aurora_unit_hour": 0.12,
    "cloudfront_million": 1.00,
}

HOURS = 730  # a month
MINUTES = HOURS * 60
MILLION = 1_000_000

LOOK_SECONDS = 0.1  # 15 ms of a whole CPU measured, 512 MB have 0.29 of one, and a trip to S3
CLEAN_SECONDS = 1.0
LEAST_UNITS = 0.5  # what a cluster takes at least while it is awake
AWAKE_SECONDS = 315  # a look, and the 300 s without a connection after which it sleeps
POLLS_A_MINUTE = 15  # of an idle queue: five pollers, 20 s each
ZONES = 2
LINE_BYTES = 350  # a line of a log
QUERY_SECONDS = 0.1  # what the asked database takes for a quick query
OVERHEAD_SECONDS = 0.03  # six measured on one machine, and round trips inside of AWS
LONG_SECONDS = 30.0  # a query that goes to a worker
LONG_WAITS = 2  # requests that wait for it: 10 s, then up to 25 s
PACKS = 3  # S3 objects of its result, 8 MB each
EVALUATION_SECONDS = 0.1  # what the asked database takes for the query of an alert
STATE_SECONDS = (
    0.1  # two writes to S3 and a read, one after the other: docs/reference/alert-state.md
)
STATE_WRITES, STATE_READS = 2, 1
CPU_SHARE = 512 / 1769  # of one CPU, which a function of 512 MB gets
PROCESS_RATE = 520.0  # evaluations a second of one process with two shared cores: README
ALERT_MINUTES = 5.0  # how often an alert is evaluated
FIRING = 0.01  # evaluations that tell somebody something
MESSAGES_A_BATCH = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: what, how it comes to be, USD."""

    what: str
    how: str
    usd: float


@cache
def _read() -> Template:
    return read_template(ROOT / "template.yaml")


class Deployment:
    """What the template says of a deployment with these parameters."""

    def __init__(self, **parameters: str) -> None:
        read = _read()
        document = {
            "Parameters": {**read._parameters},
            "Conditions": read._conditions,
            "Globals": read.globals,
            "Resources": read.all_resources,
        }
        for name, value in parameters.items():
            document["Parameters"][name] = {**document["Parameters"][name], "Default": value}
        self.template = Template(document, name="template.yaml")
        self.functions = self.template.of_type("AWS::Serverless::Function")

    def count(self, kind: str) -> int:
        """Return how many resources of a type there are."""
        return len(self.template.of_type(kind))

    def gb(self, function: str) -> float:
        """Return the memory of a function in GiB."""
        return float(self.functions[function]["MemorySize"]) / 1024

    def ticks(self, function: str) -> list[int]:
        """Return how often a month each schedule of a function comes."""
        events = self.functions[function]["Events"].values()
        return [
            round(HOURS * 3600 / schedule.seconds)
            for event in events
            if event["Type"] == "Schedule"
            and isinstance(schedule := parse_schedule(event["Properties"]["Schedule"]), Rate)
        ]

    def interface_endpoints(self) -> int:
        """Return how many endpoints there are that cost by the hour."""
        found = self.template.of_type("AWS::EC2::VPCEndpoint").values()
        return sum(one["VpcEndpointType"] == "Interface" for one in found)

    def polled_queues(self) -> int:
        """Return how many queues Lambda polls."""
        return sum(
            event["Type"] == "SQS"
            for function in self.functions.values()
            for event in function.get("Events", {}).values()
        )


def compute(gb: float, seconds: float, calls: float, prices: Mapping[str, float]) -> float:
    """Return what calls of a function cost that take so long."""
    return (
        calls * gb * seconds * prices["lambda_gb_second"]
        + calls / MILLION * prices["lambda_million"]
    )


def at_rest(prices: Mapping[str, float]) -> Iterator[Line]:
    """Yield what a month costs in which nobody asks anything."""
    network = {"VpcId": "vpc-0", "SubnetIds": "subnet-0,subnet-1"}
    own = Deployment(DatabaseSecretArn="arn:aws:secretsmanager:r:1:secret:x")
    aurora = Deployment(**network)
    hour, minute = sorted(own.ticks("JanitorFunction"))
    gb = own.gb("JanitorFunction")
    yield Line(
        "janitor, each minute",
        f"{minute:,} calls of {LOOK_SECONDS} s, one GET each",
        compute(gb, LOOK_SECONDS, minute, prices) + minute / MILLION * prices["s3_get_million"],
    )
    yield Line(
        "janitor, each hour",
        f"{hour:,} calls of {CLEAN_SECONDS:g} s, one secret read each",
        compute(gb, CLEAN_SECONDS, hour, prices) + hour / MILLION * prices["secret_million"],
    )
    polls = own.polled_queues() * POLLS_A_MINUTE * MINUTES
    yield Line(
        "polling of queues",
        f"{own.polled_queues()} queues, {polls:,} requests",
        polls / MILLION * prices["sqs_million"],
    )
    alarms = own.count("AWS::CloudWatch::Alarm")
    yield Line("alarms", f"{alarms}", alarms * prices["alarm_month"])
    keys = own.count("AWS::KMS::Key")
    yield Line(
        "the key",
        f"{keys}; one more for each of its first two yearly rotations",
        keys * prices["kms_key_month"],
    )
    yield Line("the secret of the database", "1", prices["secret_month"])
    size = (minute + hour) * 3 * LINE_BYTES / 1e9
    yield Line(
        "logs",
        f"{size:.2f} GB: three lines a call of janitor",
        size * prices["logs_gb"],
    )
    yield from _databases(aurora, hour, prices)
    yield from _networks(network, prices)


def _databases(deployment: Deployment, hour: int, prices: Mapping[str, float]) -> Iterator[Line]:
    assert deployment.count("AWS::RDS::DBInstance") == 1
    awake = hour * AWAKE_SECONDS / 3600
    yield Line(
        "*or* Aurora that sleeps, `AuroraMinCapacity=0`",
        f"awake {awake:.0f} h: {AWAKE_SECONDS} s after each hour's look, {LEAST_UNITS} units",
        awake * LEAST_UNITS * prices["aurora_unit_hour"],
    )
    yield Line(
        "*or* Aurora that does not, `AuroraMinCapacity=0.5`",
        f"{HOURS} h, {LEAST_UNITS} units",
        HOURS * LEAST_UNITS * prices["aurora_unit_hour"],
    )


def _networks(network: Mapping[str, str], prices: Mapping[str, float]) -> Iterator[Line]:
    inside = Deployment(**network, VpcEndpoints="true", RouteTableIds="rtb-0")
    endpoints = inside.interface_endpoints()
    yield Line(
        "*or* endpoints, `VpcEndpoints=true`",
        f"{endpoints} by the hour, in {ZONES} zones; that of S3 is free",
        endpoints * ZONES * HOURS * prices["endpoint_zone_hour"],
    )
    yield Line("*or* a NAT gateway of yours", f"1, {HOURS} h", HOURS * prices["nat_hour"])


def per_million_queries(prices: Mapping[str, float]) -> Iterator[tuple[str, float, float]]:
    """Yield each part of a bill: for a million quick queries, and for a million long ones.

    A quick one is answered in its request with up to 128 KB, a long one by a worker.
    """
    own = Deployment(DatabaseSecretArn="arn:aws:secretsmanager:r:1:secret:x")
    front, worker = own.gb("QueriesFunction"), own.gb("QueryRunnerFunction")
    quick = QUERY_SECONDS + OVERHEAD_SECONDS
    # The first request waits, each later one waits on; the last fetches a page.
    waited = LONG_SECONDS + (LONG_WAITS + 1) * OVERHEAD_SECONDS
    calls = LONG_WAITS + 1
    yield (
        "Lambda",
        compute(front, quick, MILLION, prices),
        compute(front, waited / calls, MILLION * calls, prices)
        + compute(worker, LONG_SECONDS + OVERHEAD_SECONDS, MILLION, prices),
    )
    yield "API Gateway", prices["api_million"], calls * prices["api_million"]
    yield "CloudFront requests", prices["cloudfront_million"], calls * prices["cloudfront_million"]
    yield "SQS", 0.0, 3 * prices["sqs_million"]  # sent, received, deleted
    yield "S3", 0.0, PACKS * prices["s3_put_million"] + prices["s3_get_million"]
    # A data key is kept for five minutes by each instance; a cold or idle one asks again.
    yield "KMS", 0.1 * prices["kms_million"], prices["kms_million"]
    yield (
        "logs",
        4 * LINE_BYTES * MILLION / 1e9 * prices["logs_gb"],
        4 * (calls + 1) * LINE_BYTES * MILLION / 1e9 * prices["logs_gb"],
    )


def per_million_evaluations(prices: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Yield each part of a bill for a million evaluations of one file, its state in S3.

    The most that it can be: as if the function did one after the other, and not some at once.
    """
    alerts = Deployment(Parts="alerts")
    seconds = EVALUATION_SECONDS + STATE_SECONDS + 1 / PROCESS_RATE / CPU_SHARE
    gb = alerts.gb("AlertFileFunction")
    yield "Lambda, time", MILLION * seconds * gb * prices["lambda_gb_second"]
    yield (
        "S3, state",
        STATE_WRITES * prices["s3_put_million"] + STATE_READS * prices["s3_get_million"],
    )


def alerts_at_rest(prices: Mapping[str, float]) -> float:
    """Return what a month of ``Parts=alerts`` costs in which nothing is ever due."""
    alerts = Deployment(Parts="alerts")
    (ticks,) = alerts.ticks("AlertFileFunction")
    return (
        compute(alerts.gb("AlertFileFunction"), 0.3, ticks, prices)
        + ticks / MILLION * 2 * prices["s3_get_million"]
        + alerts.count("AWS::CloudWatch::Alarm") * prices["alarm_month"]
    )


@dataclass(frozen=True, slots=True)
class Load:
    """What so many alerts ask for, each second unless it is said."""

    alerts: int
    evaluations: float
    concurrency: float
    queue_requests: float
    transactions: float
    rows_a_day: float


def load_of(alerts: int) -> Load:
    """Return the load of a number of alerts by the design: a queue, evaluators, deliveries."""
    rate = alerts / (ALERT_MINUTES * 60)
    told = rate * FIRING
    work = EVALUATION_SECONDS + 2 / PROCESS_RATE  # one of the two cores that were measured
    # Sent, received and deleted in tens; deliveries one by one.
    requests = 3 * rate / MESSAGES_A_BATCH + 3 * told
    # One transaction for each evaluation; a delivery is claimed and recorded.
    return Load(alerts, rate, rate * work, requests, rate + 2 * told, rate * 86400)


def _money(usd: float) -> str:
    return f"{usd:,.2f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def tables(prices: Mapping[str, float] = PRICES) -> dict[str, str]:
    """Return each table of the document, in Markdown, by its name."""
    queries = list(per_million_queries(prices))
    sums = [sum(line[column] for line in queries) for column in (1, 2)]
    evaluations = list(per_million_evaluations(prices))
    rest = list(at_rest(prices))
    always = sum(line.usd for line in rest if not line.what.startswith("*or*"))
    loads = [load_of(count) for count in (1_000, 100_000, 10_000_000)]
    return {
        "prices": _table(
            ["price", "USD"],
            [[f"`{name}`", f"{usd:.10f}".rstrip("0").rstrip(".")] for name, usd in prices.items()],
        ),
        "rest": _table(
            ["a month at rest", "how", "USD"],
            [
                *([line.what, line.how, _money(line.usd)] for line in rest),
                ["**together**, without what begins with *or*", "", f"**{_money(always)}**"],
            ],
        ),
        "queries": _table(
            ["a million queries", "quick, USD", "long, USD"],
            [
                *([name, _money(quick), _money(long)] for name, quick, long in queries),
                ["**together**", *(f"**{_money(one)}**" for one in sums)],
            ],
        ),
        "evaluations": _table(
            ["alerts of one file", "USD"],
            [
                ["a month in which nothing is due", _money(alerts_at_rest(prices))],
                *([f"a million evaluations: {name}", _money(usd)] for name, usd in evaluations),
            ],
        ),
        "load": _table(
            ["alerts", *(f"{one.alerts:,}" for one in loads)],
            [
                ["evaluations a minute", *(f"{one.evaluations * 60:,.0f}" for one in loads)],
                ["evaluations a second", *(f"{one.evaluations:,.1f}" for one in loads)],
                ["Lambda instances at once", *(f"{one.concurrency:,.1f}" for one in loads)],
                ["SQS requests a second", *(f"{one.queue_requests:,.1f}" for one in loads)],
                [
                    "transactions of the app database a second",
                    *(f"{one.transactions:,.1f}" for one in loads),
                ],
                ["rows of evaluations a day", *(f"{one.rows_a_day:,.0f}" for one in loads)],
            ],
        ),
    }


def filled(text: str, made: Mapping[str, str]) -> str:
    """Return a document with each table put between its marks."""
    for name, table in made.items():
        mark = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, count = mark.subn(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)
        if count != 1:
            raise SystemExit(f"{DOCUMENT.name} has no place for {name}, or more than one.")
    return text


def main(arguments: Sequence[str]) -> None:
    """Print the tables, or write them into the document."""
    parser = argparse.ArgumentParser(description="What Heliograph costs on AWS.")
    parser.add_argument("--prices", type=Path, metavar="FILE", help="JSON: other prices by name")
    parser.add_argument("--write", action="store_true", help="put the tables into the document")
    options = parser.parse_args(arguments)
    prices = {**PRICES}
    if options.prices:
        given = json.loads(options.prices.read_text())
        if unknown := sorted(set(given) - set(PRICES)):
            parser.error(f"no such price: {', '.join(unknown)}")
        prices.update(given)
    made = tables(prices)
    if options.write:
        DOCUMENT.write_text(filled(DOCUMENT.read_text(), made))
    else:
        print("\n\n".join(made.values()))


if __name__ == "__main__":
    main(sys.argv[1:])
