// @vitest-environment node
import { describe, expect, test } from "vitest";
import { sourcesAt } from "./scope";

function read(sql: string, at = sql.length): string[] {
  return sourcesAt(sql, at).map(({ alias, schema, table, columns }) =>
    [alias, table && (schema ? `${schema}.${table}` : table), columns?.join("+")].join(" ").trim(),
  );
}

describe("what a statement reads from", () => {
  test.each([
    ["select from orders", ["orders orders"]],
    ["select o. from orders o", ["o orders"]],
    ["select from shop.orders as o where o.id = 1", ["o shop.orders"]],
    ['select from "Order Lines" "L", customers c', ["L Order Lines", "c customers"]],
    ["select from a join b on a.x = b.x left join c using (y)", ["a a", "b b", "c c"]],
    ["select from a, b x, lateral (select 1 as one) z", ["a a", "x b", "z  one"]],
    ["select from (select id, sum(n) as total from t) s", ["s  id+total", "t t"]],
    ["select from only parts p tablesample system (1)", ["p parts"]],
    ["select extract(year from day) from days d", ["d days"]],
    ["select from generate_series(1, 3) as g(n)", ["g generate_series n"]],
    ["select 'from x' from y -- from z", ["y y"]],
  ])("%s", (sql, expected) => {
    expect(read(sql)).toEqual(expected);
  });

  test("a CTE gives what it selects, or what it is said to", () => {
    const sql =
      "with a as (select id, n as many from t), b (x, y) as materialized (select 1, 2) select from a join b bb on true";
    expect(read(sql)).toEqual(["t t", "a  id+many", "bb  x+y", "b  x+y"]);
  });

  test("only the statement at the cursor counts", () => {
    const sql = "select from a; select from b";
    expect(read(sql, 5)).toEqual(["a a"]);
    expect(read(sql)).toEqual(["b b"]);
  });

  test("two statements without a semicolon share what they read from", () => {
    expect(read("select * from a x\n\nselect y. from b y")).toEqual(["x a", "y b"]);
  });
});
