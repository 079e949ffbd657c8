"""Which statements must not be run twice: a second run could do, or say, something else.

These are CALL, and whatever calls a volatile function by name: PostgreSQL's own (`random`,
`pg_sleep`), an extension's, or one of the database itself. What a database's own functions are is
asked once and kept; what nobody knows counts as volatile.

Only what the statement itself calls by name is seen. A volatile function that is hidden in a view,
a policy, a rule, an operator, a cast or another function is not seen, nor one that is called in
column notation (``row.function``), nor one of the database's own that bears the name of one of
PostgreSQL's. The transaction is READ ONLY, so little can come of those: the second run may give
other values than the first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Final

from heliograph.connections.engines.contract import Session
from heliograph.queries.guard import Statement, StatementKind
from heliograph.queries.guard_functions import BUILTIN, EXTENSION


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# `AT TIME ZONE` is a call of it. One of its forms, for timetz, is marked volatile for no reason
# that a second run could tell.
_REPEATABLE: Final = _words("timezone")
_VOLATILE: Final = (BUILTIN | EXTENSION) - _REPEATABLE

STABLE: Final = _words(
    """
    abs age array_agg array_append array_cat array_length array_position array_prepend
    array_remove array_replace array_to_json array_to_string array_upper ascii avg bit_and
    bit_or bool_and bool_or btrim cardinality ceil ceiling char_length concat concat_ws corr cos
    count covar_pop covar_samp cume_dist current_database current_schema current_setting
    current_user date date_part date_trunc decode degrees dense_rank div encode every exp
    extract first_value floor format format_type generate_series generate_subscripts get_byte
    has_table_privilege host initcap isfinite json_agg json_array_elements
    json_array_elements_text json_array_length json_build_array json_build_object json_each
    json_each_text json_extract_path json_extract_path_text json_object_agg json_object_keys
    json_typeof jsonb_agg jsonb_array_elements jsonb_array_elements_text jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path
    jsonb_extract_path_text jsonb_object_agg jsonb_object_keys jsonb_path_exists
    jsonb_path_query jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset
    jsonb_typeof justify_days justify_hours justify_interval lag last_value lead left length ln
    log lower lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz max
    md5 min mod mode now nth_value ntile obj_description octet_length overlaps overlay
    percent_rank percentile_cont percentile_disc pg_backend_pid pg_encoding_to_char
    pg_get_constraintdef pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_userbyid
    pg_get_viewdef pg_size_pretty pg_typeof pi plainto_tsquery position power quote_ident
    quote_literal quote_nullable radians rank regexp_match regexp_matches regexp_replace
    regexp_split_to_array regexp_split_to_table regr_intercept regr_r2 regr_slope repeat replace
    reverse right round row_number row_to_json rpad rtrim sha256 sign similar_to_escape sin
    split_part sqrt starts_with statement_timestamp stddev stddev_pop stddev_samp string_agg
    string_to_array strpos substr substring sum tan text to_char to_date to_hex to_json to_jsonb
    to_number to_timestamp to_tsquery to_tsvector transaction_timestamp translate trunc
    ts_headline ts_rank unnest upper var_pop var_samp variance version websearch_to_tsquery
    width_bucket
    """
)
"""The common ones of PostgreSQL's own that no supported version calls volatile.

The usual statement is judged by them without a question to its database.
"""

_NOTHING: Final[Mapping[str, bool]] = MappingProxyType({})


def unknown_functions(statement: Statement, known: Mapping[str, bool] = _NOTHING) -> frozenset[str]:
    """Return the functions whose volatility decides and must be asked for; often there are none.

    ``known`` says of lower-case names whether any function of that name is volatile.
    """
    if _is_surely_volatile(statement):
        return frozenset()
    return statement.functions - STABLE - _REPEATABLE - known.keys()


def runs_once(statement: Statement, known: Mapping[str, bool] = _NOTHING) -> bool:
    """Say whether a statement must not be run twice, with what is ``known`` of other functions.

    A function of which nothing is known counts as volatile.
    """
    if _is_surely_volatile(statement):
        return True
    return any(known.get(name, True) for name in statement.functions - STABLE - _REPEATABLE)


class DatabaseFunctions:
    """What is known of the functions of each database. Threads may share it.

    ``key`` stands for a database as it is now: the connection's id and version, and the number of
    times that its schema was read, so that a function that was changed is asked about again.
    """

    def __init__(self, *, most_databases: int = 256) -> None:
        self._most_databases = most_databases
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, dict[str, bool]] = OrderedDict()

    def needs_session(self, statement: Statement, key: Hashable) -> bool:
        """Say whether `runs_once` would ask the database."""
        return bool(unknown_functions(statement, self._of(key)))

    def runs_once(self, statement: Statement, key: Hashable, session: Session | None) -> bool:
        """Say whether a statement must not be run twice, asking the database where that decides.

        Without a session, what is not known yet counts as volatile. Raises what
        `Session.find_volatile` does.
        """
        known = self._of(key)
        unknown = unknown_functions(statement, known)
        if unknown and session is not None:
            found = session.find_volatile(unknown)
            with self._lock:
                known = self._known[key] = {**self._known.get(key, {}), **found}
                self._known.move_to_end(key)
                while len(self._known) > self._most_databases:
                    self._known.popitem(last=False)
        return runs_once(statement, known)

    def _of(self, key: Hashable) -> Mapping[str, bool]:
        with self._lock:
            return self._known.get(key, _NOTHING)


def _is_surely_volatile(statement: Statement) -> bool:
    return statement.kind is StatementKind.CALL or not statement.functions.isdisjoint(_VOLATILE)
