import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "vitest";

test("the types of the API are those of its description", () => {
  const script = fileURLToPath(import.meta.resolve("../scripts/generate-api.mjs"));
  execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" });
}, 30_000);
