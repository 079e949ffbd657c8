"""Secrets that a deployment names and does not hold: AWS Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

from heliograph.kernel.errors import UsageError

_CONNECT_SECONDS = 3
_READ_SECONDS = 5
_ATTEMPTS = 2


def read_secret(name: str) -> str:
    """Return the current text of a secret, by its name or ARN.

    Raises `UsageError` when it does not exist, may not be read, or is not text. No message ever
    holds a part of the secret.
    """
    client = _open_client()
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = client.get_secret_value(SecretId=name)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise _unreadable(name, code) from None
    except BotoCoreError as error:
        raise _unreadable(name, type(error).__name__) from None
    finally:
        client.close()
    text = answer.get("SecretString")
    if not text:
        raise UsageError(f"The secret {name} holds no text.")
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


def _unreadable(name: str, reason: str) -> UsageError:
    return UsageError(
        f"The secret {name} cannot be read: {reason}.",
        hint="Check its name and region, and that the role may call GetSecretValue on it.",
    )


def _open_client() -> Any:
    try:
        import boto3  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError:
        raise UsageError(
            "Secrets Manager needs boto3, which is not installed.",
            hint="Install heliograph with its extra: heliograph[aws].",
        ) from None
    timing = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
    )
    try:
        return boto3.client("secretsmanager", config=timing)
    except BotoCoreError as error:
        raise UsageError(
            f"Secrets Manager cannot be used: {type(error).__name__}.", hint="Set AWS_REGION."
        ) from None
