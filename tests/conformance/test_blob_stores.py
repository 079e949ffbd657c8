"""What every blob store promises, asked of a folder and of S3 (moto's server)."""

from __future__ import annotations

import hashlib
import inspect
import os
import signal
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import urlopen

import pytest
from tests.support.hand_clock import HandClock
from tests.support.moto_server import BUCKET, MotoServer, running_moto

from heliograph.kernel.errors import BlobKeyInvalid, LinkInvalid, StorageUnavailable
from heliograph.platform.aws import open_client
from heliograph.platform.blob_store import BlobStore, content_disposition, open_blob_store
from heliograph.platform.blob_store_folder import FolderBlobStore
from heliograph.platform.blob_store_s3 import S3BlobStore

PART = 5 * 1024 * 1024  # the least that S3 takes for a part
CSV = "text/csv"
LINKS = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoServer]:
    with running_moto() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> FolderBlobStore:
    return FolderBlobStore(tmp_path / "blobs", links=LINKS, clock=HandClock())


@pytest.fixture
def bucket(moto: MotoServer) -> Iterator[S3BlobStore]:
    with closing(S3BlobStore(BUCKET, moto.environment, part_bytes=PART)) as store:
        yield store
        store.delete(list(store.list()))


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest) -> BlobStore:
    store: BlobStore = request.getfixturevalue(request.param)
    return store


def uploads(moto: MotoServer) -> int:
    """Return how many uploads were begun and neither completed nor aborted."""
    with closing(open_client("s3", moto.environment)) as client:
        return len(client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def uploaded_bytes(client: Any) -> int:
    """Return how much of the upload that is under way has arrived."""
    found = client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
    return sum(
        part["Size"]
        for upload in found
        for part in client.list_parts(
            Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"]
        ).get("Parts", [])
    )


@pytest.mark.parametrize("kind", [FolderBlobStore, S3BlobStore])
def test_every_store_has_the_methods_of_the_contract(kind: type) -> None:
    for name, promised in inspect.getmembers(BlobStore, inspect.isfunction):
        if not name.startswith("_"):
            assert inspect.signature(getattr(kind, name)) == inspect.signature(promised)


# Writing and reading


@pytest.mark.parametrize("data", [b"", b"a,b\r\n1,2\r\n", bytes(range(256)) * 40])
def test_what_is_put_is_read_as_it_was(store: BlobStore, data: bytes) -> None:
    store.put("exports/1.csv", data, content_type=CSV)
    assert store.read("exports/1.csv") == data


def test_what_does_not_exist_is_none(store: BlobStore) -> None:
    store.put("a/b/c", b"x", content_type=CSV)
    for key in ("a", "a/b", "a/b/d", "a/b/c/d", "x"):
        assert store.read(key) is None


def test_a_range_is_that_part_of_a_blob(store: BlobStore) -> None:
    data = os.urandom(100_000)
    store.put("packs/0", data, content_type=CSV)
    for start, length in ((0, 1), (0, 100_000), (50_000, 10_001), (99_999, 1)):
        assert store.read_range("packs/0", start, length) == data[start : start + length]


def test_a_range_that_the_blob_does_not_fill_is_shorter(store: BlobStore) -> None:
    store.put("some", b"0123456789", content_type=CSV)
    store.put("empty", b"", content_type=CSV)
    assert store.read_range("some", 8, 5) == b"89"
    assert store.read_range("some", 10, 5) == b""
    assert store.read_range("some", 10**10, 5) == b""
    assert store.read_range("empty", 0, 1) == b""


def test_a_range_of_what_does_not_exist_is_none(store: BlobStore) -> None:
    store.put("a/b", b"x", content_type=CSV)
    assert store.read_range("a/b", 0, 1) == b"x"
    for key in ("a", "a/c", "a/b/c"):
        assert store.read_range(key, 0, 1) is None


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, 0), (0, -1), (-5, 0)])
def test_a_range_before_the_blob_or_of_nothing_is_refused(
    store: BlobStore, start: int, length: int
) -> None:
    store.put("a", b"0123456789", content_type=CSV)
    assert store.read_range("a", 0, 1) == b"0"
    with pytest.raises(ValueError, match="range"):
        store.read_range("a", start, length)


