"""The demo shop: the same every time, sound, believable, and never stale."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from tests.support.postgres import TEST_SETTINGS

from heliograph.kernel.errors import LocalDatabaseError, LoginFailed, QueryError
from heliograph.local import demo_command
from heliograph.local.demo.generate import generate_shop
from heliograph.local.demo.shop import ShopLogins, load_shop, shop_logins
from heliograph.local.postgres_server import PostgresServer
from heliograph.platform.postgres import connect, execute_script

DAY = date(2026, 3, 2)
TABLES = ("customers", "products", "orders", "order_lines", "refunds", "page_views")

DIGEST = """
import hashlib, sys
from datetime import date
from heliograph.local.demo.generate import generate_shop
digest = hashlib.sha256()
for rows in generate_shop(date.fromisoformat(sys.argv[1]), int(sys.argv[2])):
    for chunk in rows.chunks:
        digest.update(chunk.encode())
print(digest.hexdigest())
"""

LOAD = """
import sys
from datetime import date
from pathlib import Path
from heliograph.local.demo.shop import load_shop
from heliograph.local.postgres_server import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
load_shop(server, today=date.fromisoformat(sys.argv[2]), say=lambda line: print(line, flush=True))
"""

DEMO_START = """
import sys
from pathlib import Path
from heliograph.local import demo_command
info = demo_command.start(Path(sys.argv[1]), say=print)
print(info.status.pid)
"""


def digest_of(today: date, seed: int) -> str:
    digest = hashlib.sha256()
    for rows in generate_shop(today, seed):
        for chunk in rows.chunks:
            digest.update(chunk.encode())
    return digest.hexdigest()


def one(url: str, sql: str) -> Any:
    with connect(url) as connection:
        row = connection.execute(sql.encode()).fetchone()
        assert row is not None
        return row[0] if len(row) == 1 else row


def run_python(text: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", text, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path / "own", settings=TEST_SETTINGS)
    server.start()
    yield server
    server.stop(mode="immediate")


def test_same_day_and_seed_give_the_same_bytes_and_others_do_not() -> None:
    with run_python(DIGEST, DAY.isoformat(), "1") as other:
        assert other.communicate(timeout=60)[0].strip() == digest_of(DAY, 1)
    assert len({digest_of(DAY, 1), digest_of(DAY, 2), digest_of(DAY + timedelta(1), 1)}) == 3


def test_leap_day_and_turn_of_the_year_are_days_like_any_other(
    own_server: PostgresServer,
) -> None:
    for today in (date(2028, 2, 29), date(2027, 1, 1)):
        url = load_shop(own_server, today=today).superuser_url
        assert one(url, "SELECT max(ordered_at AT TIME ZONE 'UTC')::date FROM orders") == today


def test_shop_holds_some_hundred_thousand_rows_most_of_them_page_views(shop_url: str) -> None:
    counts = {table: one(shop_url, f"SELECT count(*) FROM {table}") for table in TABLES}
    assert 250_000 < sum(counts.values()) < 500_000
    assert max(counts, key=lambda table: counts[table]) == "page_views"
    assert min(counts.values()) >= 100


@pytest.mark.parametrize(
    "violations",
    [
        (
            "SELECT 1 FROM orders o WHERE total <>"
            " (SELECT sum(amount) FROM order_lines l WHERE l.order_id = o.id)"
        ),
        "SELECT 1 FROM orders o WHERE NOT EXISTS (SELECT FROM order_lines WHERE order_id = o.id)",
        (
            "SELECT 1 FROM refunds r JOIN orders o ON o.id = r.order_id"
            " WHERE r.amount > o.total OR r.refunded_at <= o.shipped_at OR o.shipped_at IS NULL"
        ),
        (
            "SELECT 1 FROM orders o LEFT JOIN refunds r ON r.order_id = o.id"
            " WHERE (o.status = 'returned') <> coalesce(r.amount = o.total, false)"
        ),
        (
            "SELECT 1 FROM orders WHERE (shipped_at IS NULL) <>"
            " (status IN ('pending', 'paid', 'cancelled'))"
        ),
        (
            "SELECT 1 FROM orders o JOIN customers c ON c.id = o.customer_id"
            " WHERE o.ordered_at <= c.signed_up_at OR o.country <> c.country"
        ),
        (
            "SELECT 1 FROM page_views v JOIN customers c ON c.id = v.customer_id"
            " WHERE v.viewed_at <= c.signed_up_at"
        ),
        (
            "SELECT 1 FROM (SELECT ordered_at < lag(ordered_at) OVER (ORDER BY id) AS b"
            " FROM orders) x WHERE b"
        ),
        (
            "SELECT 1 FROM (SELECT refunded_at < lag(refunded_at) OVER (ORDER BY id) AS b"
            " FROM refunds) x WHERE b"
        ),
    ],
)
def test_rows_agree_with_each_other(shop_url: str, violations: str) -> None:
    assert one(shop_url, f"SELECT count(*) FROM ({violations}) AS violations") == 0


def test_every_relation_column_and_routine_has_a_comment(shop_url: str) -> None:
    with connect(shop_url) as connection:
        missing = connection.execute(
            """
            SELECT relname || coalesce('.' || attname, '') FROM pg_class c
            LEFT JOIN LATERAL (SELECT attnum, attname FROM pg_attribute WHERE attrelid = c.oid
                AND attnum > 0 UNION ALL SELECT 0, NULL) a ON true
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')
              AND col_description(c.oid, attnum) IS NULL AND (attnum > 0
                OR obj_description(c.oid, 'pg_class') IS NULL)
            UNION ALL
            SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
              AND obj_description(oid, 'pg_proc') IS NULL
            """
        ).fetchall()
        described = connection.execute(
            "SELECT count(*) FROM pg_description d JOIN pg_class c ON c.oid = d.objoid"
            " AND d.classoid = 'pg_class'::regclass"
            " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')"
        ).fetchone()
    assert missing == []
    assert described is not None
    assert described[0] > 60


def test_shop_grows_and_follows_weekdays_and_seasons(shop_url: str) -> None:
    older, newer = one(
        shop_url,
        "SELECT count(*) FILTER (WHERE ordered_at < now() - interval '1 year'), count(*) FILTER"
        " (WHERE ordered_at >= now() - interval '1 year') FROM orders",
    )
    assert newer > 1.3 * older
    saturday, sunday = one(
        shop_url,
        "SELECT count(*) FILTER (WHERE extract(isodow FROM ordered_at) = 6), count(*) FILTER"
        " (WHERE extract(isodow FROM ordered_at) = 7) FROM orders",
    )
    assert sunday > 1.2 * saturday
    december, february = one(
        shop_url,
        "SELECT count(*) FILTER (WHERE extract(month FROM ordered_at) = 12), count(*) FILTER"
        " (WHERE extract(month FROM ordered_at) = 2) FROM orders",
    )
    assert december > 1.4 * february


def test_a_few_products_bring_much_of_the_revenue(shop_url: str) -> None:
    share = one(
        shop_url,
        "SELECT sum(n) FILTER (WHERE place <= 12) / sum(n) FROM (SELECT count(*) AS n,"
        " row_number() OVER (ORDER BY count(*) DESC) AS place FROM order_lines GROUP BY product_id)"
        " AS products",
    )
    assert share > 0.3
    assert one(shop_url, "SELECT count(DISTINCT product_id) FROM order_lines") == 120


def test_about_three_orders_in_a_hundred_are_refunded(shop_url: str) -> None:
    share = one(shop_url, "SELECT (SELECT count(*) FROM refunds) * 100.0 / count(*) FROM orders")
    assert 2 < share < 4


def test_outage_and_wave_of_refunds_stand_out(shop_url: str) -> None:
    outage, usual = one(
        shop_url,
        "WITH days AS (SELECT (ordered_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n"
        " FROM orders GROUP BY 1), aged AS (SELECT n, day - max(day) OVER () AS ago FROM days)"
        " SELECT max(n) FILTER (WHERE ago = -3), min(n) FILTER (WHERE ago BETWEEN -40 AND -4)"
        " FROM aged",
    )
    assert outage < 0.7 * usual
    wave, before = one(
        shop_url,
        "WITH days AS (SELECT (refunded_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n"
        " FROM refunds GROUP BY 1), aged AS (SELECT n, day - max(day) OVER () AS ago FROM days)"
        " SELECT max(n) FILTER (WHERE ago = -1), avg(n) FILTER (WHERE ago BETWEEN -30 AND -2)"
        " FROM aged",
    )
    assert wave > 4 * before


def test_every_hour_since_yesterday_has_refunds_orders_and_page_views(own_server: Any) -> None:
    url = load_shop(own_server, today=DAY).superuser_url
    for table, column in (("refunds", "refunded_at"), ("page_views", "viewed_at")):
        longest = one(
            url,
            f"SELECT max(gap) FROM (SELECT {column} - lag({column}) OVER (ORDER BY {column}) AS gap"
            f" FROM {table} WHERE {column} >= '{DAY - timedelta(1)} 00:00+00') AS gaps",
        )
        assert longest < timedelta(hours=1, minutes=20), table
        last = one(url, f"SELECT max({column}) FROM {table}")
        assert last > datetime(DAY.year, DAY.month, DAY.day, 23, tzinfo=UTC)
        assert last < datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(days=1)


def test_view_and_functions_answer_and_agree_with_the_tables(shop_url: str) -> None:
    assert one(
        shop_url,
        "SELECT sum(net_revenue) = (SELECT sum(total) FROM orders WHERE status <> 'cancelled'"
        " AND ordered_at <= now()) - (SELECT sum(amount) FROM refunds WHERE refunded_at <= now())"
        " FROM daily_revenue",
    )
    assert one(
        shop_url,
        "SELECT sum(customer_lifetime_value(id)) = (SELECT sum(o.total - coalesce(r.amount, 0))"
        " FROM orders o LEFT JOIN refunds r ON r.order_id = o.id WHERE o.status <> 'cancelled'"
        " AND o.customer_id <= 50) FROM customers WHERE id <= 50",
    )
    with connect(shop_url) as connection:
        top = connection.execute("SELECT revenue FROM top_products(30, 5)").fetchall()
    assert len(top) == 5
    assert top == sorted(top, reverse=True)


def report_of(url: str) -> list[tuple[Any, ...]]:
    with connect(url) as connection, connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        cursor = connection.execute("CALL daily_report(%s)", [7]).fetchone()
        assert cursor is not None
        return connection.execute(f'FETCH ALL FROM "{cursor[0]}"'.encode()).fetchall()


def test_daily_report_returns_a_cursor_inside_a_read_only_transaction(shop_reader_url: str) -> None:
    report = report_of(shop_reader_url)
    assert 6 <= len(report) <= 7
    assert report == sorted(report, reverse=True)
    assert all(row[1] > 0 for row in report)


def test_order_totals_returns_plain_results(shop_reader_url: str) -> None:
    day = one(shop_reader_url, "SELECT max(day) - 10 FROM daily_revenue")
    assert one(shop_reader_url, f"CALL order_totals('{day}', NULL, NULL)") == one(
        shop_reader_url, f"SELECT orders, revenue FROM daily_revenue WHERE day = '{day}'"
    )


def test_daily_report_works_on_other_major_versions(
    make_major_database: Callable[[], str],
) -> None:
    url = make_major_database()
    demo = files("heliograph.local.demo")
    scripts = [(demo / name).read_text() for name in ("tables.sql", "constraints.sql")]
    # PostgreSQL 13 knows no OUT arguments of procedures yet.
    routines = (demo / "routines.sql").read_text()
    routines = routines.replace("OUT order_count bigint, OUT revenue", "INOUT n bigint, INOUT m")
    routines = routines.replace("INTO order_count, revenue", "INTO n, m")
    routines = routines.replace("PROCEDURE order_totals(date)", "PROCEDURE order_totals")
    execute_script(url, ";\n".join([*scripts, routines]))
    execute_script(
        url,
        "INSERT INTO customers VALUES (1, '00000000-0000-0000-0000-000000000001', 'Ada', 'a@b.c',"
        " 'DE', 'Berlin', now(), NULL, '{}', '{}', NULL);"
        "INSERT INTO orders VALUES (1, 1, 'paid', now(), NULL, 'web', 'DE', NULL, 12.50)",
    )
    assert [row[1:3] for row in report_of(url)] == [(1, pytest.approx(12.5))]


def test_reader_reads_everything_and_writes_nothing(shop_logins: ShopLogins) -> None:
    url = shop_logins.reader_url
    for relation in (*TABLES, "daily_revenue"):
        assert one(url, f"SELECT count(*) FROM {relation}") > 0
    for statement in (
        "DELETE FROM refunds",
        "SET default_transaction_read_only = off; DELETE FROM refunds",
        "SET default_transaction_read_only = off; CREATE TABLE mine (n int)",
        "SET default_transaction_read_only = off; CREATE TEMP TABLE mine (n int)",
    ):
        attempt = f"ROLLBACK; {statement}" if "off" in statement else statement
        with pytest.raises(QueryError) as refusal:
            execute_script(url, attempt)
        assert refusal.value.sqlstate in ("25006", "42501"), statement
    with pytest.raises(LoginFailed), connect(url.replace("shop_reader:", "shop_reader:x")):
        pass
    assert one(shop_logins.superuser_url, "SELECT count(*) FROM refunds") > 0


def test_shop_of_today_is_kept_and_that_of_another_day_replaced(
    own_server: PostgresServer,
) -> None:
    identity = "SELECT oid FROM pg_database WHERE datname = 'shop'"
    names = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database"
    first = load_shop(own_server, today=DAY)
    made = one(own_server.url(), identity)
    assert load_shop(own_server, today=DAY) == first
    assert one(own_server.url(), identity) == made

    def ask_across_the_renewal() -> None:
        with connect(first.superuser_url) as session:
            session.execute("SELECT 1")
            assert load_shop(own_server, today=DAY + timedelta(1)) == first
            session.execute("SELECT 1")

    with pytest.raises(QueryError):
        ask_across_the_renewal()
    newest = "SELECT max(ordered_at AT TIME ZONE 'UTC')::date FROM orders"
    assert one(first.reader_url, newest) == DAY + timedelta(1)
    assert one(own_server.url(), identity) != made
    assert one(own_server.url(), names) == "postgres shop template0 template1"


def test_killed_load_leaves_the_old_shop_and_the_next_load_cleans_up(
    own_server: PostgresServer,
) -> None:
    url = load_shop(own_server, today=DAY).superuser_url
    half_made = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop\\_%'"
    # The lines that it prints say how far the load has come.
    with run_python(LOAD, own_server.data_dir, (DAY + timedelta(1)).isoformat()) as loader:
        assert loader.stdout is not None
        for line in loader.stdout:
            if line.strip() == "orders":
                break
        loader.send_signal(signal.SIGKILL)
    assert one(own_server.url(), half_made) == 1
    newest = "SELECT max(ordered_at AT TIME ZONE 'UTC')::date FROM orders"
    assert one(url, newest) == DAY
    assert load_shop(own_server, today=DAY + timedelta(1)).superuser_url == url
    assert one(own_server.url(), half_made) == 0
    assert one(url, newest) == DAY + timedelta(1)


def test_logins_before_the_first_load_are_a_clear_error(own_server: PostgresServer) -> None:
    with pytest.raises(LocalDatabaseError, match="was not loaded yet"):
        shop_logins(own_server)


def test_demo_started_twice_at_once_outlives_both_commands_and_stops(tmp_path: Path) -> None:
    folder = tmp_path / "heliograph"
    assert not demo_command.status(folder).is_running
    assert not demo_command.stop(folder)
    with pytest.raises(LocalDatabaseError, match="No PostgreSQL is running"):
        demo_command.url(folder)
    try:
        with run_python(DEMO_START, folder) as first, run_python(DEMO_START, folder) as second:
            said = [starter.communicate(timeout=90)[0].split() for starter in (first, second)]
        assert said[0][-1] == said[1][-1] == str(demo_command.status(folder).pid)
        assert sum("Making" in words for words in said) == 1
        assert one(demo_command.url(folder), "SELECT current_user") == "shop_reader"
        superuser = demo_command.url(folder, is_superuser=True)
        assert one(superuser, "SELECT current_user") == "postgres"

        began = time.monotonic()
        assert demo_command.start(folder).superuser_url == superuser
        assert time.monotonic() - began < 2
    finally:
        assert demo_command.stop(folder)
    assert not demo_command.status(folder).is_running
    assert not demo_command.stop(folder)
