"""What the guard lets pass and what it refuses, by name and with the reason.

PostgreSQL's own volatile functions and those of its contrib modules (`guard_functions`) are refused
unless `ALLOWED` names them. `REFUSED` names what is refused whatever its volatility: functions that
execute text, above all. ``docs/reference/guard.md`` has a row for each group; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass

from heliograph.queries.guard_functions import BUILTIN, EXTENSION, NEVER_ONE_ARGUMENT


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a group of functions is refused, and what to do instead.

    ``names`` are refused in any schema, or, where ``schemas`` is given, in those only (None stands
    for a call without a schema). ``prefixes`` are beginnings of names, in any schema.
    """

    group: str
    why: str
    hint: str
    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    schemas: frozenset[str | None] = frozenset()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Each passes because it changes nothing, reads no file that is not the database's data, signals
# nobody and takes no lock that outlasts a SELECT's.
ALLOWED: dict[str, frozenset[str]] = {
    "random values": _words(
        "random random_normal array_sample array_shuffle gen_random_uuid uuidv4 uuidv7"
        " normal_rand gen_random_bytes gen_salt uuid_generate_v1 uuid_generate_v1mc"
        " uuid_generate_v4 pgp_sym_encrypt pgp_sym_encrypt_bytea pgp_pub_encrypt"
        " pgp_pub_encrypt_bytea"
    ),
    "clock": _words("clock_timestamp timeofday timezone"),
    "sleep": _words("pg_sleep pg_sleep_for pg_sleep_until"),
    "sizes": _words(
        "pg_relation_size pg_table_size pg_indexes_size pg_total_relation_size pg_database_size"
        " pg_tablespace_size pg_relpages pg_freespace pgstattuple pgstattuple_approx pgstatindex"
        " pgstatginindex pgstathashindex pg_visibility pg_visibility_map"
        " pg_visibility_map_summary"
    ),
    "replication and WAL positions": _words(
        "pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn"
        " pg_last_wal_receive_lsn pg_last_wal_replay_lsn pg_last_xact_replay_timestamp"
        " pg_is_in_recovery pg_is_wal_replay_paused pg_get_wal_replay_pause_state pg_is_in_backup"
        " pg_show_replication_origin_status pg_stat_get_recovery_prefetch"
        " pg_get_wal_summarizer_state pg_get_wal_resource_managers"
    ),
    "locks and transactions": _words(
        "pg_blocking_pids pg_safe_snapshot_blocking_pids pg_lock_status pgrowlocks"
        " pg_prepared_xact pg_xact_status txid_status pg_xact_commit_timestamp"
        " pg_xact_commit_timestamp_origin pg_last_committed_xact pg_get_multixact_members"
        " pg_notification_queue_usage pg_old_snapshot_time_mapping"
    ),
    "statistics": _words(
        "pg_stat_statements pg_stat_statements_info pg_stat_get_io pg_stat_get_backend_io"
        " pg_stat_get_backend_wal pg_stat_have_stats pg_get_wait_events pg_get_aios"
        " pg_get_shmem_allocations pg_get_shmem_allocations_numa pg_get_backend_memory_contexts"
        " pg_get_loaded_modules pg_buffercache_pages pg_buffercache_summary"
        " pg_buffercache_usage_counts pg_buffercache_numa_pages pg_stat_get_xact_blocks_fetched"
        " pg_stat_get_xact_blocks_hit pg_stat_get_xact_function_calls"
        " pg_stat_get_xact_function_self_time pg_stat_get_xact_function_total_time"
        " pg_stat_get_xact_numscans pg_stat_get_xact_tuples_deleted"
        " pg_stat_get_xact_tuples_fetched pg_stat_get_xact_tuples_hot_updated"
        " pg_stat_get_xact_tuples_inserted pg_stat_get_xact_tuples_newpage_updated"
        " pg_stat_get_xact_tuples_returned pg_stat_get_xact_tuples_updated"
    ),
    "catalogue": _words(
        "pg_partition_tree pg_partition_ancestors pg_collation_actual_version"
        " pg_database_collation_actual_version pg_sequence_last_value pg_get_sequence_data currval"
        " lastval current_query"
    ),
    "own connection": _words(
        "ssl_is_used ssl_version ssl_cipher ssl_client_cert_present ssl_client_serial"
        " ssl_client_dn ssl_client_dn_field ssl_issuer_dn ssl_issuer_field ssl_extension_info"
    ),
}

