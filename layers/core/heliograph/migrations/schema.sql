-- What all migrations together make, told by PostgreSQL's catalogue. Nothing runs this file: it is
-- for people to read and a test to compare. docs/reference/app-database.md says how to renew it.

CREATE TABLE api_tokens (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT api_tokens_token_hash_key UNIQUE (token_hash),
    CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
    CONSTRAINT api_tokens_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'write'::text]) AND (cardinality(scopes) > 0)))
);
CREATE INDEX api_tokens_user_id_idx ON public.api_tokens USING btree (user_id, id);

CREATE TABLE audit_events (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_email text,
    action text NOT NULL,
    noun text NOT NULL GENERATED ALWAYS AS (split_part(action, '.'::text, 1)) STORED,
    object_type text,
    object_id text,
    object_name text,
    before jsonb,
    after jsonb,
    address text,
    user_agent text,
    request_id text,
    CONSTRAINT audit_events_pkey PRIMARY KEY (id),
    CONSTRAINT audit_events_action_check CHECK ((action ~ '^[a-z][a-z_]*\.[a-z][a-z_]*$'::text)),
    CONSTRAINT audit_events_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'token'::text, 'cli'::text, 'system'::text, 'anonymous'::text]))),
    CONSTRAINT audit_events_object_id_check CHECK (((object_id IS NULL) OR (object_type IS NOT NULL)))
);
CREATE INDEX audit_events_action_at_idx ON public.audit_events USING btree (action, at, id);
CREATE INDEX audit_events_actor_id_at_idx ON public.audit_events USING btree (actor_id, at, id);
CREATE INDEX audit_events_at_idx ON public.audit_events USING btree (at, id);
CREATE INDEX audit_events_noun_at_idx ON public.audit_events USING btree (noun, at, id);
CREATE INDEX audit_events_object_id_at_idx ON public.audit_events USING btree (object_id, at, id);
CREATE INDEX audit_events_object_type_at_idx ON public.audit_events USING btree (object_type, at, id);
CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE TABLE blob_folders (
    id integer NOT NULL,
    mark text NOT NULL,
    marked_at timestamp with time zone NOT NULL,
    CONSTRAINT blob_folders_pkey PRIMARY KEY (id),
    CONSTRAINT blob_folders_id_check CHECK ((id = 1))
);

CREATE TABLE connections (
    id uuid NOT NULL,
    name text NOT NULL,
    folded_name text COLLATE "C" NOT NULL,
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
    created_at timestamp with time zone NOT NULL,
    created_by uuid,
    updated_at timestamp with time zone NOT NULL,
    updated_by uuid,
    role_limits jsonb NOT NULL DEFAULT '{}'::jsonb,
    history_values text NOT NULL DEFAULT 'kept'::text,
    history_salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()),
    CONSTRAINT connections_pkey PRIMARY KEY (id),
    CONSTRAINT connections_folded_name_key UNIQUE (folded_name),
    CONSTRAINT connections_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id),
    CONSTRAINT connections_updated_by_fkey FOREIGN KEY (updated_by) REFERENCES users(id),
    CONSTRAINT connections_history_values_check CHECK ((history_values = ANY (ARRAY['kept'::text, 'hashed'::text, 'dropped'::text]))),
    CONSTRAINT connections_host_check CHECK ((host <> ''::text)),
    CONSTRAINT connections_identity_check CHECK ((identity = ANY (ARRAY['user'::text, 'none'::text]))),
    CONSTRAINT connections_limits_check CHECK (((max_concurrency > 0) AND (statement_timeout_seconds > 0) AND (max_rows > 0) AND (cache_seconds >= 0))),
    CONSTRAINT connections_name_check CHECK ((name <> ''::text)),
    CONSTRAINT connections_port_check CHECK (((port >= 1) AND (port <= 65535))),
    CONSTRAINT connections_role_limits_check CHECK ((jsonb_typeof(role_limits) = 'object'::text)),
    CONSTRAINT connections_ssl_mode_check CHECK ((ssl_mode = ANY (ARRAY['disable'::text, 'prefer'::text, 'require'::text, 'verify-ca'::text, 'verify-full'::text]))),
    CONSTRAINT connections_version_check CHECK ((version > 0))
);

