"""Every PostgreSQL type with its awkward values: SQL to make them, SQL to ask for them."""

from __future__ import annotations

SETUP = """
CREATE TYPE mood AS ENUM ('happy', 'so, so', 'sad "blue"');
CREATE TYPE point3 AS (x int, label text, at timestamptz);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN small_positive AS positive CHECK (VALUE < 1000);
CREATE DOMAIN shout AS text CHECK (VALUE = upper(VALUE));
CREATE TYPE float_range AS RANGE (subtype = float8);
"""


# Group -> SQL expressions; each becomes a column.
ZOO: dict[str, list[str]] = {
    "boolean": ["true", "false", "NULL::bool"],
    "smallint": ["'-32768'::int2", "32767::int2", "NULL::int2"],
    "integer": ["'-2147483648'::int4", "2147483647", "0"],
    "bigint": ["'-9223372036854775808'::int8", "9223372036854775807", "9007199254740993::int8"],
    "numeric": [
        "0::numeric",
        "'-0.0'::numeric",
        "1.10",
        "12345678901234567890.123456789012345678901234567890",
        "'1e-40'::numeric",
        "'1e200'::numeric",
        "'NaN'::numeric",
        "NULL::numeric",
    ],
    "real": ["0.1::float4", "'3.4e38'::float4", "'1e-45'::float4", "'NaN'::float4", "1e20::float4"],
    "double": [
        "0.1::float8",
        "1e20::float8",
        "1.7976931348623157e308::float8",
        "5e-324::float8",
        "'NaN'::float8",
        "'Infinity'::float8",
        "'-Infinity'::float8",
        "'-0'::float8",
        "0.1::float8 + 0.2::float8",
        "NULL::float8",
    ],
    "money": ["12.34::money", "'-92233720368547758.08'::money"],
    "text": [
        "''",
        "NULL::text",
        "' '",
        "'NULL'",
        "'null'",
        "E'two\\nlines'",
        "E'carriage\\rreturn'",
        "E'tab\\there'",
        "'comma, \"quote\"'",
        "'back\\slash'",
        "'\\.'",
        "'\\N'",
        "'=1+1'",
        "'-5'",
        "'@x'",
        "'Grüße, 世界 👋🏽'",
        "E'\\u2028 and \\u00a0 and \\ufeff'",
        "E'control \\x01\\x1f\\x7f'",
        "'%s %d %%'",
        "'{{name}} [[x]] $1'",
        "repeat('long ', 20000)",
    ],
    "varchar": ["'abc'::varchar(10)", "''::varchar"],
    "bpchar": ["'ab'::char(5)", "''::char(3)"],
    "char": ["'x'::\"char\"", "''::\"char\""],
    "name": ["'a_name'::name"],
    "bytea": ["'\\x00ff10'::bytea", "''::bytea", "NULL::bytea"],
    "date": [
        "'2026-02-28'::date",
        "'0001-01-01'::date",
        "'4713-01-01 BC'::date",
        "'5874897-12-31'::date",
        "'infinity'::date",
        "'-infinity'::date",
        "'10000-01-01'::date",
        "'1900-02-28'::date",
        "NULL::date",
    ],
    "time": ["'24:00'::time", "'00:00'::time", "'23:59:59.999999'::time"],
    "timetz": [
        "'12:30:00+05:30'::timetz",
        "'24:00:00-03'::timetz",
        "'01:02:03.4+00:00:01'::timetz",
    ],
    "timestamp": [
        "'2026-01-31 23:59:59.123456'::timestamp",
        "'2026-01-31'::timestamp",
        "'10000-01-01 00:00'::timestamp",
        "'0044-03-15 12:00 BC'::timestamp",
        "'infinity'::timestamp",
        "'-infinity'::timestamp",
        "'294276-12-31 23:59:59.999999'::timestamp",
        "NULL::timestamp",
    ],
    "timestamptz": [
        "'2026-06-30 12:00+02'::timestamptz",
        "'1890-01-01 00:00+00'::timestamptz",
        "'0001-01-01 00:00+00 BC'::timestamptz",
        "'infinity'::timestamptz",
        "'2026-03-29 01:30:00.000001+00'::timestamptz",
    ],
    "interval": [
        "'1 year -2 mons +3 days -04:05:06.789'::interval",
        "'0'::interval",
        "'-178000000 years'::interval",
        "'1000000 hours'::interval",
    ],
    "uuid": ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid"],
    "inet": ["'192.168.0.1/24'::inet", "'::1'::inet", "'::ffff:1.2.3.4'::inet"],
    "cidr": ["'10.0.0.0/8'::cidr"],
    "macaddr": ["'08:00:2b:01:02:03'::macaddr", "'08:00:2b:ff:fe:01:02:03'::macaddr8::macaddr"],
    "bit": ["B'101'", "B''::varbit", "'1'::bit(8)"],
    "json": [
        '\'{"a" : [1, 2.50, "x\\u0041"],\n "b": null}\'::json',
        "'123456789012345678901234567890.1234567890'::json",
        "'\"text\"'::json",
        "'null'::json",
        "NULL::json",
    ],
    "jsonb": [
        '\'{"big": 123456789012345678901234567890.1234567890, "b": [true, null, "é"]}\'::jsonb',
        "'1e400'::jsonb",
        '\'{"quote": "say \\"hi\\" \\\\ \\n"}\'::jsonb',
        "'[]'::jsonb",
        "NULL::jsonb",
    ],
    "jsonpath": ["'$.a[*] ? (@ > 1)'::jsonpath"],
    "int_array": [
        "'{1,2,NULL,-3}'::int4[]",
        "'{}'::int4[]",
        "'{{1,2},{3,4}}'::int4[]",
        "'{{{1},{2}},{{3},{4}}}'::int4[]",
        "'[0:1]={5,6}'::int4[]",
        "NULL::int4[]",
    ],
    "bigint_array": ["'{9223372036854775807,-1}'::int8[]"],
    "float_array": ["'{NaN,Infinity,-Infinity,0.1,1e20}'::float8[]"],
    "numeric_array": ["'{1.10,NaN,12345678901234567890.5}'::numeric[]"],
    "bool_array": ["'{t,f,NULL}'::bool[]"],
    "text_array": [
        "ARRAY['a', '', NULL, 'NULL', 'null', 'a,b', 'q\"q', 'back\\slash', '{x}', ' ']",
        "ARRAY[E'line\\nbreak', 'é世']",
        "ARRAY[['a','b'],['c','']]",
    ],
    "jsonb_array": ["ARRAY['{\"a\": 1.10}'::jsonb, 'null'::jsonb, NULL]"],
    "date_array": ["'{2026-01-31,infinity,\"0044-03-15 BC\"}'::date[]"],
    "box_array": ["'{(1,1),(0,0);(3,3),(2,2)}'::box[]"],
    "bytea_array": ["ARRAY['\\x01'::bytea, ''::bytea]"],
    "enum": ["'happy'::mood", "'so, so'::mood", "'sad \"blue\"'::mood", "NULL::mood"],
    "enum_array": ["ARRAY['happy','so, so',NULL,'sad \"blue\"']::mood[]"],
    "composite": [
        "ROW(1, 'a,b \"q\" ', '2026-01-01 00:00+00')::point3",
        "ROW(NULL, '', NULL)::point3",
        "NULL::point3",
    ],
    "composite_array": ["ARRAY[ROW(1,'x y',NULL)::point3, NULL]"],
    "record": ["ROW(1, NULL, '', 'x,y')"],
    "domain": ["7::positive", "NULL::positive"],
    "nested_domain": ["7::small_positive"],
    "domain_array": ["ARRAY[1,2]::small_positive[]"],
    "text_domain": ["'LOUD, \"VERY\"'::shout"],
    "range": [
        "'[1,10)'::int4range",
        "'empty'::int4range",
        "'(,5]'::numrange",
        "'[2026-01-01,infinity)'::daterange",
        '\'["2026-01-01 00:00:00","2026-01-02 00:00:00")\'::tsrange',
        "'[0.1,0.2)'::float_range",
    ],
    "oid": [
        "4294967295::oid",
        "'pg_class'::regclass",
        "'int4'::regtype",
        "'sum(int4)'::regprocedure",
    ],
    "geometry": ["'(1.5,2)'::point", "'<(1,1),5>'::circle", "'[(0,0),(1,1)]'::path"],
    "tsvector": ["'a:1 b:2A'::tsvector", "'it''s'::tsvector"],
    "tsquery": ["'a & !b'::tsquery"],
    "pg_lsn": ["'16/B374D848'::pg_lsn"],
    "int2vector": ["'1 2 3'::int2vector"],
}
MULTIRANGES = ["'{[1,3),[5,7)}'::int4multirange", "'{}'::nummultirange", "'{(,)}'::datemultirange"]
INFINITE_NUMERICS = ["'Infinity'::numeric", "'-Infinity'::numeric"]


def zoo(server_version: int) -> dict[str, list[str]]:
    """Return what a server of this version knows (``server_version_num``)."""
    animals = {name: list(values) for name, values in ZOO.items()}
    if server_version >= 140_000:
        animals["multirange"] = list(MULTIRANGES)
        animals["numeric"] += INFINITE_NUMERICS
    return animals


def zoo_columns(server_version: int) -> dict[str, str]:
    """Return column name -> expression, one column for every animal."""
    return {
        f"{name}_{number}": expression
        for name, values in zoo(server_version).items()
        for number, expression in enumerate(values)
    }


def zoo_query(columns: dict[str, str]) -> str:
    """Return a query whose first row holds every animal and whose second is all NULL."""
    cells = ", ".join(
        f'CASE WHEN n = 1 THEN {sql} END AS "{name}"' for name, sql in columns.items()
    )
    return f"SELECT {cells} FROM generate_series(1, 2) AS n ORDER BY n"