def test_putting_again_replaces(store: BlobStore) -> None:
    store.put("a", b"longer than the second", content_type=CSV)
    store.put("a", b"second", content_type=CSV)
    assert store.read("a") == b"second"


def test_a_key_may_be_what_another_begins_with(store: BlobStore) -> None:
    store.put("a/b", b"2", content_type=CSV)
    store.put("a", b"1", content_type=CSV)
    store.put("a/b/c", b"3", content_type=CSV)
    assert [store.read(key) for key in ("a", "a/b", "a/b/c")] == [b"1", b"2", b"3"]


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 7])
def test_chunks_become_one_blob_whatever_their_length(store: BlobStore, size: int) -> None:
    data = os.urandom(size)
    chunks = (data[start : start + 1_000_003] for start in range(0, size, 1_000_003))
    store.write("big.csv", chunks, content_type=CSV)
    assert store.read("big.csv") == data


def test_the_folder_writes_a_long_blob_in_little_memory(folder: FolderBlobStore) -> None:
    chunk = bytes(1024 * 1024)
    tracemalloc.start()
    try:
        folder.write("long", (chunk + b"\n" for _ in range(60)), content_type=CSV)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Threads of other fixtures allocate too; the whole blob would be 60 MB.
    assert peak < 25 * len(chunk)


def test_s3_holds_no_more_than_two_parts_of_a_long_blob(
    bucket: S3BlobStore, moto: MotoServer
) -> None:
    chunk = bytes(1024 * 1024)
    held: list[int] = []

    def chunks() -> Iterator[bytes]:
        with closing(open_client("s3", moto.environment)) as client:
            for count in range(25):
                held.append(count * len(chunk) - uploaded_bytes(client))
                yield chunk

    bucket.write("long", chunks(), content_type=CSV)
    assert len(held) == 25
    assert max(held) <= 2 * PART


@pytest.mark.parametrize("size", [1, 3 * PART])
def test_a_writer_that_fails_leaves_what_was_there(
    store: BlobStore, moto: MotoServer, size: int
) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(size)
        raise ZeroDivisionError

    for key in ("old", "new"):
        if key == "old":
            store.put(key, b"before", content_type=CSV)
        with pytest.raises(ZeroDivisionError):
            store.write(key, chunks(), content_type=CSV)
    assert [store.read(key) for key in ("old", "new")] == [b"before", None]
    assert list(store.list()) == ["old"]
    assert uploads(moto) == 0


def test_a_writer_that_is_killed_leaves_no_half_blob(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path)
    store.put("old", b"before", content_type=CSV)
    program = (
        "import sys; from pathlib import Path\n"
        "from heliograph.platform.blob_store_folder import FolderBlobStore\n"
        "def chunks():\n"
        "    yield bytes(5_000_000)\n"
        "    print('half', flush=True); sys.stdin.read()\n"
        "FolderBlobStore(Path(sys.argv[1])).write(sys.argv[2], chunks(), content_type='x/y')\n"
    )
    for key in ("old", "new/one"):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), key],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"half\n"
            writer.send_signal(signal.SIGKILL)
            writer.wait(timeout=10)
    assert list(store.list()) == ["old"]
    assert store.read("old") == b"before"
    # What it has left is cleared away a day later, by the next that writes.
    left = list((tmp_path / "~writing").iterdir())
    assert len(left) == 2
    for file in left:
        os.utime(file, (0, 0))
    FolderBlobStore(tmp_path).put("later", b"x", content_type=CSV)
    assert list((tmp_path / "~writing").iterdir()) == []


def test_blobs_of_a_folder_are_their_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        FolderBlobStore(tmp_path / "blobs").put("a/b", b"x", content_type=CSV)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "blobs").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "blobs/a~/b").stat().st_mode) == 0o600


# Listing and deleting


