"""The one tree of errors.

Each class has a stable ``code``, the heading under which ``docs/reference/errors.md`` explains it,
and a message that a person can act on. Where SQL failed, the fields say where and why. No message,
hint or detail ever holds a password, a connection string or the value of a parameter.

::

    HeliographError                     unexpected
    ├── UsageError                      usage_invalid
    │   ├── ParameterMissing            parameter_missing
    │   ├── ParameterSurplus            parameter_surplus
    │   ├── ParametersMixed             parameters_mixed
    │   ├── PlaceholderInvalid          placeholder_invalid
    │   ├── FileInvalid                 file_invalid
    │   │   └── AlertFileInvalid        alert_file_invalid
    │   ├── NameUnknown                 name_unknown
    │   └── UrlInvalid                  url_invalid
    ├── QueryError                      query_failed
    │   ├── QueryRefused                query_refused
    │   │   ├── SqlEmpty                sql_empty
    │   │   ├── SqlTooLarge             sql_too_large
    │   │   ├── SeveralStatements       several_statements
    │   │   ├── StatementRefused        statement_refused
    │   │   └── FunctionRefused         function_refused
    │   ├── SqlInvalid                  sql_invalid
    │   ├── ParameterInvalid            parameter_invalid
    │   ├── WriteRefused                write_refused
    │   ├── PermissionDenied            permission_denied
    │   ├── QueryCanceled               query_canceled
    │   ├── ConnectionLost              connection_lost
    │   ├── ServerResourcesExhausted    server_resources_exhausted
    │   ├── WorkerLost                  worker_lost
    │   └── TextUndecodable             text_undecodable
    ├── QueryTimedOut                   query_timed_out
    ├── ConnectError                    connect_failed
    │   ├── HostUnknown                 host_unknown
    │   ├── ConnectionRefused           connection_refused
    │   ├── ConnectTimedOut             connect_timed_out
    │   ├── TlsFailed                   tls_failed
    │   ├── LoginFailed                 login_failed
    │   ├── DatabaseUnknown             database_unknown
    │   ├── TooManyConnections          too_many_connections
    │   └── ServerUnsupported           server_unsupported
    ├── OutputFailed                    output_failed
    ├── Interrupted                     interrupted
    ├── LocalDatabaseError              local_database_failed
    │   ├── DataFolderLocked            data_folder_locked
    │   ├── DataFolderIncompatible      data_folder_incompatible
    │   └── BinariesMissing             binaries_missing
    ├── NodeRefused                     node_refused
    │   ├── KeyMismatched               key_mismatched
    │   └── BlobsMismatched             blobs_mismatched
    ├── StateFailed                     state_failed
    ├── DeliveryError                   delivery_failed
    │   ├── DestinationRefused          destination_refused
    │   ├── DeliveryRejected            delivery_rejected
    │   └── DeliveryDeferred            delivery_deferred
    ├── RequestError                    request_failed
    │   ├── RequestInvalid              request_invalid
    │   ├── BodyMalformed               body_malformed
    │   ├── BodyTooLarge                body_too_large
    │   ├── MediaTypeUnsupported        media_type_unsupported
    │   ├── RouteUnknown                route_unknown
    │   ├── MethodUnsupported           method_unsupported
    │   ├── CursorInvalid               cursor_invalid
    │   ├── Unauthenticated             unauthenticated
    │   │   ├── TokenExpired            token_expired
    │   │   ├── TokenInvalid            token_invalid
    │   │   ├── SessionRevoked          session_revoked
    │   │   └── SignInFailed            sign_in_failed
    │   ├── Forbidden                   forbidden
    │   ├── NotFound                    not_found
    │   ├── Conflict                    conflict
    │   │   ├── NameTaken               name_taken
    │   │   ├── LastAdmin               last_admin
    │   │   └── SetupDone               setup_done
    │   ├── LinkInvalid                 link_invalid
    │   ├── ResultExpired               result_expired
    │   ├── PasswordRequired            password_required
    │   ├── PasswordWeak                password_weak
    │   ├── AddressForbidden            address_forbidden
    │   ├── ExportTooLarge              export_too_large
    │   └── RateLimited                 rate_limited
    └── PlatformError                   platform_failed
        ├── Overloaded                  overloaded
        ├── DatabaseUnavailable         database_unavailable
        ├── SchemaOutdated              schema_outdated
        ├── MigrationFailed             migration_failed
        ├── QueueUnavailable            queue_unavailable
        ├── StorageUnavailable          storage_unavailable
        ├── BlobKeyInvalid              blob_key_invalid
        ├── KeyUnavailable              key_unavailable
        ├── SettingsMissing             settings_missing
        ├── DeploymentInvalid           deployment_invalid
        └── HandlerFailed               handler_failed
            ├── HandlerTimedOut         handler_timed_out
            └── AnswerTooLarge          answer_too_large
"""

from __future__ import annotations

