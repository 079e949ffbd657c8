// @vitest-environment node
import { describe, expect, test } from "vitest";
import { ColumnLayout, NARROWEST } from "./column-layout";
import type { GridColumn } from "./types";

const columns: GridColumn[] = ["a", "b", "c"].map((name) => ({ name, type: "text", kind: "text" }));
const names = (layout: ColumnLayout) => layout.placed.map((one) => one.column.name).join("");
const layout = new ColumnLayout(columns, [100, 200, 300]);

describe("ColumnLayout", () => {
  test("places columns one after another", () => {
    expect(layout.placed.map((one) => one.left)).toEqual([0, 100, 300]);
    expect(layout.width).toBe(600);
  });

  test("gives a column that stands alone all the room it wants", () => {
    const [first, second] = columns as [GridColumn, GridColumn];
    const rows = [["x".repeat(100), "x".repeat(100)]];
    const [among] = ColumnLayout.fitting([first, second], rows).placed;
    const [alone] = ColumnLayout.fitting([first], rows).placed;
    expect(alone?.width).toBeGreaterThan(2 * (among?.width ?? 0));
  });

  test("says which columns are seen", () => {
    expect(layout.shown(0, 100)).toEqual([0, 1]);
    expect(layout.shown(99, 2)).toEqual([0, 2]);
    expect(layout.shown(350, 1000)).toEqual([2, 3]);
    expect(layout.placeAt(299)).toBe(1);
    expect(layout.placeAt(9999)).toBe(2);
  });

  test("moves columns both ways", () => {
    expect(names(layout.moved(0, 2))).toBe("bca");
    expect(names(layout.moved(2, 0))).toBe("cab");
    expect(names(layout.moved(1, 1))).toBe("abc");
    expect(names(layout.moved(0, 9))).toBe("abc");
  });

  test("moves past what is hidden", () => {
    const hidden = layout.withHidden(1, true);
    expect(names(hidden)).toBe("ac");
    expect(names(hidden.moved(0, 1))).toBe("ca");
    expect(names(hidden.moved(0, 1).allShown())).toBe("bca");
  });

  test("the last column cannot be hidden, the others can and come back", () => {
    const one = layout.withHidden(0, true).withHidden(1, true);
    expect(names(one)).toBe("c");
    expect(names(one.withHidden(2, true))).toBe("c");
    expect(names(one.withHidden(0, false))).toBe("ac");
  });

  test("widths have bounds and are kept", () => {
    expect(layout.resized(0, 5).placed[0]?.width).toBe(NARROWEST);
    expect(layout.resized(0, 150).moved(0, 2).placed[2]?.width).toBe(150);
  });

  test("a first layout is as wide as names and values, within reason", () => {
    const long = "x".repeat(5000);
    const fitting = ColumnLayout.fitting(columns, [["1", long, null]]);
    const [narrow = 0, wide = 0] = fitting.placed.map((one) => one.width);
    expect(wide).toBeGreaterThan(narrow);
    expect(wide).toBeLessThan(400);
  });
});