CREATE TABLE grants (
    id uuid NOT NULL,
    object_type text COLLATE "C" NOT NULL,
    object_id uuid NOT NULL,
    user_id uuid,
    group_id uuid,
    level text NOT NULL,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT grants_pkey PRIMARY KEY (id),
    CONSTRAINT grants_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id),
    CONSTRAINT grants_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
    CONSTRAINT grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
    CONSTRAINT grants_grantee_check CHECK (((user_id IS NULL) OR (group_id IS NULL))),
    CONSTRAINT grants_level_check CHECK ((level = ANY (ARRAY['view'::text, 'edit'::text])))
);
CREATE INDEX grants_group_id_idx ON public.grants USING btree (group_id, object_type, object_id);
CREATE UNIQUE INDEX grants_object_grantee_key ON public.grants USING btree (object_type, object_id, COALESCE(user_id, group_id, '00000000-0000-0000-0000-000000000000'::uuid));
CREATE INDEX grants_user_id_idx ON public.grants USING btree (user_id, object_type, object_id);

CREATE TABLE group_members (
    group_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT group_members_pkey PRIMARY KEY (group_id, user_id),
    CONSTRAINT group_members_group_id_fkey FOREIGN KEY (group_id) REFERENCES groups(id) ON DELETE CASCADE,
    CONSTRAINT group_members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);
CREATE INDEX group_members_user_id_idx ON public.group_members USING btree (user_id, group_id);

CREATE TABLE groups (
    id uuid NOT NULL,
    name text NOT NULL,
    folded_name text COLLATE "C" NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT groups_pkey PRIMARY KEY (id),
    CONSTRAINT groups_folded_name_key UNIQUE (folded_name)
);

CREATE TABLE key_probes (
    id integer NOT NULL,
    sealed bytea NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    CONSTRAINT key_probes_pkey PRIMARY KEY (id),
    CONSTRAINT key_probes_id_check CHECK ((id = 1))
);

CREATE TABLE one_time_links (
    id uuid NOT NULL,
    kind text NOT NULL,
    token_hash bytea NOT NULL,
    email text COLLATE "C",
    role text,
    group_ids uuid[],
    user_id uuid,
    created_by uuid,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT one_time_links_pkey PRIMARY KEY (id),
    CONSTRAINT one_time_links_token_hash_key UNIQUE (token_hash),
    CONSTRAINT one_time_links_created_by_fkey FOREIGN KEY (created_by) REFERENCES users(id),
    CONSTRAINT one_time_links_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
    CONSTRAINT one_time_links_invitation_check CHECK (((kind = 'invitation'::text) = ((email IS NOT NULL) AND (role IS NOT NULL) AND (group_ids IS NOT NULL)))),
    CONSTRAINT one_time_links_kind_check CHECK ((kind = ANY (ARRAY['setup'::text, 'invitation'::text, 'password_reset'::text]))),
    CONSTRAINT one_time_links_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'editor'::text, 'viewer'::text]))),
    CONSTRAINT one_time_links_used_at_check CHECK (((used_at IS NULL) OR (revoked_at IS NULL))),
    CONSTRAINT one_time_links_user_id_check CHECK (((kind = 'password_reset'::text) = (user_id IS NOT NULL)))
);
CREATE UNIQUE INDEX one_time_links_email_key ON public.one_time_links USING btree (email) WHERE ((kind = 'invitation'::text) AND (used_at IS NULL) AND (revoked_at IS NULL));
CREATE INDEX one_time_links_expires_at_idx ON public.one_time_links USING btree (expires_at);
CREATE UNIQUE INDEX one_time_links_setup_key ON public.one_time_links USING btree (kind) WHERE ((kind = 'setup'::text) AND (used_at IS NULL) AND (revoked_at IS NULL));
CREATE UNIQUE INDEX one_time_links_user_id_key ON public.one_time_links USING btree (user_id) WHERE ((kind = 'password_reset'::text) AND (used_at IS NULL) AND (revoked_at IS NULL));

