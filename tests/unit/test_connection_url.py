"""A connection URL means what libpq would make of it, and never gives its password away."""

from __future__ import annotations

import dataclasses
import pickle
import traceback
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heliograph.connections.url import ConnectionUrl, parse_connection_url
from heliograph.kernel.errors import UrlInvalid

SECRET = "Zq7xKwV9"

text = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), min_size=1)


def test_every_part_of_a_url_is_read() -> None:
    url = parse_connection_url(
        f"postgresql://ann:{SECRET}@db.example:6543/shop?sslmode=verify-full&connect_timeout=3"
        "&options=-c%20geqo%3Doff&application_name=a%20b&target_session_attrs=standby"
    )
    assert (url.hosts, url.user, url.password) == ((("db.example", 6543),), "ann", SECRET)
    assert (url.database, url.ssl_mode) == ("shop", "verify-full")
    assert url.to_conninfo() == {
        "host": "db.example",
        "port": "6543",
        "user": "ann",
        "password": SECRET,
        "dbname": "shop",
        "sslmode": "verify-full",
        "connect_timeout": "3",
        "options": "-c geqo=off",
        "application_name": "a b",
        "target_session_attrs": "standby",
    }


def test_what_is_left_out_stays_out_but_for_the_port() -> None:
    url = parse_connection_url("postgres://h")
    assert url == ConnectionUrl(hosts=(("h", 5432),))
    assert url.to_conninfo() == {"host": "h", "port": "5432"}
    assert url.ssl_mode == "prefer"