from heliograph.kernel.errors.connecting import (
    ConnectError,
    ConnectionRefused,
    ConnectTimedOut,
    DatabaseUnknown,
    HostUnknown,
    LoginFailed,
    ServerUnsupported,
    TlsFailed,
    TooManyConnections,
)
from heliograph.kernel.errors.delivery import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryRejected,
    DestinationRefused,
)
from heliograph.kernel.errors.local import (
    BinariesMissing,
    BlobsMismatched,
    DataFolderIncompatible,
    DataFolderLocked,
    Interrupted,
    KeyMismatched,
    LocalDatabaseError,
    NodeRefused,
    OutputFailed,
    StateFailed,
)
from heliograph.kernel.errors.queries import (
    ConnectionLost,
    FunctionRefused,
    ParameterInvalid,
    PermissionDenied,
    QueryCanceled,
    QueryError,
    QueryRefused,
    QueryTimedOut,
    ServerResourcesExhausted,
    SeveralStatements,
    SqlEmpty,
    SqlInvalid,
    SqlTooLarge,
    StatementRefused,
    TextUndecodable,
    WorkerLost,
    WriteRefused,
)
from heliograph.kernel.errors.root import (
    HeliographError,
)
from heliograph.kernel.errors.server import (
    AddressForbidden,
    AnswerTooLarge,
    BlobKeyInvalid,
    BodyMalformed,
    BodyTooLarge,
    Conflict,
    CursorInvalid,
    DatabaseUnavailable,
    DeploymentInvalid,
    ExportTooLarge,
    Forbidden,
    HandlerFailed,
    HandlerTimedOut,
    KeyUnavailable,
    LastAdmin,
    LinkInvalid,
    MediaTypeUnsupported,
    MethodUnsupported,
    MigrationFailed,
    NameTaken,
    NotFound,
    Overloaded,
    PasswordRequired,
    PasswordWeak,
    PlatformError,
    QueueUnavailable,
    RateLimited,
    RequestError,
    RequestInvalid,
    ResultExpired,
    RouteUnknown,
    SchemaOutdated,
    SessionRevoked,
    SettingsMissing,
    SetupDone,
    SignInFailed,
    StorageUnavailable,
    TokenExpired,
    TokenInvalid,
    Unauthenticated,
)
from heliograph.kernel.errors.usage import (
    AlertFileInvalid,
    FileInvalid,
    NameUnknown,
    ParameterMissing,
    ParametersMixed,
    ParameterSurplus,
    PlaceholderInvalid,
    UrlInvalid,
    UsageError,
)

__all__ = [
    "AddressForbidden",
    "AlertFileInvalid",
    "AnswerTooLarge",
    "BinariesMissing",
    "BlobKeyInvalid",
    "BlobsMismatched",
    "BodyMalformed",
    "BodyTooLarge",
    "Conflict",
    "ConnectError",
    "ConnectTimedOut",
    "ConnectionLost",
    "ConnectionRefused",
    "CursorInvalid",
    "DataFolderIncompatible",
    "DataFolderLocked",
    "DatabaseUnavailable",
    "DatabaseUnknown",
    "DeliveryDeferred",
    "DeliveryError",
    "DeliveryRejected",
    "DeploymentInvalid",
    "DestinationRefused",
    "ExportTooLarge",
    "FileInvalid",
    "Forbidden",
    "FunctionRefused",
    "HandlerFailed",
    "HandlerTimedOut",
    "HeliographError",
    "HostUnknown",
    "Interrupted",
    "KeyMismatched",
    "KeyUnavailable",
    "LastAdmin",
    "LinkInvalid",
    "LocalDatabaseError",
    "LoginFailed",
    "MediaTypeUnsupported",
    "MethodUnsupported",
    "MigrationFailed",
    "NameTaken",
    "NameUnknown",
    "NodeRefused",
    "NotFound",
    "OutputFailed",
    "Overloaded",
    "ParameterInvalid",
    "ParameterMissing",
    "ParameterSurplus",
    "ParametersMixed",
    "PasswordRequired",
    "PasswordWeak",
    "PermissionDenied",
    "PlaceholderInvalid",
    "PlatformError",
    "QueryCanceled",
    "QueryError",
    "QueryRefused",
    "QueryTimedOut",
    "QueueUnavailable",
    "RateLimited",
    "RequestError",
    "RequestInvalid",
    "ResultExpired",
    "RouteUnknown",
    "SchemaOutdated",
    "ServerResourcesExhausted",
    "ServerUnsupported",
    "SessionRevoked",
    "SettingsMissing",
    "SetupDone",
    "SeveralStatements",
    "SignInFailed",
    "SqlEmpty",
    "SqlInvalid",
    "SqlTooLarge",
    "StateFailed",
    "StatementRefused",
    "StorageUnavailable",
    "TextUndecodable",
    "TlsFailed",
    "TokenExpired",
    "TokenInvalid",
    "TooManyConnections",
    "Unauthenticated",
    "UrlInvalid",
    "UsageError",
    "WorkerLost",
    "WriteRefused",
]
