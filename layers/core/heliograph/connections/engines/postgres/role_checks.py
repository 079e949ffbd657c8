"""Whether a login role can do nothing but read, and the SQL that makes it so.

A role holds what is granted to itself, to PUBLIC and to every role it inherits from or may switch
to with SET ROLE, and all that the things it owns allow. The rules are those of the PostgreSQL
manual, chapters "Privileges" (5.8) and "Database Roles" (22); catalog names of 13 to 18.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, LiteralString

import psycopg

_NAMED: Final = 3  # objects named in a message before "and n more"
_LISTED: Final = 8  # objects listed in a fix before it speaks of whole schemas

_DANGEROUS_ROLES: Final = (
    "pg_write_all_data",
    "pg_write_server_files",
    "pg_read_server_files",
    "pg_execute_server_program",
    "pg_signal_backend",
    "pg_maintain",
    "pg_create_subscription",
    "pg_checkpoint",
    # The administrators of hosting services: Amazon, Google, Azure.
    "rds_superuser",
    "cloudsqlsuperuser",
    "azure_pg_admin",
)
_DANGEROUS_FUNCTIONS: Final = (
    "pg_read_file",
    "pg_read_binary_file",
    "pg_ls_dir",
    "pg_stat_file",
    "lo_import",
    "lo_export",
    "pg_execute_server_program",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_switch_wal",
    "pg_create_restore_point",
    "pg_promote",
)


class Severity(IntEnum):
    """How much a finding matters: a note is only worth knowing, a failure means it can write."""

    NOTE = 0
    WARNING = 1
    FAILURE = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a read-only role should not be able to do. ``fix`` is SQL to run."""

    severity: Severity
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class _Role:
    """The role that is logged in, and the ids of all roles whose rights it can use."""

    name: str
    oids: list[int]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of object that rights can be granted on, with how to speak of it."""

    keyword: str
    rights: LiteralString
    all_in_schema: str | None = None


_SELF: Final[LiteralString] = """
SELECT quote_ident(rolname), rolsuper, current_setting('default_transaction_read_only')
FROM pg_roles WHERE rolname = current_user
"""
# From 16 on a membership may carry neither INHERIT nor SET nor ADMIN, and then it gives nothing.
_REACHABLE: Final[LiteralString] = """
SELECT oid FROM pg_roles
WHERE rolname = current_user OR CASE
    WHEN current_setting('server_version_num')::int < 160000 THEN pg_has_role(oid, 'MEMBER')
    ELSE pg_has_role(oid, 'USAGE') OR pg_has_role(oid, 'SET')
        OR pg_has_role(oid, 'MEMBER WITH ADMIN OPTION') END
"""
_ATTRIBUTES: Final[LiteralString] = """
SELECT quote_ident(r.rolname), r.rolname = current_user, a.attribute
FROM pg_roles r
CROSS JOIN LATERAL (VALUES
    ('SUPERUSER', r.rolsuper), ('CREATEROLE', r.rolcreaterole), ('CREATEDB', r.rolcreatedb),
    ('REPLICATION', r.rolreplication), ('BYPASSRLS', r.rolbypassrls)) a (attribute, has)
WHERE r.oid = ANY(%(roles)s::oid[]) AND a.has
ORDER BY 2 DESC, 1, 3
"""
_MEMBERSHIPS: Final[LiteralString] = """
SELECT quote_ident(g.rolname), quote_ident(m.rolname)
FROM pg_auth_members e
JOIN pg_roles g ON g.oid = e.roleid
JOIN pg_roles m ON m.oid = e.member
WHERE e.roleid = ANY(%(roles)s::oid[]) AND e.member = ANY(%(roles)s::oid[])
    AND g.rolname = ANY(%(names)s)
ORDER BY 1, 2
"""
_WAYS: Final[LiteralString] = """
SELECT DISTINCT quote_ident(g.rolname)
FROM pg_auth_members e
JOIN pg_roles g ON g.oid = e.roleid
JOIN pg_roles m ON m.oid = e.member
JOIN pg_roles target ON quote_ident(target.rolname) = %(group)s
WHERE m.rolname = current_user AND pg_has_role(g.oid, target.oid, 'MEMBER')
ORDER BY 1
"""
_OWNED: Final[LiteralString] = """
SELECT quote_ident(r.rolname), r.rolname = current_user, o.object
FROM (
    SELECT c.relowner AS owner, 1 AS rank, c.oid::regclass::text AS object
    FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
    UNION ALL SELECT nspowner, 2, 'schema ' || quote_ident(nspname) FROM pg_namespace
    WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT proowner, 3, 'function ' || oid::regprocedure::text FROM pg_proc
    UNION ALL SELECT datdba, 0, 'database ' || quote_ident(datname) FROM pg_database
    WHERE datname = current_database()
) o
JOIN pg_roles r ON r.oid = o.owner
WHERE r.oid = ANY(%(roles)s::oid[])
    AND r.rolname <> 'pg_database_owner' -- only the owner of the database, found here anyway
