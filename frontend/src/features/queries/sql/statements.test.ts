// @vitest-environment node
import { describe, expect, test } from "vitest";
import { offsetOf, pieceToRun, splitStatements } from "./statements";

const TWO = "select 1;\n\n-- the second\nselect ';' as b;\n";

function run(sql: string, from: number, to = from): string | undefined {
  return pieceToRun(sql, from, to)?.text;
}

describe("what a run sends", () => {
  test("semicolons in quotes and comments end nothing", () => {
    expect(splitStatements(TWO).map(({ start, end }) => TWO.slice(start, end))).toEqual([
      "select 1;",
      "select ';' as b;",
    ]);
    expect(splitStatements("select $$;$$ /* ; */ -- ;\n")).toHaveLength(1);
  });

  test("the selection comes before everything else", () => {
    expect(pieceToRun(TWO, 0, 9)).toEqual({ text: "select 1;", offset: 0 });
    expect(pieceToRun(TWO, 9, TWO.length)?.text).toBe("-- the second\nselect ';' as b;");
  });

  test("blanks that are selected are no selection", () => {
    expect(run(TWO, 9, 11)).toBe("select 1;");
  });

  test("one statement is sent with all that stands around it", () => {
    expect(run("-- why\nselect 1", 0)).toBe("-- why\nselect 1");
  });

  test.each([
    [0, "select 1;"],
    [9, "select 1;"],
    [10, "select 1;"],
    [TWO.indexOf("select ';'"), "select ';' as b;"],
    [TWO.length, "select ';' as b;"],
  ])("of several, the one at the cursor: %i", (at, text) => {
    expect(run(TWO, at)).toBe(text);
  });

  test("where there is no statement there is nothing to run", () => {
    expect(pieceToRun("", 0, 0)).toBeNull();
    expect(pieceToRun(" -- nothing\n", 3, 3)).toBeNull();
  });

  test("positions count characters, offsets count what the editor counts", () => {
    const sql = "select 1; select '😀', nmae";
    const piece = pieceToRun(sql, sql.length, sql.length);
    expect(piece?.offset).toBe(10);
    const position = [..."select '😀', "].length + 1;
    expect(offsetOf(piece as NonNullable<typeof piece>, position)).toBe(sql.indexOf("nmae"));
  });
});
