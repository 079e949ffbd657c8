"""The data that everything is measured on: 12 columns of mixed types."""

from __future__ import annotations

from heliograph.platform.postgres import connect

COLUMNS = """
    i AS id,
    i::bigint * 1000003 AS big,
    (i * 1.37)::numeric(12, 2) AS amount,
    sin(i) * 1e6 AS ratio,
    i % 2 = 0 AS flag,
    date '2020-01-01' + (i % 2000) AS day,
    timestamp '2020-01-01' + i * interval '1 second' AS at,
    timestamptz '2020-01-01 00:00+00' + i * interval '1 second' AS at_tz,
    md5(i::text)::uuid AS uid,
    'item ' || (i % 1000) AS label,
    CASE i % 7 WHEN 0 THEN 'Müller, "Søn"' WHEN 1 THEN E'two\\nlines'
        ELSE 'plain text number ' || i END AS note,
    CASE WHEN i % 3 <> 0 THEN 'x' || i END AS maybe
"""


def make_mixed(url: str, rows: int) -> None:
    """Create the table ``mixed`` with that many rows."""
    with connect(url) as connection:
        sql = f"CREATE TABLE mixed AS SELECT {COLUMNS} FROM generate_series(1, {rows}) AS i"
        connection.execute(sql.encode())
        connection.execute("VACUUM ANALYZE mixed")