_ANY_SQL = "Write that SQL as part of the query itself, where it can be checked."

# Refused whatever their volatility, and whoever wrote them.
REFUSED: tuple[Refusal, ...] = (
    Refusal(
        "execute text",
        "executes SQL that is given as text",
        _ANY_SQL,
        _words(
            "ts_stat connectby xpath_table"
            # Citus, Greenplum, oracle_fdw, pg_background, pglogical, pgAgent, plproxy, AGE
            " run_command_on_workers run_command_on_placements run_command_on_shards"
            " run_command_on_colocated_placements run_command_on_all_nodes"
            " run_command_on_coordinator master_run_on_worker pg_background_launch"
            " pg_background_submit oracle_execute replicate_ddl_command cypher"
            # pgTAP
            " lives_ok throws_ok throws_like throws_ilike throws_matching throws_imatching"
            " performs_ok performs_within results_eq results_ne set_eq set_ne set_has set_hasnt"
            " bag_eq bag_ne bag_has bag_hasnt row_eq is_empty isnt_empty"
        ),
        ("query_to_xml", "cursor_to_xml", "dblink", "crosstab", "pgr_"),
    ),
    Refusal(
        "execute text (pg_cron)",
        "runs SQL later, as a job",
        _ANY_SQL,
        _words("schedule schedule_in_database unschedule alter_job"),
        schemas=frozenset({"cron", None}),
    ),
    Refusal(
        "execute text (other extensions)",
        "executes text",
        _ANY_SQL,
        _words("raw_query query execute parse open_cursor submit invoke resolve"),
        schemas=frozenset({"duckdb", "dbms_sql", "dbms_job", "aws_lambda", "graphql"}),
    ),
    Refusal(
        "reach the network",
        "sends data to another machine, which no transaction undoes",
        "Export the result of the query instead.",
        _words(
            "query_export_to_s3 table_import_from_s3 http_get http_post http_put http_patch"
            " http_delete http_head http_set_curlopt"
        ),
    ),
    Refusal(
        "settings",
        "changes settings",
        "The time limit and the time zone are options of the query.",
        _words("set_config set_limit setseed isn_weak sepgsql_setcon sepgsql_restorecon"),
    ),
    Refusal(
        "consume a transaction id",
        "uses up a transaction id",
        "Use pg_current_snapshot() or pg_current_xact_id_if_assigned().",
        _words("txid_current pg_current_xact_id"),
    ),
    Refusal(
        "write files (other extensions)",
        "reads or writes files of the server",
        "Ask for data that is in the database.",
        _words("fopen fclose fremove frename fcopy put_line new_line get_line"),
        schemas=frozenset({"utl_file"}),
    ),
)

