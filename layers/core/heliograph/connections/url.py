"""Where a database is and how to log in: a connection URL, understood and safe to print.

Both forms that libpq reads are read here: ``postgresql://user:password@host/db?sslmode=require``
and ``host=... dbname=... user=...``. The grammar is that of the PostgreSQL manual, "Connection
Strings" (34.1.1), but stricter where a password could be mistaken for something else.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, unquote

from heliograph.kernel.errors import UrlInvalid

DEFAULT_PORT: Final = 5432
SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_PLACE: Final = ("host", "port", "user", "password", "dbname")
_SECRET: Final = frozenset({"password", "sslpassword"})
_NUMERIC: Final = frozenset(
    {
        "connect_timeout",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "tcp_user_timeout",
    }
)
_CHOICES: Final = {
    "ssl": ("true",),  # JDBC's word, which libpq takes for sslmode=require
    "sslmode": SSL_MODES,
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": (
        "any",
        "read-write",
        "read-only",
        "primary",
        "standby",
        "prefer-standby",
    ),
}
_KNOWN: Final = (
    frozenset(
        {
            "application_name",
            "channel_binding",
            "client_encoding",
            "fallback_application_name",
            "gssdelegation",
            "gssencmode",
            "gsslib",
            "hostaddr",
            "krbsrvname",
            "load_balance_hosts",
            "max_protocol_version",
            "min_protocol_version",
            "options",
            "passfile",
            "require_auth",
            "requirepeer",
            "ssl_max_protocol_version",
            "ssl_min_protocol_version",
            "sslcert",
            "sslcertmode",
            "sslcompression",
            "sslcrl",
            "sslcrldir",
            "sslkey",
            "sslrootcert",
            "sslsni",
        }
    )
    | _SECRET
    | _NUMERIC
    | frozenset(_CHOICES)
    | frozenset(_PLACE)
)
_UNSUPPORTED: Final = frozenset({"replication", "service", "servicefile", "sslkeylogfile"})

_EXAMPLE: Final = "postgresql://user:password@host:5432/database"
_ENCODE: Final = (
    "Special characters in a user name or password must be percent-encoded: "
    "@ is %40, : is %3A, / is %2F, ? is %3F, # is %23, % is %25, a blank is %20."
)
_WORD: Final = re.compile(r"[a-z_]{2,40}")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
_DSN_PAIR: Final = re.compile(
    r"\s*(?P<key>[^\s=]+)\s*=\s*(?:'(?P<quoted>(?:[^'\\]|\\.)*)'|(?P<bare>(?:[^\s'\\]|\\.)*))"
    r"(?=\s|\Z)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, repr=False)
class ConnectionUrl:
    """One database and one login. Printing it never shows the password.

    ``hosts`` are ``(name or address or socket folder, port)``, tried in this order; an empty name
    is libpq's default, the local socket. ``user``, ``password`` and ``database`` are None when not
    given: libpq then fills in its own defaults. ``parameters`` are libpq's other parameters.
    """

    hosts: tuple[tuple[str, int], ...]
    database: str | None = None
    user: str | None = None
    password: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def host(self) -> str:
        """Return the name of the first host."""
        return self.hosts[0][0]

    @property
    def port(self) -> int:
        """Return the port of the first host."""
        return self.hosts[0][1]

    @property
    def ssl_mode(self) -> str:
        """Return libpq's sslmode; ``prefer``, its default, when none is given."""
        return self.parameter("sslmode") or "prefer"

    def parameter(self, name: str) -> str | None:
        """Return the value of one of libpq's other parameters, None when not given."""
        return dict(self.parameters).get(name)

    def without_secrets(self) -> ConnectionUrl:
        """Return the same place and user with no password in it, masked or not."""
        kept = tuple((name, value) for name, value in self.parameters if name not in _SECRET)
        return replace(self, password=None, parameters=kept)

    def to_conninfo(self) -> dict[str, str]:
        """Return libpq's parameters, password included: for the driver, never for a message."""
        conninfo = dict(self.parameters)
        if names := ",".join(name for name, _ in self.hosts):
            conninfo["host"] = names
        conninfo["port"] = ",".join(str(port) for _, port in self.hosts)
        given = {"user": self.user, "password": self.password, "dbname": self.database}
        return conninfo | {name: value for name, value in given.items() if value is not None}

    def __str__(self) -> str:
        login = quote(self.user or "", safe="")
        if self.password is not None:
            login += ":***"
        hosts = ",".join(f"{_quote_host(name)}:{port}" for name, port in self.hosts)
        query = "&".join(
            f"{name}={'***' if name in _SECRET else quote(value, safe='/:')}"
            for name, value in self.parameters
        )
        return (
            f"postgresql://{login}{'@' if login else ''}{hosts}"
            f"{'/' + quote(self.database, safe='') if self.database else ''}"
            f"{'?' + query if query else ''}"
        )

    def __repr__(self) -> str:
        return f"ConnectionUrl({str(self)!r})"


