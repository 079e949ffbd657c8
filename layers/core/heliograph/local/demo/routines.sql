-- The view, the functions and the procedures of the demo shop. None of them writes.
-- Those that look back from the present leave out the part of today that is still to come.

CREATE VIEW daily_revenue AS
WITH sold AS (
    SELECT (ordered_at AT TIME ZONE 'UTC')::date AS day, count(*) AS orders, sum(total) AS revenue
    FROM orders
    WHERE status <> 'cancelled' AND ordered_at <= now()
    GROUP BY 1
), refunded AS (
    SELECT (refunded_at AT TIME ZONE 'UTC')::date AS day, count(*) AS refunds, sum(amount) AS amount
    FROM refunds
    WHERE refunded_at <= now()
    GROUP BY 1
)
SELECT
    day,
    coalesce(sold.orders, 0) AS orders,
    coalesce(sold.revenue, 0) AS revenue,
    coalesce(refunded.refunds, 0) AS refunds,
    coalesce(refunded.amount, 0) AS refunded,
    coalesce(sold.revenue, 0) - coalesce(refunded.amount, 0) AS net_revenue
FROM sold FULL JOIN refunded USING (day);
COMMENT ON VIEW daily_revenue IS 'Orders, revenue and refunds of each day (UTC), today until now';
COMMENT ON COLUMN daily_revenue.day IS 'The day, in UTC';
COMMENT ON COLUMN daily_revenue.orders IS 'Orders placed that day, without the cancelled ones';
COMMENT ON COLUMN daily_revenue.revenue IS 'Sum of their totals, in euros';
COMMENT ON COLUMN daily_revenue.refunds IS 'Refunds sent that day';
COMMENT ON COLUMN daily_revenue.refunded IS 'Sum of those refunds, in euros';
COMMENT ON COLUMN daily_revenue.net_revenue IS 'revenue - refunded, in euros';

CREATE FUNCTION customer_lifetime_value(customer_id integer) RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(o.total - coalesce(r.amount, 0)), 0)
    FROM orders AS o LEFT JOIN refunds AS r ON r.order_id = o.id
    WHERE o.customer_id = customer_lifetime_value.customer_id AND o.status <> 'cancelled'
$$;
COMMENT ON FUNCTION customer_lifetime_value(integer) IS
    'What a customer has spent, refunds taken off, in euros; 0 for one who never ordered';

CREATE FUNCTION top_products(days integer DEFAULT 30, how_many integer DEFAULT 10)
RETURNS TABLE (product_id integer, name text, category text, sold bigint, revenue numeric)
LANGUAGE sql STABLE AS $$
    SELECT p.id, p.name, p.category, sum(l.quantity), sum(l.amount)
    FROM orders AS o
    JOIN order_lines AS l ON l.order_id = o.id
    JOIN products AS p ON p.id = l.product_id
    WHERE o.status <> 'cancelled'
      AND o.ordered_at > now() - make_interval(days => top_products.days)
      AND o.ordered_at <= now()
    GROUP BY p.id
    ORDER BY sum(l.amount) DESC, p.id
    LIMIT top_products.how_many
$$;
COMMENT ON FUNCTION top_products(integer, integer) IS
    'The products that brought most revenue in the last days, best first';

CREATE PROCEDURE daily_report(IN days integer, INOUT report refcursor DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
    OPEN report FOR
        SELECT d.day, d.orders, d.revenue, d.refunds, d.refunded, d.net_revenue
        FROM daily_revenue AS d
        WHERE d.day > (now() AT TIME ZONE 'UTC')::date - daily_report.days
        ORDER BY d.day DESC;
END
$$;
COMMENT ON PROCEDURE daily_report(integer, refcursor) IS
    'Returns a cursor over the last days of daily_revenue, newest first: CALL daily_report(7)';

CREATE PROCEDURE order_totals(IN day date, OUT order_count bigint, OUT revenue numeric)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT count(*), coalesce(sum(o.total), 0) INTO order_count, revenue
    FROM orders AS o
    WHERE o.status <> 'cancelled'
      AND o.ordered_at >= order_totals.day::timestamp AT TIME ZONE 'UTC'
      AND o.ordered_at < (order_totals.day + 1)::timestamp AT TIME ZONE 'UTC';
END
$$;
COMMENT ON PROCEDURE order_totals(date) IS
    'Number and revenue of the orders of one day (UTC): CALL order_totals(''2026-01-31'', NULL, NULL)';
