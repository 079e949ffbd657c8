"""What goes wrong on this machine: output, the embedded PostgreSQL, the state of alerts."""

from __future__ import annotations

from heliograph.kernel.errors.root import HeliographError


class OutputFailed(HeliographError):
    """The result could not be written: disk full, folder missing, pipe closed."""

    code = "output_failed"


class Interrupted(HeliographError):
    """The person pressed Ctrl-C; the query was cancelled on the server."""

    code = "interrupted"


class LocalDatabaseError(HeliographError):
    """The embedded PostgreSQL could not be started, stopped or used."""

    code = "local_database_failed"


class DataFolderLocked(LocalDatabaseError):
    """Another process is using the data folder."""

    code = "data_folder_locked"


class DataFolderIncompatible(LocalDatabaseError):
    """The data folder was made by another major version, or is not a data folder."""

    code = "data_folder_incompatible"


class BinariesMissing(LocalDatabaseError):
    """The PostgreSQL binaries are not installed."""

    code = "binaries_missing"


class NodeRefused(HeliographError):
    """A node was given what does not belong to its app database."""

    code = "node_refused"


class KeyMismatched(NodeRefused):
    """The key file is another one than the app database's secrets were encrypted with."""

    code = "key_mismatched"


class BlobsMismatched(NodeRefused):
    """The folder of blobs is another one than that of the app database's other nodes."""

    code = "blobs_mismatched"


class StateFailed(HeliographError):
    """What the alert runner remembers cannot be read or written."""

    code = "state_failed"
