// @vitest-environment node
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { changesOf } from "./audit-changes";
import {
  ACTIONS,
  actionLabel,
  filterQuery,
  fromLocalInput,
  readAuditFilter,
  toLocalInput,
} from "./audit-filter";

test("every action of the reference can be chosen, and no other", () => {
  const reference = readFileSync(
    resolve(import.meta.dirname, "../../../../docs/reference/audit.md"),
    "utf8",
  );
  const told = [...reference.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \|/gm)].map(([, name]) => name);
  const offered = Object.entries(ACTIONS).flatMap(([noun, verbs]) =>
    verbs.map((verb) => `${noun}.${verb}`),
  );
  expect(told.length).toBeGreaterThan(30);
  expect(offered.toSorted()).toEqual(told.toSorted());
});

test("an action is told in words", () => {
  expect(actionLabel("group.member_added")).toBe("Group: member added");
  expect(actionLabel("password_reset")).toBe("Password reset");
});

describe("the filter", () => {
  test("comes from the URL, without what is no time", () => {
    const read = readAuditFilter({ q: 12, from: "2026-01-31T12:00:00+01:00", to: "soon", x: "y" });
    expect(filterQuery(read)).toEqual({ search: "12", from: "2026-01-31T11:00:00.000Z" });
  });

  test("shows times as the browser has them, and takes them back", () => {
    const iso = "2026-01-31T11:00:00.000Z";
    expect(fromLocalInput(toLocalInput(iso))).toBe(iso);
    expect(toLocalInput(undefined)).toBe("");
    expect(fromLocalInput("")).toBeUndefined();
  });
});

describe("what an event has changed", () => {
  test("is told member by member", () => {
    const before = { role: "viewer", is_active: true };
    const after = { role: "editor", claims: { region: "west" } };
    expect(changesOf({ before, after })).toEqual([
      { name: "role", before: "viewer", after: "editor" },
      { name: "is_active", before: "true", after: null },
      { name: "claims", before: null, after: '{ "region": "west" }' },
    ]);
  });

  test("is nothing where nothing was said", () => {
    expect(changesOf({ before: null, after: null })).toEqual([]);
  });
});
