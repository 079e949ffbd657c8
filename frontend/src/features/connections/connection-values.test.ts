import { describe, expect, test } from "vitest";
import { differencesOf, mergedOnto } from "./connection-differences";
import {
  asksForPassword,
  type Connection,
  copyOf,
  DEFAULTS,
  isChanged,
  toChanges,
  toNewConnection,
  toTestedChanges,
  valuesOf,
} from "./connection-values";

const SHOP: Connection = {
  id: "0",
  name: "Shop",
  can_edit: true,
  engine: "postgres",
  host: "db.example",
  port: 5432,
  database: "shop",
  username: "reader",
  has_password: true,
  ssl_mode: "verify-full",
  ssl_root_cert: null,
  max_concurrency: 5,
  statement_timeout_seconds: 60,
  max_rows: 1000,
  identity: "user",
  cache_seconds: 0,
  role_limits: { viewer: { max_rows: 10 } },
  history_values: "kept",
  version: 3,
  created_at: null,
  created_by: null,
  updated_at: null,
  updated_by: null,
};
const shop = valuesOf(SHOP);

describe("the form of a saved connection", () => {
  test("holds no password and keeps the stored one", () => {
    expect(shop).toMatchObject({ passwordMode: "keep", password: "" });
    expect(toChanges(shop, shop)).toEqual({});
    expect(isChanged(shop, shop)).toBe(false);
  });

  test("sends only what is different", () => {
    const now = { ...shop, name: "Shop 2", maxRows: "2,000" };
    expect(toChanges(shop, now)).toEqual({ name: "Shop 2", max_rows: 2000 });
    expect(toTestedChanges(shop, now)).toEqual({});
  });

  test("sends a password when one is typed, and null when it is removed", () => {
    expect(toChanges(shop, { ...shop, passwordMode: "replace", password: "x" })).toEqual({
      password: "x",
    });
    expect(toChanges(shop, { ...shop, passwordMode: "replace" })).toEqual({});
    expect(toChanges(shop, { ...shop, passwordMode: "remove" })).toEqual({ password: null });
  });

  test("sends all limits by role when one of them changes, without empty ones", () => {
    const roleLimits = { ...shop.roleLimits, editor: { maxRows: "", timeoutSeconds: "20" } };
    expect(toChanges(shop, { ...shop, roleLimits })).toEqual({
      role_limits: { viewer: { max_rows: 10 }, editor: { statement_timeout_seconds: 20 } },
    });
  });

  test.each([
    ["another host", { host: "x.example" }, true],
    ["another port", { port: "1" }, true],
    ["another user", { username: "x" }, true],
    ["another authority", { sslRootCert: "x" }, true],
    ["weaker encryption", { sslMode: "prefer" as const }, true],
    ["another database", { database: "x" }, false],
    ["another name", { name: "x" }, false],
  ])("%s asks for the password again: %o", (_, changes, isAsked) => {
    expect(asksForPassword(shop, { ...shop, ...changes })).toBe(isAsked);
  });

  test("stronger encryption does not ask for the password", () => {
    const before = { ...shop, sslMode: "prefer" as const };
    expect(asksForPassword(before, { ...before, sslMode: "require" })).toBe(false);
  });
});

describe("a new connection", () => {
  test("has the defaults of the API", () => {
    const body = toNewConnection({ ...DEFAULTS, name: " A ", host: " h ", database: "d" });
    expect(body).toMatchObject({ name: "A", host: "h", port: 5432, password: null });
    expect(body).toMatchObject({ ssl_root_cert: null, role_limits: {}, max_rows: 1_000_000 });
  });

  test("sends null for an emptied number, which the API refuses at its field", () => {
    expect(toNewConnection({ ...DEFAULTS, port: "" }).port).toBeNull();
  });

  test("made as a copy has another name and asks for the password", () => {
    expect(copyOf(SHOP)).toMatchObject({
      name: "Shop (copy)",
      passwordMode: "replace",
      roleLimits: { viewer: { maxRows: "10" } },
    });
  });
});

describe("when somebody else has saved meanwhile", () => {
  const theirs = { ...shop, name: "Theirs", maxRows: "7" };
  const mine = { ...shop, name: "Mine", host: "x", maxRows: "7" };

  test("each field that differs is told, and who disputes it", () => {
    expect(differencesOf(shop, theirs, mine)).toEqual([
      { label: "Name", before: "Shop", theirs: "Theirs", mine: "Mine", isDisputed: true },
      { label: "Host", before: "db.example", theirs: "db.example", mine: "x", isDisputed: false },
      { label: "Most rows", before: "1000", theirs: "7", mine: "7", isDisputed: false },
    ]);
  });

  test("one's own changes can be laid over what is saved", () => {
    const other = { ...theirs, cacheSeconds: "60" };
    expect(mergedOnto(other, shop, mine)).toEqual({ ...mine, cacheSeconds: "60" });
  });
});
