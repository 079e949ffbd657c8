// @vitest-environment node
import { expect, test } from "vitest";
import { type SchemaAnswer, shortType, type Table } from "./schema";
import { type TreeOptions, treeRows } from "./tree-rows";

const ORDERS = {
  name: "orders",
  kind: "table",
  estimated_rows: 48_000,
  columns: [
    { name: "id", type: "bigint", not_null: true },
    { name: "Customer", type: "timestamp with time zone" },
  ],
  primary_key: ["id"],
  foreign_keys: [
    { name: "f", columns: ["Customer"], schema: "public", table: "customers", references: ["id"] },
  ],
};
const ANSWER = {
  schemas: [
    {
      name: "public",
      tables: [ORDERS, { name: "lazy", kind: "view" }],
      routines: [{ name: "report", kind: "procedure", arguments: "day date" }],
    },
    { name: "Old", tables: [{ name: "orders", kind: "table", columns: [] }] },
    { name: "huge", tables: null, table_count: 9000 },
  ],
} as unknown as SchemaAnswer;

function lines(part: Partial<TreeOptions> & { open?: string[] }): string[] {
  const options = { search: "", tables: new Map(), ...part, opened: new Set(part.open ?? []) };
  return treeRows(ANSWER, options).map(
    ({ level, label, insert }) => `${" ".repeat(level - 1)}${label}${insert && ` > ${insert}`}`,
  );
}

test("what is closed is not among the lines", () => {
  expect(lines({})).toEqual(["public", "Old", "huge"]);
  expect(lines({ open: ["s:public", "s:Old"] })).toEqual([
    "public",
    " orders > orders",
    " lazy > lazy",
    " report() > report()",
    "Old",
    ' orders > "Old".orders',
    "huge",
  ]);
});

test("columns tell their keys, and are quoted where they must be", () => {
  const rows = treeRows(ANSWER, {
    search: "",
    tables: new Map(),
    opened: new Set(["s:public", "t:public.orders"]),
  });
  const [id, customer] = rows.filter(({ kind }) => kind === "column");
  expect([id?.isPrimary, id?.isNotNull, id?.insert]).toEqual([true, true, "id"]);
  expect([customer?.references, customer?.insert, customer?.detail]).toEqual([
    "customers.id",
    '"Customer"',
    "timestamptz",
  ]);
  expect([customer?.position, customer?.siblings]).toEqual([2, 2]);
});

test("columns that come one by one say so until they are there", () => {
  const open = ["s:public", "t:public.lazy"];
  expect(lines({ open })).toContain("  Loading…");
  expect(lines({ open, tables: new Map([["t:public.lazy", "failed"]]) })).toContain(
    "  The columns could not be read",
  );
  const lazy = {
    name: "lazy",
    kind: "view",
    columns: [{ name: "x", type: "text" }],
  } as unknown as Table;
  expect(lines({ open, tables: new Map([["t:public.lazy", lazy]]) })).toContain("  x > x");
  expect(lines({ open: ["s:huge"] })).toContain(" Loading…");
});

test("a search opens what it has found, and nothing else", () => {
  expect(lines({ search: "cust" })).toEqual([
    "public",
    " orders > orders",
    '  Customer > "Customer"',
  ]);
  expect(lines({ search: "report" })).toEqual(["public", " report() > report()"]);
  expect(lines({ search: "nowhere" })).toEqual([]);
});

test.each([
  ["timestamp with time zone", "timestamptz"],
  ["timestamp(3) with time zone", "timestamptz(3)"],
  ["timestamp without time zone", "timestamp"],
  ["character varying(20)", "varchar(20)"],
  ["character(2)", "char(2)"],
  ["public.order_status", "order_status"],
  ["numeric(12,2)", "numeric(12,2)"],
])("the type %s is written %s", (type, short) => {
  expect(shortType(type)).toBe(short);
});
