-- Queries that were asked, and what becomes of them.
--
-- A run is somebody's question; an execution is the work that answers it. Several runs may share one
-- execution (a cache, or two people who ask the same at once), and each gives up its own interest
-- alone. An execution is done by whoever holds its lease: the request that brought it, or a worker.
--
-- A slot is one of the backends that a connection may have at once. Who executes holds a slot with
-- the same lease, so the cap holds over all instances, and what a dead one held comes back by itself.
-- A turn remembers when a person was last served, so that nobody's hundred queries starve another's.

CREATE TABLE query_executions (
    id uuid CONSTRAINT query_executions_pkey PRIMARY KEY,
    connection_id uuid CONSTRAINT query_executions_connection_id_fkey
        REFERENCES connections (id) ON DELETE SET NULL,
    connection_version bigint NOT NULL,
    user_id uuid NOT NULL CONSTRAINT query_executions_user_id_fkey REFERENCES users (id),
    fingerprint bytea,
    state text NOT NULL,
    runs_once boolean NOT NULL,
    work jsonb,
    queued_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    deadline_at timestamptz,
    lease_owner uuid,
    lease_expires_at timestamptz,
    cancel_requested_at timestamptz,
    rows_so_far bigint NOT NULL DEFAULT 0,
    preview bytea,
    row_count bigint,
    truncated_reason text,
    notes jsonb,
    error jsonb,
    duration_ms double precision,
    result bytea,
    result_expires_at timestamptz,
    CONSTRAINT query_executions_state_check CHECK (
        CASE state
            WHEN 'queued' THEN lease_owner IS NULL AND finished_at IS NULL AND work IS NOT NULL
            WHEN 'running' THEN lease_owner IS NOT NULL AND started_at IS NOT NULL
                AND deadline_at IS NOT NULL AND finished_at IS NULL
            WHEN 'succeeded' THEN lease_owner IS NULL AND finished_at IS NOT NULL
                AND row_count IS NOT NULL AND error IS NULL AND work IS NULL
            WHEN 'failed' THEN lease_owner IS NULL AND finished_at IS NOT NULL
                AND error IS NOT NULL AND work IS NULL
            WHEN 'canceled' THEN lease_owner IS NULL AND finished_at IS NOT NULL AND work IS NULL
            ELSE false
        END
    ),
    CONSTRAINT query_executions_lease_check
        CHECK ((lease_owner IS NULL) = (lease_expires_at IS NULL)),
    CONSTRAINT query_executions_truncated_reason_check
        CHECK (truncated_reason IN ('row_limit', 'canceled'))
);

CREATE INDEX query_executions_queue_idx ON query_executions (connection_id, queued_at)
    WHERE state = 'queued';
CREATE INDEX query_executions_running_idx ON query_executions (lease_expires_at)
    WHERE state = 'running';
CREATE INDEX query_executions_fingerprint_idx ON query_executions (fingerprint, finished_at DESC)
    WHERE fingerprint IS NOT NULL AND state IN ('queued', 'running', 'succeeded');
CREATE INDEX query_executions_result_expires_at_idx ON query_executions (result_expires_at)
    WHERE result IS NOT NULL;

CREATE TABLE query_runs (
    id uuid CONSTRAINT query_runs_pkey PRIMARY KEY,
    execution_id uuid CONSTRAINT query_runs_execution_id_fkey
        REFERENCES query_executions (id) ON DELETE SET NULL,
    connection_id uuid CONSTRAINT query_runs_connection_id_fkey
        REFERENCES connections (id) ON DELETE SET NULL,
    user_id uuid NOT NULL CONSTRAINT query_runs_user_id_fkey REFERENCES users (id),
    origin text NOT NULL,
    parent_id uuid,
    sql text NOT NULL,
    parameters jsonb,
    is_detached boolean NOT NULL,
    requested_at timestamptz NOT NULL,
    polled_at timestamptz NOT NULL,
    canceled_at timestamptz,
    cached_at timestamptz,
    CONSTRAINT query_runs_origin_check CHECK (origin IN ('query', 'view', 'values', 'export'))
);

CREATE INDEX query_runs_user_id_idx ON query_runs (user_id, requested_at DESC, id DESC);
CREATE INDEX query_runs_connection_id_idx ON query_runs (connection_id, requested_at DESC, id DESC);
CREATE INDEX query_runs_execution_id_idx ON query_runs (execution_id);

CREATE TABLE query_slots (
    connection_id uuid NOT NULL CONSTRAINT query_slots_connection_id_fkey
        REFERENCES connections (id) ON DELETE CASCADE,
    number integer NOT NULL,
    execution_id uuid,
    lease_expires_at timestamptz,
    keeper uuid,
    kept_until timestamptz,
    CONSTRAINT query_slots_pkey PRIMARY KEY (connection_id, number),
    CONSTRAINT query_slots_execution_id_key UNIQUE (execution_id),
    CONSTRAINT query_slots_lease_check CHECK ((execution_id IS NULL) = (lease_expires_at IS NULL)),
    CONSTRAINT query_slots_keeper_check CHECK ((keeper IS NULL) = (kept_until IS NULL))
);

CREATE TABLE query_turns (
    connection_id uuid NOT NULL CONSTRAINT query_turns_connection_id_fkey
        REFERENCES connections (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT query_turns_user_id_fkey REFERENCES users (id),
    served_at timestamptz NOT NULL,
    CONSTRAINT query_turns_pkey PRIMARY KEY (connection_id, user_id)
);
