"""What PostgreSQL's types are to us: a name and a kind, found by OID."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from heliograph.connections.engines.contract import ValueKind

REFCURSOR_OID = 1790

# pg_type.dat: the OIDs of built-in types never change. name: (oid, array oid, kind)
_BUILT_IN: dict[str, tuple[int, int, ValueKind]] = {
    "bool": (16, 1000, ValueKind.BOOLEAN),
    "bytea": (17, 1001, ValueKind.OTHER),
    "char": (18, 1002, ValueKind.TEXT),
    "name": (19, 1003, ValueKind.TEXT),
    "int8": (20, 1016, ValueKind.BIGINT),
    "int2": (21, 1005, ValueKind.INTEGER),
    "int4": (23, 1007, ValueKind.INTEGER),
    "text": (25, 1009, ValueKind.TEXT),
    "oid": (26, 1028, ValueKind.OTHER),
    "json": (114, 199, ValueKind.JSON),
    "xml": (142, 143, ValueKind.TEXT),
    "float4": (700, 1021, ValueKind.FLOAT),
    "float8": (701, 1022, ValueKind.FLOAT),
    "money": (790, 791, ValueKind.OTHER),
    "inet": (869, 1041, ValueKind.OTHER),
    "cidr": (650, 651, ValueKind.OTHER),
    "bpchar": (1042, 1014, ValueKind.TEXT),
    "varchar": (1043, 1015, ValueKind.TEXT),
    "date": (1082, 1182, ValueKind.DATE),
    "time": (1083, 1183, ValueKind.OTHER),
    "timestamp": (1114, 1115, ValueKind.TIMESTAMP),
    "timestamptz": (1184, 1185, ValueKind.TIMESTAMPTZ),
    "interval": (1186, 1187, ValueKind.OTHER),
    "timetz": (1266, 1270, ValueKind.OTHER),
    "bit": (1560, 1561, ValueKind.OTHER),
    "varbit": (1562, 1563, ValueKind.OTHER),
    "numeric": (1700, 1231, ValueKind.NUMERIC),
    "refcursor": (REFCURSOR_OID, 2201, ValueKind.TEXT),
    "uuid": (2950, 2951, ValueKind.OTHER),
    "jsonb": (3802, 3807, ValueKind.JSON),
    "void": (2278, 0, ValueKind.OTHER),
    "record": (2249, 2287, ValueKind.OTHER),
}


@dataclass(frozen=True, slots=True)
class PostgresType:
    """A type: its name, kind and, for an array, the kind of its elements."""

    oid: int
    name: str
    kind: ValueKind
    element: ValueKind | None = None
    delimiter: str = ","

    @property
    def is_array(self) -> bool:
        """True where the text is an array literal."""
        return self.kind is ValueKind.ARRAY


def _built_in_types() -> dict[int, PostgresType]:
    types: dict[int, PostgresType] = {}
    for name, (oid, array_oid, kind) in _BUILT_IN.items():
        types[oid] = PostgresType(oid, name, kind)
        if array_oid:
            types[array_oid] = PostgresType(array_oid, f"{name}[]", ValueKind.ARRAY, kind)
    return types


_KIND_BY_NAME = {name: kind for name, (_, _, kind) in _BUILT_IN.items()}

# A domain's elements are those of the type beneath it, however many domains lie between.
LOOKUP_SQL = """
WITH RECURSIVE wanted AS (
    SELECT t.oid, t.typname, t.typelem,
           t.typlen = -1 AND t.typelem <> 0 AND t.typcategory = 'A' AS is_array
      FROM pg_catalog.pg_type t WHERE t.oid = ANY ($1::pg_catalog.oid[])
), base AS (
    SELECT w.oid AS wanted_oid, t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype,
           0 AS depth
      FROM wanted w
      JOIN pg_catalog.pg_type t ON t.oid = CASE WHEN w.is_array THEN w.typelem ELSE w.oid END
    UNION ALL
    SELECT b.wanted_oid, t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype, b.depth + 1
      FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd'
)
SELECT w.oid::pg_catalog.text, w.is_array::pg_catalog.text,
       coalesce(e.typname, w.typname)::pg_catalog.text, coalesce(e.typdelim, ',')::pg_catalog.text,
       b.typname::pg_catalog.text, b.typtype::pg_catalog.text, b.typcategory::pg_catalog.text
  FROM wanted w
  JOIN (SELECT DISTINCT ON (wanted_oid) * FROM base ORDER BY wanted_oid, depth DESC) b
    ON b.wanted_oid = w.oid
  LEFT JOIN pg_catalog.pg_type e ON w.is_array AND e.oid = w.typelem
"""

LookupRow = tuple[str, str, str, str, str, str, str]


class TypeCatalog:
    """The types that a connection has met; built-in ones need no question to the server."""

    def __init__(self) -> None:
        self._types = _built_in_types()

    def resolve(
        self, oids: Iterable[int], look_up: Callable[[list[int]], list[LookupRow]]
    ) -> dict[int, PostgresType]:
        """Return the type of each OID, asking ``look_up`` (`LOOKUP_SQL`) once for unknown ones."""
        wanted = set(oids)
        unknown = sorted(wanted - self._types.keys())
        if unknown:
            for row in look_up(unknown):
                found = _type_of(row)
                self._types[found.oid] = found
        return {
            oid: self._types.get(oid) or PostgresType(oid, str(oid), ValueKind.OTHER)
            for oid in wanted
        }


def _type_of(row: LookupRow) -> PostgresType:
    oid, is_array, name, delimiter, base_name, base_type, category = row
    kind = _KIND_BY_NAME.get(base_name, ValueKind.OTHER)
    if base_type == "e" or (category == "S" and base_name not in _KIND_BY_NAME):
        kind = ValueKind.TEXT
    if is_array == "true":
        return PostgresType(int(oid), f"{name}[]", ValueKind.ARRAY, kind, delimiter)
    return PostgresType(int(oid), name, kind)
