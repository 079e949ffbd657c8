"""Where a deployed function finds its file, its secrets and its state."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from heliograph.kernel.errors import FileInvalid, UsageError
from heliograph.platform.blobs import BlobConflict, BlobUnreachable, S3Blobs
from heliograph.platform.secrets import read_secret, read_secret_values
from heliograph.platform.settings import AlertFileSettings
from heliograph.runner.file import AlertFile, load_alert_file


def load_deployed_file(settings: AlertFileSettings, environment: Mapping[str, str]) -> AlertFile:
    """Read and check the file of alerts, from the deployment or from S3.

    What it names as ``${NAME}`` comes from the secret that the settings name, else from the
    environment. Raises `UsageError` for the secret, `FileInvalid` and `AlertFileInvalid`.
    """
    place = settings.alerts_file
    content = _read_object(place, environment) if place.startswith("s3://") else None
    values = environment
    if settings.alerts_secret:
        values = {**environment, **read_secret_values(settings.alerts_secret)}
    if content is None:
        return load_alert_file(Path(place), values)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / place.rpartition("/")[2]
        path.write_bytes(content)
        return load_alert_file(path, values)


def find_state(settings: AlertFileSettings) -> str:
    """Return the place of the state for `open_store`: an S3 object, or a URL that a secret holds.

    Raises `UsageError` for a URL with its password in the settings, and for the secret.
    """
    state = settings.alerts_state
    if state.startswith("s3://"):
        return state
    if "://" in state:
        raise UsageError(
            "HELIOGRAPH_ALERTS_STATE holds a URL where it should name a secret that holds one.",
            hint="Put the PostgreSQL URL into Secrets Manager and give the secret's name or ARN.",
        )
    place = read_secret(state).strip()
    if not place.startswith(("postgresql://", "postgres://")):
        raise UsageError(f"The secret {state} is not the URL postgresql://... of a database.")
    return place


def _read_object(url: str, environment: Mapping[str, str]) -> bytes:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not bucket or not key:
        raise UsageError(f"{url} is not s3://bucket/key.")
    blobs = S3Blobs(bucket, environment)
    try:
        found = blobs.get(key)
    except BlobUnreachable as error:
        message = f"The alert file {url} cannot be read. {error.message}"
        raise FileInvalid(message, hint=error.hint) from None
    except BlobConflict:
        found = None
    finally:
        blobs.close()
    if found is None:
        raise FileInvalid(f"There is no alert file {url}.")
    return found[0]
