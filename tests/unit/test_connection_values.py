"""What may stand in a connection, and in which words its test speaks."""

from __future__ import annotations

from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from heliograph.connections import testing
from heliograph.connections.certificates import CertificateFiles, check_authority
from heliograph.connections.engines.contract import CheckStep
from heliograph.connections.engines.postgres import connect_errors
from heliograph.connections.models import ConnectionChanges, ConnectionDraft, TargetDraft
from heliograph.connections.testing import ConnectionTest
from heliograph.connections.url import parse_connection_url

DRAFT: dict[str, Any] = {"name": "Shop", "host": "db", "database": "shop", "username": "reader"}


def pem() -> str:
    return trustme.CA().cert_pem.bytes().decode()


def test_the_test_of_a_connection_speaks_of_fields_never_of_a_url() -> None:
    cases = (*connect_errors._SERVER_CASES, *connect_errors._LINE_CASES)
    texts = [text for case in cases for text in (case.message, case.hint) if text]
    assert any("URL" in text for text in texts)
    for text in texts:
        shown = testing._reword(text)
        assert not any(word in shown for word in ("URL", "sslmode=", "sslrootcert", "  ")), shown
        assert len(shown) > len(text) / 4, shown


def test_a_test_went_well_unless_a_step_failed() -> None:
    good = CheckStep("dns", True, "")
    warning = CheckStep("tls", True, "", is_warning=True)
    assert ConnectionTest((good, warning)).ok
    assert not ConnectionTest((good, CheckStep("tcp", False, ""))).ok


def test_a_chain_of_authorities_is_kept_with_one_line_end_at_the_end() -> None:
    first, second = pem(), pem()
    text = f"\r\n{first}\n\n{second}".replace("\n", "\r\n")
    kept = check_authority(text)
    assert kept.count("BEGIN CERTIFICATE") == 2
    assert "\r" not in kept
    assert kept.endswith("-----\n")
    assert check_authority(kept) == kept


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: "certificate",
        lambda text: text.replace("MII", "XXX"),
        lambda text: text[: len(text) // 2],
        lambda text: text + text.replace("MII", "XXX"),
        lambda text: text + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        lambda text: text + "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        lambda text: f"é{text}é".encode("latin-1").decode("utf-8", "replace") + "-----BEGIN",
    ],
)
def test_what_is_no_certificate_is_refused_and_not_repeated(spoil: Any) -> None:
    text = pem()
    assert check_authority(text)
    with pytest.raises(ValueError) as caught:
        check_authority(spoil(text))
    assert "AAAA" not in str(caught.value)


def test_a_draft_shows_its_password_nowhere() -> None:
    draft = ConnectionDraft.model_validate_json(
        '{"name": "Shop", "host": "db", "database": "shop", "username": "u", "password": "s3cret"}'
    )
    assert draft.password is not None
    assert draft.password.get_secret_value() == "s3cret"
    assert "s3cret" not in f"{draft!r} {draft} {draft.model_dump_json()}"
    with pytest.raises(ValidationError) as caught:
        TargetDraft.model_validate({**DRAFT, "password": "s3cret"})  # name is not known there
    assert "s3cret" not in str(caught.value)


def test_a_host_is_kept_in_one_spelling() -> None:
    for given in ("DB.Example.", " db.example ", "db.example"):
        assert ConnectionDraft.model_validate({**DRAFT, "host": given}).host == "db.example"
    for given in ("[::1]", "0:0:0:0:0:0:0:1"):
        assert ConnectionDraft.model_validate({**DRAFT, "host": given}).host == "::1"


def test_what_was_not_said_is_told_from_null() -> None:
    assert ConnectionChanges.model_validate({}).stated == {}
    cleared = ConnectionChanges.model_validate({"ssl_root_cert": None, "password": None})
    assert cleared.stated == {"ssl_root_cert": None}
    assert "password" in cleared.model_fields_set
    assert "default" not in str(ConnectionChanges.model_json_schema())


def test_the_words_of_a_server_that_talks_on_are_cut_and_hold_no_password() -> None:
    url = parse_connection_url("postgresql://reader:sesame@db:5432/shop")
    said = connect_errors.Failure("FATAL:  no, sesame! " + "blah " * 10_000, "db:5432")
    error = connect_errors.explain_failure(said, url)
    assert error.message.startswith("The server at db:5432 refused the connection: no, ***! blah")
    assert len(error.message) < 600
    assert len(error.detail or "") <= 500


def test_authorities_that_are_tried_out_fill_no_disk() -> None:
    files = CertificateFiles()
    used = files.path_of("in use")
    made = []
    for number in range(300):
        made.append(files.path_of(f"tried {number}"))
        assert files.path_of("in use") == used
        assert made[-1].read_text() == f"tried {number}"
    assert len(list(used.parent.iterdir())) == 100
    assert used.read_text() == "in use"
    assert files.path_of("tried 0").read_text() == "tried 0"