@pytest.mark.parametrize(
    ("written", "hosts"),
    [
        ("postgresql://u@[::1]:5433/d", (("::1", 5433),)),
        ("postgresql://u@[fe80::1%25lo]/d", (("fe80::1%lo", 5432),)),
        ("postgresql://a,b:1,[::1]:2/d", (("a", 5432), ("b", 1), ("::1", 2))),
        ("host=a,b port=7 dbname=d", (("a", 7), ("b", 7))),
        ("postgresql://%2Ftmp:5433/d", (("/tmp", 5433),)),
        ("postgresql:///d?host=/tmp&port=5433", (("/tmp", 5433),)),
        ("postgresql:///d", (("", 5432),)),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(
    written: str, hosts: tuple[tuple[str, int], ...]
) -> None:
    url = parse_connection_url(written)
    assert url.hosts == hosts
    assert url.database == "d"
    assert parse_connection_url(str(url)) == url


def test_a_key_value_string_is_read_with_its_quotes_and_backslashes() -> None:
    url = parse_connection_url(
        r"host=h  user = 'a b' password='it\'s \\ x' dbname=d\ e sslmode=allow"
    )
    assert (url.user, url.password, url.database) == ("a b", "it's \\ x", "d e")
    assert url.ssl_mode == "allow"


@given(user=text, password=text, database=text)
def test_any_user_password_and_database_survive_percent_encoding(
    user: str, password: str, database: str
) -> None:
    encoded = (quote(part, safe="") for part in (user, password, database))
    url = parse_connection_url("postgresql://{}:{}@h/{}".format(*encoded))
    assert (url.user, url.password, url.database) == (user, password, database)


@given(
    st.text(max_size=60), st.sampled_from(["", "postgresql://", "postgresql://u:p@h/d?", "host="])
)
def test_no_text_does_anything_but_parse_or_be_refused(rest: str, start: str) -> None:
    try:
        url = parse_connection_url(start + rest)
    except UrlInvalid:
        return
    assert parse_connection_url(str(url.without_secrets())).hosts == url.hosts


def test_printing_masks_every_password_and_keeps_the_rest() -> None:
    url = parse_connection_url(
        f"postgresql://ann:{SECRET}@h/d?sslmode=require&sslpassword={SECRET}"
    )
    assert str(url) == "postgresql://ann:***@h:5432/d?sslmode=require&sslpassword=***"
    assert repr(url) == f"ConnectionUrl({str(url)!r})"
    assert f"{url}{url!r}{url!s}{[url]}{url.without_secrets()}".count(SECRET) == 0
    assert url.to_conninfo()["password"] == SECRET


def test_without_secrets_nothing_secret_is_left_inside() -> None:
    url = parse_connection_url(
        f"postgresql://ann:{SECRET}@h/d?sslmode=require&sslpassword={SECRET}"
    )
    bare = url.without_secrets()
    assert SECRET.encode() not in pickle.dumps(bare)
    assert bare == dataclasses.replace(url, password=None, parameters=(("sslmode", "require"),))


@pytest.mark.parametrize(
    "written",
    [
        f"postgresql://ann:{SECRET}@x@h/d",
        f"postgresql://ann:x@{SECRET}@h/d",
        f"postgresql://ann:{SECRET}/x@h/d",
        f"postgresql://ann:x/{SECRET}@h/d",
        f"postgresql://ann:{SECRET}?x@h/d",
        f"postgresql://ann:x?{SECRET}=1@h/d",
        f"postgresql://ann:{SECRET}#x@h/d",
        f"postgresql://ann:{SECRET}%x@h/d",
        f"postgresql://ann:{SECRET}%ff@h/d",
        f"postgresql://ann:{SECRET}",
        f"postgresql://ann:{SECRET}/d",
        f"ann:{SECRET}@h/d",
        f"ann:{SECRET}://h/d",
        f"mysql://ann:{SECRET}@h/d",
        f"postgresql+psycopg://ann:{SECRET}@h/d",
        f"jdbc:postgresql://ann:{SECRET}@h/d",
        f"host=h password=x {SECRET} user=ann",
        f"host=h password=x {SECRET}=y user=ann",
        f"host=h password='{SECRET} user=ann",
        f"postgresql://h/d?password=x&{SECRET}=1",
        f"postgresql://h/d?user=ann&password={SECRET}&port=none",
        f"postgresql://ann:{SECRET}@h:port/d",
        f"postgresql://ann:{SECRET}@h/d?sslmode={SECRET}",
    ],
)
def test_a_malformed_url_is_refused_without_repeating_its_password(written: str) -> None:
    with pytest.raises(UrlInvalid) as caught:
        parse_connection_url(written)
    error = caught.value
    told = f"{error.to_dict()}{error!r}{error}{''.join(traceback.format_exception(error))}"
    assert SECRET not in told
    assert error.hint or "UTF-8" in error.message


@pytest.mark.parametrize("special", ["@", "/", "#", "?", "%zz"])
def test_an_unescaped_special_character_is_refused_with_how_to_write_it(special: str) -> None:
    with pytest.raises(UrlInvalid) as caught:
        parse_connection_url(f"postgresql://ann:a{special}b@h/d")
    assert "percent-encoded" in (caught.value.hint or "")
    escaped = parse_connection_url(f"postgresql://ann:a{quote(special, safe='')}b@h/d")
    assert escaped.password == f"a{special}b"


@pytest.mark.parametrize(
    ("written", "message", "hint"),
    [
        ("postgresql://u@h/d?sslmod=require", "sslmod", "Did you mean sslmode?"),
        ("host=h sslrotcert=x", "sslrotcert", "Did you mean sslrootcert?"),
        ("postgresql://u@h/d?sslmode=requires", "sslmode", "Did you mean require?"),
        ("postgresql://u@h/d?target_session_attrs=x", "target_session_attrs", "read-write"),
        ("postgresql://u@h/d?service=x", "not supported", "host"),
        ("postgresql://u@h/d?connect_timeout=soon", "whole number", ""),
        ("postgresql://u@h:70000/d", "65535", ""),
        ("postgresql://u@a,b,c/d?port=1,2", "3 hosts", "one port"),
        ("postgresql://u@::1/d", "host", "brackets"),
        ("postgresql+psycopg2://u@h/d", "another driver", "postgresql://"),
        ("mysql://u@h/d", "only PostgreSQL", "postgresql://"),
        ("", "empty", "postgresql://"),
        ("shop", "not a connection URL", "postgresql://"),
    ],
)
def test_a_mistake_is_named_with_what_was_meant(written: str, message: str, hint: str) -> None:
    with pytest.raises(UrlInvalid) as caught:
        parse_connection_url(written)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_jdbc_style_ssl_means_require_and_an_explicit_sslmode_wins() -> None:
    assert parse_connection_url("postgresql://h/d?ssl=true").ssl_mode == "require"
    assert parse_connection_url("postgresql://h/d?ssl=true&sslmode=disable").ssl_mode == "disable"
