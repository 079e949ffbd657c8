// @vitest-environment node
import { describe, expect, test } from "vitest";
import { ScrollSpace } from "./scroll-space";

function space(rows: number, view = 600) {
  const made = new ScrollSpace(28);
  made.resize(rows, view);
  return made;
}

describe("ScrollSpace", () => {
  test("few rows scroll as they are", () => {
    const some = space(1000);
    expect(some.scrollHeight).toBe(28_000);
    some.follow(500);
    expect(some.top).toBe(500);
    expect(some.shown).toEqual([17, 40]);
  });

  test("the end of the scroll bar is the last row, however many there are", () => {
    for (const rows of [30, 357_142, 1_000_000, 50_000_000]) {
      const many = space(rows);
      many.follow(many.scrollHeight - 600);
      expect(many.top).toBe(many.greatestTop);
      expect(many.shown[1]).toBe(rows);
    }
  });

  test("many rows move by single rows all the same", () => {
    const many = space(1_000_000);
    expect(many.isScaled).toBe(true);
    const bar = many.moveTo(5_000_000 * 2);
    expect(many.top).toBe(10_000_000);
    many.follow(Math.round(bar)); // The browser rounds, and says so.
    expect(many.top).toBe(10_000_000);
    many.moveTo(many.top + 28);
    expect(many.shown[0]).toBe(Math.floor(10_000_028 / 28));
  });

  test("revealing moves as little as possible", () => {
    const some = space(1000);
    some.moveTo(280);
    expect(some.reveal(15)).toBe(280);
    expect(some.reveal(5)).toBe(140);
    expect(some.reveal(999)).toBe(some.greatestTop);
    expect(some.reveal(0)).toBe(0);
  });

  test("fewer rows or a higher window leave no empty space behind", () => {
    const some = space(1000);
    some.moveTo(27_000);
    some.resize(100, 600);
    expect(some.top).toBe(100 * 28 - 600);
    some.resize(10, 600);
    expect(some.top).toBe(0);
    expect(some.shown).toEqual([0, 10]);
  });
});
