-- How many rows a query may return, and how long it may take, by the role of whoever asks.
--
-- What a role has no number for is the connection's own.

ALTER TABLE connections
    ADD COLUMN role_limits jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT connections_role_limits_check CHECK (jsonb_typeof(role_limits) = 'object');
