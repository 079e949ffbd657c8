"""What the adapters of AWS do when AWS refuses, throttles, resets connections or loses answers.

Every request goes over a socket, through a server that fails on demand, to moto.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.support.aws_world import Pauses
from tests.support.faulty_aws import SECRET_WORDS, FaultyAws, Loss
from tests.support.moto_server import BUCKET, MotoServer
from tests.support.state_stores import (
    LEASE,
    NOON,
    claim_now,
    make_delivery,
    make_record,
    make_state,
)

from heliograph.kernel.errors import (
    DatabaseUnavailable,
    HeliographError,
    KeyUnavailable,
    QueueUnavailable,
    StateFailed,
    StorageUnavailable,
    UsageError,
)
from heliograph.platform.blob_store_s3 import S3BlobStore
from heliograph.platform.dead_letters import count_dead_letters
from heliograph.platform.keys_kms import KmsKeys
from heliograph.platform.queues_sqs import SqsQueue
from heliograph.platform.secrets import read_database_url, read_secret_values
from heliograph.runner.stores.s3 import S3StateStore, open_s3

PART = 5 * 1024 * 1024
TEXT = "text/plain"
BLOB = os.urandom(2 * PART + 7)
CONTEXT = {"purpose": "test"}
ATTEMPTS = 3


@pytest.fixture
def client(moto: MotoServer) -> Iterator[Callable[[str], Any]]:
    """Call it for a client that no fault disturbs."""
    made: list[Any] = []

    def make(service: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        made.append(boto3.client(service, endpoint_url=moto.url, region_name="us-east-1", **keys))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def bucket(client: Callable[[str], Any]) -> str:
    name = f"faults-{uuid4().hex}"
    client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def store(faulty: FaultyAws, bucket: str) -> Iterator[S3BlobStore]:
    with closing(S3BlobStore(bucket, faulty.environment, part_bytes=PART)) as made:
        yield made


@pytest.fixture
def queue_url(client: Callable[[str], Any]) -> str:
    return str(client("sqs").create_queue(QueueName=f"faults-{uuid4().hex}")["QueueUrl"])


@pytest.fixture
def queue(faulty: FaultyAws, queue_url: str) -> Iterator[SqsQueue]:
    with closing(SqsQueue(queue_url, faulty.environment)) as made:
        yield made


@pytest.fixture
def keys(faulty: FaultyAws, client: Callable[[str], Any]) -> Iterator[KmsKeys]:
    arn = client("kms").create_key()["KeyMetadata"]["Arn"]
    with closing(KmsKeys(arn, faulty.environment)) as made:
        yield made


def assert_discreet(error: HeliographError) -> None:
    """What AWS said itself is in no message: it names accounts, roles and keys."""
    assert SECRET_WORDS.split()[1] not in json.dumps(error.to_dict())


# S3

PASSING = ["SlowDown", "InternalError", Loss.RESET, Loss.ANSWER]
OF_S3: dict[str, Callable[[S3BlobStore], object]] = {
    "PutObject": lambda store: store.put("b", b"new", content_type=TEXT),
    "GetObject": lambda store: store.read("a"),
    "ListObjectsV2": lambda store: list(store.list()),
    "DeleteObjects": lambda store: store.delete(["a"]),
}


@pytest.mark.parametrize("operation", OF_S3)
@pytest.mark.parametrize("how", PASSING, ids=str)
def test_what_passes_is_outlived_and_what_lasts_is_told(
    store: S3BlobStore, faulty: FaultyAws, pauses: Pauses, operation: str, how: str | Loss
) -> None:
    store.put("a", b"kept", content_type=TEXT)
    expected = {"GetObject": b"kept", "ListObjectsV2": ["a"]}.get(operation)
    pauses.seconds.clear()
    passing = faulty.fail(operation, how, times=ATTEMPTS - 1)
    assert OF_S3[operation](store) == expected
    assert passing.seen == ATTEMPTS
    assert len(pauses.seconds) == ATTEMPTS - 1
    assert max(pauses.seconds) <= 2
    lasting = faulty.fail(operation, how)
    with pytest.raises(StorageUnavailable) as told:
        OF_S3[operation](store)
    assert lasting.seen == ATTEMPTS
    assert_discreet(told.value)
    faulty.mend()
    assert store.read("b") in (None, b"new")


@pytest.mark.parametrize("code", ["AccessDenied", "RequestTimeTooSkewed", "NoSuchBucket"])
def test_what_no_patience_helps_against_is_told_at_once_with_what_to_do(
    store: S3BlobStore, faulty: FaultyAws, pauses: Pauses, code: str
) -> None:
    store.put("a", b"kept", content_type=TEXT)
    fault = faulty.fail("GetObject", code)
    with pytest.raises(StorageUnavailable, match=code) as told:
        store.read("a")
    assert (fault.seen, pauses.seconds) == (1, [])
    assert told.value.hint
    assert_discreet(told.value)
    faulty.mend()
    assert store.read("a") == b"kept"


@pytest.mark.parametrize("read", ["read", "read_range"])
def test_an_answer_that_breaks_off_is_asked_for_once_more(
    store: S3BlobStore, faulty: FaultyAws, read: str
) -> None:
    store.put("a", BLOB, content_type=TEXT)

    def get() -> bytes | None:
        return store.read("a") if read == "read" else store.read_range("a", 7, PART)

    expected = BLOB if read == "read" else BLOB[7 : 7 + PART]
    faulty.fail("GetObject", Loss.HALF, times=1)
    assert get() == expected
    faulty.mend()
    faulty.fail("GetObject", Loss.HALF)
    with pytest.raises(StorageUnavailable, match="cannot be reached"):
        get()
    assert faulty.count("GetObject") == 4
    faulty.mend()
    assert get() == expected


def test_blobs_that_s3_does_not_remove_are_told_and_the_others_are_gone(
    store: S3BlobStore, faulty: FaultyAws
) -> None:
    store.put("a", b"kept", content_type=TEXT)
    failure = b"<DeleteResult><Error><Key>a</Key><Code>InternalError</Code></Error></DeleteResult>"
    faulty.fail("DeleteObjects", failure, times=1)
    with pytest.raises(StorageUnavailable, match=r"1 blobs \(InternalError\)"):
        store.delete(["a"])
    assert store.read("a") == b"kept"
    store.delete(["a"])
    assert store.read("a") is None


# Uploads in parts


def write(store: S3BlobStore) -> None:
    store.write("big", (BLOB[at : at + 1_000_003] for at in range(0, len(BLOB), 1_000_003)),
                content_type=TEXT)  # fmt: skip


def is_second(asked: Any) -> bool:
    return bool(asked.query["partNumber"] == "2")


STEPS = ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["SlowDown", Loss.RESET, Loss.ANSWER], ids=str)
@pytest.mark.usefixtures("pauses")
def test_an_upload_outlives_what_passes(
    store: S3BlobStore, faulty: FaultyAws, step: str, how: str | Loss
) -> None:
    store.put("big", b"before", content_type=TEXT)
    where = is_second if step == "UploadPart" else lambda _: True
    fault = faulty.fail(step, how, times=1, where=where)
    write(store)
    assert fault.seen == 2
    assert store.read("big") == BLOB


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["SlowDown", "AccessDenied"], ids=str)
@pytest.mark.usefixtures("pauses")
def test_an_upload_that_fails_for_good_leaves_what_was_there_and_no_parts(
    store: S3BlobStore,
    faulty: FaultyAws,
    client: Callable[[str], Any],
    bucket: str,
    step: str,
    how: str | Loss,
) -> None:
    store.put("big", b"before", content_type=TEXT)
    where = is_second if step == "UploadPart" else lambda _: True
    faulty.fail(step, how, where=where)
    with pytest.raises(StorageUnavailable):
        write(store)
    left = client("s3").list_multipart_uploads(Bucket=bucket)
    assert "Uploads" not in left
    faulty.mend()
    assert store.read("big") == b"before"
    write(store)
    assert store.read("big") == BLOB


@pytest.mark.usefixtures("pauses")
def test_an_upload_is_complete_when_it_is_though_no_answer_ever_says_so(
    store: S3BlobStore, faulty: FaultyAws
) -> None:
    fault = faulty.fail("CompleteMultipartUpload", Loss.ANSWER)
    write(store)
    assert fault.seen == ATTEMPTS
    assert faulty.count("AbortMultipartUpload") == 0
    assert store.read("big") == BLOB


@pytest.mark.usefixtures("pauses")
def test_an_upload_is_complete_though_who_asks_again_is_told_that_there_is_none(
    store: S3BlobStore, faulty: FaultyAws
) -> None:
    faulty.fail("CompleteMultipartUpload", Loss.ANSWER, times=1)
    faulty.fail("CompleteMultipartUpload", "NoSuchUpload", after=1)
    write(store)
    assert faulty.count("CompleteMultipartUpload") == 2
    assert store.read("big") == BLOB


@pytest.mark.usefixtures("pauses")
def test_what_somebody_else_has_written_is_not_taken_for_a_complete_upload(
    store: S3BlobStore, faulty: FaultyAws
) -> None:
    write(store)  # another upload's blob, with the mark of that
    faulty.fail("CompleteMultipartUpload", "NoSuchUpload")
    with pytest.raises(StorageUnavailable, match="NoSuchUpload"):
        write(store)
    assert faulty.count("AbortMultipartUpload") == 1


@pytest.mark.usefixtures("pauses")
def test_an_error_in_an_answer_of_200_is_an_error(store: S3BlobStore, faulty: FaultyAws) -> None:
    said = b"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>x</Message></Error>"
    faulty.fail("CompleteMultipartUpload", said, times=1)
    write(store)
    assert store.read("big") == BLOB
    faulty.mend()
    faulty.fail("CompleteMultipartUpload", said)
    with pytest.raises(StorageUnavailable):
        store.write("other", iter([BLOB]), content_type=TEXT)
    faulty.mend()
    assert store.read("other") is None


# SQS


@pytest.mark.parametrize("how", ["ThrottlingException", "ServiceUnavailable", Loss.RESET], ids=str)
@pytest.mark.usefixtures("pauses")
def test_a_queue_outlives_what_passes_and_tells_what_lasts(
    queue: SqsQueue, faulty: FaultyAws, how: str | Loss
) -> None:
    for operation in ("SendMessage", "ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes"):
        faulty.fail(operation, how, times=ATTEMPTS - 1)
    queue.send("a")
    assert queue.counts().waiting == 1
    (message,) = queue.receive(visibility=LEASE)
    faulty.fail("ChangeMessageVisibility", how, times=ATTEMPTS - 1)
    queue.release(message)
    (message,) = queue.receive(visibility=LEASE)
    queue.acknowledge([message])
    counts = queue.counts()
    assert (counts.waiting, counts.in_flight) == (0, 0)
    lasting = faulty.fail("SendMessage", how)
    with pytest.raises(QueueUnavailable) as told:
        queue.send("b")
    assert lasting.seen == ATTEMPTS
    assert_discreet(told.value)
    faulty.mend()
    assert queue.counts().waiting == 0


@pytest.mark.usefixtures("pauses")
def test_a_message_whose_answer_was_lost_comes_twice_rather_than_never(
    queue: SqsQueue, faulty: FaultyAws
) -> None:
    faulty.fail("SendMessage", Loss.ANSWER, times=1)
    queue.send("a")
    messages = queue.receive(visibility=LEASE)
    assert [message.body for message in messages] == ["a", "a"]
    faulty.fail("DeleteMessageBatch", Loss.ANSWER, times=1)
    queue.acknowledge(messages)
    assert queue.receive(visibility=LEASE) == []


def test_messages_that_sqs_does_not_remove_are_told_and_the_others_are_gone(
    queue: SqsQueue, faulty: FaultyAws
) -> None:
    for body in ("a", "b"):
        queue.send(body)
    messages = queue.receive(visibility=timedelta(0))
    failure = {"Id": "1", "Code": "InternalError", "SenderFault": False}
    answer = json.dumps({"Successful": [{"Id": "0"}], "Failed": [failure]}).encode()
    faulty.fail("DeleteMessageBatch", answer, times=1)
    with pytest.raises(QueueUnavailable, match="InternalError"):
        queue.acknowledge(messages)
    queue.acknowledge(queue.receive(visibility=LEASE))
    assert queue.counts().waiting == 0


def test_counting_dead_letters_does_not_wait_for_sqs(
    queue: SqsQueue, queue_url: str, faulty: FaultyAws, pauses: Pauses
) -> None:
    def count() -> int:
        return count_dead_letters(queue_url, environment=faulty.environment, database=no_database)

    assert count() == 0
    faulty.fail("GetQueueAttributes", "ThrottlingException")
    with pytest.raises(QueueUnavailable, match="ThrottlingException"):
        count()  # the health of an installation is told at once
    assert pauses.seconds == []


def no_database() -> Any:
    raise AssertionError("SQS needs no database")


# KMS

OF_KMS = ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"]


@pytest.mark.parametrize("code", OF_KMS)
def test_a_key_that_may_not_be_used_is_told_at_once(
    keys: KmsKeys, faulty: FaultyAws, pauses: Pauses, code: str
) -> None:
    key = keys.generate(CONTEXT)
    faults = [faulty.fail(operation, code) for operation in ("GenerateDataKey", "Decrypt")]
    for use in (lambda: keys.generate(CONTEXT), lambda: keys.unwrap(key.wrapped, CONTEXT)):
        with pytest.raises(KeyUnavailable, match=code) as told:
            use()
        assert told.value.hint
        assert_discreet(told.value)
    assert [fault.seen for fault in faults] == [1, 1]
    assert pauses.seconds == []
    faulty.mend()
    assert keys.unwrap(key.wrapped, CONTEXT) == key.plain


@pytest.mark.parametrize(
    "how", ["ThrottlingException", "KMSInternalException", Loss.RESET], ids=str
)
def test_a_key_outlives_what_passes_and_tells_what_lasts(
    keys: KmsKeys, faulty: FaultyAws, pauses: Pauses, how: str | Loss
) -> None:
    for operation in ("GenerateDataKey", "Decrypt"):
        faulty.fail(operation, how, times=ATTEMPTS - 1)
    key = keys.generate(CONTEXT)
    assert keys.unwrap(key.wrapped, CONTEXT) == key.plain
    assert len(pauses.seconds) == 2 * (ATTEMPTS - 1)
    lasting = faulty.fail("Decrypt", how)
    with pytest.raises(KeyUnavailable) as told:
        keys.unwrap(key.wrapped, CONTEXT)
    assert lasting.seen == ATTEMPTS
    assert_discreet(told.value)


# Secrets Manager


@pytest.fixture
def secret(
    client: Callable[[str], Any], faulty: FaultyAws, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """Call it for the ARN of a new secret that holds a text."""
    for name, value in faulty.environment.items():
        monkeypatch.setenv(name, value)
    made = client("secretsmanager")
    return lambda text: str(made.create_secret(Name=uuid4().hex, SecretString=text)["ARN"])


@pytest.mark.parametrize("how", ["ThrottlingException", Loss.RESET], ids=str)
@pytest.mark.usefixtures("pauses")
def test_a_secret_is_asked_for_once_more_and_then_told(
    secret: Callable[[str], str], faulty: FaultyAws, how: str | Loss
) -> None:
    arn = secret('{"A": "s3cret"}')
    faulty.fail("GetSecretValue", how, times=1)
    assert read_secret_values(arn) == {"A": "s3cret"}
    faulty.mend()
    faulty.fail("GetSecretValue", how)
    with pytest.raises(UsageError, match="cannot be read") as told:
        read_secret_values(arn)
    assert arn in told.value.message
    assert_discreet(told.value)


@pytest.mark.usefixtures("pauses")
def test_the_secret_of_the_app_database_is_not_named_to_everybody(
    secret: Callable[[str], str], faulty: FaultyAws
) -> None:
    arn = secret("postgresql://somebody:s3cret@db/app")
    assert read_database_url(arn) == "postgresql://somebody:s3cret@db/app"
    for code in ("AccessDeniedException", "DecryptionFailure", "ThrottlingException"):
        fault = faulty.fail("GetSecretValue", code)
        with pytest.raises(DatabaseUnavailable, match=code) as told:
            read_database_url(arn)
        for word in (arn, "s3cret", "123456789012"):
            assert word not in json.dumps(told.value.to_dict())
        faulty.mend(fault)


# The state of alerts in S3


@pytest.fixture
def state(faulty: FaultyAws) -> Iterator[S3StateStore]:
    with closing(open_s3(f"s3://{BUCKET}/{uuid4().hex}/alerts.json", faulty.environment)) as made:
        yield made


@pytest.mark.parametrize("how", ["SlowDown", Loss.RESET], ids=str)
@pytest.mark.usefixtures("pauses")
def test_the_state_outlives_what_passes_and_tells_what_lasts(
    state: S3StateStore, faulty: FaultyAws, how: str | Loss
) -> None:
    faulty.fail("GetObject", how, times=3)
    faulty.fail("PutObject", how, times=3)
    claim = claim_now(state)
    lasting = faulty.fail("PutObject", how)
    with pytest.raises(StateFailed) as told:
        state.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    assert lasting.seen == 4
    assert_discreet(told.value)
    faulty.mend()
    assert state.deliveries(()) == []
    assert state.history("a") == []
    assert state.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    assert len(state.history("a")) == 1
    state.close()
    faulty.fail("GetObject", Loss.HALF)
    with pytest.raises(StateFailed, match="cannot be reached"):
        state.history("a")


@pytest.mark.usefixtures("pauses")
def test_a_write_of_the_state_whose_answer_was_lost_has_its_effect_once(
    state: S3StateStore, faulty: FaultyAws
) -> None:
    faulty.fail("PutObject", Loss.ANSWER, times=1)  # asked again, S3 says: changed meanwhile
    claim = claim_now(state)
    faulty.fail("PutObject", Loss.ANSWER, times=1)
    assert state.commit(claim, make_record(), {"": make_state()}, [make_delivery()])
    faulty.fail("PutObject", Loss.ANSWER, times=1)
    sending = state.claim_delivery(["ops"], NOON, LEASE)
    assert sending is not None
    assert sending.attempts == 1
    assert len(state.history(None)) == 1
    assert state.claim("a", NOON, NOON, LEASE) is None
