"""Queries and exports with the neighbours of AWS: S3, SQS, KMS as moto has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from tests.support.api import Api
from tests.support.aws_world import AwsWorld
from tests.support.queries import QueriesApi, queries_api

from heliograph.queries.attention import KEY
from heliograph.web.janitor import clean


@pytest.fixture
def queries(aws: AwsWorld, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    with queries_api(aws.services, Api(aws.services), make_database()) as made:
        yield made


def test_a_large_result_lies_in_s3_and_its_pages_come_from_there(queries: QueriesApi) -> None:
    connection = queries.connect()
    sql = "select n, md5(n::text) from generate_series(1, 30000) n"
    asked = queries.ask(connection, sql, limit=2)
    assert asked["state"] == "succeeded"
    assert list(queries.services.blobs.list("results/"))
    queries.services.__dict__.pop("runs")  # what it holds in memory
    page = queries.get(f"/{asked['id']}/rows?offset=29998").json
    assert [row[0] for row in page["rows"]] == [29999, 30000]


def test_a_queued_query_is_woken_through_sqs_and_done_by_the_function(
    aws: AwsWorld, queries: QueriesApi
) -> None:
    connection = queries.connect()
    asked = [queries.ask(connection, f"select {n} as n", wait_seconds=0)["id"] for n in range(2)]
    assert queries.services.blobs.read(KEY), "the janitor is asked to look"
    bodies, back = aws.deliver("query")
    assert bodies
    assert back == []
    assert [queries.get(f"/{run}").json["rows"] for run in asked] == [[[0]], [[1]]]
    aws.drain("query")  # a wake-up that comes late finds nothing to do


def test_an_export_is_written_into_s3_and_fetched_through_a_presigned_link(
    aws: AwsWorld, queries: QueriesApi
) -> None:
    connection = queries.connect()
    sql = "select n, 'a' || n as a from generate_series(1, 1000) n"
    body = {"connection_id": connection, "sql": sql, "format": "csv"}
    told = queries.api.post("/api/exports", token="editor", json=body)
    assert told.status == 202
    bodies, back = aws.deliver("export")
    assert (len(bodies), back) == (1, [])
    path = f"/api/exports/{told.json['id']}"
    done = queries.api.get(path, token="editor").json
    assert done["state"] == "succeeded"
    # moto follows a link whoever has signed it and whenever: that it ends is S3's own to see to.
    assert parse_qs(urlsplit(done["url"]).query)["X-Amz-Expires"] == ["900"]
    with urlopen(done["url"], timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    assert (len(lines), lines[1]) == (1001, "1,a1")
    tomorrow = aws.open_services(after=timedelta(hours=25))
    later = Api(tomorrow)
    tomorrow.__dict__["sessions"] = queries.people
    expired = later.get(path, token="editor").json
    assert (expired["state"], expired["url"]) == ("expired", None)
    _, failed = clean(tomorrow, seconds_left=lambda: 60.0)
    assert failed == []
    assert aws.blobs("exports/") == []
    with pytest.raises(HTTPError) as gone:
        urlopen(done["url"], timeout=20)
    gone.value.close()


def test_rows_whose_time_is_over_are_gone_from_s3_and_say_so(
    aws: AwsWorld, queries: QueriesApi
) -> None:
    sql = "select n, md5(n::text) from generate_series(1, 30000) n"
    path = f"/api/queries/{queries.ask(queries.connect(), sql)['id']}/rows"
    assert queries.api.get(path, token="editor").status == 200
    assert aws.blobs("results/")
    later = aws.open_services(after=timedelta(hours=2))
    later.__dict__["sessions"] = queries.people
    expired = Api(later).get(path, token="editor")
    assert (expired.status, expired.code) == (410, "result_expired")
    _, failed = clean(later, seconds_left=lambda: 60.0)
    assert (failed, aws.blobs("results/")) == ([], [])


def test_secrets_and_addresses_of_the_neighbours_stay_out_of_answers(
    aws: AwsWorld, queries: QueriesApi
) -> None:
    connection = queries.connect()
    sql = "select n, md5(n::text) from generate_series(1, 30000) n"
    assert queries.ask(connection, sql, cache_seconds=0)["state"] == "succeeded"
    for key in aws.blobs():
        aws.s3.delete_object(Bucket=aws.bucket, Key=key)
    aws.s3.delete_bucket(Bucket=aws.bucket)
    asked = queries.ask(connection, sql, cache_seconds=0)
    assert (asked["state"], asked["error"]["code"]) == ("failed", "storage_unavailable")
    told = json.dumps(asked)
    for secret in (aws.bucket, "testing", "127.0.0.1", "NoSuchBucket"):
        assert secret not in told
