import { expect, test } from "vitest";
import { problemResponse } from "../../tests/fake-api";
import { type Problem, problemOf, SignInDeclined, Unreachable } from "./problem";
import { isWorthRetrying, queryClient, retryDelay } from "./query-client";

async function problem(status: number, headers: HeadersInit = {}): Promise<Problem> {
  const response = problemResponse(status, "overloaded", headers);
  return problemOf(response, await response.json());
}

test.each([502, 503, 504])("reading is tried again after a %i, twice", async (status) => {
  const error = await problem(status);
  expect([0, 1, 2].map((failures) => isWorthRetrying(failures, error))).toEqual([
    true,
    true,
    false,
  ]);
});

test.each([400, 401, 403, 404, 409, 422, 429, 500])("a %i is an answer", async (status) => {
  expect(isWorthRetrying(0, await problem(status))).toBe(false);
});

test("a network that fails is tried again, a person who leaves is not", () => {
  expect(isWorthRetrying(0, new Unreachable(null))).toBe(true);
  expect(isWorthRetrying(0, new SignInDeclined())).toBe(false);
});

test("it waits as long as the server says, else longer each time", async () => {
  expect(retryDelay(0, await problem(503, { "retry-after": "5" }))).toBe(5000);
  expect([0, 1, 9].map((failures) => retryDelay(failures, null))).toEqual([1000, 2000, 8000]);
});

test("what changes something is never sent again by itself", () => {
  expect(queryClient.getDefaultOptions().mutations?.retry).toBe(false);
});
