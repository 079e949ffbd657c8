// @vitest-environment node
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseTemplate } from "./placeholders";

interface Case {
  sql: string;
  names?: string[];
  required?: string[];
  positions?: number[];
  clauses?: string[];
  error?: { code: string; column: number | null };
}

// The server's own tests read the same file: tests/unit/test_placeholders.py.
const file = new URL("../../../../../tests/golden/placeholders.json", import.meta.url);
const cases = JSON.parse(readFileSync(fileURLToPath(file), "utf8")) as Case[];

describe("placeholders are read as the server reads them", () => {
  test("there are cases of both kinds", () => {
    expect(cases.filter(({ error }) => error).length).toBeGreaterThan(5);
    expect(cases.filter(({ names }) => names?.length).length).toBeGreaterThan(20);
  });

  test.each(cases.filter(({ error }) => !error))("$sql", ({ sql, ...told }) => {
    const { names, required, positions, clauses, problem } = parseTemplate(sql);
    expect(problem).toBeNull();
    expect({
      names,
      required: [...required].sort(),
      positions: [...positions].sort((one, other) => one - other),
      clauses: clauses.map(({ start, end }) => sql.slice(start, end)),
    }).toEqual(told);
  });

  test.each(cases.filter(({ error }) => error))("$sql is refused", ({ sql, error }) => {
    const { problem } = parseTemplate(sql);
    const column =
      problem?.offset === null || problem === null
        ? null
        : [...sql.slice(0, problem.offset)].length + 1;
    expect({ code: problem?.code, column }).toEqual(error);
  });
});

test("every character is in one token", () => {
  const sql = "select 'a', $$ b $$ -- c\n, [[ {{x}} ]] /* d */ e.\"f\"";
  const { tokens } = parseTemplate(sql);
  expect(tokens.map(({ start, end }) => sql.slice(start, end)).join("")).toBe(sql);
});
