-- How many rows a query may return and how long it may take, by the role of whoever asks; and what
-- the history keeps of the values that were given to a query.
--
-- What a role has no number for is the connection's own. Where values are kept as hashes, the salt
-- keeps them from being tried out. Each connection has its own, those that are there already too: a
-- default that draws by lot is computed for each row.

ALTER TABLE connections
    ADD COLUMN role_limits jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN history_values text NOT NULL DEFAULT 'kept',
    ADD COLUMN history_salt bytea NOT NULL DEFAULT uuid_send(gen_random_uuid()),
    ADD CONSTRAINT connections_role_limits_check CHECK (jsonb_typeof(role_limits) = 'object'),
    ADD CONSTRAINT connections_history_values_check
        CHECK (history_values IN ('kept', 'hashed', 'dropped'));
