-- The databases that people connect, and what was last read of their schemas.
--
-- A password is stored encrypted, and only so. `version` grows with every edit: it tells apart two
-- people who edit at once, and what was made with the old values (sessions, caches, snapshots).
-- Names are unique, so that nobody has to guess which of two "Production" is meant; the program folds
-- their case. A snapshot is kept while the next one is read; who reads it holds a lease.

CREATE TABLE connections (
    id uuid CONSTRAINT connections_pkey PRIMARY KEY,
    name text NOT NULL,
    folded_name text COLLATE "C" NOT NULL CONSTRAINT connections_folded_name_key UNIQUE,
    engine text NOT NULL,
    host text NOT NULL,
    port integer NOT NULL,
    database text NOT NULL,
    username text NOT NULL,
    password bytea,
    ssl_mode text NOT NULL,
    ssl_root_cert text,
    max_concurrency integer NOT NULL,
    statement_timeout_seconds integer NOT NULL,
    max_rows integer NOT NULL,
    identity text NOT NULL,
    cache_seconds integer NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid CONSTRAINT connections_created_by_fkey REFERENCES users (id),
    updated_at timestamptz NOT NULL,
    updated_by uuid CONSTRAINT connections_updated_by_fkey REFERENCES users (id),
    CONSTRAINT connections_name_check CHECK (name <> ''),
    CONSTRAINT connections_host_check CHECK (host <> ''),
    CONSTRAINT connections_port_check CHECK (port BETWEEN 1 AND 65535),
    CONSTRAINT connections_ssl_mode_check
        CHECK (ssl_mode IN ('disable', 'prefer', 'require', 'verify-ca', 'verify-full')),
    CONSTRAINT connections_identity_check CHECK (identity IN ('user', 'none')),
    CONSTRAINT connections_limits_check CHECK (
        max_concurrency > 0 AND statement_timeout_seconds > 0 AND max_rows > 0 AND cache_seconds >= 0
    ),
    CONSTRAINT connections_version_check CHECK (version > 0)
);

CREATE TABLE schema_snapshots (
    connection_id uuid CONSTRAINT schema_snapshots_pkey PRIMARY KEY
        CONSTRAINT schema_snapshots_connection_id_fkey
        REFERENCES connections (id) ON DELETE CASCADE,
    connection_version bigint NOT NULL,
    state text NOT NULL,
    requested_at timestamptz NOT NULL,
    woken_at timestamptz NOT NULL,
    claim_id uuid,
    lease_expires_at timestamptz,
    read_at timestamptz,
    content bytea,
    failed_at timestamptz,
    error jsonb,
    CONSTRAINT schema_snapshots_state_check CHECK (
        CASE state
            WHEN 'waiting' THEN lease_expires_at IS NULL AND failed_at IS NULL
            WHEN 'reading' THEN lease_expires_at IS NOT NULL AND failed_at IS NULL
            WHEN 'ready' THEN lease_expires_at IS NULL AND failed_at IS NULL AND read_at IS NOT NULL
            WHEN 'failed' THEN lease_expires_at IS NULL AND failed_at IS NOT NULL
            ELSE false
        END
    ),
    CONSTRAINT schema_snapshots_claim_id_check
        CHECK ((claim_id IS NULL) = (lease_expires_at IS NULL)),
    CONSTRAINT schema_snapshots_content_check CHECK ((content IS NULL) = (read_at IS NULL)),
    CONSTRAINT schema_snapshots_error_check CHECK ((error IS NULL) = (failed_at IS NULL))
);
