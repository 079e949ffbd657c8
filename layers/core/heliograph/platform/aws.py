"""Clients of AWS services, and of what speaks their languages (LocalStack, moto, MinIO).

botocore is loaded when a client is first used; boto3 itself is not needed for that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from heliograph.kernel.errors import PlatformError

_SHARED_HINTS = {
    "InvalidAccessKeyId": "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "InvalidClientTokenId": "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "UnrecognizedClientException": "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "SignatureDoesNotMatch": "Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    "InvalidSignatureException": "Check AWS_SECRET_ACCESS_KEY, and the clock of this machine.",
    "RequestTimeTooSkewed": "The clock of this machine is wrong. Set it right.",
    "ExpiredToken": "The credentials have expired. Renew them.",
    "ExpiredTokenException": "The credentials have expired. Renew them.",
}
_UNREACHABLE = "Check the network, AWS_ENDPOINT_URL, the region and the credentials."
_NO_BOTO3 = "Install heliograph with its extra: heliograph[aws]."
_making_client = threading.Lock()  # a session makes one client at a time


def open_client(
    service: str,
    environment: Mapping[str, str],
    *,
    connect_seconds: float = 3,
    read_seconds: float = 10,
    attempts: int = 3,
    endpoint: str | None = None,
) -> Any:
    """Return a botocore client.

    ``environment`` holds the variables that boto3 knows: ``AWS_ENDPOINT_URL`` (or the one of the
    service, ``AWS_ENDPOINT_URL_S3``), ``AWS_REGION``, ``AWS_ACCESS_KEY_ID`` and friends; what is
    not there botocore finds in its usual places. Raises ImportError and botocore's own errors:
    see `aws_errors`.
    """
    from botocore.config import Config  # noqa: PLC0415

    known = environment.get
    special = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
    endpoint = endpoint or known(special) or known("AWS_ENDPOINT_URL") or None
    config = Config(
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        signature_version="s3v4" if service == "s3" else None,
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    with _making_client:
        return _session().create_client(
            service,
            region_name=known("AWS_REGION") or known("AWS_DEFAULT_REGION") or None,
            endpoint_url=endpoint,
            aws_access_key_id=known("AWS_ACCESS_KEY_ID") or None,
            aws_secret_access_key=known("AWS_SECRET_ACCESS_KEY") or None,
            aws_session_token=known("AWS_SESSION_TOKEN") or None,
            config=config,
        )


@cache
def _session() -> Any:
    """Return the one session of this process: it keeps what all services' clients are made from."""
    from botocore.session import Session  # noqa: PLC0415

    return Session()


class LazyClient:
    """A client that comes to be when it is first asked for. Threads may share it."""

    def __init__(self, service: str, environment: Mapping[str, str], **options: Any) -> None:
        self._service = service
        self._environment = environment
        self._options = options
        self._lock = threading.Lock()
        self._client: Any = None

    def get(self) -> Any:
        """Return the client. Raises as `open_client` does."""
        with self._lock:
            if self._client is None:
                self._client = open_client(self._service, self._environment, **self._options)
            return self._client

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()


@contextmanager
def aws_errors(kind: type[PlatformError], what: str, hints: Mapping[str, str]) -> Iterator[None]:
    """Turn what goes wrong with a service into ``kind``; ``hints`` say what to do, by AWS's code.

    AWS's own messages are left out: they name accounts, roles and keys.
    """
    try:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    except ImportError:
        raise kind(f"{what} needs boto3, which is not installed.", hint=_NO_BOTO3) from None
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        raise kind(f"{what} refused ({code}).", hint=hints.get(code) or hint_for(code)) from None
    except (BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no URL
        raise kind(
            f"{what} cannot be reached ({type(error).__name__}).", hint=_UNREACHABLE
        ) from None


def hint_for(code: str) -> str | None:
    """Return what to do about a refusal that every service knows: credentials, the clock."""
    return _SHARED_HINTS.get(code)


def error_code(error: Any) -> str:
    """Return AWS's code of a ClientError: ``AccessDenied``; the end of ``AWS.x.y.Code``."""
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    return code.rpartition(".")[2] or code
