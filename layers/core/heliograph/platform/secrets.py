"""Secrets that a deployment names and does not hold: AWS Secrets Manager."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from heliograph.kernel.errors import DatabaseUnavailable, UsageError
from heliograph.platform.aws import open_client
from heliograph.platform.settings import read_environment

_CONNECT_SECONDS = 3
_READ_SECONDS = 5
_ATTEMPTS = 2
_URL_SCHEMES = ("postgresql://", "postgres://")
_OF_THE_DATABASE = "The secret that HELIOGRAPH_DATABASE names"
_RDS_MEMBERS = ("host", "username", "password")


def read_secret(name: str, *, called: str | None = None) -> str:
    """Return the current text of a secret, by its name or ARN.

    Raises `UsageError` when it does not exist, may not be read, or is not text. No message ever
    holds a part of the secret. ``called`` stands for its name where anybody may see the message:
    an ARN tells the account.
    """
    told = called or f"The secret {name}"
    client = _open_client()
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = client.get_secret_value(SecretId=name)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise _unreadable(told, code) from None
    except BotoCoreError as error:
        raise _unreadable(told, type(error).__name__) from None
    finally:
        client.close()
    text = answer.get("SecretString")
    if not text:
        raise UsageError(f"{told} holds no text.")
    return str(text)


def read_secret_values(name: str) -> dict[str, str]:
    """Return the members of a secret that is a JSON object of texts.

    Raises `UsageError` as `read_secret` does, and for a secret that is something else.
    """
    try:
        values = json.loads(read_secret(name))
    except json.JSONDecodeError:
        values = None
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise UsageError(
            f"The secret {name} is not a JSON object of texts.",
            hint='Store it as {"NAME": "value", ...}.',
        )
    return values


def read_database_url(address: str) -> str:
    """Return the URL of the app database from the setting that names it.

    ``postgresql://...`` is the URL itself. The ARN of a secret stands for the URL in it, or for the
    JSON object that RDS keeps: ``host``, ``username``, ``password``, and perhaps ``port`` and
    ``dbname``; TLS is then required unless a member ``sslmode`` says else. Raises
    `DatabaseUnavailable`, without a part of the secret or of its name: everybody may be told.
    """
    if address.startswith(_URL_SCHEMES):
        return _readable(address)
    if not address.startswith("arn:"):
        raise DatabaseUnavailable(
            "The address of the app database is neither postgresql://... nor the ARN of a secret.",
            hint="docs/reference/settings.md lists the forms.",
        )
    try:
        text = read_secret(address, called=_OF_THE_DATABASE).strip()
    except UsageError as error:
        raise DatabaseUnavailable(error.message, hint=error.hint) from None
    url = text if text.startswith(_URL_SCHEMES) else _url_of_rds(text)
    if url is None:
        raise DatabaseUnavailable(
            f"{_OF_THE_DATABASE} holds neither postgresql://... nor what RDS keeps.",
            hint='RDS keeps {"host", "port", "dbname", "username", "password"}: attach the secret'
            " to the database (AWS::SecretsManager::SecretTargetAttachment).",
        )
    return _readable(url)


def _readable(url: str) -> str:
    """Return the URL once libpq can read it: what it says of one that it cannot holds parts."""
    from psycopg import ProgrammingError  # noqa: PLC0415
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        raise DatabaseUnavailable(
            "The URL of the app database cannot be read.",
            hint="Write what is special in a user or a password as %XX: postgresql://u:p%40ss@h/d",
        ) from None
    return url


def _url_of_rds(text: str) -> str | None:
    try:
        found = json.loads(text)
        parts = {name: quote(str(found[name]), safe="") for name in _RDS_MEMBERS}
        port = int(found.get("port") or 5432)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    database = quote(str(found.get("dbname") or "postgres"), safe="")
    sslmode = quote(str(found.get("sslmode") or "require"), safe="")
    host = str(found["host"])
    host = f"[{host}]" if ":" in host else parts["host"]
    login = f"{parts['username']}:{parts['password']}"
    return f"postgresql://{login}@{host}:{port}/{database}?sslmode={sslmode}"


def _unreadable(told: str, reason: str) -> UsageError:
    return UsageError(
        f"{told} cannot be read: {reason}.",
        hint="Check its name and region, and that the role may call GetSecretValue on it.",
    )


def _open_client() -> Any:
    try:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            "Secrets Manager needs boto3, which is not installed.",
            hint="Install heliograph with its extra: heliograph[aws].",
        ) from None
    try:
        return open_client(
            "secretsmanager",
            read_environment(),
            connect_seconds=_CONNECT_SECONDS,
            read_seconds=_READ_SECONDS,
            attempts=_ATTEMPTS,
        )
    except BotoCoreError as error:
        raise UsageError(
            f"Secrets Manager cannot be used: {type(error).__name__}.", hint="Set AWS_REGION."
        ) from None
