"""What the API answers when AWS refuses, throttles or loses answers: a stable code, nothing half.

Each request passes through its function to the adapters of AWS and over a socket to moto.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.support.accounts import GOOD_PASSWORD, make_user
from tests.support.api import Answered, Api
from tests.support.aws_world import AwsWorld, Pauses
from tests.support.connections import connection_body
from tests.support.faulty_aws import SECRET_WORDS, Asked, Loss
from tests.support.queries import QueriesApi, queries_api

from heliograph.web.services import Services

OF_KMS = [
    "AccessDeniedException",
    "DisabledException",
    "KMSInvalidStateException",
    "ThrottlingException",
]


@pytest.fixture
def queries(aws: AwsWorld, make_database: Callable[[], str]) -> Iterator[QueriesApi]:
    """The API of the installation, over a database that is asked."""
    with queries_api(aws.services, Api(aws.services), make_database()) as made:
        yield made


@pytest.fixture
def restarted(aws: AwsWorld, queries: QueriesApi) -> Callable[[], Api]:
    """Call it for the API as another instance serves it, which remembers no key and no page."""

    def start() -> Api:
        services = aws.open_services()
        services.__dict__["sessions"] = queries.people
        return Api(services)

    return start


def assert_unavailable(answered: Answered, code: str) -> None:
    """It says that it may be tried again, and nothing of what AWS has said."""
    assert (answered.status, answered.code) == (503, code)
    assert int(answered.headers["retry-after"]) > 0
    for word in (SECRET_WORDS.split()[1], "arn:", "Exception", "127.0.0.1"):
        assert word not in answered.text


def rows(services: Services, table: str) -> int:
    return int(services.database.fetch(f"SELECT count(*) AS n FROM {table}")[0]["n"])


# The key


@pytest.mark.parametrize("how", OF_KMS)
@pytest.mark.usefixtures("pauses")
def test_a_password_that_kms_does_not_seal_saves_nothing(
    aws: AwsWorld, queries: QueriesApi, how: str
) -> None:
    body = {**connection_body(queries.url), "ssl_mode": "disable", "password": "s3cret"}
    aws.faulty.fail("GenerateDataKey", how)
    assert_unavailable(queries.connections.post("", json=body), "key_unavailable")
    assert queries.connections.get().json["items"] == []
    tables = ("connections", "grants", "audit_events")
    assert [rows(aws.services, table) for table in tables] == [0, 0, 0]
    aws.faulty.mend()
    assert queries.connections.post("", json=body).status == 201


def test_kms_that_throttles_for_a_moment_is_asked_again(
    aws: AwsWorld, queries: QueriesApi, pauses: Pauses
) -> None:
    fault = aws.faulty.fail("GenerateDataKey", "ThrottlingException", times=2)
    assert queries.connect()
    assert (fault.seen, len(pauses.seconds)) == (3, 2)


@pytest.mark.parametrize("how", ["AccessDeniedException", "ThrottlingException"])
@pytest.mark.usefixtures("pauses")
def test_a_change_that_kms_does_not_seal_leaves_the_password_as_it_was(
    aws: AwsWorld, queries: QueriesApi, how: str
) -> None:
    connection = queries.connect()
    before = queries.connections.get(f"/{connection}").json
    aws.faulty.fail("GenerateDataKey", how)
    changed = queries.connections.patch(connection, name="Other", password="wr0ng")
    assert_unavailable(changed, "key_unavailable")
    aws.faulty.mend()
    assert queries.connections.get(f"/{connection}").json == before
    assert queries.ask(connection, "select 1")["state"] == "succeeded"
    assert queries.connections.patch(connection, name="Other", password="wr0ng").status == 200


@pytest.mark.parametrize("how", ["DisabledException", "ThrottlingException"])
@pytest.mark.usefixtures("pauses")
def test_a_password_that_kms_does_not_open_is_told_as_our_failure_and_serves_afterwards(
    aws: AwsWorld, queries: QueriesApi, restarted: Callable[[], Api], how: str
) -> None:
    connection = queries.connect()
    api = restarted()
    aws.faulty.fail("Decrypt", how)
    asked = {"connection_id": connection, "sql": "select 1", "cache_seconds": 0}
    failed = api.post("/api/queries", token="editor", json=asked).json
    assert (failed["state"], failed["error"]["code"]) == ("failed", "key_unavailable")
    assert SECRET_WORDS.split()[1] not in json.dumps(failed)
    path = f"/api/connections/{connection}"
    for answered in (
        api.post(f"{path}/test", token="editor"),
        api.get(f"{path}/schema", token="editor"),
    ):
        assert_unavailable(answered, "key_unavailable")
    aws.faulty.mend()
    assert api.post("/api/queries", token="editor", json=asked).json["state"] == "succeeded"
    steps = api.post(f"{path}/test", token="editor").json["steps"]
    assert [step["ok"] for step in steps if step["name"] == "login"] == [True]


@pytest.mark.parametrize("how", ["KMSInvalidStateException", Loss.RESET], ids=str)
@pytest.mark.usefixtures("pauses")
def test_nobody_is_signed_in_while_kms_does_not_seal_the_key_that_signs(
    aws: AwsWorld, how: str | Loss
) -> None:
    make_user(aws.services, "eva@example.com")
    api, body = Api(aws.services), {"email": "eva@example.com", "password": GOOD_PASSWORD}
    aws.faulty.fail("GenerateDataKey", how)
    refused = api.post("/api/session", json=body)
    assert_unavailable(refused, "key_unavailable")
    assert refused.cookies == {}
    assert [rows(aws.services, table) for table in ("sessions", "signing_keys")] == [0, 0]
    aws.faulty.mend()
    assert api.post("/api/session", json=body).status == 200


@pytest.mark.usefixtures("pauses")
def test_who_is_signed_in_goes_on_while_kms_does_not_open_the_key_that_signs(
    aws: AwsWorld,
) -> None:
    make_user(aws.services, "eva@example.com")
    body = {"email": "eva@example.com", "password": GOOD_PASSWORD}
    signed_in = Api(aws.services).post("/api/session", json=body)
    api = Api(aws.open_services())
    aws.faulty.fail("Decrypt", "DisabledException")
    assert api.get("/api/me", token=signed_in.json["access_token"]).status == 200
    cookies = signed_in.cookies
    assert_unavailable(api.post("/api/session", json=body), "key_unavailable")
    assert_unavailable(api.post("/api/session/refresh", cookies=cookies), "key_unavailable")
    assert rows(aws.services, "sessions") == 1
    aws.faulty.mend()
    assert api.post("/api/session/refresh", cookies=cookies).status == 200


# Results and exports in S3

LARGE = "select n, md5(n::text) from generate_series(1, 30000) n"
CELLS = "select n, repeat('x', 1100000) from generate_series(1, 3) n"


def of_results(asked: Asked) -> bool:
    return "/results/" in asked.path


@pytest.mark.parametrize("after", [0, 2])
@pytest.mark.usefixtures("pauses")
def test_a_result_that_s3_does_not_take_fails_whole(
    aws: AwsWorld, queries: QueriesApi, after: int
) -> None:
    connection = queries.connect()
    fault = aws.faulty.fail("PutObject", "SlowDown", where=of_results, after=after)
    failed = queries.ask(connection, CELLS)
    assert (failed["state"], failed["error"]["code"]) == ("failed", "storage_unavailable")
    assert fault.seen == after + 3
    assert aws.blobs("results/") == []
    aws.faulty.mend()
    aws.faulty.fail("PutObject", Loss.ANSWER, where=of_results, after=after, times=2)
    assert queries.ask(connection, CELLS)["state"] == "succeeded"


@pytest.mark.parametrize("how", ["SlowDown", Loss.RESET, Loss.HALF, "AccessDenied"], ids=str)
@pytest.mark.usefixtures("pauses")
def test_a_page_that_s3_does_not_give_is_given_later(
    aws: AwsWorld, queries: QueriesApi, restarted: Callable[[], Api], how: str | Loss
) -> None:
    run = queries.ask(queries.connect(), LARGE)["id"]
    api, path = restarted(), f"/api/queries/{run}/rows?offset=29998"
    passing = None if how == "AccessDenied" else aws.faulty.fail("GetObject", how, times=1)
    page = api.get(path, token="editor").json
    assert [row[0] for row in page["rows"]] == [29999, 30000]
    assert passing is None or passing.seen >= 2
    api = restarted()
    aws.faulty.fail("GetObject", how)
    assert_unavailable(api.get(path, token="editor"), "storage_unavailable")
    aws.faulty.mend()
    assert api.get(path, token="editor").json == page


LONG = "select n, repeat(md5(n::text), 4) from generate_series(1, 80000) n"


@pytest.fixture
def export(aws: AwsWorld, queries: QueriesApi) -> Callable[[], Any]:
    """Call it to have ten megabytes exported, in two parts; it returns how that ended."""
    connection = queries.connect()

    def run() -> Any:
        body = {"connection_id": connection, "sql": LONG, "format": "csv"}
        begun = queries.api.post("/api/exports", token="editor", json=body)
        assert begun.status == 202, begun.text
        assert aws.deliver("export")[1] == []
        return queries.api.get(f"/api/exports/{begun.json['id']}", token="editor").json

    return run


def is_second(asked: Asked) -> bool:
    return asked.query["partNumber"] == "2"


@pytest.mark.usefixtures("pauses")
def test_an_export_whose_second_part_s3_does_not_take_leaves_nothing(
    aws: AwsWorld, export: Callable[[], Any]
) -> None:
    passing = aws.faulty.fail("UploadPart", "SlowDown", where=is_second, times=1)
    done = export()
    assert (done["state"], passing.seen) == ("succeeded", 2)
    (key,) = aws.blobs("exports/")
    assert aws.s3.head_object(Bucket=aws.bucket, Key=key)["ContentLength"] == done["bytes"]
    aws.faulty.fail("UploadPart", "InternalError", where=is_second)
    failed = export()
    assert (failed["state"], failed["error"]["code"]) == ("failed", "storage_unavailable")
    assert failed["url"] is None
    assert aws.blobs("exports/") == [key]
    assert aws.uploads() == 0


@pytest.mark.usefixtures("pauses")
def test_an_export_is_there_though_no_answer_says_that_it_is_complete(
    aws: AwsWorld, export: Callable[[], Any]
) -> None:
    aws.faulty.fail("CompleteMultipartUpload", Loss.ANSWER)
    assert export()["state"] == "succeeded"
    assert len(aws.blobs("exports/")) == 1
    assert aws.uploads() == 0


@pytest.mark.usefixtures("pauses")
def test_the_audit_record_is_exported_whole_or_not_at_all(
    aws: AwsWorld, queries: QueriesApi
) -> None:
    queries.connect()
    path = "/api/audit-events/export?format=csv"
    aws.faulty.fail("PutObject", "ServiceUnavailable")
    assert_unavailable(queries.api.get(path, token="admin"), "storage_unavailable")
    assert aws.blobs("audit-exports/") == []
    aws.faulty.mend()
    assert queries.api.get(path, token="admin").status == 303
    assert len(aws.blobs("audit-exports/")) == 1


# The app database's secret, and what health tells


@pytest.mark.usefixtures("pauses")
def test_without_the_secret_of_the_app_database_nothing_is_told_of_it(
    aws: AwsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.faulty.environment.items():
        monkeypatch.setenv(name, value)
    make_user(aws.services, "eva@example.com")
    made = aws.client("secretsmanager").create_secret(
        Name=uuid4().hex, SecretString=aws.settings.database
    )
    aws.settings = replace(aws.settings, database=made["ARN"])
    api = Api(aws.open_services())
    body = {"email": "eva@example.com", "password": GOOD_PASSWORD}
    for code in ("AccessDeniedException", "ThrottlingException"):
        aws.faulty.fail("GetSecretValue", code)
        refused = api.post("/api/session", json=body)
        assert (refused.status, refused.code) == (503, "database_unavailable")
        for secret in (made["ARN"], "arn:", aws.settings.key or "", SECRET_WORDS.split()[1]):
            assert secret not in refused.text
        aws.faulty.mend()
    assert api.post("/api/session", json=body).status == 200


@pytest.mark.parametrize(
    ("operation", "check"),
    [("GetQueueAttributes", "queues"), ("PutObject", "blobs"), ("Decrypt", "secrets")],
)
@pytest.mark.usefixtures("pauses")
def test_health_names_the_neighbour_that_does_not_do_its_part(
    aws: AwsWorld, restarted: Callable[[], Api], operation: str, check: str
) -> None:
    def failing(token: str) -> list[str]:
        checks = restarted().get("/api/health", token=token).json["checks"]
        return [one["name"] for one in checks if not one["ok"]]

    assert check not in failing("admin")
    aws.faulty.fail(operation, "AccessDenied")
    assert check in failing("admin")
    told = restarted().get("/api/health")
    assert SECRET_WORDS.split()[1] not in told.text
    assert aws.bucket not in told.text
