import { expect, test } from "vitest";
import { exactTime, relativeTime } from "./times";

const now = new Date("2026-03-29T12:00:00Z");

test.each([
  ["2026-03-29T11:59:45Z", "just now"],
  ["2026-03-29T12:00:40Z", "in a moment"],
  ["2026-03-29T11:57:10Z", "2 minutes ago"],
  ["2026-03-29T15:00:00Z", "in 3 hours"],
  ["2026-04-05T11:59:59Z", "in 7 days"],
  ["2026-06-27T11:59:59Z", "in 3 months"],
  ["2026-03-28T11:00:00Z", "yesterday"],
  ["2025-01-01T00:00:00Z", "last year"],
])("%s is %s", (at, said) => {
  expect(relativeTime(new Date(at), now)).toBe(said);
});

test("the exact time names its zone", () => {
  expect(exactTime(now, "UTC")).toBe("2026-03-29 12:00:00 UTC");
  expect(exactTime(now, "Asia/Kolkata")).toMatch(/^2026-03-29 17:30:00 \S+/);
});
