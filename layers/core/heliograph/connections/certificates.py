"""Authorities that sign servers' certificates: checked when they come, files when libpq wants them.

libpq takes a file only. The files lie in a folder of this process that nobody else can open, are
named by what they hold, and go when the process ends, or when many others were used since: whoever
tries out authorities fills no disk. They hold nothing secret.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import tempfile
import threading
import weakref
from collections import OrderedDict
from pathlib import Path

_BEGIN = "-----BEGIN CERTIFICATE-----"
_MOST_FILES = 100  # far more than connect at the same moment


def check_authority(text: str) -> str:
    """Return certificates in PEM, with one line end at the end.

    Raises ValueError for anything else: a private key above all, DER, a broken copy.
    """
    if "PRIVATE KEY" in text:
        raise ValueError("holds a private key: give the certificate alone")
    if _BEGIN not in text or not text.isascii():
        raise ValueError(f"must be a certificate in PEM: {_BEGIN}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text.strip())
    except (ssl.SSLError, ValueError):
        raise ValueError("is not a certificate that can be read") from None
    count = context.cert_store_stats()["x509"]
    if count < len(set(text.split(_BEGIN)[1:])):
        raise ValueError("holds a certificate that cannot be read")
    return text.strip().replace("\r\n", "\n") + "\n"


def fingerprint(text: str) -> str:
    """Return a short name for certificates: what an audit record holds of them."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()[:32]}"


class CertificateFiles:
    """Gives each certificate a file. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._used: OrderedDict[Path, None] = OrderedDict()  # the longest unused first

    def path_of(self, text: str) -> Path:
        """Return the file that holds ``text``, written when there is none."""
        content = text.encode()
        name = f"{hashlib.sha256(content).hexdigest()}.pem"
        with self._lock:
            if self._folder is None or not self._folder.is_dir():
                self._folder = Path(tempfile.mkdtemp(prefix="heliograph-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            path = self._folder / name
            if not path.exists():
                self._write(path, content)
            self._used[path] = None
            self._used.move_to_end(path)
            if len(self._used) > _MOST_FILES:
                self._used.popitem(last=False)[0].unlink(missing_ok=True)
        return path

    def _write(self, path: Path, content: bytes) -> None:
        half = path.with_suffix(".half")
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        half.replace(path)


def public_authorities() -> str:
    """Return the file of the authorities that this machine trusts, or those of ``certifi``."""
    found = ssl.get_default_verify_paths().cafile
    if found:
        return found
    import certifi  # noqa: PLC0415

    return certifi.where()
