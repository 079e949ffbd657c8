"""What nodes share belongs to one app database: a key or a folder of another one is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.api import SetClock
from tests.support.cli import Finished, heliograph
from tests.support.serving import call, served, sign_in

from heliograph.kernel.actors import SYSTEM, Role
from heliograph.kernel.errors import (
    BlobsMismatched,
    HeliographError,
    KeyMismatched,
    KeyUnavailable,
    NodeRefused,
    UsageError,
)
from heliograph.local.places import Places, find_places, join_installation, note_places
from heliograph.platform.database import Database
from heliograph.platform.keys_file import create_key_file
from heliograph.web.services import Services


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


def node(tmp_path: Path, shared: Path | None, key_file: Path | None = None) -> Places:
    return Places.of(tmp_path / "own", shared, key_file)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_first_node_makes_key_and_folder_and_others_take_them(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    join_installation(node(tmp_path, shared), app_database_url)
    made = {name: (shared / name).read_bytes() for name in files_in(shared)}
    assert sorted(made) == ["blobs/~links", "key.json"]
    join_installation(Places.of(tmp_path / "another", shared), app_database_url)
    assert {name: (shared / name).read_bytes() for name in files_in(shared)} == made


def test_of_nodes_that_start_at_once_with_one_folder_all_join(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    places = [Places.of(tmp_path / str(number), shared) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        [*pool.map(lambda one: join_installation(one, app_database_url), places)]
    assert files_in(shared) == ["blobs/~links", "key.json"]


def test_of_nodes_that_start_at_once_each_with_a_folder_one_joins(
    app_database_url: str, tmp_path: Path
) -> None:
    def join(number: int) -> str:
        try:
            join_installation(Places.of(tmp_path / str(number)), app_database_url)
        except HeliographError as error:
            return error.code
        return "joined"

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(join, range(4)))
    assert found.count("joined") == 1
    assert set(found) <= {"joined", "key_mismatched", "key_unavailable"}


def test_another_key_is_refused_and_the_right_one_is_not(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    join_installation(node(tmp_path, shared), app_database_url)
    right, wrong = shared / "key.json", tmp_path / "wrong.json"
    create_key_file(wrong)
    with pytest.raises(KeyMismatched, match=r"wrong\.json") as found:
        join_installation(node(tmp_path, shared, wrong), app_database_url)
    assert "forget-secrets" in (found.value.hint or "")
    join_installation(node(tmp_path, shared, right), app_database_url)


def test_a_key_that_is_missing_is_not_made_anew_where_secrets_need_it(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    first = tmp_path / "keys" / "first.json"
    join_installation(node(tmp_path, shared, first), app_database_url)
    assert first.is_file()  # nothing was known yet
    missing = tmp_path / "missing.json"
    with pytest.raises(KeyUnavailable, match=r"missing\.json"):
        join_installation(node(tmp_path, shared, missing), app_database_url)
    assert not missing.exists()


def test_a_key_that_others_may_read_is_refused(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    join_installation(node(tmp_path, shared), app_database_url)
    (shared / "key.json").chmod(0o644)
    with pytest.raises(KeyUnavailable, match="others"):
        join_installation(node(tmp_path, shared), app_database_url)
    (shared / "key.json").chmod(0o600)
    join_installation(node(tmp_path, shared), app_database_url)


def test_another_folder_is_refused_and_nothing_is_written_into_it(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    join_installation(node(tmp_path, shared), app_database_url)
    other = tmp_path / "other"  # as a mount point is while nothing is mounted
    other.mkdir()
    with pytest.raises(BlobsMismatched, match="other"):
        join_installation(node(tmp_path, other, shared / "key.json"), app_database_url)
    assert files_in(other) == []
    with closing(Database(app_database_url)) as database:  # its own, of another installation
        database.fetch("DELETE FROM blob_folders RETURNING id")
        join_installation(node(tmp_path, other, shared / "key.json"), app_database_url)
    with pytest.raises(BlobsMismatched, match="shared"):
        join_installation(node(tmp_path, shared), app_database_url)


def test_a_node_whose_database_is_its_own_may_begin_with_an_empty_folder(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    alone = node(tmp_path, None)
    join_installation(alone, app_database_url, is_alone=True)
    (alone.blobs_path / "~links").unlink()
    join_installation(alone, app_database_url, is_alone=True)
    join_installation(alone, app_database_url)  # it is the database's folder now
    with pytest.raises(BlobsMismatched):
        join_installation(node(tmp_path, shared, alone.key_path), app_database_url)


@pytest.mark.parametrize(("seconds", "side"), [(15, "ahead of"), (-15, "behind")])
def test_a_clock_that_is_off_is_refused_and_one_that_is_nearly_right_is_not(
    app_database_url: str, tmp_path: Path, shared: Path, seconds: int, side: str
) -> None:
    off = SetClock(datetime.now(UTC) + timedelta(seconds=seconds))
    with pytest.raises(NodeRefused, match=rf"1\d s {side}"):
        join_installation(node(tmp_path, shared), app_database_url, clock=off)
    assert files_in(shared) == []
    off.advance(timedelta(seconds=-seconds))
    join_installation(node(tmp_path, shared), app_database_url, clock=off)


def test_a_folder_to_share_is_never_made(tmp_path: Path, shared: Path) -> None:
    assert node(tmp_path, shared).kept_dir == shared
    with pytest.raises(UsageError, match="nowhere"):
        node(tmp_path, tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_commands_that_know_the_data_folder_alone_find_the_rest(
    tmp_path: Path, shared: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    assert find_places(own) == (Places(own), None)
    for places in (Places(own, shared, tmp_path / "key"), Places(own, shared), Places(own)):
        note_places(places, has_own_database=False)
        assert find_places(own) == (places, False)
    (own / "serve.places").write_text("[]")
    assert find_places(own) == (Places(own), None)


def admin(*arguments: str | Path) -> Finished:
    return heliograph("admin", *map(str, arguments))


def test_results_whose_folder_is_lost_are_forgotten_on_request(
    app_database_url: str, tmp_path: Path, shared: Path, services: Services
) -> None:
    join_installation(node(tmp_path, shared), app_database_url)
    empty = tmp_path / "empty"
    empty.mkdir()
    begins = node(tmp_path, empty, shared / "key.json")
    place = ("--database-url", app_database_url)
    refused = admin("forget-results", *place)
    assert (refused.code, refused.error["code"]) == (2, "usage_invalid")
    with pytest.raises(BlobsMismatched):
        join_installation(begins, app_database_url)
    done = admin("forget-results", "--yes", *place)
    assert (done.code, done.stdout) == (0, b"")
    assert "0 result(s) forgotten" in done.stderr
    join_installation(begins, app_database_url)
    events = services.database.fetch(
        "SELECT actor_kind, after FROM audit_events WHERE action = 'results.forgotten'"
    )
    assert events == [{"actor_kind": "cli", "after": {"count": 0}}]


def test_a_lost_key_is_got_over_without_a_node(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    join_installation(node(tmp_path, shared), app_database_url)
    (shared / "key.json").unlink()
    with pytest.raises(KeyUnavailable):
        join_installation(node(tmp_path, shared), app_database_url)
    done = admin("forget-secrets", "--yes", "--database-url", app_database_url)
    assert done.code == 0
    join_installation(node(tmp_path, shared), app_database_url)
    assert (shared / "key.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--shared-dir", "{tmp}"), "--shared-dir"),
        (("--shared-dir", "{tmp}/none", "--database-url", "postgresql://a@127.0.0.1/b"), "none"),
        (("--behind-proxy", "proxy.example"), "proxy.example"),
        (("--behind-proxy", "10.0.0.0/8,"), "--behind-proxy"),
    ],
)
def test_options_that_cannot_work_are_refused_before_anything_is_made(
    arguments: tuple[str, ...], named: str, tmp_path: Path
) -> None:
    given = [one.format(tmp=tmp_path) for one in arguments]
    done = heliograph("serve", "--data-dir", str(tmp_path / "data"), *given)
    assert (done.code, done.error["code"]) == (2, "usage_invalid")
    assert named in done.error["message"]
    assert not (tmp_path / "data").exists()


def test_nodes_say_at_the_start_what_does_not_fit_and_other_commands_know_them(
    app_database_url: str, tmp_path: Path, shared: Path, services: Services
) -> None:
    services.users.create(
        SYSTEM, email="ada@example.com", name="Ada", role=Role.ADMIN, password="tiger lamp ocean"
    )
    database = ("--database-url", app_database_url)
    first, second = tmp_path / "first", tmp_path / "second"
    wrong, empty = tmp_path / "wrong.json", tmp_path / "empty"
    create_key_file(wrong)
    empty.mkdir()
    common = ("--port", "0", "--data-dir", second, *database)
    with served("--port", "0", "--data-dir", first, *database, "--shared-dir", shared) as running:
        assert call(f"{running.url}/api/health")[0] == 200
        assert any("--public-url" in line for line in running.errors)
        for given, code in (
            (("--shared-dir", shared, "--key-file", wrong), "key_mismatched"),
            (("--shared-dir", empty, "--key-file", shared / "key.json"), "blobs_mismatched"),
        ):
            with served(*common, *given) as refused:
                assert refused.error()["code"] == code
                assert refused.process.returncode == 1
        with served(*common, "--shared-dir", shared) as joined:
            status, token = sign_in(joined.url, "ada@example.com", "tiger lamp ocean")
            assert status == 200
            assert call(f"{running.url}/api/me", token=token)[0] == 200
            doctor = heliograph("doctor", "--data-dir", str(second), *database)
            assert doctor.code == 0, doctor.stdout
            refused_admin = admin("setup-link", "--data-dir", second)
            assert refused_admin.error["code"] == "usage_invalid"
            assert "--database-url" in refused_admin.error["hint"]
            assert not (second / "postgres").exists()
            assert heliograph("serve", "--stop", "--data-dir", str(second)).code == 0
            assert joined.process.wait(10) == 0
        assert call(f"{running.url}/api/health")[0] == 200


def test_nodes_of_a_demo_print_the_same_sign_ins(
    app_database_url: str, tmp_path: Path, shared: Path
) -> None:
    place = ("--port", "0", "--database-url", app_database_url, "--shared-dir", shared, "--demo")
    with served(*place, "--data-dir", tmp_path / "one") as one:
        told = one.wait_for_line("admin ")
        with served(*place, "--data-dir", tmp_path / "two") as two:
            assert two.wait_for_line("admin ") == told
            _, email, password = told.split(" ")
            assert sign_in(one.url, email, password)[0] == 200
