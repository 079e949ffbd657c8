// Writes src/api/schema.d.ts from the API's description. `--check` only compares.
import { readFile, writeFile } from "node:fs/promises";
import openapiTypescript, { astToString } from "openapi-typescript";

const source = new URL("../../layers/core/heliograph/web/openapi.json", import.meta.url);
const target = new URL("../src/api/schema.d.ts", import.meta.url);
const head = "// Made from openapi.json by `make openapi`; changed by no hand.\n";

const made =
  head + astToString(await openapiTypescript(JSON.parse(await readFile(source, "utf8"))));

if (process.argv.includes("--check")) {
  const kept = await readFile(target, "utf8").catch(() => "");
  if (kept !== made) {
    console.error("frontend/src/api/schema.d.ts is not what openapi.json says: run make openapi");
    process.exit(1);
  }
} else {
  await writeFile(target, made);
}