ORDER BY 2 DESC, 1, o.rank, o.object
"""
# Each of these gives: object, schema, rights, grantee (None for PUBLIC).
_TABLE_RIGHTS: Final[LiteralString] = """
SELECT c.oid::regclass::text, quote_ident(n.nspname), array_agg(DISTINCT a.privilege_type),
    quote_ident(r.rolname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT x.grantee, x.privilege_type FROM aclexplode(c.relacl) x
    UNION ALL
    SELECT x.grantee, x.privilege_type FROM pg_attribute t, aclexplode(t.attacl) x
    WHERE t.attrelid = c.oid AND NOT t.attisdropped
) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t(oast|emp_)'
    AND EXISTS (SELECT FROM unnest(%(roles)s::oid[]) u
        WHERE has_schema_privilege(u, n.oid, 'USAGE'))
    AND (a.grantee = 0 OR a.grantee = ANY(%(roles)s::oid[])) AND a.grantee <> c.relowner
    AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'MAINTAIN')
GROUP BY c.oid, n.nspname, r.rolname
ORDER BY 1
"""
_SEQUENCE_RIGHTS: Final[LiteralString] = """
SELECT c.oid::regclass::text, quote_ident(n.nspname), array_agg(DISTINCT a.privilege_type),
    quote_ident(r.rolname)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.relacl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE c.relkind = 'S' AND EXISTS (SELECT FROM unnest(%(roles)s::oid[]) u
        WHERE has_schema_privilege(u, n.oid, 'USAGE'))
    AND (a.grantee = 0 OR a.grantee = ANY(%(roles)s::oid[])) AND a.grantee <> c.relowner
    AND a.privilege_type IN ('USAGE', 'UPDATE')
GROUP BY c.oid, n.nspname, r.rolname
ORDER BY 1
"""
_SCHEMA_RIGHTS: Final[LiteralString] = """
SELECT quote_ident(n.nspname), quote_ident(n.nspname), ARRAY['CREATE'],
    quote_ident(r.rolname)
FROM pg_namespace n
CROSS JOIN LATERAL aclexplode(n.nspacl) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname !~ '^pg_(toast_)?temp_' AND a.privilege_type = 'CREATE'
    AND (a.grantee = 0 OR a.grantee = ANY(%(roles)s::oid[])) AND a.grantee <> n.nspowner
ORDER BY 1
"""
_DATABASE_RIGHTS: Final[LiteralString] = """
SELECT quote_ident(d.datname), NULL, ARRAY[a.privilege_type],
    quote_ident(r.rolname)
FROM pg_database d
CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE d.datname = current_database() AND a.privilege_type IN ('CREATE', 'TEMPORARY')
    AND (a.grantee = 0 OR a.grantee = ANY(%(roles)s::oid[])) AND a.grantee <> d.datdba
ORDER BY 3
"""
_FUNCTION_RIGHTS: Final[LiteralString] = """
SELECT p.oid::regprocedure::text, quote_ident(n.nspname), ARRAY['EXECUTE'],
    quote_ident(r.rolname)
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE (p.proname = ANY(%(names)s) OR p.proname ~ '^pg_file_'
        OR p.proname ~ '^dblink(_connect|_connect_u|_exec|_open|_send_query)?$')
    AND EXISTS (SELECT FROM unnest(%(roles)s::oid[]) u
        WHERE has_schema_privilege(u, n.oid, 'USAGE')) AND a.privilege_type = 'EXECUTE'
    AND (a.grantee = 0 OR a.grantee = ANY(%(roles)s::oid[])) AND a.grantee <> p.proowner
ORDER BY 1
"""
_DEFINER_RIGHTS: Final[LiteralString] = """
SELECT p.oid::regprocedure::text, quote_ident(n.nspname), ARRAY['EXECUTE'],
    quote_ident(r.rolname)
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE p.prosecdef AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
    AND EXISTS (SELECT FROM unnest(%(roles)s::oid[]) u
        WHERE has_schema_privilege(u, n.oid, 'USAGE')) AND a.privilege_type = 'EXECUTE'
    AND (a.grantee = 0 OR a.grantee = ANY(%(roles)s::oid[])) AND a.grantee <> p.proowner
