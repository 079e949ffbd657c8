-- What runs of people need beyond their rows: exports, several ways to end, what is kept and when not.
--
-- An export is an execution too (`kind`): it holds a slot and a lease, is cancelled and lost like any
-- other, and leaves a file instead of rows. `work` outlives a query as long as its rows, because they
-- are sorted, filtered and exported by running it again; the janitor forgets both together. What a
-- worker that died has left in the blob store is found by `result_expires_at`, too.
--
-- `stale_execution_id` is the older answer that somebody who would have taken a cached one still sees
-- when theirs fails.

ALTER TABLE query_executions
    ADD COLUMN kind text NOT NULL DEFAULT 'query'
        CONSTRAINT query_executions_kind_check CHECK (kind IN ('query', 'export')),
    DROP CONSTRAINT query_executions_state_check,
    ADD CONSTRAINT query_executions_state_check CHECK (
        CASE state
            WHEN 'queued' THEN lease_owner IS NULL AND finished_at IS NULL AND work IS NOT NULL
            WHEN 'running' THEN lease_owner IS NOT NULL AND started_at IS NOT NULL
                AND deadline_at IS NOT NULL AND finished_at IS NULL
            WHEN 'succeeded' THEN lease_owner IS NULL AND finished_at IS NOT NULL
                AND row_count IS NOT NULL AND error IS NULL
            WHEN 'failed' THEN lease_owner IS NULL AND finished_at IS NOT NULL
                AND error IS NOT NULL AND work IS NULL
            WHEN 'canceled' THEN lease_owner IS NULL AND finished_at IS NOT NULL AND work IS NULL
            ELSE false
        END
    );

DROP INDEX query_executions_result_expires_at_idx;
CREATE INDEX query_executions_result_expires_at_idx ON query_executions (result_expires_at)
    WHERE result_expires_at IS NOT NULL;
CREATE INDEX query_executions_queued_at_idx ON query_executions (queued_at);

ALTER TABLE query_runs
    ADD COLUMN cancel_reason text,
    ADD COLUMN stale_execution_id uuid CONSTRAINT query_runs_stale_execution_id_fkey
        REFERENCES query_executions (id) ON DELETE SET NULL,
    ADD CONSTRAINT query_runs_cancel_reason_check CHECK (
        cancel_reason IS NULL
        OR (cancel_reason IN ('asked', 'reset', 'abandoned') AND canceled_at IS NOT NULL)
    );

CREATE INDEX query_runs_stale_execution_id_idx ON query_runs (stale_execution_id)
    WHERE stale_execution_id IS NOT NULL;
CREATE INDEX query_runs_requested_at_idx ON query_runs (requested_at);

CREATE TABLE query_exports (
    run_id uuid CONSTRAINT query_exports_pkey PRIMARY KEY
        CONSTRAINT query_exports_run_id_fkey REFERENCES query_runs (id) ON DELETE CASCADE,
    format text NOT NULL,
    guard_formulas boolean NOT NULL,
    title text NOT NULL,
    key text,
    filename text,
    bytes bigint,
    expires_at timestamptz,
    CONSTRAINT query_exports_format_check CHECK (format IN ('csv', 'xlsx', 'ndjson')),
    CONSTRAINT query_exports_file_check CHECK (
        (key IS NULL) = (filename IS NULL) AND (key IS NULL) = (bytes IS NULL)
        AND (key IS NULL) = (expires_at IS NULL)
    )
);

CREATE INDEX query_exports_expires_at_idx ON query_exports (expires_at) WHERE key IS NOT NULL;
