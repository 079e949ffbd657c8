-- Makes a login role that can read everything in some schemas of one database, now and later, and
-- can write nothing. Safe to run again: it then brings the role back to this state.
--
--   psql "postgresql://admin@db.example/shop" \
--        -v role=heliograph_reader -v database=shop -v schemas=public,sales \
--        -f examples/read-only-role.sql
--
-- role       name of the role                              (heliograph_reader)
-- password   its password; asked for when it is not given  (-v password=... shows up in `ps`)
-- database   the database it may read                      (the one you are connected to)
-- schemas    comma-separated, without blanks               (public)
-- statement_timeout, connection_limit                      (5min, 20)
--
-- Run it as a superuser, or as an administrator that owns the tables and may create roles.

\set ON_ERROR_STOP on
\if :{?role}
\else
  \set role heliograph_reader
\endif
\if :{?schemas}
\else
  \set schemas public
\endif
\if :{?statement_timeout}
\else
  \set statement_timeout 5min
\endif
\if :{?connection_limit}
\else
  \set connection_limit 20
\endif
\if :{?database}
  \connect :database
\else
  SELECT current_database() AS database \gset
\endif

BEGIN;

-- The role itself. What it could do beyond logging in is taken away only where it has it, because
-- an administrator who is not a superuser may not even mention some of these attributes.
SELECT format('CREATE ROLE %I LOGIN', :'role')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec

SELECT format('ALTER ROLE %I NO%s', r.rolname, a.attribute)
FROM pg_roles r
CROSS JOIN LATERAL (VALUES
    ('SUPERUSER', r.rolsuper), ('CREATEROLE', r.rolcreaterole), ('CREATEDB', r.rolcreatedb),
    ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls)) a (attribute, has)
WHERE r.rolname = :'role' AND a.has \gexec

SELECT format('REVOKE %I FROM %I', g.rolname, m.rolname)
FROM pg_auth_members e
JOIN pg_roles g ON g.oid = e.roleid
JOIN pg_roles m ON m.oid = e.member
WHERE m.rolname = :'role' \gexec

ALTER ROLE :"role" LOGIN CONNECTION LIMIT :connection_limit;
\if :{?password}
  ALTER ROLE :"role" PASSWORD :'password';
\endif

-- A second wall: its transactions are read-only, and its statements end, unless it asks otherwise.
ALTER ROLE :"role" SET default_transaction_read_only = on;
ALTER ROLE :"role" SET statement_timeout = :'statement_timeout';
ALTER ROLE :"role" SET idle_in_transaction_session_timeout = '1min';

-- The database.
REVOKE ALL ON DATABASE :"database" FROM :"role";
GRANT CONNECT ON DATABASE :"database" TO :"role";
-- Everybody may make temporary tables unless this is run. It takes them away from every role that
-- has not been granted TEMPORARY by name.
-- REVOKE TEMPORARY ON DATABASE :"database" FROM PUBLIC;

-- The schemas. Up to PostgreSQL 14 everybody may create tables in `public`: not any longer.
SELECT format(
    'REVOKE CREATE ON SCHEMA %1$I FROM PUBLIC;'
    'REVOKE ALL ON SCHEMA %1$I FROM %2$I;'
    'REVOKE ALL ON ALL TABLES IN SCHEMA %1$I FROM %2$I;'
    'REVOKE ALL ON ALL SEQUENCES IN SCHEMA %1$I FROM %2$I;'
    'GRANT USAGE ON SCHEMA %1$I TO %2$I;'
    'GRANT SELECT ON ALL TABLES IN SCHEMA %1$I TO %2$I', name, :'role')
FROM unnest(string_to_array(:'schemas', ',')) AS name \gexec

-- Tables that are still to come, made by whoever makes tables there today.
SELECT format(
    'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I',
    o.owner, s.name, :'role')
FROM unnest(string_to_array(:'schemas', ',')) AS s (name)
CROSS JOIN LATERAL (
    SELECT current_user AS owner
    UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
    UNION SELECT pg_get_userbyid(c.relowner)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = s.name
) o
WHERE pg_has_role(o.owner, 'MEMBER') AND o.owner <> :'role' \gexec

COMMIT;

\if :{?password}
\else
  \password :role
\endif
\echo Done. See that nothing was overlooked: heliograph doctor --url postgresql://...