def test_keys_are_listed_by_prefix_and_in_order(store: BlobStore) -> None:
    keys = ["a", "a-1", "a/1", "a/2/x", "a/2.x", "a0", "b/1", "B"]
    for key in keys:
        store.put(key, b"", content_type=CSV)
    assert list(store.list()) == sorted(keys)
    assert list(store.list("a")) == sorted(key for key in keys if key.startswith("a"))
    assert list(store.list("a/")) == ["a/1", "a/2.x", "a/2/x"]
    assert list(store.list("a/2/")) == ["a/2/x"]
    assert list(store.list("c/")) == []
    assert list(store.list("a/1/")) == []


def test_more_keys_than_s3_lists_and_removes_at_once(bucket: S3BlobStore) -> None:
    keys = [f"k/{number:04d}" for number in range(1003)]
    with closing(open_client("s3", bucket._lazy._environment)) as client:
        for key in keys:
            client.put_object(Bucket=BUCKET, Key=key, Body=b"")
    assert list(bucket.list("k/")) == keys
    bucket.delete(key for key in keys[1:])
    assert list(bucket.list("k/")) == keys[:1]


def test_deleted_blobs_are_gone_and_the_others_are_not(store: BlobStore) -> None:
    for key in ("a/b/1", "a/b/2", "a/c"):
        store.put(key, b"x", content_type=CSV)
    store.delete(["a/b/1", "a/c", "never/there", "a/b/1"])
    store.delete([])
    assert list(store.list()) == ["a/b/2"]
    store.delete(["a/b/2"])
    store.put("a/b/3", b"y", content_type=CSV)
    assert list(store.list()) == ["a/b/3"]


def test_the_folder_keeps_no_empty_folders(folder: FolderBlobStore, tmp_path: Path) -> None:
    folder.put("a/b/c", b"x", content_type=CSV)
    assert (tmp_path / "blobs/a~/b~/c").read_bytes() == b"x"
    folder.delete(["a/b/c"])
    assert not (tmp_path / "blobs/a~").exists()
    assert (tmp_path / "blobs").exists()


# Keys

BAD_KEYS = [
    "",
    "/",
    "/a",
    "a/",
    "a//b",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/..",
    "a/./b",
    "a\\b",
    "a b",
    "a\n",
    "a\x00",
    "ä",
    "~writing/x",
    "~links",
    "a~",
    "%2e%2e/a",
    "a" * 201,
    "/".join(["a" * 100] * 6),
]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_bad_key_is_refused_everywhere(store: BlobStore, key: str) -> None:
    store.put("good/one-1_2.csv", b"x", content_type=CSV)
    for act in (
        lambda: store.put(key, b"x", content_type=CSV),
        lambda: store.write(key, [b"x"], content_type=CSV),
        lambda: store.read(key),
        lambda: store.read_range(key, 0, 1),
        lambda: store.delete([key]),
        lambda: store.link(key, seconds=9, filename="f", content_type=CSV),
    ):
        with pytest.raises(BlobKeyInvalid):
            act()
    assert list(store.list()) == ["good/one-1_2.csv"]


def test_the_longest_key_is_kept(store: BlobStore) -> None:
    key = "/".join(["a" * 200, "b" * 200, "c" * 110])
    assert len(key) == 512
    store.put(key, b"x", content_type=CSV)
    assert store.read(key) == b"x"
    assert list(store.list()) == [key]


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", "..//", "a b", "~", "a" * 513])
def test_a_bad_prefix_is_refused(store: BlobStore, prefix: str) -> None:
    assert list(store.list("a/")) == []
    with pytest.raises(BlobKeyInvalid):
        list(store.list(prefix))


def test_symbolic_links_do_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    store, outside = FolderBlobStore(tmp_path / "blobs"), tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s3cret")
    store.put("in/side", b"x", content_type=CSV)
    (tmp_path / "blobs/out~").symlink_to(outside)
    (tmp_path / "blobs/in~/file").symlink_to(outside / "secret")
    for key in ("out/secret", "in/file"):
        for act in (
            lambda key=key: store.read(key),
            lambda key=key: store.read_range(key, 0, 1),
            lambda key=key: store.put(key, b"x", content_type=CSV),
            lambda key=key: store.delete([key]),
        ):
            with pytest.raises(BlobKeyInvalid):
                act()
    assert list(store.list()) == ["in/side"]
    assert (outside / "secret").read_text() == "s3cret"


