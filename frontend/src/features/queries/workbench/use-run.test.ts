// @vitest-environment node
import { expect, test } from "vitest";
import type { RunError } from "../run/run";
import { resetText } from "./use-reset";
import { markOf } from "./use-run";

const SQL = "select 1;\nselect 'ö😀', nmae from t";
const SENT = { piece: { text: "select 'ö😀', nmae from t", offset: 10 }, text: SQL };

function error(position: number | null): RunError {
  const message = 'column "nmae" does not exist';
  return { code: "sql_invalid", message, position, hint: "Write name." } as RunError;
}

function marked(position: number | null, sql = SQL): string | null {
  const mark = markOf(error(position), SENT, sql);
  return mark && sql.slice(mark.from, mark.to);
}

test("an error's place is found in the whole text, whatever stands before it", () => {
  const position = [..."select 'ö😀', "].length + 1;
  expect(marked(position)).toBe("nmae");
  expect(markOf(error(position), SENT, SQL)?.message).toContain("Write name.");
});

test("a name is marked with what stands before its dot", () => {
  const text = 'select o.custmer_id, "My shop"."It"" em" from orders o';
  const sent = { piece: { text, offset: 0 }, text };
  const markedAt = (position: number) => {
    const mark = markOf(error(position), sent, text);
    return mark && text.slice(mark.from, mark.to);
  };
  expect(markedAt(8)).toBe("o.custmer_id");
  expect(markedAt(22)).toBe('"My shop"."It"" em"');
  expect(markedAt(20)).toBe(",");
});

test("at the end of the text the last character is marked", () => {
  expect(marked([...SENT.piece.text].length + 1)).toBe("t");
});

test("once the text is another one, or the error has no place, nothing is marked", () => {
  expect(marked(8, `${SQL} `)).toBeNull();
  expect(marked(null)).toBeNull();
  expect(markOf(null, SENT, SQL)).toBeNull();
});

test("what a reset has done is told in words", () => {
  const nothing = { canceled: 0, connections_closed: 0, results_dropped: 0, unreachable: [] };
  expect(resetText({ ...nothing, canceled: 1, results_dropped: 1200 })).toBe(
    "1 query canceled, 1,200 results dropped.",
  );
  expect(resetText(nothing)).toBe("Nothing was under way and nothing was kept.");
});
