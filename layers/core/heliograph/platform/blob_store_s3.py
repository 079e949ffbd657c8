"""Blobs in a bucket of S3, and of whatever speaks its language."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, suppress
from itertools import islice
from typing import TYPE_CHECKING

from heliograph.kernel.errors import PlatformError, StorageUnavailable
from heliograph.platform.aws import LazyClient, aws_errors, error_code
from heliograph.platform.blob_store import (
    content_disposition,
    require_key,
    require_prefix,
    require_range,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef, GetObjectRequestTypeDef

PART_BYTES = 8 * 1024 * 1024  # S3 wants 5 MB at least, and 10,000 parts at most: 80 GB
_MOST_DELETED_AT_ONCE = 1000
_MARK = "upload"  # x-amz-meta-upload: which upload has made a blob
_HINTS = {
    "NoSuchBucket": "Make the bucket, or correct its name.",
    "AccessDenied": "The role needs s3:GetObject, s3:PutObject, s3:DeleteObject,"
    " s3:AbortMultipartUpload and s3:ListBucket on it.",
}


class S3BlobStore:
    """The objects of one bucket; ``environment`` as in `heliograph.platform.aws`."""

    def __init__(
        self, bucket: str, environment: Mapping[str, str], *, part_bytes: int = PART_BYTES
    ) -> None:
        self._bucket = bucket
        self._part_bytes = part_bytes
        self._lazy = LazyClient("s3", environment, read_seconds=30)

    def put(self, key: str, data: bytes, *, content_type: str) -> None:
        """Write a blob in one request."""
        require_key(key)
        with self._explained():
            self._client().put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType=content_type
            )

    def write(self, key: str, chunks: Iterable[bytes], *, content_type: str) -> None:
        """Write a blob part by part; what does not fill one part goes in one request.

        An upload that fails is aborted. One whose process was killed shows nothing, and is for the
        bucket's own rule to clear (AbortIncompleteMultipartUpload).
        """
        require_key(key)
        parts = _regroup(chunks, self._part_bytes)
        head = list(islice(parts, 2))
        if len(head) < 2:
            return self.put(key, b"".join(head), content_type=content_type)
        mark = secrets.token_hex(8)
        with self._explained():
            upload_id = self._client().create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type, Metadata={_MARK: mark}
            )["UploadId"]
        try:
            done = self._upload(key, upload_id, head, parts)
            self._complete(key, upload_id, done, mark)
        except BaseException:
            with suppress(PlatformError), self._explained():
                self._client().abort_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id
                )
            raise
        return None

    def read(self, key: str) -> bytes | None:
        """Return a whole blob, None when there is none."""
        require_key(key)
        return self._get({"Bucket": self._bucket, "Key": key})

    def read_range(self, key: str, start: int, length: int) -> bytes | None:
        """Return a part of a blob in one request, None when there is no blob."""
        require_key(key)
        require_range(start, length)
        part = f"bytes={start}-{start + length - 1}"
        return self._get({"Bucket": self._bucket, "Key": key, "Range": part})

    def delete(self, keys: Iterable[str]) -> None:
        """Remove blobs, 1,000 in a request."""
        rest = map(require_key, keys)
        while batch := list(islice(rest, _MOST_DELETED_AT_ONCE)):
            with self._explained():
                answer = self._client().delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
                )
            if failures := answer.get("Errors"):
                code = failures[0].get("Code", "unknown")
                raise StorageUnavailable(
                    f"S3 could not remove {len(failures)} blobs ({code}).", hint=_HINTS.get(code)
                )

    def list(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys that begin with ``prefix``, 1,000 a request."""
        require_prefix(prefix)
        with self._explained():
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
                for found in page.get("Contents", []):
                    yield found["Key"]

    def link(self, key: str, *, seconds: int, filename: str, content_type: str) -> str:
        """Return a presigned URL; making one asks nobody."""
        require_key(key)
        with self._explained():
            return self._client().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": key,
                    "ResponseContentDisposition": content_disposition(filename),
                    "ResponseContentType": content_type,
                },
                ExpiresIn=seconds,
            )

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        self._lazy.close()

    def _get(self, request: GetObjectRequestTypeDef) -> bytes | None:
        """Return what is asked for; an answer that breaks off is asked for once more."""
        with self._explained():
            from botocore.exceptions import IncompleteReadError  # noqa: PLC0415
            from botocore.exceptions import ResponseStreamingError as BrokenOff  # noqa: PLC0415

            # botocore tries again until an answer begins, and no longer.
            with suppress(IncompleteReadError, BrokenOff):
                return self._get_once(request)
            return self._get_once(request)

    def _get_once(self, request: GetObjectRequestTypeDef) -> bytes | None:
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            answer = self._client().get_object(**request)
        except ClientError as error:
            if error_code(error) == "NoSuchKey":
                return None
            if error_code(error) == "InvalidRange":  # it ends before the range begins
                return b""
            raise
        # As a context, a body is urllib3's own, whose errors are none of botocore's.
        with closing(answer["Body"]) as body:
            return body.read()

    def _upload(
        self, key: str, upload_id: str, head: Iterable[bytes], rest: Iterator[bytes]
    ) -> Sequence[CompletedPartTypeDef]:
        done: list[CompletedPartTypeDef] = []
        waiting = [*head]
        while waiting or (waiting := [*islice(rest, 1)]):
            with self._explained():
                answer = self._client().upload_part(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    PartNumber=len(done) + 1,
                    Body=waiting.pop(0),
                )
            done.append({"ETag": answer["ETag"], "PartNumber": len(done) + 1})
        return done

    def _complete(
        self, key: str, upload_id: str, done: Sequence[CompletedPartTypeDef], mark: str
    ) -> None:
        """Make a blob of the parts.

        An answer may get lost after that has happened, and who asks again is told that there is no
        such upload. So after a failure the blob itself is looked at: ``mark`` tells whose it is.
        """
        with self._explained():
            from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

            try:
                self._client().complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                    MultipartUpload={"Parts": done},
                )
            except (BotoCoreError, ClientError):
                if not self._is_written(key, mark):
                    raise

    def _is_written(self, key: str, mark: str) -> bool:
        with suppress(PlatformError), self._explained():
            found = self._client().head_object(Bucket=self._bucket, Key=key)
            return found["Metadata"].get(_MARK) == mark
        return False

    def _client(self) -> S3Client:
        client: S3Client = self._lazy.get()
        return client

    def _explained(self) -> AbstractContextManager[None]:
        return aws_errors(StorageUnavailable, f"The bucket {self._bucket}", _HINTS)


def _regroup(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Yield the same bytes in parts of ``size``, the last one shorter."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)
