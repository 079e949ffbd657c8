import { expect, test } from "vitest";
import { flagParam, oneOfParam, textParam, wholeNumberParam } from "./search-params";

test("a URL is read without trust", () => {
  expect([textParam("a"), textParam(12), textParam(""), textParam({})]).toEqual([
    "a",
    "12",
    undefined,
    undefined,
  ]);
  expect([oneOfParam("a", ["a", "b"]), oneOfParam("c", ["a", "b"])]).toEqual(["a", undefined]);
  expect([
    wholeNumberParam(3),
    wholeNumberParam(-1),
    wholeNumberParam(1.5),
    wholeNumberParam("3"),
  ]).toEqual([3, undefined, undefined, undefined]);
  expect([flagParam(true), flagParam("true")]).toEqual([true, undefined]);
});
