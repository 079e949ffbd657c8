"""What every keeper of keys promises, asked of a key file and of KMS (moto's server)."""

from __future__ import annotations

import inspect
import json
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.http_receiver import Answer, HttpReceiver
from tests.support.moto_server import MotoServer, running_moto

from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.aws import open_client
from heliograph.platform.envelope import Envelope
from heliograph.platform.keys import Keys, open_keys
from heliograph.platform.keys_file import FileKeys, create_key_file, rotate_key_file
from heliograph.platform.keys_kms import KmsKeys

CONTEXT = {"table": "connections", "id": "018f-1"}


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def arn(moto: MotoServer) -> str:
    with closing(open_client("kms", moto.environment)) as client:
        return str(client.create_key()["KeyMetadata"]["Arn"])


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "key.json"
    assert create_key_file(path)
    return path


@pytest.fixture(params=["file", "kms"])
def keys(request: pytest.FixtureRequest) -> Keys:
    if request.param == "file":
        return open_keys(f"file://{request.getfixturevalue('key_file')}", {})
    moto = request.getfixturevalue("moto")
    return open_keys(request.getfixturevalue("arn"), moto.environment)


@pytest.mark.parametrize("kind", [FileKeys, KmsKeys])
def test_every_keeper_has_the_methods_of_the_contract(kind: type) -> None:
    for name, promised in inspect.getmembers(Keys, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(kind, name)) == inspect.signature(promised)


def test_a_data_key_is_unwrapped_as_it_was_generated(keys: Keys) -> None:
    key = keys.generate(CONTEXT)
    assert len(key.plain) == 32
    assert key.plain not in key.wrapped
    assert keys.unwrap(key.wrapped, dict(reversed(CONTEXT.items()))) == key.plain


def test_no_two_data_keys_are_the_same(keys: Keys) -> None:
    made = [keys.generate(CONTEXT) for _ in range(3)]
    assert len({key.plain for key in made}) == len({key.wrapped for key in made}) == 3


@pytest.mark.parametrize(
    "context", [{}, {**CONTEXT, "id": "018f-2"}, {"table": "connections"}, {**CONTEXT, "x": "y"}]
)
def test_another_context_unwraps_nothing(keys: Keys, context: dict[str, str]) -> None:
    key = keys.generate(CONTEXT)
    assert keys.unwrap(key.wrapped, CONTEXT) == key.plain
    with pytest.raises(KeyUnavailable) as found:
        keys.unwrap(key.wrapped, context)
    assert key.plain.hex() not in json.dumps(found.value.to_dict())


def test_a_changed_or_cut_key_is_refused(keys: Keys) -> None:
    wrapped = keys.generate(CONTEXT).wrapped
    for changed in (wrapped[:-1], wrapped[:-1] + bytes([wrapped[-1] ^ 1]), b"x", wrapped[:9]):
        with pytest.raises(KeyUnavailable):
            keys.unwrap(changed, CONTEXT)
    assert keys.unwrap(wrapped, CONTEXT)


def test_a_data_key_does_not_show_itself(keys: Keys) -> None:
    key = keys.generate(CONTEXT)
    assert repr(key.plain) not in repr(key)


def test_an_envelope_opens_with_the_same_keys_and_context_only(keys: Keys) -> None:
    sealed = Envelope(keys).encrypt(b"s3cret", CONTEXT)
    assert b"s3cret" not in sealed
    assert Envelope(keys).decrypt(sealed, CONTEXT) == b"s3cret"
    with pytest.raises(KeyUnavailable):
        Envelope(keys).decrypt(sealed, {**CONTEXT, "id": "other"})


# The key file


def test_a_key_file_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key.json"
    made: list[bool] = []
    start = threading.Barrier(4)

    def create() -> None:
        start.wait(timeout=10)
        made.append(create_key_file(path))

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(made) == [False, False, False, True]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["key.json"]
    key = FileKeys(path).generate(CONTEXT)
    assert not create_key_file(path)
    assert FileKeys(path).unwrap(key.wrapped, CONTEXT) == key.plain


def test_after_a_rotation_the_new_key_wraps_and_both_unwrap(key_file: Path) -> None:
    keys = FileKeys(key_file)
    old = keys.generate(CONTEXT)
    before = key_file.read_bytes()
    rotate_key_file(key_file)
    new = keys.generate(CONTEXT)
    assert new.wrapped[:8] != old.wrapped[:8]
    assert [keys.unwrap(key.wrapped, CONTEXT) for key in (old, new)] == [old.plain, new.plain]
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    other = key_file.with_name("before.json")
    other.touch(0o600)
    other.write_bytes(before)
    assert FileKeys(other).unwrap(old.wrapped, CONTEXT) == old.plain
    with pytest.raises(KeyUnavailable, match="does not hold"):
        FileKeys(other).unwrap(new.wrapped, CONTEXT)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_may_use_is_refused(key_file: Path, mode: int) -> None:
    FileKeys(key_file).generate(CONTEXT)
    key_file.chmod(mode)
    with pytest.raises(KeyUnavailable, match="by others") as found:
        FileKeys(key_file).generate(CONTEXT)
    assert found.value.hint is not None
    assert found.value.hint.startswith(f"chmod 600 {key_file}")
    with pytest.raises(KeyUnavailable, match="by others"):
        rotate_key_file(key_file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '{"keys": []}',
        '{"keys": 7}',
        '{"keys": [{"id": "00"}]}',
        '{"keys": [{"id": "0011223344556677", "key": "c2hvcnQ="}]}',
        '{"keys": [{"id": "zz", "key": "!"}]}',
        "\xff",
    ],
)
def test_a_file_that_holds_something_else_is_refused(key_file: Path, text: str) -> None:
    FileKeys(key_file).generate(CONTEXT)
    key_file.write_bytes(text.encode("latin-1"))
    with pytest.raises(KeyUnavailable, match="is not a key file"):
        FileKeys(key_file).generate(CONTEXT)


