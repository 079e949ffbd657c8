// Takes out of a package-lock.json what names hosts and pins nothing: where packages ask for
// donations. `npm ci` needs none of it. Usage: node scripts/strip-lock.mjs [FILE...]
import { readFileSync, writeFileSync } from "node:fs";

const files = process.argv.length > 2 ? process.argv.slice(2) : ["package-lock.json"];
for (const file of files) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  for (const entry of Object.values(lock.packages)) {
    delete entry.funding;
  }
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
