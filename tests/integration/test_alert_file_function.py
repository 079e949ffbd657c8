"""The function `alert_file`, through the event that EventBridge sends it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from functions.alert_file.handler import evaluate
from tests.support.faulty_aws import FaultyAws, Loss
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.moto_server import BUCKET, MotoServer, running_moto

from heliograph.kernel.clock import ShiftedClock
from heliograph.kernel.errors import AlertFileInvalid, FileInvalid, StateFailed, UsageError
from heliograph.platform.postgres import connect, execute_script
from heliograph.platform.settings import AlertFileSettings, read_environment, read_settings
from heliograph.runner.deployment import find_state, load_deployed_file
from heliograph.runner.once import run_once
from heliograph.runner.stores.registry import open_store

TICK = {"detail-type": "Scheduled Event", "source": "aws.events"}
HOOK_SECRET = "whsec_aGVsaW9ncmFwaC10ZXN0LXNlY3JldC0xMjM="
TABLE = "CREATE TABLE readings (level numeric); INSERT INTO readings VALUES (99.99);"


class Context:
    """What Lambda tells a function about the time that it has."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._ends_at = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._ends_at - time.monotonic()) * 1000))


class FadingContext:
    """Has time for the first so many looks, and then hardly any."""

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self._looks -= 1
        return 60_000 if self._looks >= 0 else 2_000


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with HttpReceiver() as receiver:
        yield receiver


@dataclass
class Deployment:
    """A bucket with a file, a secret, a database: what template.yaml makes."""

    moto: MotoServer
    receiver: HttpReceiver
    database_url: str
    setenv: Callable[[str, str], None]
    folder: str = field(default_factory=lambda: uuid4().hex)

    @property
    def values(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "HOOK_URL": self.receiver.url(),
            "SECRET": HOOK_SECRET,
        }

    @property
    def state_key(self) -> str:
        return f"{self.folder}/state/alerts.json"

    def client(self, service: str) -> Any:
        return boto3.client(service)

    def write(
        self, *alerts: Mapping[str, Any], url: str = "${DATABASE_URL}", hook: str = "${HOOK_URL}"
    ) -> None:
        document = {
            "version": "1",
            "allow_hosts": ["127.0.0.1"],
            "connections": {"db": {"url": url}},
            "channels": {"hook": {"kind": "webhook", "url": hook, "secret": "${SECRET}"}},
            "alerts": [{**ALERT, **alert} for alert in alerts],
        }
        self.put("alerts.yaml", json.dumps(document))

    def put(self, name: str, text: str) -> None:
        client = self.client("s3")
        client.put_object(Bucket=BUCKET, Key=f"{self.folder}/{name}", Body=text.encode())
        client.close()

    def state(self) -> bytes | None:
        try:
            return self.read("state/alerts.json")
        except LookupError:
            return None

    def read(self, name: str) -> bytes:
        client = self.client("s3")
        try:
            found = client.get_object(Bucket=BUCKET, Key=f"{self.folder}/{name}")
            body: bytes = found["Body"].read()
        except client.exceptions.NoSuchKey:
            raise LookupError(name) from None
        finally:
            client.close()
        return body

    def keep_secret(self, text: str) -> str:
        name = f"heliograph/{uuid4().hex}"
        client = self.client("secretsmanager")
        arn: str = client.create_secret(Name=name, SecretString=text)["ARN"]
        client.close()
        return arn

    def pass_earlier(self, *, hours: int) -> None:
        """Do what a tick did so many hours ago."""
        settings = read_settings(AlertFileSettings, read_environment())
        store = open_store(find_state(settings))
        clock = ShiftedClock(datetime.now(UTC) - timedelta(hours=hours))
        run_once(load_deployed_file(settings, read_environment()), store, clock)
        store.close()

    def tick(self, context: Any = None) -> dict[str, int]:
        return evaluate(TICK, context or Context())


ALERT = {
    "name": "High level",
    "connection": "db",
    "query": "SELECT level FROM readings WHERE level > 50",
    "schedule": {"every": "1h"},
    "rule": {"kind": "any_rows"},
    "notify": ["hook"],
}


