"""The queries of the schema browser: what the role may see, a row per table, key and routine.

They read the catalogue alone and touch no table, so that nothing waits for a lock that somebody
holds on one; only the defaults of columns may (`DEFAULTS`). Sizes are those that the planner knows.
Written for PostgreSQL 13 to 18; ``search_path`` is empty, so that names of types are whole.
"""

from __future__ import annotations

from typing import Final, LiteralString

_VISIBLE_SCHEMAS: Final[LiteralString] = """
    n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND has_schema_privilege(n.oid, 'USAGE')
"""

_VISIBLE_TABLES: Final[LiteralString] = f"""
    SELECT c.oid, c.relname, c.relkind, c.relnamespace, n.nspname, c.reltuples, c.relpages,
        has_table_privilege(c.oid, 'SELECT') AS is_whole
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND {_VISIBLE_SCHEMAS}
        AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
"""  # noqa: S608

SCHEMAS: Final[LiteralString] = f"""
SELECT n.nspname, d.description
FROM pg_namespace n
LEFT JOIN pg_description d
    ON d.objoid = n.oid AND d.classoid = 'pg_namespace'::regclass AND d.objsubid = 0
WHERE {_VISIBLE_SCHEMAS}
ORDER BY n.nspname COLLATE "C"
"""  # noqa: S608

TABLES: Final[LiteralString] = f"""
WITH RECURSIVE chosen AS MATERIALIZED (
    SELECT * FROM ({_VISIBLE_TABLES}) AS visible
    ORDER BY nspname COLLATE "C", relname COLLATE "C" LIMIT %s
),
parts AS (
    SELECT c.oid AS root, i.inhrelid AS part
    FROM chosen c JOIN pg_inherits i ON i.inhparent = c.oid WHERE c.relkind = 'p'
    UNION ALL
    SELECT p.root, i.inhrelid FROM parts p JOIN pg_inherits i ON i.inhparent = p.part
),
leaves AS (
    SELECT p.root, count(*) AS partition_count, sum(greatest(c.reltuples, 0)) AS reltuples,
        sum(c.relpages) AS relpages, bool_or(c.reltuples >= 0) AS is_known
    FROM parts p JOIN pg_class c ON c.oid = p.part WHERE c.relkind <> 'p' GROUP BY p.root
),
columns AS (
    SELECT a.attrelid, json_agg(json_strip_nulls(json_build_object(
            'name', a.attname,
            'type', format_type(a.atttypid, a.atttypmod),
            'not_null', CASE WHEN a.attnotnull THEN true END,
            'is_generated', CASE WHEN a.attgenerated <> '' THEN true END,
            'comment', d.description,
            'number', CASE WHEN a.atthasdef THEN a.attnum END
        )) ORDER BY a.attnum)::text AS list
    FROM chosen c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_description d ON d.objoid = a.attrelid
        AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
    WHERE c.is_whole OR has_column_privilege(c.oid, a.attnum, 'SELECT')
    GROUP BY a.attrelid
)
SELECT c.oid::bigint AS oid, c.nspname, c.relname, c.relkind::text AS kind, d.description,
    l.partition_count,
    CASE
        WHEN c.relkind = 'p' THEN CASE WHEN l.is_known THEN l.reltuples END
        -- Before 14, 0 stands for a table that was never looked at, too.
        WHEN c.relkind IN ('r', 'm', 'f') AND c.reltuples >= 0
            AND (c.relpages > 0 OR current_setting('server_version_num')::int >= 140000)
            THEN c.reltuples
    END::bigint AS estimated_rows,
    CASE WHEN c.relkind IN ('r', 'm') THEN c.relpages WHEN c.relkind = 'p' THEN l.relpages END
        * current_setting('block_size')::bigint AS size_bytes,
    coalesce(k.list, '[]') AS columns
FROM chosen c
LEFT JOIN leaves l ON l.root = c.oid
LEFT JOIN columns k ON k.attrelid = c.oid
LEFT JOIN pg_description d
    ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
ORDER BY c.nspname COLLATE "C", c.relname COLLATE "C"
"""  # noqa: S608

# From what version on pg_get_expr takes a lock on the table differs between minor releases.
DEFAULTS: Final[LiteralString] = """
SELECT d.adrelid::bigint AS oid, d.adnum, pg_get_expr(d.adbin, d.adrelid) AS expression
FROM pg_attrdef d WHERE d.adrelid = ANY(%s::oid[])
"""

UNIQUE_KEYS: Final[LiteralString] = """
SELECT i.indrelid::bigint AS oid, i.indisprimary AS is_primary,
    (SELECT json_agg(a.attname ORDER BY k.place)
     FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE k.place <= i.indnkeyatts)::text AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY(%s::oid[]) AND i.indisunique AND i.indisvalid
    AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indrelid, c.relname COLLATE "C"
"""

FOREIGN_KEYS: Final[LiteralString] = """
SELECT f.conrelid::bigint AS oid, f.conname, f.confrelid::bigint AS target,
    (SELECT json_agg(a.attname ORDER BY k.place)
     FROM unnest(f.conkey) WITH ORDINALITY AS k (attnum, place)
     JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.attnum)::text AS columns,
    (SELECT json_agg(a.attname ORDER BY k.place)
     FROM unnest(f.confkey) WITH ORDINALITY AS k (attnum, place)
     JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.attnum)::text
        AS target_columns
FROM pg_constraint f
WHERE f.contype = 'f' AND f.conrelid = ANY(%s::oid[]) AND f.confrelid = ANY(%s::oid[])
    AND f.conparentid = 0
ORDER BY f.conrelid, f.conname COLLATE "C"
"""

ROUTINES: Final[LiteralString] = f"""
SELECT n.nspname, p.proname, p.prokind::text AS kind,
    pg_get_function_arguments(p.oid) AS arguments,
    CASE WHEN p.prokind <> 'p' THEN pg_get_function_result(p.oid) END AS result,
    d.description, e.extname
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
LEFT JOIN pg_description d
    ON d.objoid = p.oid AND d.classoid = 'pg_proc'::regclass AND d.objsubid = 0
LEFT JOIN pg_depend x ON x.classid = 'pg_proc'::regclass AND x.objid = p.oid
    AND x.deptype = 'e' AND x.refclassid = 'pg_extension'::regclass
LEFT JOIN pg_extension e ON e.oid = x.refobjid
WHERE {_VISIBLE_SCHEMAS} AND has_function_privilege(p.oid, 'EXECUTE')
    AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C", arguments LIMIT %s
"""  # noqa: S608