ORDER BY 1
"""
_KINDS: Final = (
    _Kind("TABLE", _TABLE_RIGHTS, "TABLES"),
    _Kind("SEQUENCE", _SEQUENCE_RIGHTS, "SEQUENCES"),
    _Kind("SCHEMA", _SCHEMA_RIGHTS),
    _Kind("DATABASE", _DATABASE_RIGHTS),
    _Kind("ROUTINE", _FUNCTION_RIGHTS),
)
_DEFINER: Final = _Kind("ROUTINE", _DEFINER_RIGHTS)


def find_write_rights(cursor: psycopg.Cursor[Any]) -> list[Finding]:
    """Return all that the logged-in role can do beyond reading, the worst first.

    Needs no rights but those that every role has. Call it inside a transaction whose search_path
    is empty, so that every name comes back with its schema. Raises psycopg.Error.
    """
    name, is_superuser, reads_by_default = _one(cursor, _SELF)
    if is_superuser:
        # A superuser passes every check: what else it could do would only bury this.
        return [
            Finding(
                Severity.FAILURE,
                f"{name} is a superuser",
                f"ALTER ROLE {name} NOSUPERUSER; -- better: log in with a role made for reading, "
                "as in examples/read-only-role.sql",
            )
        ]
    role = _Role(name, [oid for (oid,) in cursor.execute(_REACHABLE).fetchall()])
    findings = [*_attributes(cursor, role), *_memberships(cursor, role), *_ownership(cursor, role)]
    for kind in _KINDS:
        findings += _granted(cursor, role, kind)
    findings += _granted(cursor, role, _DEFINER)
    if reads_by_default != "on":
        findings.append(
            Finding(
                Severity.NOTE,
                "its transactions are not read-only by default",
                f"ALTER ROLE {name} SET default_transaction_read_only = on;",
            )
        )
    return sorted(findings, key=lambda finding: -finding.severity)


def _attributes(cursor: psycopg.Cursor[Any], role: _Role) -> Iterator[Finding]:
    for name, is_self, attribute in _all(cursor, _ATTRIBUTES, role):
        whose = "has" if is_self else f"can become {name}, which has"
        fix = f"ALTER ROLE {name} NO{attribute};" if is_self else _leave(cursor, role, name)
        yield Finding(Severity.FAILURE, f"it {whose} the attribute {attribute}", fix)


def _memberships(cursor: psycopg.Cursor[Any], role: _Role) -> Iterator[Finding]:
    for group, member in _all(cursor, _MEMBERSHIPS, role, names=list(_DANGEROUS_ROLES)):
        through = "" if member == role.name else f" through {member}"
        yield Finding(
            Severity.FAILURE,
            f"it is a member of {group}{through}",
            f"REVOKE {group} FROM {member};",
        )


def _ownership(cursor: psycopg.Cursor[Any], role: _Role) -> Iterator[Finding]:
    objects: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for owner, is_self, name in _all(cursor, _OWNED, role):
        objects[owner, is_self].append(name)
    for (owner, is_self), names in objects.items():
        whose = "it owns" if is_self else f"it can act as {owner}, which owns"
        fix = (
            f"REASSIGN OWNED BY {owner} TO CURRENT_USER; -- as the role that is to own them"
            if is_self
            else _leave(cursor, role, owner)
        )
        yield Finding(Severity.FAILURE, f"{whose} {_some(names)}", fix)


def _granted(cursor: psycopg.Cursor[Any], role: _Role, kind: _Kind) -> Iterator[Finding]:
    """Yield one finding for each grantee and set of rights on objects of this kind."""
    groups: dict[tuple[str, str | None], list[tuple[str, str]]] = defaultdict(list)
    names = list(_DANGEROUS_FUNCTIONS)
    for name, schema, rights, grantee in _all(cursor, kind.rights, role, names=names):
        groups[", ".join(sorted(rights)), grantee].append((name, schema))
    for (rights, grantee), objects in groups.items():
        what = _some([name for name, _ in objects])
        via = "" if grantee == role.name else f" (granted to {grantee or 'PUBLIC'})"
        fix = f"REVOKE {rights} ON {_targets(kind, objects)} FROM {grantee or 'PUBLIC'};"
        if grantee not in (None, role.name) and (leave := _leave(cursor, role, str(grantee))):
            fix += f" -- or leave that role: {leave}"
        severity = Severity.FAILURE
        message = f"it has {rights} on {what}{via}"
        if kind is _DEFINER:
            severity = Severity.WARNING
            message = f"it may call {what}, which runs with the rights of its owner{via}"
        elif rights == "TEMPORARY":
            severity = Severity.NOTE
            message = f"it may make temporary tables{via}"
        yield Finding(severity, message, fix)


def _leave(cursor: psycopg.Cursor[Any], role: _Role, group: str) -> str:
    """Return the SQL that ends the memberships by which the role reaches ``group``."""
    ways = cursor.execute(_WAYS, {"group": group}).fetchall()
    return " ".join(f"REVOKE {way} FROM {role.name};" for (way,) in ways)


def _targets(kind: _Kind, objects: Sequence[tuple[str, str]]) -> str:
    if kind.all_in_schema and len(objects) > _LISTED:
        schemas = ", ".join(dict.fromkeys(schema for _, schema in objects))
        return f"ALL {kind.all_in_schema} IN SCHEMA {schemas}"
    return f"{kind.keyword} {', '.join(name for name, _ in objects)}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _one(cursor: psycopg.Cursor[Any], sql: LiteralString) -> tuple[Any, ...]:
    row: tuple[Any, ...] = cursor.execute(sql).fetchall()[0]
    return row


def _all(
    cursor: psycopg.Cursor[Any], sql: LiteralString, role: _Role, **more: list[str]
) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = cursor.execute(sql, {"roles": role.oids, **more}).fetchall()
    return rows
