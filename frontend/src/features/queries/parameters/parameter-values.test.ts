// @vitest-environment node
import { describe, expect, test } from "vitest";
import { parseTemplate } from "../sql/placeholders";
import { draftsOf, messageFor, parametersOf, paramsOf } from "./parameter-values";

function params(sql: string, drafts: Parameters<typeof paramsOf>[1]) {
  return paramsOf(parseTemplate(sql), drafts);
}

describe("parameters", () => {
  test("an empty input is no value, NULL is one, a list has one value for each line", () => {
    const sql = "select {{a}}, {{b}} [[ , {{c}} ]] where x = any({{d}})";
    expect(
      params(sql, {
        a: { text: "1" },
        b: { text: "", isNull: true },
        c: { text: "" },
        d: { text: "DE\n\nFR", isList: true },
        gone: { text: "kept in the draft" },
      }),
    ).toEqual({ a: "1", b: null, d: ["DE", "FR"] });
  });

  test("$n is a list, up to the last one given", () => {
    expect(params("select $1, $2, $3", { $1: { text: "a" }, $2: { text: "b" } })).toEqual([
      "a",
      "b",
    ]);
    expect(params("select $2", { $2: { text: "b" } })).toEqual(["", "b"]);
  });

  test("SQL without placeholders sends none", () => {
    expect(params("select '{{a}}'", { a: { text: "1" } })).toBeUndefined();
  });

  test("what stands in optional clauses only is optional", () => {
    const found = parametersOf(parseTemplate("{{a}} [[ {{a}} {{b}} ]]"));
    expect(found.map(({ name, isOptional }) => [name, isOptional])).toEqual([
      ["a", false],
      ["b", true],
    ]);
  });

  test("values of an earlier run come back into the inputs, hashes do not", () => {
    const hash = `sha256:${"0".repeat(32)}`;
    expect(draftsOf({ a: 1, b: null, c: ["x", 2], d: hash })).toEqual({
      a: { text: "1" },
      b: { text: "", isNull: true },
      c: { text: "x\n2", isList: true },
    });
    expect(draftsOf(["x"])).toEqual({ $1: { text: "x" } });
    expect(draftsOf(null)).toEqual({});
  });

  test.each([
    ["parameter_missing", "No value was given for a, b.", ["a", "b"]],
    ["parameter_missing", "No value was given for $2.", ["$2"]],
    ["parameter_invalid", "The value of parameter a is not a valid integer.", ["a"]],
    ["parameter_invalid", "Parameter a takes one value of type text, not a list.", ["a"]],
    ["sql_invalid", 'syntax error at or near "a"', []],
  ])("%s: “%s” stands at its inputs", (code, message, names) => {
    const error = { code, message } as Parameters<typeof messageFor>[0];
    expect(["a", "b", "$2"].filter((name) => messageFor(error, name))).toEqual(names);
  });
});
