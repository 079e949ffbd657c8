-- Who did what, and when: written in the transaction that does it, and never changed afterwards.
--
-- actor_id has no foreign key: a record must not depend on what it tells of, and a failed sign-in
-- names nobody. object_id is text, because not everything that is acted on has a UUID.
-- Triggers refuse UPDATE, DELETE and TRUNCATE. Who owns the table can remove them, so this guards
-- against mistakes and against whoever gets at the app, not against the owner of the database.

CREATE TABLE audit_events (
    id uuid CONSTRAINT audit_events_pkey PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_kind text NOT NULL
        CONSTRAINT audit_events_actor_kind_check
        CHECK (actor_kind IN ('user', 'token', 'cli', 'system', 'anonymous')),
    actor_id uuid,
    actor_email text,
    action text NOT NULL
        CONSTRAINT audit_events_action_check
        CHECK (action ~ '^[a-z][a-z_]*\.[a-z][a-z_]*$'),
    noun text NOT NULL GENERATED ALWAYS AS (split_part(action, '.', 1)) STORED,
    object_type text,
    object_id text,
    object_name text,
    before jsonb,
    after jsonb,
    address text,
    user_agent text,
    request_id text,
    CONSTRAINT audit_events_object_id_check CHECK (object_id IS NULL OR object_type IS NOT NULL)
);

-- One index for each filter, each in the order of the list: a page costs the same with any of them.
CREATE INDEX audit_events_at_idx ON audit_events (at, id);
CREATE INDEX audit_events_actor_id_at_idx ON audit_events (actor_id, at, id);
CREATE INDEX audit_events_action_at_idx ON audit_events (action, at, id);
CREATE INDEX audit_events_noun_at_idx ON audit_events (noun, at, id);
CREATE INDEX audit_events_object_type_at_idx ON audit_events (object_type, at, id);
CREATE INDEX audit_events_object_id_at_idx ON audit_events (object_id, at, id);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_events is append-only: % is refused.', TG_OP
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'What was recorded stays. See docs/reference/audit.md.';
END
$$;

CREATE TRIGGER audit_events_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
