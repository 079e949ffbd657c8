"""Statements for the guard: disguises of harm, and innocent statements that look like them.

Both kinds are meant for a database in which `SETUP` has run, on a PostgreSQL with the extensions
dblink, tablefunc and pg_trgm.
"""

from __future__ import annotations

from typing import NamedTuple

SETUP = """
CREATE EXTENSION dblink; CREATE EXTENSION tablefunc; CREATE EXTENSION pg_trgm;
CREATE EXTENSION pageinspect; CREATE EXTENSION pgstattuple;
CREATE SCHEMA app; CREATE SEQUENCE seq;
CREATE TABLE t (id int PRIMARY KEY, name text, "delete" text, nextval int, pg_sleep int,
                set_config text, dblink text, tags text[], doc jsonb);
INSERT INTO t VALUES (1, 'one', 'd', 7, 8, 's', 'l', '{a,b}', '{"insert": 1}');
CREATE TABLE pg_read_file (nextval int); INSERT INTO pg_read_file VALUES (1);
CREATE TYPE address AS (street text, update text);
CREATE TABLE people (id int, home address); INSERT INTO people VALUES (1, ('a', 'b'));
CREATE FUNCTION app.nextval(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION app.pg_terminate_backend(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION app.schedule(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION delete_after(days int) RETURNS date LANGUAGE sql
    AS 'SELECT date ''2024-01-01'' + days';
CREATE FUNCTION full_name(t) RETURNS text LANGUAGE sql AS 'SELECT $1.name';
CREATE FUNCTION rows_of(n int) RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t LIMIT n';
CREATE FUNCTION write_row() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN INSERT INTO t (id) VALUES (99); RETURN 1; END';
CREATE FUNCTION read_only_off() RETURNS int LANGUAGE plpgsql
    AS 'BEGIN SET LOCAL transaction_read_only = off; INSERT INTO t (id) VALUES (99); RETURN 1; END';
CREATE PROCEDURE report(INOUT n int) LANGUAGE plpgsql AS 'BEGIN n := n + 1; END';
CREATE PROCEDURE write_and_commit() LANGUAGE plpgsql
    AS 'BEGIN INSERT INTO t (id) VALUES (99); COMMIT; END';
CREATE PROCEDURE commit_then_write() LANGUAGE plpgsql
    AS 'BEGIN COMMIT; INSERT INTO t (id) VALUES (99); END';
CREATE VIEW writing AS SELECT write_row();
"""

# What a PostgreSQL built without libxml cannot do.
NOT_IN_EVERY_BUILD = {"xml"}

STATEMENT = "statement_refused"
FUNCTION = "function_refused"
SEVERAL = "several_statements"


class Disguise(NamedTuple):
    """A harmful statement, and the code with which it is refused."""

    name: str
    sql: str
    code: str


