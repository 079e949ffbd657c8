// Prints what the first page loads, gzipped, and fails above the budget.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const budget = { js: 150, css: 20 }; // kB
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(await readFile(new URL(".vite/manifest.json", dist), "utf8"));
const size = async (file) =>
  gzipSync(await readFile(new URL(file, dist)), { level: 9 }).length / 1000;

const entry = Object.values(manifest).find((chunk) => chunk.isEntry);
const scripts = new Set();
const styles = new Set();
const collect = (chunk) => {
  if (scripts.has(chunk.file)) {
    return;
  }
  scripts.add(chunk.file);
  for (const file of chunk.css ?? []) {
    styles.add(file);
  }
  for (const name of chunk.imports ?? []) {
    collect(manifest[name]);
  }
};
collect(entry);

const totals = { js: 0, css: 0 };
for (const [kind, files] of [
  ["js", scripts],
  ["css", styles],
]) {
  for (const file of files) {
    const kilobytes = await size(file);
    totals[kind] += kilobytes;
    console.log(`${kilobytes.toFixed(1).padStart(8)} kB gz  ${file}`);
  }
}
for (const chunk of Object.values(manifest)) {
  if (chunk.file.endsWith(".js") && !scripts.has(chunk.file)) {
    console.log(`${(await size(chunk.file)).toFixed(1).padStart(8)} kB gz  ${chunk.file} (lazy)`);
  }
}
let isOver = false;
for (const kind of ["js", "css"]) {
  const total = totals[kind];
  isOver ||= total > budget[kind];
  console.log(`entry ${kind}: ${total.toFixed(1)} of ${budget[kind]} kB gz`);
}
if (isOver) {
  console.error("The first page loads more than its budget: import lazily what it does not need.");
  process.exit(1);
}
