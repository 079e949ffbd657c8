import { expect, test } from "vitest";
import { sorted, sortParam, sortText } from "./sorting";

const rows = [{ n: "b10" }, { n: null }, { n: "B9" }, { n: "a" }];

test("rows are sorted as people count, and what has no value comes last either way", () => {
  expect(sorted(rows, (row) => row.n, "ascending").map(({ n }) => n)).toEqual([
    "a",
    "B9",
    "b10",
    null,
  ]);
  expect(sorted(rows, (row) => row.n, "descending").map(({ n }) => n)).toEqual([
    "b10",
    "B9",
    "a",
    null,
  ]);
});

test("numbers are sorted by size", () => {
  expect(sorted([10, 9, -1], (n) => n, "ascending")).toEqual([-1, 9, 10]);
});

test("an order survives the URL, and what is none counts as none", () => {
  for (const direction of ["ascending", "descending"] as const) {
    expect(sortParam(sortText({ key: "name", direction }), ["name"])).toEqual({
      key: "name",
      direction,
    });
  }
  expect(sortParam("password", ["name"])).toBeUndefined();
  expect(sortParam(7, ["name"])).toBeUndefined();
});