DISGUISES = [
    # Writing
    Disguise("insert", "INSERT INTO t (id) VALUES (2)", STATEMENT),
    Disguise("update", "UPDATE t SET id = 2", STATEMENT),
    Disguise("delete", "DELETE FROM t", STATEMENT),
    Disguise(
        "merge", "MERGE INTO t USING people p ON p.id = t.id WHEN MATCHED THEN DELETE", STATEMENT
    ),
    Disguise("truncate", "TRUNCATE t", STATEMENT),
    Disguise("drop after a comment", "/* SELECT */ -- SELECT\n DROP TABLE t", STATEMENT),
    Disguise("cte deletes", "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", STATEMENT),
    Disguise(
        "cte inserts, named select",
        'WITH "select" AS (INSERT INTO t (id) VALUES (3) RETURNING id) TABLE "select"',
        STATEMENT,
    ),
    Disguise(
        "cte merges",
        "WITH m AS (MERGE INTO t USING people p ON p.id = t.id WHEN MATCHED THEN DELETE"
        " RETURNING t.id) SELECT * FROM m",
        STATEMENT,
    ),
    Disguise("select into", "SELECT * INTO stolen FROM t", STATEMENT),
    Disguise("select into temp", "SELECT 1 AS a INTO TEMP stolen", STATEMENT),
    Disguise("create table as", "CREATE TABLE stolen AS SELECT * FROM t", STATEMENT),
    Disguise("explain analyze insert", "EXPLAIN ANALYZE INSERT INTO t (id) VALUES (4)", STATEMENT),
    Disguise("explain (analyze) delete", "EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM t", STATEMENT),
    Disguise(
        "explain cte delete",
        "EXPLAIN (ANALYZE) WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d",
        STATEMENT,
    ),
    Disguise("explain create", "EXPLAIN ANALYZE CREATE TABLE stolen AS SELECT 1", STATEMENT),
    Disguise("explain execute", "EXPLAIN ANALYZE EXECUTE p", STATEMENT),
    Disguise("explain declare", "EXPLAIN DECLARE c CURSOR FOR SELECT 1", STATEMENT),
    Disguise("do", "DO $$ BEGIN DELETE FROM t; END $$", STATEMENT),
    Disguise("copy to program", "COPY t TO PROGRAM 'touch /tmp/heliograph_was_here'", STATEMENT),
    Disguise("copy select to program", "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'", STATEMENT),
    Disguise("copy from file", "COPY t FROM '/etc/passwd'", STATEMENT),
    Disguise("prepare", "PREPARE p AS DELETE FROM t", STATEMENT),
    Disguise("execute", "EXECUTE p", STATEMENT),
    Disguise("large object", "SELECT lo_create(0)", FUNCTION),
    Disguise("large object from bytes", "SELECT lo_from_bytea(0, '\\x00')", FUNCTION),
    Disguise("large object export", "SELECT lo_export(1, '/tmp/heliograph_lo')", FUNCTION),
    Disguise("sequence", "SELECT nextval('seq')", FUNCTION),
    Disguise("sequence set", "SELECT setval('seq', 100)", FUNCTION),
    Disguise("transaction id", "SELECT txid_current()", FUNCTION),
    Disguise("wal message", "SELECT pg_logical_emit_message(false, 'a', 'b')", FUNCTION),
    # Several statements
    Disguise("two statements", "SELECT 1; DROP TABLE t", SEVERAL),
    Disguise("commit in the middle", "SELECT 1; COMMIT; DROP TABLE t", SEVERAL),
    Disguise("explain and commit", "EXPLAIN (FORMAT JSON) SELECT 1; COMMIT", SEVERAL),
    Disguise("backslash at the end of a string", r"SELECT '\'; DROP TABLE t; --'", SEVERAL),
    Disguise("escaped quote", r"SELECT E'\''; DROP TABLE t", SEVERAL),
    Disguise("dollar quote that closes early", "SELECT $a$ $b$ $a$; DROP TABLE t; -- $b$", SEVERAL),
    Disguise("nested comment", "SELECT 1 /* /* */ */; DROP TABLE t", SEVERAL),
    Disguise("line comment ended by return", "SELECT 1 -- a\r; DROP TABLE t", SEVERAL),
    # Locking
    Disguise("for update", "SELECT * FROM t FOR UPDATE", STATEMENT),
    Disguise("for share nested", "SELECT * FROM (SELECT * FROM t FOR SHARE) AS x", STATEMENT),
    Disguise(
        "for no key update in a cte", "WITH a AS (TABLE t FOR NO KEY UPDATE) TABLE a", STATEMENT
    ),
    Disguise(
        "for key share in exists",
        "SELECT 1 WHERE EXISTS (SELECT FROM t FOR KEY SHARE SKIP LOCKED)",
        STATEMENT,
    ),
    Disguise("lock table", "LOCK TABLE t", STATEMENT),
    Disguise("advisory lock", "SELECT pg_advisory_lock(1)", FUNCTION),
    Disguise("advisory try lock", "SELECT pg_try_advisory_lock(1, 2)", FUNCTION),
    Disguise("advisory unlock all", "SELECT pg_advisory_unlock_all()", FUNCTION),
    # Reading the server's files
    Disguise("file", "SELECT pg_read_file('/etc/passwd')", FUNCTION),
    Disguise("file, qualified", "SELECT pg_catalog.pg_read_file('/etc/passwd')", FUNCTION),
    Disguise("file, quoted", 'SELECT "pg_catalog"."pg_read_file"(\'/etc/passwd\')', FUNCTION),
    Disguise("file, upper case", "SELECT PG_READ_FILE('/etc/passwd')", FUNCTION),
    Disguise("file, unicode escape", "SELECT U&\"pg_read\\005ffile\"('/etc/passwd')", FUNCTION),
    Disguise(
        "file, own escape character",
        "SELECT U&\"pg_read!005ffile\" UESCAPE '!' ('/etc/passwd')",
        FUNCTION,
    ),
    Disguise(
        "file, comments inside", "SELECT pg_read_file /* ( */ ( -- )\n'/etc/passwd')", FUNCTION
    ),
    Disguise("file in from", "SELECT * FROM pg_read_file('/etc/passwd')", FUNCTION),
    Disguise("directory in from", "SELECT * FROM pg_ls_dir('/etc') AS d", FUNCTION),
    Disguise(
        "rows from", "SELECT * FROM ROWS FROM (pg_ls_dir('/'), generate_series(1, 2))", FUNCTION
    ),
    Disguise("lateral", "SELECT * FROM t, LATERAL pg_stat_file('/etc/passwd')", FUNCTION),
    Disguise("order by", "SELECT 1 FROM t ORDER BY pg_read_file('/etc/passwd')", FUNCTION),
    Disguise("limit", "SELECT 1 FROM t LIMIT length(pg_read_file('/etc/passwd'))", FUNCTION),
    Disguise(
        "window", "SELECT sum(1) OVER (ORDER BY pg_read_file('/etc/passwd')) FROM t", FUNCTION
    ),
    Disguise(
        "named window",
        "SELECT sum(1) OVER w FROM t WINDOW w AS (PARTITION BY pg_read_file('/etc/passwd'))",
        FUNCTION,
    ),
    Disguise(
        "filter",
        "SELECT count(*) FILTER (WHERE pg_read_file('/etc/passwd') > '') FROM t",
        FUNCTION,
    ),
    Disguise(
        "within group",
        "SELECT mode() WITHIN GROUP (ORDER BY pg_read_file('/etc/passwd')) FROM t",
        FUNCTION,
    ),
    Disguise("values", "VALUES (pg_read_file('/etc/passwd'))", FUNCTION),
    Disguise("call argument", "CALL report(length(pg_read_file('/etc/passwd')))", FUNCTION),
    Disguise("explain analyze", "EXPLAIN ANALYZE SELECT pg_read_file('/etc/passwd')", FUNCTION),
    Disguise(
        "operator spelled out",
        "SELECT '' OPERATOR(pg_catalog.||) pg_read_file('/etc/passwd')",
        FUNCTION,
    ),
    Disguise("case", "SELECT CASE WHEN true THEN pg_read_file('/etc/passwd') END", FUNCTION),
    Disguise("array", "SELECT ARRAY[pg_read_file('/etc/passwd')]", FUNCTION),
    Disguise("group by", "SELECT 1 FROM t GROUP BY pg_read_file('/etc/passwd')", FUNCTION),
    Disguise("having", "SELECT 1 HAVING pg_read_file('/etc/passwd') > ''", FUNCTION),
    Disguise("distinct on", "SELECT DISTINCT ON (pg_read_file('/etc/passwd')) 1 FROM t", FUNCTION),
    Disguise("join condition", "SELECT 1 FROM t JOIN t u ON pg_read_file('/a') = ''", FUNCTION),
    Disguise("named argument", "SELECT pg_stat_file(filename => '/etc/passwd')", FUNCTION),
    Disguise(
        "xmltable",
        "SELECT * FROM XMLTABLE('/a' PASSING (pg_read_file('/a')::xml) COLUMNS b int)",
        FUNCTION,
    ),
    Disguise(
        "tablesample", "SELECT * FROM t TABLESAMPLE system (length(pg_read_file('/a')))", FUNCTION
    ),
    Disguise("json_value", "SELECT JSON_VALUE('1', '$' PASSING pg_read_file('/a') AS x)", FUNCTION),
    Disguise("column notation", "SELECT ('/etc/passwd'::text).pg_read_file", FUNCTION),
    Disguise("column notation on a literal", "SELECT ('/etc/passwd').pg_read_file", FUNCTION),
    Disguise(
        "column notation on a subquery", "SELECT (SELECT '/etc/passwd').pg_read_file", FUNCTION
    ),
    Disguise(
        "column notation on a subscript", "SELECT (ARRAY['/etc/passwd'])[1].pg_read_file", FUNCTION
    ),
    Disguise(
        "column notation, then another",
        "SELECT ('/etc/passwd'::text).pg_read_file.length",
        FUNCTION,
    ),
    Disguise(
        "column notation, escaped",
        "SELECT ('/etc/passwd'::text).U&\"pg_read\\005ffile\"",
        FUNCTION,
    ),
    Disguise(
        "column notation on a function in from",
        "SELECT x.pg_read_file FROM unnest(ARRAY['/etc/passwd']) AS x",
        FUNCTION,
    ),
    Disguise(
        "column notation on a function without an alias",
        "SELECT unnest.pg_read_file FROM unnest(ARRAY['/etc/passwd'])",
        FUNCTION,
    ),
    Disguise(
        "column notation on a cast in from",
        "SELECT text.pg_read_file FROM CAST('/etc/passwd' AS text)",
        FUNCTION,
    ),
    Disguise(
        "column notation on rows from",
        "SELECT 1 FROM ROWS FROM (unnest(ARRAY['/etc/passwd'])) AS x ORDER BY x.pg_read_file",
        FUNCTION,
    ),
    Disguise(
        "column notation, outer alias declares the column",
        "SELECT (SELECT x.pg_read_file FROM unnest(ARRAY['/etc/passwd']) AS x)"
        " FROM unnest(ARRAY['a']) AS x(pg_read_file)",
        FUNCTION,
    ),
    Disguise(
        "column notation on a column of values",
        "SELECT (x).pg_read_file FROM (VALUES ('/etc/passwd')) AS v(x)",
        FUNCTION,
    ),
    Disguise("column notation dblink", "SELECT ('select 1'::text).dblink", FUNCTION),
    Disguise("view over a file", "SELECT * FROM pg_hba_file_rules", FUNCTION),
    Disguise("view over a file, qualified", "TABLE pg_catalog.pg_file_settings", FUNCTION),
    Disguise("log file", "SELECT pg_current_logfile()", FUNCTION),
    Disguise("control file", "SELECT * FROM pg_control_system()", FUNCTION),
    Disguise("raw page", "SELECT get_raw_page('t', 0)", FUNCTION),
    # Executing text
    Disguise("query_to_xml", "SELECT query_to_xml('select 1', true, true, '')", FUNCTION),
    Disguise(
        "query_to_xml_and_xmlschema",
        "SELECT query_to_xml_and_xmlschema('select 1', true, true, '')",
        FUNCTION,
    ),
    Disguise("cursor_to_xml", "SELECT cursor_to_xml('c', 1, true, true, '')", FUNCTION),
    Disguise("ts_stat", "SELECT * FROM ts_stat('select 1')", FUNCTION),
    Disguise("ts_rewrite of text", "SELECT ts_rewrite('a'::tsquery, 'select 1')", FUNCTION),
    Disguise("dblink", "SELECT * FROM dblink('dbname=x', 'drop table t') AS (a int)", FUNCTION),
    Disguise("dblink_exec", "SELECT public.dblink_exec('dbname=x', 'drop table t')", FUNCTION),
    Disguise("crosstab", "SELECT * FROM crosstab('select 1') AS (a int, b int)", FUNCTION),
    Disguise("crosstab3", "SELECT * FROM crosstab3('select 1')", FUNCTION),
    Disguise(
        "connectby",
        "SELECT * FROM connectby('t', 'id', 'name', '1', 0) AS (a int, b int, c int)",
        FUNCTION,
    ),
    # Settings, identity, transactions
    Disguise("set", "SET statement_timeout = 0", STATEMENT),
    Disguise("set local", "SET LOCAL transaction_read_only = off", STATEMENT),
    Disguise("reset all", "RESET ALL", STATEMENT),
    Disguise("set role", "SET ROLE postgres", STATEMENT),
    Disguise("session authorization", "SET SESSION AUTHORIZATION DEFAULT", STATEMENT),
    Disguise("discard", "DISCARD ALL", STATEMENT),
    Disguise("read write", "SET TRANSACTION READ WRITE", STATEMENT),
    Disguise("begin", "BEGIN", STATEMENT),
    Disguise("commit", "COMMIT", STATEMENT),
    Disguise("rollback", "ROLLBACK", STATEMENT),
    Disguise("savepoint", "SAVEPOINT a", STATEMENT),
    Disguise("set_config role", "SELECT set_config('role', 'postgres', false)", FUNCTION),
    Disguise("set_config timeout", "SELECT set_config('statement_timeout', '0', true)", FUNCTION),
    Disguise(
        "set_config in a cte that is not read",
        "WITH a AS MATERIALIZED (SELECT set_config('a.b', '1', false)) SELECT 1 FROM a",
        FUNCTION,
    ),
    Disguise("set_limit", "SELECT set_limit(0.1)", FUNCTION),
    Disguise("update of pg_settings", "UPDATE pg_settings SET setting = '0'", STATEMENT),
    Disguise("setseed", "SELECT setseed(0.5)", FUNCTION),
    Disguise("alter role", "ALTER ROLE postgres SUPERUSER", STATEMENT),
    Disguise("alter system", "ALTER SYSTEM SET fsync = off", STATEMENT),
    Disguise("grant", "GRANT ALL ON t TO PUBLIC", STATEMENT),
    # Other sessions and the server
    Disguise("terminate", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity", FUNCTION),
    Disguise("cancel", "SELECT pg_cancel_backend(1)", FUNCTION),
    Disguise(
        "cancel by column notation",
        "SELECT (pid).pg_cancel_backend FROM pg_stat_activity",
        FUNCTION,
    ),
    Disguise("reload", "SELECT pg_reload_conf()", FUNCTION),
    Disguise("notify", "NOTIFY a, 'b'", STATEMENT),
    Disguise("pg_notify", "SELECT pg_notify('a', 'b')", FUNCTION),
    Disguise("listen", "LISTEN a", STATEMENT),
    Disguise("export snapshot", "SELECT pg_export_snapshot()", FUNCTION),
    Disguise("switch wal", "SELECT pg_switch_wal()", FUNCTION),
    Disguise("replication slot", "SELECT pg_create_physical_replication_slot('a')", FUNCTION),
    Disguise("reset statistics", "SELECT pg_stat_reset()", FUNCTION),
    Disguise("import collations", "SELECT pg_import_system_collations('public')", FUNCTION),
    Disguise("load", "LOAD 'auto_explain'", STATEMENT),
    Disguise("vacuum", "VACUUM t", STATEMENT),
    Disguise("analyze", "ANALYZE t", STATEMENT),
    Disguise("checkpoint", "CHECKPOINT", STATEMENT),
    Disguise("cursor with hold", "DECLARE c CURSOR WITH HOLD FOR SELECT 1", STATEMENT),
    Disguise("fetch", "FETCH ALL FROM c", STATEMENT),
    Disguise(
        "create function", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", STATEMENT
    ),
    Disguise("security label", "SECURITY LABEL ON TABLE t IS 'x'", STATEMENT),
]

# Functions of extensions that the test server lacks, so that they are judged by name alone.
THIRD_PARTY = [
    ("pg_cron", "SELECT cron.schedule('* * * * *', 'drop table t')"),
    ("pg_cron without a schema", "SELECT schedule('* * * * *', 'drop table t')"),
    ("aws_s3", "SELECT * FROM aws_s3.query_export_to_s3('select 1', a)"),
    ("aws_s3 in another schema", "SELECT x.table_import_from_s3('t', '', '', a)"),
    ("aws_lambda", "SELECT aws_lambda.invoke(a, b)"),
    ("citus", "SELECT run_command_on_workers('drop table t')"),
    ("http", "SELECT (http_post('http://a', '', '')).status"),
    ("pg_background", "SELECT pg_background_launch('drop table t')"),
    ("pgrouting", "SELECT * FROM pgr_dijkstra('select 1', 1, 2)"),
    ("xml2", "SELECT * FROM xpath_table('a', 'b', 't', 'c', 'true') AS (a int)"),
    ("adminpack", "SELECT pg_file_write('a', 'b', true)"),
    ("pg_surgery", "SELECT heap_force_kill('t', ARRAY['(0,1)'::tid])"),
    ("orafce", "SELECT utl_file.fopen('a', 'b', 'w')"),
    ("a Turkish capital that folds to i", "SELECT pg_read_f\u0130le('/etc/passwd')"),
]

# They pass the guard, and the other walls keep them from doing harm.
HARMLESS = [
    ("a function that writes", "SELECT write_row()"),
    ("a function that leaves read-only mode", "SELECT read_only_off()"),
    ("a view over a function that writes", "SELECT * FROM writing"),
    ("a procedure that commits", "CALL write_and_commit()"),
    ("a procedure that commits first", "CALL commit_then_write()"),
    ("sleeping for ever", "SELECT pg_sleep(1e6)"),
    ("sleeping per row", "SELECT pg_sleep(0.1) FROM generate_series(1, 1e6)"),
    ("endless recursion", "WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 1 FROM r) TABLE r"),
    ("look-alike letters", "SELECT pg_r\u0435ad_file('/etc/passwd')"),
    ("a name longer than 63 bytes", f"SELECT pg_read_file{'x' * 60}('/etc/passwd')"),
    ("a quoted name in capitals", "SELECT \"PG_READ_FILE\"('/etc/passwd')"),
    ("a full-width semicolon", "SELECT name\uff1bDROP FROM t"),
    ("a name as regproc", "SELECT 'pg_read_file(text)'::regprocedure"),
    ("explain of a function that writes", "EXPLAIN ANALYZE SELECT write_row()"),
]

INNOCENT = [
    ("column named delete", 'SELECT "delete" FROM t'),
    ("column named nextval", "SELECT nextval, t.nextval FROM t"),
    ("column named nextval of an alias", "SELECT x.nextval FROM t AS x"),
    ("column named set_config", "SELECT t.set_config FROM t WHERE set_config = 's'"),
    ("column named dblink", "SELECT public.t.dblink FROM public.t"),
    ("column named pg_sleep", "SELECT t.pg_sleep FROM t ORDER BY t.pg_sleep"),
    ("table named pg_read_file", "SELECT pg_read_file.nextval FROM pg_read_file"),
    ("column of a subquery", "SELECT x.pg_read_file FROM (SELECT 1 AS pg_read_file) AS x"),
    ("column of a cte", "WITH x(nextval) AS (SELECT 1) SELECT x.nextval FROM x"),
    ("column of values", "SELECT v.lo_get FROM (VALUES (1)) AS v(lo_get)"),
    ("column of a function", "SELECT x.nextval FROM unnest(ARRAY[1]) AS x(nextval)"),
    ("function named by its alias", "SELECT nextval.nextval FROM generate_series(1, 3) AS nextval"),
    (
        "column of a recordset",
        "SELECT x.nextval FROM json_to_recordset('[{\"nextval\": 1}]') AS x(nextval int)",
    ),
    ("field named update", "SELECT (home).update FROM people"),
    ("string with a statement", "SELECT 'DROP TABLE t; DELETE FROM t'"),
    ("string with a call", "SELECT 'pg_read_file(''/etc/passwd'')'"),
    ("escape string", r"SELECT E'it\'s; DROP TABLE t'"),
    ("plain string with a backslash", r"SELECT 'C:\', 'DROP TABLE t'"),
    ("dollar quote", "SELECT $a$; DELETE FROM t; $$ $a$"),
    ("unicode string", r"SELECT U&'\0064rop table t;'"),
    ("bit string", "SELECT B'101', X'1F'"),
    ("continued string", "SELECT 'drop '\n'table t;'"),
    ("comment", "SELECT 1 /* ; DELETE FROM t */"),
    ("nested comment", "SELECT /* /* ; */ FOR UPDATE */ 1"),
    ("line comment", "SELECT 1 -- ; DROP TABLE t"),
    ("comment first", "-- INSERT\n/* UPDATE */ SELECT 1"),
    ("semicolon at the end", "SELECT 1 ;"),
    ("semicolons around", ";; SELECT 1 ;; -- done"),
    ("alias named insert", "SELECT 1 AS insert, 2 AS update, 3 AS delete"),
    ("alias named after a function", "SELECT 1 AS pg_read_file, 2 AS set_config"),
    ("table alias named lock", "SELECT lock.id FROM t AS lock"),
    ("quoted name with a semicolon", 'SELECT 1 AS "; drop table t"'),
    ("cte named delete", 'WITH "delete" AS (SELECT 1) TABLE "delete"'),
    ("cte named nextval", "WITH nextval AS (SELECT 1 AS a) SELECT nextval.a FROM nextval"),
    (
        "recursive cte",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) TABLE r",
    ),
    ("window functions", "SELECT id, row_number() OVER w FROM t WINDOW w AS (ORDER BY id)"),
    ("filter", "SELECT count(*) FILTER (WHERE name = 'delete') FROM t"),
    ("within group", "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM t"),
    ("lateral", "SELECT * FROM t, LATERAL unnest(t.tags) AS tag"),
    ("rows from", "SELECT * FROM ROWS FROM (generate_series(1, 2), unnest(ARRAY['a'])) AS r(a, b)"),
    ("values", "VALUES (1, 'insert'), (2, 'delete')"),
    ("table", "TABLE t"),
    ("table in a set operation", "TABLE pg_read_file UNION ALL SELECT 1 EXCEPT VALUES (2)"),
    ("parentheses", "(SELECT 1) UNION (SELECT 2) ORDER BY 1"),
    ("show", "SHOW search_path"),
    ("show all", "SHOW ALL"),
    ("show with a space", "SHOW TIME ZONE"),
    ("explain", "EXPLAIN SELECT * FROM t"),
    ("explain analyze", "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT count(*) FROM t"),
    ("explain values", "EXPLAIN VALUES (1)"),
    ("call", "CALL report(1)"),
    ("call with a subtraction", "CALL public.report(length('abc') - 1)"),
    ("own function", "SELECT delete_after(3)"),
    ("own function in a schema", "SELECT app.nextval(1)"),
    ("own function named like a signal", "SELECT app.pg_terminate_backend('a')"),
    ("own function named schedule", "SELECT app.schedule('weekly')"),
    ("own function in column notation", "SELECT t.full_name, (t).full_name FROM t"),
    ("own function that returns rows", "SELECT r.id, r.name FROM rows_of(2) AS r"),
    ("random", "SELECT random(), gen_random_uuid(), clock_timestamp()"),
    ("short sleep", "SELECT pg_sleep(0.001)"),
    (
        "sizes",
        "SELECT pg_size_pretty(pg_total_relation_size('t')), pg_database_size(current_database())",
    ),
    ("sizes in column notation", "SELECT (oid).pg_relation_size FROM pg_class WHERE relname = 't'"),
    ("replication lag", "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), pg_is_in_recovery()"),
    ("replay", "SELECT now() - pg_last_xact_replay_timestamp(), pg_last_wal_replay_lsn()"),
    ("activity", "SELECT pid, query, pg_blocking_pids(pid) FROM pg_stat_activity"),
    ("locks", "SELECT locktype, mode FROM pg_locks WHERE granted"),
    ("settings", "SELECT name, setting FROM pg_settings WHERE name = 'server_version'"),
    ("current setting", "SELECT current_setting('server_version_num')::int"),
    ("sequence", "SELECT last_value FROM seq"),
    ("sequences", "SELECT * FROM pg_sequences"),
    (
        "definition",
        "SELECT pg_get_viewdef('writing'::regclass), pg_get_functiondef('write_row'::regproc)",
    ),
    ("privileges", "SELECT has_table_privilege('t', 'INSERT, UPDATE, DELETE')"),
    ("snapshot", "SELECT txid_current_snapshot(), pg_current_xact_id_if_assigned()"),
    ("bloat", "SELECT * FROM pgstattuple('t')"),
    ("time zones", "SELECT count(*) FROM pg_timezone_names"),
    (
        "at time zone",
        "SELECT timestamptz '2024-01-01' AT TIME ZONE 'UTC', timetz '1:00' AT TIME ZONE 'UTC'",
    ),
    ("substring for", "SELECT substring('update' FROM 1 FOR 3), position('a' IN 'ba')"),
    ("three-argument ts_rewrite", "SELECT ts_rewrite('a'::tsquery, 'a'::tsquery, 'b'::tsquery)"),
    ("text search", "SELECT to_tsvector('insert') @@ plainto_tsquery('insert')"),
    ("xml", "SELECT table_to_xml('people', true, false, '')"),
    ("json path", "SELECT doc -> 'insert', jsonb_path_query(doc, '$.insert') FROM t"),
    (
        "json keyword functions",
        "SELECT JSON_VALUE('{\"delete\": 1}', '$.delete'), JSON_OBJECT('a': 1)",
    ),
    ("operator spelled out", "SELECT 1 OPERATOR(pg_catalog.+) 2"),
    ("regular expression", "SELECT name ~ '^(drop|delete)\\s' FROM t"),
    ("is distinct from", "SELECT 1 IS DISTINCT FROM 2, NOT (1 IN (SELECT id FROM t))"),
    ("tablesample", "SELECT * FROM t TABLESAMPLE bernoulli (50) REPEATABLE (1)"),
    ("grouping sets", "SELECT name, count(*) FROM t GROUP BY GROUPING SETS ((name), ())"),
    ("distinct on", "SELECT DISTINCT ON (name) id FROM t ORDER BY name, id DESC"),
    ("array of arrays", "SELECT ARRAY[[1, 2], [3, 4]], (ARRAY[1, 2])[1:2]"),
    ("trigram function", "SELECT show_limit(), similarity('word', 'words')"),
    ("no columns", "SELECT FROM t"),
    ("multibyte names", 'SELECT 1 AS "größe", 2 AS 数, \'😀; drop\' AS "é"'),
    ("to_regproc", "SELECT to_regproc('pg_read_file') IS NULL"),
    ("cast like a function", "SELECT text(1), int4('2'), date('2024-01-01')"),
]
