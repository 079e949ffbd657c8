-- People, their groups, sessions, personal tokens and rights.
--
-- Secrets are never kept: passwords as argon2id hashes, everything else that is presented (refresh
-- tokens, personal tokens, one-time links) as SHA-256 of 256 random bits. The private halves of
-- signing keys are encrypted before they come here. Rows of users are never deleted, so that
-- everything else may point at them. Texts that identify are compared byte by byte (COLLATE "C");
-- the program folds their case, so that no locale decides who somebody is.

CREATE TABLE users (
    id uuid CONSTRAINT users_pkey PRIMARY KEY,
    email text COLLATE "C" NOT NULL CONSTRAINT users_email_key UNIQUE,
    name text NOT NULL,
    role text NOT NULL CONSTRAINT users_role_check CHECK (role IN ('admin', 'editor', 'viewer')),
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_signed_in_at timestamptz,
    deactivated_at timestamptz
);

-- The last admin is looked for at every change of a role.
CREATE INDEX users_active_admins_idx ON users (id) WHERE role = 'admin' AND deactivated_at IS NULL;

CREATE TABLE groups (
    id uuid CONSTRAINT groups_pkey PRIMARY KEY,
    name text NOT NULL,
    folded_name text COLLATE "C" NOT NULL CONSTRAINT groups_folded_name_key UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE group_members (
    group_id uuid NOT NULL
        CONSTRAINT group_members_group_id_fkey REFERENCES groups (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT group_members_user_id_fkey REFERENCES users (id),
    created_at timestamptz NOT NULL,
    CONSTRAINT group_members_pkey PRIMARY KEY (group_id, user_id)
);

CREATE INDEX group_members_user_id_idx ON group_members (user_id, group_id);

CREATE TABLE sessions (
    id uuid CONSTRAINT sessions_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES users (id),
    address text,
    user_agent text,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text CONSTRAINT sessions_ended_because_check CHECK (
        ended_because IN ('signed_out', 'revoked', 'reused', 'password_changed', 'deactivated')
    ),
    CONSTRAINT sessions_ended_at_check CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id, created_at);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- Every refresh token of a session, used ones too: who presents one of those again is a thief, or
-- was robbed. The salt makes the successor of a token from the token itself, so that two tabs that
-- refresh at the same moment get the same one; it is forgotten soon after.
CREATE TABLE refresh_tokens (
    token_hash bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
    session_id uuid NOT NULL
        CONSTRAINT refresh_tokens_session_id_fkey REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    successor_salt bytea,
    CONSTRAINT refresh_tokens_successor_salt_check
        CHECK (successor_salt IS NULL OR used_at IS NOT NULL)
);

CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id, used_at);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE api_tokens (
    id uuid CONSTRAINT api_tokens_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT api_tokens_user_id_fkey REFERENCES users (id),
    name text NOT NULL,
    token_hash bytea NOT NULL CONSTRAINT api_tokens_token_hash_key UNIQUE,
    scopes text[] NOT NULL CONSTRAINT api_tokens_scopes_check
        CHECK (scopes <@ ARRAY['read', 'write'] AND cardinality(scopes) > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz
);

CREATE INDEX api_tokens_user_id_idx ON api_tokens (user_id, id);

-- Set-up, invitations and password resets: each is used once, or replaced, or expires.
CREATE TABLE one_time_links (
    id uuid CONSTRAINT one_time_links_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT one_time_links_kind_check
        CHECK (kind IN ('setup', 'invitation', 'password_reset')),
    token_hash bytea NOT NULL CONSTRAINT one_time_links_token_hash_key UNIQUE,
    email text COLLATE "C",
    role text CONSTRAINT one_time_links_role_check CHECK (role IN ('admin', 'editor', 'viewer')),
    group_ids uuid[],
    user_id uuid CONSTRAINT one_time_links_user_id_fkey REFERENCES users (id),
    created_by uuid CONSTRAINT one_time_links_created_by_fkey REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT one_time_links_invitation_check CHECK (
        (kind = 'invitation')
        = (email IS NOT NULL AND role IS NOT NULL AND group_ids IS NOT NULL)
    ),
    CONSTRAINT one_time_links_user_id_check CHECK (
        (kind = 'password_reset') = (user_id IS NOT NULL)
    ),
    CONSTRAINT one_time_links_used_at_check CHECK (used_at IS NULL OR revoked_at IS NULL)
);

-- Of links that could serve the same end, one waits at a time.
CREATE UNIQUE INDEX one_time_links_setup_key ON one_time_links (kind)
    WHERE kind = 'setup' AND used_at IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX one_time_links_email_key ON one_time_links (email)
    WHERE kind = 'invitation' AND used_at IS NULL AND revoked_at IS NULL;
CREATE UNIQUE INDEX one_time_links_user_id_key ON one_time_links (user_id)
    WHERE kind = 'password_reset' AND used_at IS NULL AND revoked_at IS NULL;
CREATE INDEX one_time_links_expires_at_idx ON one_time_links (expires_at);

-- Keys that sign access tokens (Ed25519). One signs; those before it verify until the tokens that
-- they signed are gone.
CREATE TABLE signing_keys (
    kid text COLLATE "C" CONSTRAINT signing_keys_pkey PRIMARY KEY,
    public_key bytea NOT NULL,
    private_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);

CREATE UNIQUE INDEX signing_keys_current_key ON signing_keys ((retired_at IS NULL))
    WHERE retired_at IS NULL;

-- How often something happened since the window began. Rows whose window is over mean nothing.
CREATE TABLE rate_limits (
    key text COLLATE "C" CONSTRAINT rate_limits_pkey PRIMARY KEY,
    window_started_at timestamptz NOT NULL,
    count integer NOT NULL
);

CREATE INDEX rate_limits_window_started_at_idx ON rate_limits (window_started_at);

-- Who may view or edit what. Neither user nor group means everyone.
CREATE TABLE grants (
    id uuid CONSTRAINT grants_pkey PRIMARY KEY,
    object_type text COLLATE "C" NOT NULL,
    object_id uuid NOT NULL,
    user_id uuid CONSTRAINT grants_user_id_fkey REFERENCES users (id),
    group_id uuid CONSTRAINT grants_group_id_fkey REFERENCES groups (id) ON DELETE CASCADE,
    level text NOT NULL CONSTRAINT grants_level_check CHECK (level IN ('view', 'edit')),
    created_by uuid CONSTRAINT grants_created_by_fkey REFERENCES users (id),
    created_at timestamptz NOT NULL,
    CONSTRAINT grants_grantee_check CHECK (user_id IS NULL OR group_id IS NULL)
);

CREATE UNIQUE INDEX grants_object_grantee_key ON grants (
    object_type, object_id,
    (COALESCE(user_id, group_id, '00000000-0000-0000-0000-000000000000'::uuid))
);
CREATE INDEX grants_user_id_idx ON grants (user_id, object_type, object_id);
CREATE INDEX grants_group_id_idx ON grants (group_id, object_type, object_id);
