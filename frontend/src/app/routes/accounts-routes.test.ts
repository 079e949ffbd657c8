import { expect, test } from "vitest";
import { ownPath } from "./accounts-routes";

test.each(["/", "/connections?q=a", "/queries/1#rows"])(
  "after signing in one comes to %s",
  (path) => {
    expect(ownPath(path)).toBe(path);
  },
);

test.each([
  "//evil.example",
  "/\\evil.example",
  "https://evil.example",
  "javascript:alert(1)",
  "",
  undefined,
])("%s leads nowhere", (path) => {
  expect(ownPath(path)).toBeUndefined();
});