def parse_connection_url(text: str) -> ConnectionUrl:
    """Read a ``postgresql://`` URL or a ``host=... dbname=...`` string.

    Raises UrlInvalid, which never repeats what could be a part of the password.
    """
    text = text.strip()
    if not text:
        raise UrlInvalid("The connection URL is empty.", hint=f"Write it as {_EXAMPLE}.")
    if "\x00" in text:
        raise UrlInvalid("The connection URL holds a zero byte.")
    scheme, separator, rest = text.partition("://")
    if separator and re.fullmatch(r"(?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]{0,30}", scheme):
        _check_scheme(scheme)
        return _from_settings(_read_url(rest))
    if "=" in text:
        return _from_settings(_read_dsn(text))
    raise UrlInvalid("This is not a connection URL.", hint=f"Write it as {_EXAMPLE}.")


def _check_scheme(scheme: str) -> None:
    if scheme.lower() in ("postgresql", "postgres"):
        return
    name = scheme.lower()
    if "postgres" in name:
        raise UrlInvalid(
            f"The URL begins with {scheme}://, which belongs to another driver.",
            hint="Begin it with postgresql:// and leave the rest as it is.",
        )
    raise UrlInvalid(
        f"The URL begins with {scheme}://, but only PostgreSQL can be connected.",
        hint=f"Write it as {_EXAMPLE}.",
    )


def _read_url(rest: str) -> dict[str, str]:
    if "#" in rest:
        raise UrlInvalid("The connection URL holds a bare #.", hint=_ENCODE)
    authority, slash, path = rest.partition("/")
    query = ""
    if "?" in authority:
        authority, _, query = rest.partition("?")
        slash = path = ""
    elif slash:
        path, _, query = path.partition("?")
    login, at, hosts = authority.rpartition("@")
    stray = "@" in login or "@" in path
    if stray or (not at and "@" in query and ":" in authority):
        raise UrlInvalid("The user name or password is not percent-encoded.", hint=_ENCODE)

    settings: dict[str, str] = {}
    user, colon, password = login.partition(":")
    if user:
        settings["user"] = _decode(user, "user name")
    if colon:
        settings["password"] = _decode(password, "password")
    settings |= _read_hosts(hosts)
    if path:
        settings["dbname"] = _decode(path, "database name")
    _add_query(settings, query)
    return settings


def _read_hosts(hosts: str) -> dict[str, str]:
    names: list[str] = []
    ports: list[str] = []
    for host in hosts.split(","):
        match = re.fullmatch(
            r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[^:]*))?", host
        )
        if match is None:
            raise UrlInvalid(
                "The host in the connection URL cannot be understood.",
                hint=f"An IPv6 address stands in brackets: [::1]:5432. {_ENCODE}",
            )
        names.append(_decode(match["v6"] or match["name"] or "", "host"))
        ports.append(match["port"] or "")
    settings = {"host": ",".join(names)} if any(names) else {}
    return settings | ({"port": ",".join(ports)} if any(ports) else {})


def _add_query(settings: dict[str, str], query: str) -> None:
    after_secret = False
    for pair in query.split("&") if query else ():
        key, equals, value = pair.partition("=")
        name = _decode(key, "parameter")
        _check_name(name, may_show=not after_secret)
        if not equals:
            raise UrlInvalid(f"The parameter {name} has no value.", hint=f"Write {name}=value.")
        settings[name] = _decode(value, "parameter")
        after_secret = name in _SECRET