CREATE TABLE query_executions (
    id uuid NOT NULL,
    connection_id uuid,
    connection_version bigint NOT NULL,
    user_id uuid NOT NULL,
    fingerprint bytea,
    state text NOT NULL,
    runs_once boolean NOT NULL,
    work jsonb,
    queued_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    deadline_at timestamp with time zone,
    lease_owner uuid,
    lease_expires_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    rows_so_far bigint NOT NULL DEFAULT 0,
    preview bytea,
    row_count bigint,
    truncated_reason text,
    notes jsonb,
    error jsonb,
    duration_ms double precision,
    result bytea,
    result_expires_at timestamp with time zone,
    kind text NOT NULL DEFAULT 'query'::text,
    CONSTRAINT query_executions_pkey PRIMARY KEY (id),
    CONSTRAINT query_executions_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connections(id) ON DELETE SET NULL,
    CONSTRAINT query_executions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
    CONSTRAINT query_executions_kind_check CHECK ((kind = ANY (ARRAY['query'::text, 'export'::text]))),
    CONSTRAINT query_executions_lease_check CHECK (((lease_owner IS NULL) = (lease_expires_at IS NULL))),
    CONSTRAINT query_executions_state_check CHECK (
CASE state
    WHEN 'queued'::text THEN ((lease_owner IS NULL) AND (finished_at IS NULL) AND (work IS NOT NULL))
    WHEN 'running'::text THEN ((lease_owner IS NOT NULL) AND (started_at IS NOT NULL) AND (deadline_at IS NOT NULL) AND (finished_at IS NULL))
    WHEN 'succeeded'::text THEN ((lease_owner IS NULL) AND (finished_at IS NOT NULL) AND (row_count IS NOT NULL) AND (error IS NULL))
    WHEN 'failed'::text THEN ((lease_owner IS NULL) AND (finished_at IS NOT NULL) AND (error IS NOT NULL) AND (work IS NULL))
    WHEN 'canceled'::text THEN ((lease_owner IS NULL) AND (finished_at IS NOT NULL) AND (work IS NULL))
    ELSE false
END),
    CONSTRAINT query_executions_truncated_reason_check CHECK ((truncated_reason = ANY (ARRAY['row_limit'::text, 'canceled'::text])))
);
CREATE INDEX query_executions_fingerprint_idx ON public.query_executions USING btree (fingerprint, finished_at DESC) WHERE ((fingerprint IS NOT NULL) AND (state = ANY (ARRAY['queued'::text, 'running'::text, 'succeeded'::text])));
CREATE INDEX query_executions_queue_idx ON public.query_executions USING btree (connection_id, queued_at) WHERE (state = 'queued'::text);
CREATE INDEX query_executions_queued_at_idx ON public.query_executions USING btree (queued_at);
CREATE INDEX query_executions_result_expires_at_idx ON public.query_executions USING btree (result_expires_at) WHERE (result_expires_at IS NOT NULL);
CREATE INDEX query_executions_running_idx ON public.query_executions USING btree (lease_expires_at) WHERE (state = 'running'::text);

CREATE TABLE query_exports (
    run_id uuid NOT NULL,
    format text NOT NULL,
    guard_formulas boolean NOT NULL,
    title text NOT NULL,
    key text,
    filename text,
    bytes bigint,
    expires_at timestamp with time zone,
    CONSTRAINT query_exports_pkey PRIMARY KEY (run_id),
    CONSTRAINT query_exports_run_id_fkey FOREIGN KEY (run_id) REFERENCES query_runs(id) ON DELETE CASCADE,
    CONSTRAINT query_exports_file_check CHECK ((((key IS NULL) = (filename IS NULL)) AND ((key IS NULL) = (bytes IS NULL)) AND ((key IS NULL) = (expires_at IS NULL)))),
    CONSTRAINT query_exports_format_check CHECK ((format = ANY (ARRAY['csv'::text, 'xlsx'::text, 'ndjson'::text])))
);
CREATE INDEX query_exports_expires_at_idx ON public.query_exports USING btree (expires_at) WHERE (key IS NOT NULL);

