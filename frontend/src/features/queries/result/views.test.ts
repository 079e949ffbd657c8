// @vitest-environment node
import { describe, expect, test } from "vitest";
import type { GridColumn } from "@/components/grid/types";
import type { Run } from "../run/run";
import { layOut } from "./cell-dialog";
import {
  filteredBy,
  filterText,
  type Look,
  Looks,
  NO_VIEW,
  operatorsFor,
  sortedBy,
  unsorted,
} from "./views";

const columns: GridColumn[] = [
  { name: "country", type: "text", kind: "text" },
  { name: "total", type: "numeric", kind: "numeric" },
];

describe("sorting by a click", () => {
  test("goes up, down, and back to how it came", () => {
    const up = sortedBy(NO_VIEW, 1, false);
    expect(up.sort).toEqual([{ column: 1, direction: "asc", nulls: "last" }]);
    const down = sortedBy(up, 1, false);
    expect(down.sort).toEqual([{ column: 1, direction: "desc", nulls: "last" }]);
    expect(sortedBy(down, 1, false).sort).toEqual([]);
  });

  test("another column takes the place of the first, or comes after it", () => {
    const first = sortedBy(NO_VIEW, 1, false);
    expect(sortedBy(first, 0, false).sort.map((one) => one.column)).toEqual([0]);
    const both = sortedBy(first, 0, true);
    expect(both.sort.map((one) => one.column)).toEqual([1, 0]);
    const turned = sortedBy(both, 1, true);
    expect(turned.sort.map((one) => [one.column, one.direction])).toEqual([
      [1, "desc"],
      [0, "asc"],
    ]);
    expect(sortedBy(turned, 1, true).sort.map((one) => one.column)).toEqual([0]);
    expect(unsorted(both, 1).sort.map((one) => one.column)).toEqual([0]);
  });

  test("keeps the filters", () => {
    const view = filteredBy(NO_VIEW, { column: 0, op: "in", value: ["DE"] }, null);
    expect(sortedBy(view, 1, false).filter).toEqual(view.filter);
  });
});

describe("filters", () => {
  test("are added, changed and taken away", () => {
    const one = filteredBy(NO_VIEW, { column: 0, op: "in", value: ["DE"] }, null);
    const two = filteredBy(one, { column: 1, op: "ge", value: "5" }, null);
    expect(two.filter).toHaveLength(2);
    const changed = filteredBy(two, { column: 0, op: "is_null", value: null }, 0);
    expect(changed.filter[0]?.op).toBe("is_null");
    expect(filteredBy(changed, null, 0).filter.map((filter) => filter.column)).toEqual([1]);
  });

  test("say what they do, NULL and the empty text too", () => {
    expect(filterText({ column: 0, op: "in", value: ["DE", null, ""] }, columns)).toBe(
      "country is one of DE, NULL, ''",
    );
    expect(filterText({ column: 0, op: "in", value: ["1", "2", "3", "4", "5"] }, columns)).toBe(
      "country is one of 1, 2, 3 and 2 more",
    );
    expect(filterText({ column: 1, op: "is_not_null", value: null }, columns)).toBe(
      "total is not NULL",
    );
  });

  test("numbers are compared first, texts chosen", () => {
    expect(columns.map((column) => operatorsFor(column)[0])).toEqual(["in", "ge"]);
  });
});

describe("how a result is looked at", () => {
  const run = (id: string) => ({ id }) as Run;
  const sorted = sortedBy(NO_VIEW, 1, false);

  function windowStorage() {
    const kept = new Map<string, string>();
    return {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    };
  }

  test("is known again after a reload, without its rows", () => {
    const storage = windowStorage();
    const look: Look = { baseId: "base", base: run("base"), view: sorted };
    new Looks(storage).remember(run("view"), look);
    expect(new Looks(storage).of(run("view"))).toEqual({ ...look, base: null });
  });

  test("is as it came where nobody has sorted it", () => {
    const other = run("other");
    expect(new Looks(windowStorage()).of(other)).toEqual({
      baseId: "other",
      base: other,
      view: NO_VIEW,
    });
  });

  test("is kept for the page where the browser keeps nothing", () => {
    const forbidden = () => {
      throw new DOMException("denied", "SecurityError");
    };
    const looks = new Looks({ getItem: forbidden, setItem: forbidden });
    looks.remember(run("view"), { baseId: "base", base: null, view: sorted });
    expect(looks.of(run("view")).view).toEqual(sorted);
  });
});

test("JSON is laid out without touching a digit of it", () => {
  expect(layOut('{"b":12345678901234567890,"a":[1.10,{}],"t":"x:{,\\"}","e":[]}')).toBe(
    '{\n  "b": 12345678901234567890,\n  "a": [\n    1.10,\n    {}\n  ],\n  "t": "x:{,\\"}",\n  "e": []\n}',
  );
});
