"""Keys in AWS KMS: what wraps data keys never leaves it. Our context is its encryption context."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from heliograph.kernel.errors import KeyUnavailable
from heliograph.platform.aws import LazyClient, aws_errors
from heliograph.platform.keys import DataKey

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_HINTS = {
    "AccessDeniedException": "The role needs kms:GenerateDataKey and kms:Decrypt on the key.",
    "DisabledException": "The key is disabled. Enable it in KMS.",
    "KMSInvalidStateException": "The key is to be deleted, or waits for its material. See KMS.",
    "NotFoundException": "There is no such key in this account and region.",
    "InvalidCiphertextException": "It was wrapped for another context, or was changed.",
    "IncorrectKeyException": "It was wrapped by another key than the one of HELIOGRAPH_KEY.",
    "KeyUnavailableException": "KMS cannot use the key at the moment. Try again.",
    "ThrottlingException": "KMS is asked too often. Try again.",
}


class KmsKeys:
    """One symmetric key of KMS, by its ARN; ``environment`` as in `heliograph.platform.aws`.

    KMS keeps older material when a key is rotated, so what was wrapped stays readable.
    """

    def __init__(self, arn: str, environment: Mapping[str, str]) -> None:
        self._arn = arn
        self._lazy = LazyClient("kms", environment, connect_seconds=2, read_seconds=5)

    def generate(self, context: Mapping[str, str]) -> DataKey:
        """Return a new data key that belongs to ``context``."""
        with self._explained():
            made = self._client().generate_data_key(
                KeyId=self._arn, KeySpec="AES_256", EncryptionContext=context
            )
        return DataKey(made["Plaintext"], made["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Return the data key as it was generated, for the same context only."""
        with self._explained():
            return self._client().decrypt(
                KeyId=self._arn, CiphertextBlob=wrapped, EncryptionContext=context
            )["Plaintext"]

    def close(self) -> None:
        """Give back connections; the next use makes new ones."""
        self._lazy.close()

    def _client(self) -> KMSClient:
        client: KMSClient = self._lazy.get()
        return client

    def _explained(self) -> AbstractContextManager[None]:
        return aws_errors(KeyUnavailable, "KMS", _HINTS)
