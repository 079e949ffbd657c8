// @vitest-environment node
import { describe, expect, test } from "vitest";
import { cellText, shownText } from "./cell-text";
import { readRows } from "./raw-rows";
import { toTsv } from "./tsv";
import { type ColumnKind, type GridColumn, RawJson } from "./types";

const column = (type: string, kind: ColumnKind = "other"): GridColumn => ({
  name: "n",
  type,
  kind,
});

describe("cellText", () => {
  test.each([
    [0.1, "float8", "0.1"],
    [1e15, "float8", "1e+15"],
    [123456789012345, "float8", "123456789012345"],
    [1.5e300, "float8", "1.5e+300"],
    [0.0001, "float8", "0.0001"],
    [0.00001, "float8", "1e-05"],
    [1000000, "float4", "1e+06"],
    [123456, "float4", "123456"],
    [-0, "float8", "-0"],
    [0, "float8", "0"],
    [2147483647, "int4", "2147483647"],
  ])("%d as %s is %s, as PostgreSQL writes it", (value, type, text) => {
    expect(cellText(value, column(type))).toBe(text);
  });

  test("NULL is not the empty text", () => {
    expect(cellText(null, column("text"))).toBeNull();
    expect(cellText("", column("text"))).toBe("");
  });

  test("JSON, booleans and exact numbers are what came", () => {
    expect(cellText(new RawJson('{"b": 1.10}'), column("jsonb", "json"))).toBe('{"b": 1.10}');
    expect(cellText(true, column("bool", "boolean"))).toBe("true");
    expect(cellText("9223372036854775807", column("int8"))).toBe("9223372036854775807");
  });
});

test("what does not fit into a line is shown with signs", () => {
  expect(shownText("a\nb\tc")).toBe("a ⏎ b ⇥ c");
  expect(shownText("x".repeat(1000)).length).toBe(301);
});

describe("readRows", () => {
  test("keeps JSON in cells to the last digit, in its order", () => {
    const text =
      '{"offset":0, "rows":[[1,"a",null,{"10":12345678901234567890,"9":1.10}],[-2.5e3,"\\"]}",true,[[1, null],"x"]]],"has_more":false}';
    const { rows, rest } = readRows(text);
    expect(rest).toEqual({ offset: 0, has_more: false });
    expect(rows[0]).toEqual([1, "a", null, new RawJson('{"10":12345678901234567890,"9":1.10}')]);
    expect(rows[1]).toEqual([-2500, '"]}', true, new RawJson('[[1, null],"x"]')]);
  });

  test("reads an answer without rows, and one with none", () => {
    expect(readRows('{"rows":null,"state":"failed"}')).toEqual({
      rows: [],
      rest: { rows: null, state: "failed" },
    });
    expect(readRows('{"rows":[],"a":{"rows":[[1]]}}')).toEqual({
      rows: [],
      rest: { a: { rows: [[1]] } },
    });
  });

  test("refuses what is cut off", () => {
    expect(() => readRows('{"rows":[[1,"abc')).toThrow(SyntaxError);
    expect(() => readRows('{"rows":[[1')).toThrow(SyntaxError);
  });
});

test("TSV quotes what spreadsheets would tear apart, and tells NULL from empty", () => {
  const columns = [0, 1].map((index) => ({
    index,
    column: { ...column("text"), name: `c${index}` },
  }));
  const rows = [
    ["a\tb", 'say "x"'],
    ["", null],
    ["two\nlines", "plain"],
  ];
  expect(toTsv(rows, columns, true)).toBe('c0\tc1\n"a\tb"\t"say ""x"""\n""\t\n"two\nlines"\tplain');
});
