import { expect, test } from "vitest";
import { areSameClaims, claimRows, claimsOf, doubledName } from "./claims";

test("claims go through the form and come back as they were", () => {
  const claims = { region: "west", cost_center: "" };
  expect(claimsOf(claimRows(claims))).toEqual(claims);
  expect(claimRows(null)).toEqual([]);
});

test("an empty row says nothing, a value without a name is sent so that the API refuses it", () => {
  expect(claimsOf([{ key: 0, name: " ", value: "" }])).toEqual({});
  expect(claimsOf([{ key: 0, name: "", value: "west" }])).toEqual({ "": "west" });
});

test("a name that stands twice is found", () => {
  const row = (key: number, name: string) => ({ key, name, value: "x" });
  expect(doubledName([row(0, "a"), row(1, "b"), row(2, "a ")])).toBe("a");
  expect(doubledName([row(0, "a"), row(1, "b"), row(2, ""), row(3, "")])).toBeUndefined();
});

test("claims are the same in whatever order", () => {
  expect(areSameClaims({ a: "1", b: "2" }, { b: "2", a: "1" })).toBe(true);
  expect(areSameClaims({ a: "1" }, { a: "2" })).toBe(false);
});