CREATE TABLE query_runs (
    id uuid NOT NULL,
    execution_id uuid,
    connection_id uuid,
    user_id uuid NOT NULL,
    origin text NOT NULL,
    parent_id uuid,
    sql text NOT NULL,
    parameters jsonb,
    is_detached boolean NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    polled_at timestamp with time zone NOT NULL,
    canceled_at timestamp with time zone,
    cached_at timestamp with time zone,
    cancel_reason text,
    stale_execution_id uuid,
    CONSTRAINT query_runs_pkey PRIMARY KEY (id),
    CONSTRAINT query_runs_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connections(id) ON DELETE SET NULL,
    CONSTRAINT query_runs_execution_id_fkey FOREIGN KEY (execution_id) REFERENCES query_executions(id) ON DELETE SET NULL,
    CONSTRAINT query_runs_stale_execution_id_fkey FOREIGN KEY (stale_execution_id) REFERENCES query_executions(id) ON DELETE SET NULL,
    CONSTRAINT query_runs_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
    CONSTRAINT query_runs_cancel_reason_check CHECK (((cancel_reason IS NULL) OR ((cancel_reason = ANY (ARRAY['asked'::text, 'reset'::text, 'abandoned'::text])) AND (canceled_at IS NOT NULL)))),
    CONSTRAINT query_runs_origin_check CHECK ((origin = ANY (ARRAY['query'::text, 'view'::text, 'values'::text, 'export'::text])))
);
CREATE INDEX query_runs_connection_id_idx ON public.query_runs USING btree (connection_id, requested_at DESC, id DESC);
CREATE INDEX query_runs_execution_id_idx ON public.query_runs USING btree (execution_id);
CREATE INDEX query_runs_requested_at_idx ON public.query_runs USING btree (requested_at);
CREATE INDEX query_runs_stale_execution_id_idx ON public.query_runs USING btree (stale_execution_id) WHERE (stale_execution_id IS NOT NULL);
CREATE INDEX query_runs_user_id_idx ON public.query_runs USING btree (user_id, requested_at DESC, id DESC);

CREATE TABLE query_slots (
    connection_id uuid NOT NULL,
    number integer NOT NULL,
    execution_id uuid,
    lease_expires_at timestamp with time zone,
    keeper uuid,
    kept_until timestamp with time zone,
    CONSTRAINT query_slots_pkey PRIMARY KEY (connection_id, number),
    CONSTRAINT query_slots_execution_id_key UNIQUE (execution_id),
    CONSTRAINT query_slots_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connections(id) ON DELETE CASCADE,
    CONSTRAINT query_slots_keeper_check CHECK (((keeper IS NULL) = (kept_until IS NULL))),
    CONSTRAINT query_slots_lease_check CHECK (((execution_id IS NULL) = (lease_expires_at IS NULL)))
);