def test_a_key_file_that_is_missing_is_told_with_its_path(key_file: Path) -> None:
    key_file.unlink()
    with pytest.raises(KeyUnavailable, match=f"no key file {key_file}"):
        FileKeys(key_file).generate(CONTEXT)


def test_a_key_file_where_none_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KeyUnavailable, match="cannot be used"):
        create_key_file(tmp_path / "file" / "key.json")


def test_a_secret_of_another_installation_is_told_apart(key_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    create_key_file(other)
    wrapped = FileKeys(other).generate(CONTEXT).wrapped
    assert FileKeys(other).unwrap(wrapped, CONTEXT)
    with pytest.raises(KeyUnavailable, match="does not hold"):
        FileKeys(key_file).unwrap(wrapped, CONTEXT)


# KMS


def test_a_key_of_kms_that_is_disabled_says_so_and_works_again_when_enabled(
    moto: MotoServer, arn: str
) -> None:
    refusal = {"__type": "DisabledException", "message": f"{arn} is disabled."}
    with HttpReceiver([_refusal(refusal)] * 2) as receiver:
        environment = {**moto.environment, "AWS_ENDPOINT_URL": receiver.url("")}
        with closing(KmsKeys(arn, environment)) as keys:
            with pytest.raises(KeyUnavailable, match="DisabledException") as found:
                keys.generate(CONTEXT)
            assert found.value.hint == "The key is disabled. Enable it in KMS."
            with pytest.raises(KeyUnavailable, match="DisabledException"):
                keys.unwrap(b"x", CONTEXT)
    with closing(KmsKeys(arn, moto.environment)) as keys:
        assert keys.generate(CONTEXT)


def test_a_key_of_kms_that_may_not_be_used_says_what_the_role_needs(
    moto: MotoServer, arn: str
) -> None:
    said = "User: arn:aws:sts::1:assumed-role/x is not authorized"
    refusal = {"__type": "AccessDeniedException", "message": said}
    with HttpReceiver([_refusal(refusal)]) as receiver:
        environment = {**moto.environment, "AWS_ENDPOINT_URL": receiver.url("")}
        with (
            closing(KmsKeys(arn, environment)) as keys,
            pytest.raises(KeyUnavailable, match="AccessDenied") as found,
        ):
            keys.generate(CONTEXT)
    assert found.value.hint == "The role needs kms:GenerateDataKey and kms:Decrypt on the key."
    assert "assumed-role" not in json.dumps(found.value.to_dict())
    (asked,) = receiver.requests
    assert asked.json()["EncryptionContext"] == CONTEXT


def test_a_key_of_kms_that_does_not_exist_says_so(moto: MotoServer, arn: str) -> None:
    missing = arn[:-4] + "0000"
    with (
        closing(KmsKeys(missing, moto.environment)) as keys,
        pytest.raises(KeyUnavailable, match="NotFoundException") as found,
    ):
        keys.generate(CONTEXT)
    assert found.value.hint == "There is no such key in this account and region."


def test_kms_that_nobody_answers_for_is_unavailable(moto: MotoServer, arn: str) -> None:
    environment = {**moto.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with (
        closing(KmsKeys(arn, environment)) as keys,
        pytest.raises(KeyUnavailable, match="cannot be reached"),
    ):
        keys.generate(CONTEXT)


@pytest.mark.parametrize("address", ["", "/key", "file://host/key", "arn:aws:s3:::b", "kms:x"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    open_keys("file:///somewhere/key.json", {})
    open_keys("arn:aws:kms:eu-central-1:123456789012:key/1234", {})
    with pytest.raises(KeyUnavailable):
        open_keys(address, {})


def _refusal(body: dict[str, str]) -> Answer:
    headers = {"content-type": "application/x-amz-json-1.1"}
    return Answer(400, json.dumps(body).encode(), headers)


def test_the_umask_of_who_makes_a_key_file_does_not_matter(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_key_file(tmp_path / "key.json")
    finally:
        os.umask(before)
    assert FileKeys(tmp_path / "key.json").generate(CONTEXT)


def test_of_two_rotations_at_once_neither_takes_the_other_s_key_away(key_file: Path) -> None:
    start = threading.Barrier(4)

    def rotate() -> None:
        start.wait(timeout=10)
        rotate_key_file(key_file)

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(json.loads(key_file.read_text())["keys"]) == 5


def test_the_newest_key_alone_opens_nothing_older(key_file: Path) -> None:
    old = FileKeys(key_file).generate(CONTEXT)
    newest = FileKeys(key_file, newest_only=True)
    assert newest.unwrap(old.wrapped, CONTEXT) == old.plain
    rotate_key_file(key_file)
    with pytest.raises(KeyUnavailable, match="does not hold"):
        newest.unwrap(old.wrapped, CONTEXT)
    new = newest.generate(CONTEXT)
    assert FileKeys(key_file).unwrap(new.wrapped, CONTEXT) == new.plain