# Better reasons for some of the volatile functions that are refused because nothing allows them.
_VOLATILE: tuple[Refusal, ...] = (
    Refusal(
        "files",
        "reads or writes files of the server",
        "Ask for data that is in the database.",
        _words(
            "pg_stat_file pg_logdir_ls pg_current_logfile pg_show_all_file_settings"
            " pg_hba_file_rules pg_ident_file_mappings pg_available_wal_summaries"
            " pg_wal_summary_contents lo_import lo_export get_raw_page"
        ),
        ("pg_read_", "pg_ls_", "pg_file_", "pg_control_", "pg_get_wal_", "pg_get_logical_"),
    ),
    Refusal(
        "locks",
        "takes or gives up locks",
        "A query here needs none: it reads one consistent snapshot.",
        prefixes=("pg_advisory_", "pg_try_advisory_"),
    ),
    Refusal(
        "sequences",
        "moves a sequence, which no rollback undoes",
        "Read the sequence: SELECT last_value FROM its_name, or pg_sequences.",
        _words("nextval setval"),
    ),
    Refusal(
        "signals",
        "interferes with other sessions or the server",
        "Ask a database administrator.",
        _words(
            "pg_cancel_backend pg_terminate_backend pg_reload_conf pg_rotate_logfile pg_promote"
            " pg_notify pg_log_backend_memory_contexts"
        ),
    ),
    Refusal(
        "large objects",
        "works on large objects",
        "Large objects cannot be read here; keep such data in a bytea column.",
        _words("loread lowrite"),
        ("lo_",),
    ),
    Refusal(
        "statistics",
        "resets statistics",
        "Read the statistics views and compare two moments.",
        prefixes=("pg_stat_reset", "pg_stat_statements_reset"),
    ),
)

_OTHER_VOLATILE = Refusal(
    "other volatile functions",
    "is a volatile function of PostgreSQL or its contrib modules that is not known to be harmless",
    "docs/reference/guard.md lists the volatile functions that may be called.",
)

# Views whose columns come from a refused function. A test finds new ones.
REFUSED_VIEWS = _words("pg_hba_file_rules pg_ident_file_mappings pg_file_settings")

_ALLOWED = frozenset[str]().union(*ALLOWED.values())
_ANYWHERE = {name: group for group in REFUSED if not group.schemas for name in group.names}
_IN_SCHEMA = tuple(group for group in REFUSED if group.schemas)
_PREFIXED = tuple((prefix, group) for group in REFUSED for prefix in group.prefixes)
# `ts_rewrite(tsquery, text)` executes its text; with three arguments it is plain computing.
_TS_REWRITE = Refusal(
    "execute text",
    REFUSED[0].why,
    "Use ts_rewrite(query, target, substitute).",
    _words("ts_rewrite"),
)
_CATALOG = "pg_catalog"


def find_refusal(schema: str | None, name: str, arguments: int = 1) -> Refusal | None:
    """Return why a call of ``schema.name`` is refused, None when it may be called.

    Without a schema, PostgreSQL's own function is meant. ``arguments`` is how many are given.
    """
    name = _fold(name)
    if name == "ts_rewrite":
        return None if arguments > 2 else _TS_REWRITE
    found = _ANYWHERE.get(name) or next(
        (group for prefix, group in _PREFIXED if name.startswith(prefix)), None
    )
    if found is None:
        found = next(
            (group for group in _IN_SCHEMA if name in group.names and schema in group.schemas),
            None,
        )
    if found is None and name not in _ALLOWED and _is_volatile(schema, name):
        found = _reason_of_volatile(name)
    return found


def find_refusal_as_column(name: str) -> Refusal | None:
    """Return why ``(something).name`` is refused, where it may be a call: ``name(something)``."""
    if name in NEVER_ONE_ARGUMENT:
        return None
    return find_refusal(None, name)


def find_refusal_of_view(schema: str | None, name: str) -> Refusal | None:
    """Return why reading from the relation ``schema.name`` is refused, None when it may be read."""
    if schema in (None, _CATALOG) and _fold(name) in REFUSED_VIEWS:
        return _reason_of_volatile("pg_hba_file_rules")
    return None


def _fold(name: str) -> str:
    # In a database of a Turkish single-byte encoding the server itself makes this letter an i.
    return name.replace("\u0130", "i")


def _is_volatile(schema: str | None, name: str) -> bool:
    if name in EXTENSION:
        return True
    return name in BUILTIN and schema in (None, _CATALOG, "information_schema")


def _reason_of_volatile(name: str) -> Refusal:
    for group in _VOLATILE:
        if name in group.names or (group.prefixes and name.startswith(group.prefixes)):
            return group
    return _OTHER_VOLATILE
