"""A database with one of everything that a schema browser shows, and some that it must not."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from heliograph.platform import postgres

_SQL = """
CREATE SCHEMA app;
CREATE SCHEMA hidden;
CREATE SCHEMA empty;
COMMENT ON SCHEMA app IS 'What is sold';
CREATE TYPE app.mood AS ENUM ('sad', 'happy');
CREATE TABLE app.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Full Name" text NOT NULL,
    email varchar(255) UNIQUE,
    mood app.mood DEFAULT 'happy',
    tags text[] DEFAULT ARRAY[]::text[],
    credit numeric(12,2),
    dropped integer,
    twice integer GENERATED ALWAYS AS (2) STORED
);
ALTER TABLE app.customers DROP COLUMN dropped;
CREATE UNIQUE INDEX customers_name_mood ON app.customers ("Full Name", mood) INCLUDE (credit);
CREATE UNIQUE INDEX customers_partial ON app.customers (mood) WHERE mood = 'sad';
CREATE UNIQUE INDEX customers_expression ON app.customers (lower(email));
COMMENT ON TABLE app.customers IS 'People who buy; "quoted" \\ and ünïcode';
COMMENT ON COLUMN app.customers.email IS 'Where the invoice goes';
INSERT INTO app.customers ("Full Name") SELECT 'customer ' || n FROM generate_series(1, 40) n;
CREATE TABLE app.orders (
    customer_id bigint NOT NULL REFERENCES app.customers,
    number integer,
    ordered_at timestamptz(3) DEFAULT now(),
    secret_id integer,
    PRIMARY KEY (customer_id, number)
);
CREATE TABLE hidden.secrets (id integer PRIMARY KEY);
ALTER TABLE app.orders ADD CONSTRAINT orders_secret
    FOREIGN KEY (secret_id) REFERENCES hidden.secrets;
CREATE TABLE app.salaries (id integer PRIMARY KEY);
CREATE TABLE app.staff (id integer PRIMARY KEY, name text, salary numeric, UNIQUE (name, salary));
CREATE TABLE app.events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE TABLE app.events_2025 PARTITION OF app.events
    FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE app.events_2026 PARTITION OF app.events
    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY RANGE (at);
CREATE TABLE app.events_2026_1 PARTITION OF app.events_2026
    FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
CREATE TABLE app.events_2026_2 PARTITION OF app.events_2026
    FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
INSERT INTO app.events SELECT '2026-03-01', 'x' FROM generate_series(1, 30);
CREATE VIEW app.happy AS SELECT id, mood FROM app.customers WHERE mood = 'happy';
CREATE MATERIALIZED VIEW app.counts AS SELECT count(*) AS n FROM app.customers;
CREATE FUNCTION app.add(a integer, b integer DEFAULT 1) RETURNS integer
    LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION app.add(a text) RETURNS TABLE (word text) LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION app.locked() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION app.fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE PROCEDURE app.refresh(days integer) LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE AGGREGATE app.total(integer) (SFUNC = int4pl, STYPE = integer);
COMMENT ON FUNCTION app.add(integer, integer) IS 'Adds';
ANALYZE app.customers, app.events, app.events_2025, app.events_2026_1, app.events_2026_2;
GRANT USAGE ON SCHEMA app, empty TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA app TO {role};
GRANT SELECT ON hidden.secrets TO {role};
REVOKE ALL ON app.salaries, app.staff FROM {role};
GRANT SELECT (id, name) ON app.staff TO {role};
REVOKE EXECUTE ON FUNCTION app.locked() FROM PUBLIC;
"""


@dataclass(frozen=True)
class Zoo:
    """The database: for its owner, and for a role that sees a part of it."""

    owner_url: str
    reader_url: str


@contextmanager
def schema_zoo(owner_url: str) -> Iterator[Zoo]:
    """Fill an empty database, and make a role that is dropped afterwards."""
    role, password = f"zoo_{secrets.token_hex(6)}", secrets.token_hex(8)
    parts = urlsplit(owner_url)
    reader = parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}")
    with postgres.connect(owner_url) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'".encode())
        try:
            connection.execute(_SQL.format(role=role).encode())
            yield Zoo(owner_url, urlunsplit(reader))
        finally:
            connection.execute(f"DROP OWNED BY {role}".encode())
            connection.execute(f"DROP ROLE {role}".encode())