@pytest.fixture
def deployment(
    moto: MotoServer,
    receiver: HttpReceiver,
    make_database: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> Deployment:
    url = make_database()
    execute_script(url, TABLE)
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", moto.environment["AWS_REGION"])
    made = Deployment(moto, receiver, url, monkeypatch.setenv)
    monkeypatch.setenv("HELIOGRAPH_ALERTS_FILE", f"s3://{BUCKET}/{made.folder}/alerts.yaml")
    monkeypatch.setenv("HELIOGRAPH_ALERTS_STATE", f"s3://{BUCKET}/{made.state_key}")
    monkeypatch.setenv("HELIOGRAPH_ALERTS_SECRET", made.keep_secret(json.dumps(made.values)))
    made.write({})
    return made


def counts(evaluated: int, failed: int, delivered: int, undelivered: int) -> dict[str, int]:
    return {
        "evaluated": evaluated,
        "failed": failed,
        "delivered": delivered,
        "undelivered": undelivered,
    }


def test_a_tick_fires_once_and_a_second_one_remembers(deployment: Deployment) -> None:
    assert deployment.tick() == counts(1, 0, 1, 0)
    (request,) = deployment.receiver.requests
    assert request.json()["type"] == "alert.firing"
    assert request.json()["data"]["rows"] == [["99.99"]]
    assert deployment.tick() == counts(0, 0, 0, 0)
    assert len(deployment.receiver.requests) == 1


def test_a_tick_goes_on_from_the_state_that_an_earlier_one_left(deployment: Deployment) -> None:
    deployment.pass_earlier(hours=2)
    with connect(deployment.database_url) as connection:
        connection.execute("DELETE FROM readings")
    assert deployment.tick() == counts(1, 0, 1, 0)
    told = [request.json()["type"] for request in deployment.receiver.requests]
    assert told == ["alert.firing", "alert.resolved"]


def test_two_ticks_at_once_tell_once(deployment: Deployment) -> None:
    deployment.write({}, {"name": "Another"})
    found: list[dict[str, int]] = []
    threads = [threading.Thread(target=lambda: found.append(deployment.tick())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(each["evaluated"] for each in found) == 2
    assert sum(each["delivered"] for each in found) == 2
    assert len({r.headers["webhook-id"] for r in deployment.receiver.requests}) == 2
    assert len(deployment.receiver.requests) == 2


def test_nothing_runs_on_after_the_answer(deployment: Deployment) -> None:
    before = set(threading.enumerate())
    deployment.tick()
    left = {thread for thread in threading.enumerate() if not _is_receivers(thread)} - before
    assert left == set()
    with connect(deployment.database_url) as connection:
        asked = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + 5  # the server takes a moment to see that a client has left
        while (count := connection.execute(asked).fetchone()) != (0,):
            assert time.monotonic() < deadline, count
            time.sleep(0.05)


def _is_receivers(thread: threading.Thread) -> bool:
    return "process_request_thread" in thread.name


def test_the_state_may_lie_in_the_database_that_a_secret_names(
    deployment: Deployment, make_database: Callable[[], str]
) -> None:
    deployment.setenv("HELIOGRAPH_ALERTS_STATE", deployment.keep_secret(make_database()))
    assert deployment.tick() == counts(1, 0, 1, 0)
    assert deployment.tick() == counts(0, 0, 0, 0)
    assert deployment.state() is None


def test_the_file_may_lie_in_the_deployment(deployment: Deployment, tmp_path: Path) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_bytes(deployment.read("alerts.yaml"))
    deployment.setenv("HELIOGRAPH_ALERTS_FILE", str(file))
    assert deployment.tick() == counts(1, 0, 1, 0)


def test_without_a_secret_the_file_may_name_none(deployment: Deployment) -> None:
    deployment.setenv("HELIOGRAPH_ALERTS_SECRET", "")
    with pytest.raises(AlertFileInvalid, match="DATABASE_URL is not set"):
        deployment.tick()
    for name, value in deployment.values.items():
        deployment.setenv(name, value)
    assert deployment.tick() == counts(1, 0, 1, 0)


# What fails, and how it is seen


def test_a_failing_query_is_counted_told_and_no_error_of_the_function(
    deployment: Deployment,
) -> None:
    deployment.write({"query": "SELECT level FROM nowhere"}, {"name": "Another"})
    assert deployment.tick() == counts(2, 1, 2, 0)
    told = {request.json()["type"] for request in deployment.receiver.requests}
    assert told == {"alert.error", "alert.firing"}


def test_a_receiver_that_asks_to_wait_is_counted_and_left_to_later_ticks(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    with HttpReceiver([Answer(503, headers={"Retry-After": "3600"})]) as receiver:
        deployment.write({}, hook=receiver.url())
        started = time.monotonic()
        assert deployment.tick() == counts(1, 0, 0, 1)
        assert time.monotonic() - started < 15
        logged = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert [line["undelivered"] for line in logged if line["event"] == "alerts.tick"] == [1]
        assert deployment.tick() == counts(0, 0, 0, 1)
        assert len(receiver.requests) == 1


def test_a_receiver_that_is_away_for_a_moment_is_tried_again_in_the_same_tick(
    deployment: Deployment,
) -> None:
    with HttpReceiver([Answer(503, headers={"Retry-After": "1"})]) as receiver:
        deployment.write({}, hook=receiver.url())
        assert deployment.tick() == counts(1, 0, 1, 0)
        first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_message_that_is_refused_for_good_is_logged_without_its_secret(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    with HttpReceiver([Answer(404)]) as receiver:
        deployment.write({}, hook=receiver.url("/geheim"))
        assert deployment.tick() == counts(1, 0, 0, 1)
    said = capsys.readouterr().err
    dead = json.loads(said.splitlines()[0])
    assert (dead["event"], dead["channel"], dead["alert"]) == (
        "delivery.dead",
        "hook",
        "High level",
    )
    assert "geheim" not in said


def test_a_refused_state_stops_the_tick_before_anything_is_told(deployment: Deployment) -> None:
    place = f"s3://no-such-bucket-{uuid4().hex}/alerts.json"
    deployment.setenv("HELIOGRAPH_ALERTS_STATE", place)
    with pytest.raises(StateFailed, match="no-such-bucket"):
        deployment.tick()
    assert deployment.receiver.requests == []


def test_a_file_that_is_missing_or_wrong_raises(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.write({"notify": ["hok"]})
    with pytest.raises(AlertFileInvalid, match="no channel hok"):
        deployment.tick()
    logged = json.loads(capsys.readouterr().err)
    assert logged["event"] == "alert_file.invalid"
    assert "Did you mean hook" in logged["problems"][0]
    deployment.setenv("HELIOGRAPH_ALERTS_FILE", f"s3://{BUCKET}/nowhere.yaml")
    with pytest.raises(FileInvalid, match=r"no alert file s3://.*nowhere\.yaml"):
        deployment.tick()
    deployment.setenv("HELIOGRAPH_ALERTS_FILE", f"s3://no-such-bucket-{uuid4().hex}/alerts.yaml")
    with pytest.raises(FileInvalid, match="cannot be read"):
        deployment.tick()
    assert deployment.receiver.requests == []


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (None, "cannot be read: ResourceNotFoundException"),
        ("postgresql://somebody:geheim@db/shop", "not a JSON object of texts"),
        ('{"DATABASE_URL": 7, "SECRET": "geheim"}', "not a JSON object of texts"),
        ('["geheim"]', "not a JSON object of texts"),
    ],
)
def test_a_secret_that_is_missing_or_wrong_is_named_and_never_shown(
    deployment: Deployment, secret: str | None, says: str
) -> None:
    name = "heliograph/missing" if secret is None else deployment.keep_secret(secret)
    deployment.setenv("HELIOGRAPH_ALERTS_SECRET", name)
    with pytest.raises(UsageError, match=says) as raised:
        deployment.tick()
    assert name in raised.value.message
    assert "geheim" not in str(raised.value.to_dict())


def test_the_state_is_named_by_a_secret_and_never_given(deployment: Deployment) -> None:
    deployment.setenv("HELIOGRAPH_ALERTS_STATE", "postgresql://somebody:geheim@db/shop")
    with pytest.raises(UsageError, match="should name a secret") as raised:
        deployment.tick()
    assert "geheim" not in str(raised.value.to_dict())
    deployment.setenv("HELIOGRAPH_ALERTS_STATE", deployment.keep_secret("sqlite:///tmp/geheim"))
    with pytest.raises(UsageError, match="not the URL postgresql://") as raised:
        deployment.tick()
    assert "geheim" not in str(raised.value.to_dict())


def test_every_missing_setting_is_named_at_once(deployment: Deployment) -> None:
    deployment.setenv("HELIOGRAPH_ALERTS_FILE", "")
    deployment.setenv("HELIOGRAPH_ALERTS_STATE", "")
    with pytest.raises(UsageError, match="lacks HELIOGRAPH_ALERTS_FILE, HELIOGRAPH_ALERTS_STATE"):
        deployment.tick()


# The time that is left


def test_what_there_is_no_time_to_begin_stays_due(deployment: Deployment) -> None:
    assert deployment.tick(FadingContext(looks=1)) == counts(0, 0, 0, 0)
    assert deployment.tick() == counts(1, 0, 1, 0)


def test_what_there_is_no_time_to_send_waits_for_the_next_tick(deployment: Deployment) -> None:
    assert deployment.tick(FadingContext(looks=2)) == counts(1, 0, 0, 1)
    assert deployment.receiver.requests == []
    assert deployment.tick() == counts(0, 0, 1, 0)
    assert deployment.receiver.requests[0].json()["type"] == "alert.firing"


def test_a_statement_that_could_not_end_in_time_is_ended_and_says_so(
    deployment: Deployment,
) -> None:
    deployment.write({"query": "SELECT pg_sleep(50)"}, url="${DATABASE_URL}?connect_timeout=2")
    started = time.monotonic()
    assert deployment.tick(Context(27.0)) == counts(1, 1, 1, 0)
    assert time.monotonic() - started < 9
    assert deployment.receiver.requests[0].json()["data"]["outcome"] == "timeout"


def test_a_function_without_time_for_one_evaluation_says_so(deployment: Deployment) -> None:
    with pytest.raises(UsageError, match="An evaluation may take 29 s, and 2") as raised:
        deployment.tick(Context(25.0))
    assert "timeout of 60 s" in (raised.value.hint or "")
    assert deployment.tick(Context(40.0)) == counts(1, 0, 1, 0)


# AWS on a bad day


@pytest.mark.parametrize("how", [Loss.ANSWER, Loss.RESET, "SlowDown"], ids=str)
@pytest.mark.usefixtures("pauses")
def test_a_tick_outlives_what_passes_and_tells_once(
    deployment: Deployment, faulty: FaultyAws, how: str | Loss
) -> None:
    deployment.setenv("AWS_ENDPOINT_URL", faulty.url)
    faults = [faulty.fail("PutObject", how, after=number * 2, times=1) for number in range(3)]
    faulty.fail("GetSecretValue", "ThrottlingException", times=1)
    assert deployment.tick() == counts(1, 0, 1, 0)
    assert all(fault.seen >= 4 for fault in faults)
    assert deployment.tick() == counts(0, 0, 0, 0)
    assert len(deployment.receiver.requests) == 1


@pytest.mark.parametrize(
    ("operation", "raised"),
    [("GetObject", FileInvalid), ("GetSecretValue", UsageError), ("PutObject", StateFailed)],
)
@pytest.mark.usefixtures("pauses")
def test_a_tick_that_aws_does_not_serve_raises_and_the_next_one_tells(
    deployment: Deployment, faulty: FaultyAws, operation: str, raised: type[Exception]
) -> None:
    deployment.setenv("AWS_ENDPOINT_URL", faulty.url)
    faulty.fail(operation, "ThrottlingException")
    with pytest.raises(raised):
        deployment.tick()
    assert deployment.receiver.requests == []
    faulty.mend()
    assert deployment.tick() == counts(1, 0, 1, 0)


@pytest.mark.usefixtures("pauses")
def test_what_was_told_and_could_not_be_written_down_is_not_told_again_at_once(
    deployment: Deployment, faulty: FaultyAws
) -> None:
    deployment.setenv("AWS_ENDPOINT_URL", faulty.url)
    # Evaluation and delivery are claimed and written down: the fourth write is how it went.
    faulty.fail("PutObject", "SlowDown", after=3)
    with pytest.raises(StateFailed):
        deployment.tick()
    assert len(deployment.receiver.requests) == 1
    faulty.mend()
    assert deployment.tick()["delivered"] == 0
    assert len(deployment.receiver.requests) == 1