def _read_dsn(text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    after_secret = False
    at = 0
    while at < len(text):
        match = _DSN_PAIR.match(text, at)
        if match is None:
            raise UrlInvalid(
                "The connection string cannot be understood.",
                hint="Write it as host=... dbname=... user=... ; a value with blanks or quotes "
                r"stands in single quotes, with \' for a quote and \\ for a backslash.",
            )
        name = match["key"]
        _check_name(name, may_show=not after_secret)
        value = match["bare"] if match["quoted"] is None else match["quoted"]
        settings[name] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        after_secret = name in _SECRET
        at = match.end()
    return settings


def _check_name(name: str, *, may_show: bool) -> None:
    """Refuse a parameter that is not libpq's. What follows a password may be a piece of it."""
    if name in _KNOWN:
        return
    if name in _UNSUPPORTED:
        raise UrlInvalid(
            f"The parameter {name} is not supported.",
            hint="Write out host, port, user, password and database.",
        )
    close = difflib.get_close_matches(name.lower(), sorted(_KNOWN), n=1, cutoff=0.7)
    meant = f"Did you mean {close[0]}?" if close else None
    if may_show and _WORD.fullmatch(name.lower()):
        raise UrlInvalid(
            f"There is no connection parameter {name}.",
            hint=meant or "The parameters are libpq's: sslmode, sslrootcert, connect_timeout ...",
        )
    raise UrlInvalid("The connection URL holds an unknown parameter.", hint=meant or _ENCODE)


def _from_settings(settings: dict[str, str]) -> ConnectionUrl:
    for name, choices in _CHOICES.items():
        _check_choice(name, settings.get(name), choices)
    if settings.pop("ssl", None):
        settings.setdefault("sslmode", "require")
    for name in _NUMERIC & settings.keys():
        if not re.fullmatch(r"\d{1,9}", settings[name]):
            raise UrlInvalid(f"The parameter {name} must be a whole number.")
    names = settings.pop("host", "").split(",")
    ports = [_read_port(port) for port in settings.pop("port", "").split(",")]
    addresses = settings.get("hostaddr", "").split(",")
    if names == [""] and len(addresses) > 1:
        names = [""] * len(addresses)
    elif len(names) > 1 and "" in names:
        raise UrlInvalid("One of the hosts has no name.", hint="Is there a comma too many?")
    if len(ports) == 1:
        ports *= len(names)
    if len(ports) != len(names) or (addresses != [""] and len(addresses) != len(names)):
        raise UrlInvalid(
            f"There are {len(names)} hosts, but not as many ports or addresses.",
            hint="Give one port for all hosts, or one for each.",
        )
    if any(re.search(r"[\s@/?#\[\]]", name) for name in names if not name.startswith("/")):
        raise UrlInvalid("The host holds a character that no host name has.", hint=_ENCODE)
    return ConnectionUrl(
        hosts=tuple(zip(names, ports, strict=True)),
        database=settings.pop("dbname", None) or None,
        user=settings.pop("user", None) or None,
        password=settings.pop("password", None) or None,
        parameters=tuple(settings.items()),
    )


def _check_choice(name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is None or value in choices:
        return
    close = difflib.get_close_matches(value.lower(), choices, n=1)
    raise UrlInvalid(
        f"The parameter {name} cannot have this value.",
        hint=f"Did you mean {close[0]}?" if close else f"It is one of: {', '.join(choices)}.",
    )


def _read_port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65535:
        return int(text)
    # Not shown: in user:password/db without a host, the password stands where the port should.
    raise UrlInvalid(
        "The port in the connection URL is not a number from 1 to 65535.",
        hint=f"Write the URL as {_EXAMPLE}. {_ENCODE}",
    )


def _decode(text: str, what: str) -> str:
    if _STRAY_PERCENT.search(text):
        raise UrlInvalid(f"The {what} in the connection URL holds a bare %.", hint=_ENCODE)
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UrlInvalid(
            f"The {what} in the connection URL is not UTF-8 once it is decoded."
        ) from None


def _quote_host(name: str) -> str:
    is_address = ":" in name and not name.startswith("/")
    return "[" + name.replace("%", "%25") + "]" if is_address else quote(name, safe="")
