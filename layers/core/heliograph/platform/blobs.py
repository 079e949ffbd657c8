"""Objects in S3, and in whatever speaks its language, written only under a condition.

botocore is loaded when a bucket is opened. A write names the version that it replaces, so of two
writers that read the same version one loses, and is told so:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from heliograph.platform.aws import hint_for, open_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = ("NoSuchKey", "404")
_CONFLICTS = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
_HINTS = {
    "NoSuchBucket": "Make the bucket, or correct its name.",
    "AccessDenied": "The role needs s3:GetObject, s3:PutObject and s3:ListBucket on it.",
    "NotImplemented": "The server must know conditional writes: If-Match and If-None-Match.",
}


class BlobConflict(Exception):
    """Somebody else has written the object since it was read."""


class BlobUnreachable(Exception):
    """The object cannot be read or written. The message is fit for a person.

    After a write that was not answered nobody knows whether it took effect.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Blobs(Protocol):
    """Objects by their key. Every method may raise `BlobUnreachable`."""

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Return an object's content and the tag of this version, None when there is none."""
        ...

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        """Replace the version ``etag``, or make the object that must not exist yet (None).

        Returns the new version's tag. Raises `BlobConflict`, and writes nothing, when the object
        is at another version.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...


class S3Blobs:
    """The objects of one bucket. ``environment`` holds the variables that boto3 knows, too:

    ``AWS_ENDPOINT_URL`` (or ``AWS_ENDPOINT_URL_S3``), ``AWS_REGION``, ``AWS_ACCESS_KEY_ID`` and
    friends; what is not there boto3 finds in its usual places. One thread at a time.
    """

    def __init__(self, bucket: str, environment: Mapping[str, str]) -> None:
        self._bucket = bucket
        self._environment = environment
        self._client: S3Client | None = None

    def get(self, key: str) -> tuple[bytes, str] | None:
        """Return an object's content and the tag of this version, None when there is none."""
        with self._explained():
            try:
                answer = self._open().get_object(Bucket=self._bucket, Key=key)
            except self._open().exceptions.NoSuchKey:
                return None
            # As a context, a body is urllib3's own, whose errors are none of botocore's.
            with closing(answer["Body"]) as body:
                return body.read(), answer["ETag"]

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        """Replace the version ``etag``, or make the object that must not exist yet (None)."""
        condition: Any = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        with self._explained():
            answer = self._open().put_object(
                Bucket=self._bucket,
                Key=key,
                Body=data,
                ContentType="application/json",
                **condition,
            )
            return answer["ETag"]

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _open(self) -> S3Client:
        if self._client is None:
            try:
                self._client = open_client(
                    "s3", self._environment, connect_seconds=5, read_seconds=15, attempts=4
                )
            except ImportError:
                raise BlobUnreachable(
                    "S3 needs boto3, which is not installed.",
                    "Install heliograph with its extra: heliograph[aws].",
                ) from None
        return self._client

    @contextmanager
    def _explained(self) -> Iterator[None]:
        self._open()
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _CONFLICTS or code in _MISSING:
                raise BlobConflict from None
            raise BlobUnreachable(
                f"S3 refused to read or write in the bucket {self._bucket} ({code}).",
                _HINTS.get(code) or hint_for(code),
            ) from error
        except BotoCoreError as error:
            raise BlobUnreachable(
                f"The bucket {self._bucket} cannot be reached ({type(error).__name__}).",
                "Check the network, AWS_ENDPOINT_URL, the region and the credentials.",
            ) from error