CREATE TABLE query_turns (
    connection_id uuid NOT NULL,
    user_id uuid NOT NULL,
    served_at timestamp with time zone NOT NULL,
    CONSTRAINT query_turns_pkey PRIMARY KEY (connection_id, user_id),
    CONSTRAINT query_turns_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connections(id) ON DELETE CASCADE,
    CONSTRAINT query_turns_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE queue_messages (
    id uuid NOT NULL,
    queue text NOT NULL,
    body text NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    visible_at timestamp with time zone NOT NULL,
    receive_count integer NOT NULL,
    receipt uuid,
    dead_from text,
    CONSTRAINT queue_messages_pkey PRIMARY KEY (id),
    CONSTRAINT queue_messages_queue_check CHECK ((queue ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT queue_messages_receipt_check CHECK (((receipt IS NULL) OR (receive_count > 0))),
    CONSTRAINT queue_messages_receive_count_check CHECK ((receive_count >= 0))
);
CREATE INDEX queue_messages_queue_visible_at_idx ON public.queue_messages USING btree (queue, visible_at, id);

CREATE TABLE rate_limits (
    key text COLLATE "C" NOT NULL,
    window_started_at timestamp with time zone NOT NULL,
    count integer NOT NULL,
    CONSTRAINT rate_limits_pkey PRIMARY KEY (key)
);
CREATE INDEX rate_limits_window_started_at_idx ON public.rate_limits USING btree (window_started_at);

CREATE TABLE refresh_tokens (
    token_hash bytea NOT NULL,
    session_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    successor_salt bytea,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (token_hash),
    CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_successor_salt_check CHECK (((successor_salt IS NULL) OR (used_at IS NOT NULL)))
);
CREATE INDEX refresh_tokens_expires_at_idx ON public.refresh_tokens USING btree (expires_at);
CREATE INDEX refresh_tokens_session_id_idx ON public.refresh_tokens USING btree (session_id, used_at);

CREATE TABLE schedule_ticks (
    name text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone NOT NULL,
    attempts integer NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT schedule_ticks_pkey PRIMARY KEY (name, due_at),
    CONSTRAINT schedule_ticks_attempts_check CHECK ((attempts > 0))
);

CREATE TABLE schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL,
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (version)
);

CREATE TABLE schema_snapshots (
    connection_id uuid NOT NULL,
    connection_version bigint NOT NULL,
    state text NOT NULL,
    requested_at timestamp with time zone NOT NULL,
    woken_at timestamp with time zone NOT NULL,
    claim_id uuid,
    lease_expires_at timestamp with time zone,
    read_at timestamp with time zone,
    content bytea,
    failed_at timestamp with time zone,
    error jsonb,
    CONSTRAINT schema_snapshots_pkey PRIMARY KEY (connection_id),
    CONSTRAINT schema_snapshots_connection_id_fkey FOREIGN KEY (connection_id) REFERENCES connections(id) ON DELETE CASCADE,
    CONSTRAINT schema_snapshots_claim_id_check CHECK (((claim_id IS NULL) = (lease_expires_at IS NULL))),
    CONSTRAINT schema_snapshots_content_check CHECK (((content IS NULL) = (read_at IS NULL))),
    CONSTRAINT schema_snapshots_error_check CHECK (((error IS NULL) = (failed_at IS NULL))),
    CONSTRAINT schema_snapshots_state_check CHECK (
CASE state
    WHEN 'waiting'::text THEN ((lease_expires_at IS NULL) AND (failed_at IS NULL))
    WHEN 'reading'::text THEN ((lease_expires_at IS NOT NULL) AND (failed_at IS NULL))
    WHEN 'ready'::text THEN ((lease_expires_at IS NULL) AND (failed_at IS NULL) AND (read_at IS NOT NULL))
    WHEN 'failed'::text THEN ((lease_expires_at IS NULL) AND (failed_at IS NOT NULL))
    ELSE false
END)
);

CREATE TABLE sessions (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    address text,
    user_agent text,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_because text,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
    CONSTRAINT sessions_ended_at_check CHECK (((ended_at IS NULL) = (ended_because IS NULL))),
    CONSTRAINT sessions_ended_because_check CHECK ((ended_because = ANY (ARRAY['signed_out'::text, 'revoked'::text, 'reused'::text, 'password_changed'::text, 'deactivated'::text])))
);
CREATE INDEX sessions_expires_at_idx ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id, created_at);

CREATE TABLE signing_keys (
    kid text COLLATE "C" NOT NULL,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (kid)
);
CREATE UNIQUE INDEX signing_keys_current_key ON public.signing_keys USING btree (((retired_at IS NULL))) WHERE (retired_at IS NULL);

CREATE TABLE users (
    id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    last_signed_in_at timestamp with time zone,
    deactivated_at timestamp with time zone,
    claims jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_claims_check CHECK ((jsonb_typeof(claims) = 'object'::text)),
    CONSTRAINT users_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'editor'::text, 'viewer'::text])))
);
CREATE INDEX users_active_admins_idx ON public.users USING btree (id) WHERE ((role = 'admin'::text) AND (deactivated_at IS NULL));
CREATE INDEX users_claim_names_idx ON public.users USING btree (jsonb_path_query_array(claims, '$.keyvalue()."key"'::jsonpath)) WHERE (claims <> '{}'::jsonb);

CREATE OR REPLACE FUNCTION public.refuse_audit_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'audit_events is append-only: % is refused.', TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What was recorded stays. See docs/reference/audit.md.';
END
$function$
;
