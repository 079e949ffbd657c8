// @vitest-environment node
import { describe, expect, test } from "vitest";
import { HEADER, moved, rangeOf, type Selection, selectCell } from "./selection";

const size = { rows: 1_000_000, columns: 12, page: 20 };
const press = (from: Selection, key: string, shift = false, mod = false) =>
  moved(from, { key, shift, mod }, size);
const at = (row: number, column: number) => selectCell({ row, column });

describe("keys", () => {
  test.each([
    ["ArrowDown", at(5, 3), false, [6, 3]],
    ["ArrowUp", at(5, 3), false, [4, 3]],
    ["ArrowLeft", at(5, 0), false, [5, 0]],
    ["ArrowRight", at(5, 11), false, [5, 11]],
    ["PageDown", at(5, 3), false, [25, 3]],
    ["PageDown", at(999_990, 3), false, [999_999, 3]],
    ["PageUp", at(5, 3), false, [0, 3]],
    ["Home", at(5, 3), false, [5, 0]],
    ["End", at(5, 3), false, [5, 11]],
    ["Home", at(5, 3), true, [0, 0]],
    ["End", at(5, 3), true, [999_999, 11]],
    ["ArrowDown", at(5, 3), true, [999_999, 3]],
    ["ArrowUp", at(5, 3), true, [0, 3]],
  ] as const)("%s from %o (mod: %s) leads to %o", (key, from, mod, [row, column]) => {
    expect(press(from, key, false, mod)).toEqual(at(row, column));
  });

  test("up from the first row leads to the header, and down back", () => {
    const header = press(at(0, 3), "ArrowUp");
    expect(header).toEqual(at(HEADER, 3));
    expect(header && rangeOf(header)).toBeNull();
    expect(header && press(header, "ArrowDown")).toEqual(at(0, 3));
  });

  test("shift extends from where selecting began, never into the header", () => {
    const two = press(at(0, 3), "ArrowDown", true);
    expect(two && rangeOf(two)).toEqual({ top: 0, bottom: 1, left: 3, right: 3 });
    const back = two && press(two, "PageUp", true);
    expect(back && rangeOf(back)).toEqual({ top: 0, bottom: 0, left: 3, right: 3 });
  });

  test("rows, columns and everything are selected by keys", () => {
    const row = press(at(5, 3), " ", true);
    expect(row && rangeOf(row)).toEqual({ top: 5, bottom: 5, left: 0, right: 11 });
    const column = press(at(5, 3), " ", false, true);
    expect(column && rangeOf(column)).toEqual({ top: 0, bottom: 999_999, left: 3, right: 3 });
    const all = press(at(5, 3), "a", false, true);
    expect(all && rangeOf(all)).toEqual({ top: 0, bottom: 999_999, left: 0, right: 11 });
  });

  test("other keys are left alone", () => {
    expect(press(at(5, 3), "x")).toBeNull();
    expect(press(at(5, 3), "Tab")).toBeNull();
  });
});
