"""Queries and exports with the neighbours of AWS: S3, SQS, KMS as moto has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen
from uuid import uuid4

import boto3
import pytest
from functions.export_writer import handler as export_writer
from functions.query_runner import handler as query_runner
from tests.support.api import Api
from tests.support.hand_clock import HandClock
from tests.support.moto_server import MotoServer, running_moto
from tests.support.queries import QueriesApi, queries_api

from heliograph.kernel.errors import DatabaseUnavailable
from heliograph.platform.aws import open_client
from heliograph.platform.postgres import connect, set_password
from heliograph.platform.settings import AppSettings, setting_name
from heliograph.queries.attention import KEY
from heliograph.web.janitor import clean
from heliograph.web.services import Services


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def aws_services(moto: MotoServer, app_database_url: str) -> Iterator[Services]:
    """All services over a fresh app database and the neighbours of AWS."""
    keys: dict[str, Any] = {
        "endpoint_url": moto.url,
        "region_name": "us-east-1",
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }
    name = f"heliograph-{uuid4().hex}"
    boto3.client("s3", **keys).create_bucket(Bucket=name)
    sqs = boto3.client("sqs", **keys)
    queues = {
        f"{kind}_queue": sqs.create_queue(QueueName=f"{name}-{kind}")["QueueUrl"]
        for kind in ("schema", "query", "export")
    }
    settings = AppSettings(
        database=app_database_url,
        key=boto3.client("kms", **keys).create_key()["KeyMetadata"]["Arn"],
        blobs=f"s3://{name}",
        public_url="https://heliograph.example",
        **queues,
    )
    with closing(Services(settings, moto.environment)) as made:
        yield made


@pytest.fixture
def queries(
    aws_services: Services,
    make_database: Callable[[], str],
    moto: MotoServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[QueriesApi]:
    for name in ("database", "key", "blobs", "query_queue", "export_queue"):
        monkeypatch.setenv(setting_name(name), getattr(aws_services.settings, name))
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    with queries_api(aws_services, Api(aws_services), make_database()) as made:
        yield made
    for kept in (query_runner._kept, export_writer._kept):
        for services in kept.values():
            services.close()
        kept.clear()


class Context:
    """What Lambda hands a handler."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


def deliver(queue: Any, function: Callable[[Any, Any], Any]) -> int:
    """Hand what waits in a queue to a function, as Lambda does; return how many that were."""
    messages = queue.receive(visibility=timedelta(minutes=1))
    records = [{"messageId": message.id, "body": message.body} for message in messages]
    answered = function({"Records": records}, Context())
    assert answered == {"batchItemFailures": []}
    queue.acknowledge(messages)
    return len(messages)


def test_a_large_result_lies_in_s3_and_its_pages_come_from_there(queries: QueriesApi) -> None:
    connection = queries.connect()
    sql = "select n, md5(n::text) from generate_series(1, 30000) n"
    asked = queries.ask(connection, sql, limit=2)
    assert asked["state"] == "succeeded"
    assert list(queries.services.blobs.list("results/"))
    queries.services.__dict__.pop("runs")  # what it holds in memory
    page = queries.get(f"/{asked['id']}/rows?offset=29998").json
    assert [row[0] for row in page["rows"]] == [29999, 30000]


def test_a_queued_query_is_woken_through_sqs_and_done_by_the_function(queries: QueriesApi) -> None:
    connection = queries.connect()
    asked = [queries.ask(connection, f"select {n} as n", wait_seconds=0)["id"] for n in range(2)]
    assert queries.services.blobs.read(KEY), "the janitor is asked to look"
    queue = queries.services.query_queue
    assert deliver(queue, query_runner.run_queries) >= 1
    assert [queries.get(f"/{run}").json["rows"] for run in asked] == [[[0]], [[1]]]
    while deliver(queue, query_runner.run_queries):
        pass  # a wake-up that comes late finds nothing to do


def test_an_export_is_written_into_s3_and_fetched_through_a_presigned_link(
    queries: QueriesApi,
) -> None:
    connection = queries.connect()
    sql = "select n, 'a' || n as a from generate_series(1, 1000) n"
    body = {"connection_id": connection, "sql": sql, "format": "csv"}
    told = queries.api.post("/api/exports", token="editor", json=body)
    assert told.status == 202
    assert deliver(queries.services.export_queue, export_writer.write_exports) == 1
    done = queries.api.get(f"/api/exports/{told.json['id']}", token="editor").json
    assert done["state"] == "succeeded"
    assert "X-Amz-Signature" in done["url"] or "Signature=" in done["url"]
    with urlopen(done["url"], timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    assert (len(lines), lines[1]) == (1001, "1,a1")
    services = queries.services
    tomorrow = HandClock(datetime.now(UTC) + timedelta(hours=25))
    with closing(Services(services.settings, services.environment, tomorrow)) as later:
        _, failed = clean(later, seconds_left=lambda: 60.0)
    assert failed == []
    assert list(queries.services.blobs.list("exports/")) == []


def test_secrets_and_addresses_of_the_neighbours_stay_out_of_answers(queries: QueriesApi) -> None:
    connection = queries.connect()
    boto3.client(
        "s3",
        endpoint_url=queries.services.environment["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    ).delete_bucket(Bucket=(queries.services.settings.blobs or "").removeprefix("s3://"))
    sql = "select n, md5(n::text) from generate_series(1, 30000) n"
    asked = queries.ask(connection, sql)
    assert (asked["state"], asked["error"]["code"]) == ("failed", "storage_unavailable")
    told = json.dumps(asked)
    for secret in (queries.services.settings.blobs, "testing", "127.0.0.1", "NoSuchBucket"):
        assert str(secret).removeprefix("s3://") not in told


@pytest.fixture
def login(app_database_url: str) -> Iterator[Callable[[str], str]]:
    """Call it to give a role of the app database a password; returns its URL."""
    role = f"app_{uuid4().hex[:12]}"
    parts = urlsplit(app_database_url)

    def change(password: str) -> str:
        with connect(app_database_url) as connection:
            set_password(connection, role, password)
        netloc = f"{role}:{password}@{parts.netloc.rpartition('@')[2]}"
        return urlunsplit(parts._replace(netloc=netloc))

    with connect(app_database_url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
    yield change
    with connect(app_database_url) as connection:
        connection.execute(f"DROP ROLE {role}".encode())


def test_a_changed_database_password_is_read_anew_from_its_secret(
    login: Callable[[str], str], moto: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    with closing(open_client("secretsmanager", moto.environment)) as client:
        made = client.create_secret(Name=uuid4().hex, SecretString=login("first-one"))
        settings = AppSettings(database=made["ARN"])
        with closing(Services(settings, moto.environment)) as services:
            assert services.database.fetch("SELECT 1 AS n") == [{"n": 1}]
            changed = login("second-one")
            assert services.database.fetch("SELECT 1 AS n") == [{"n": 1}], "a session goes on"
            services.database.close()
            with pytest.raises(DatabaseUnavailable) as found:  # the secret is the old one still
                services.database.fetch("SELECT 1 AS n")
            assert "first-one" not in str(found.value.to_dict())
            client.put_secret_value(SecretId=made["ARN"], SecretString=changed)
            assert services.database.fetch("SELECT 1 AS n") == [{"n": 1}]