def test_the_folder_itself_may_be_reached_by_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    store = FolderBlobStore(tmp_path / "link")
    store.put("a/b", b"x", content_type=CSV)
    assert store.read("a/b") == b"x"


# Links


def follow(store: FolderBlobStore, url: str) -> tuple[bytes, dict[str, str]]:
    parts = urlsplit(url)
    linked = store.open_linked(parts.path, dict(parse_qsl(parts.query)))
    assert linked.size == linked.path.stat().st_size
    return linked.path.read_bytes(), dict(linked.headers)


def test_a_link_of_the_folder_gives_a_download(folder: FolderBlobStore) -> None:
    folder.put("exports/1", b"a,b\r\n", content_type=CSV)
    url = folder.link("exports/1", seconds=60, filename="Bücher & co.csv", content_type=CSV)
    assert url.startswith(f"{LINKS}/blobs/exports/1?expires=")
    data, headers = follow(folder, url)
    assert data == b"a,b\r\n"
    assert headers == {
        "content-type": CSV,
        "content-length": "5",
        "content-disposition": (
            "attachment; filename=\"B_cher & co.csv\"; filename*=UTF-8''B%C3%BCcher%20&%20co.csv"
        ),
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }


def test_a_link_of_s3_gives_a_download(bucket: S3BlobStore) -> None:
    bucket.put("exports/1", b"a,b\r\n", content_type="application/octet-stream")
    url = bucket.link("exports/1", seconds=60, filename="Bücher.csv", content_type=CSV)
    query = dict(parse_qsl(urlsplit(url).query))
    assert query["X-Amz-Expires"] == "60"
    with urlopen(url, timeout=10) as answer:
        assert answer.read() == b"a,b\r\n"
        assert answer.headers["content-type"] == CSV
        assert answer.headers["content-disposition"] == content_disposition("Bücher.csv")
    bucket.delete(["exports/1"])
    with pytest.raises(HTTPError) as gone:
        urlopen(url, timeout=10)
    gone.value.close()


def test_a_link_ends_when_it_expires(tmp_path: Path) -> None:
    clock = HandClock()
    store = FolderBlobStore(tmp_path, links=LINKS, clock=clock)
    store.put("a", b"x", content_type=CSV)
    url = store.link("a", seconds=60, filename="a.csv", content_type=CSV)
    clock.advance(timedelta(seconds=59))
    assert follow(store, url)[0] == b"x"
    clock.advance(timedelta(seconds=1))
    with pytest.raises(LinkInvalid, match="expired"):
        follow(store, url)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/blobs/a?", "/blobs/b?"),
        ("expires=", "expires=9"),
        ("expires=", "expires=x"),
        ("name=a.csv", "name=a.html"),
        ("text%2Fcsv", "text%2Fhtml"),
        ("signature=", "signature=0"),
        ("signature=", "signature=%FF"),
        ("signature=", "sig="),
        ("name=", "n="),
        ("/blobs/a?", "/blobs/../a?"),
        ("/blobs/a?", "/blobs/?"),
        ("/blobs/a?", "/a?"),
    ],
)
def test_a_link_that_was_changed_is_refused(folder: FolderBlobStore, old: str, new: str) -> None:
    for key in ("a", "b"):
        folder.put(key, b"x", content_type=CSV)
    url = folder.link("a", seconds=60, filename="a.csv", content_type=CSV)
    assert follow(folder, url)[0] == b"x"
    assert old in url
    with pytest.raises(LinkInvalid):
        follow(folder, url.replace(old, new))


def test_a_link_to_what_is_gone_is_refused(folder: FolderBlobStore) -> None:
    folder.put("a", b"x", content_type=CSV)
    url = folder.link("a", seconds=60, filename="a.csv", content_type=CSV)
    folder.delete(["a"])
    with pytest.raises(LinkInvalid, match="gone"):
        follow(folder, url)


def test_links_outlive_a_restart_and_not_a_new_folder(tmp_path: Path) -> None:
    stores = [FolderBlobStore(tmp_path / name, links=LINKS) for name in ("one", "one", "two")]
    for store in stores:
        store.put("a", b"x", content_type=CSV)
    url = stores[0].link("a", seconds=60, filename="a.csv", content_type=CSV)
    assert follow(stores[1], url)[0] == b"x"
    with pytest.raises(LinkInvalid):
        follow(stores[2], url)


def test_the_secret_of_links_is_its_owner_s_alone(tmp_path: Path) -> None:
    store = FolderBlobStore(tmp_path, links=LINKS)
    store.link("a", seconds=60, filename="a.csv", content_type=CSV)
    secret = tmp_path / "~links"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    secret.chmod(0o640)
    with pytest.raises(StorageUnavailable):
        FolderBlobStore(tmp_path, links=LINKS).link(
            "a", seconds=60, filename="a.csv", content_type=CSV
        )


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.csv", 'attachment; filename="a.csv"'),
        ('a"b.csv', "attachment; filename=\"a_b.csv\"; filename*=UTF-8''a%22b.csv"),
        ("a\r\nX: y", "attachment; filename=\"a__X_ y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
        ("../etc/passwd", 'attachment; filename=".._etc_passwd"'),
        ("100%.csv", "attachment; filename=\"100_.csv\"; filename*=UTF-8''100%25.csv"),
        (" ", 'attachment; filename="download"'),
        ("€", "attachment; filename=\"_\"; filename*=UTF-8''%E2%82%AC"),
    ],
)
def test_any_name_makes_a_safe_header(name: str, header: str) -> None:
    assert content_disposition(name) == header


# Refusals


@pytest.mark.parametrize(
    "address",
    ["", "s3://", "s3://bucket/key", "file://host/folder", "file:///", "/folder", "gs://bucket"],
)
def test_an_address_of_another_form_is_refused(tmp_path: Path, address: str) -> None:
    open_blob_store(f"file://{tmp_path}", {})
    open_blob_store("s3://bucket", {})
    with pytest.raises(StorageUnavailable):
        open_blob_store(address, {})


def test_an_address_may_hold_spaces_and_where_links_lead(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    store = open_blob_store(f"file://{tmp_path}/a%20b?links={LINKS}/", {})
    store.put("a", b"x", content_type=CSV)
    assert (place / "a").read_bytes() == b"x"
    url = store.link("a", seconds=60, filename="a", content_type=CSV)
    assert url.startswith(f"{LINKS}/blobs/a?")
    with pytest.raises(StorageUnavailable, match="where its links lead"):
        open_blob_store(f"file://{place}", {}).link("a", seconds=60, filename="a", content_type=CSV)


def test_a_bucket_that_does_not_exist_says_so(moto: MotoServer) -> None:
    digest = hashlib.sha256(moto.url.encode()).hexdigest()[:8]
    with closing(S3BlobStore(f"missing-{digest}", moto.environment)) as store:
        for act in (
            lambda: store.put("a", b"x", content_type=CSV),
            lambda: store.read("a"),
            lambda: store.read_range("a", 0, 1),
            lambda: list(store.list()),
            lambda: store.delete(["a"]),
        ):
            with pytest.raises(StorageUnavailable, match="NoSuchBucket") as found:
                act()
            assert found.value.hint == "Make the bucket, or correct its name."


def test_a_store_that_nobody_answers_for_is_unavailable(moto: MotoServer) -> None:
    environment = {**moto.environment, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with (
        closing(S3BlobStore(BUCKET, environment)) as store,
        pytest.raises(StorageUnavailable, match="cannot be reached"),
    ):
        store.read("a")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = FolderBlobStore(tmp_path / "file")
    with pytest.raises(StorageUnavailable, match="cannot be used"):
        store.put("a", b"x", content_type=CSV)
    assert FolderBlobStore(tmp_path / "not-yet").read("a") is None
