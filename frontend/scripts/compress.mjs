// Writes .br and .gz beside what compresses well; `heliograph serve` sends them as they are.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const folder = new URL("../dist/", import.meta.url);
const wanted = /\.(?:css|html|js|json|svg|txt|webmanifest)$/;
const smallest = 1024;

for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  const path = `${entry.parentPath}/${entry.name}`;
  if (!entry.isFile() || !wanted.test(entry.name)) {
    continue;
  }
  const body = await readFile(path);
  if (body.length < smallest) {
    continue;
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: 10 };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(body, { params }));
  await writeFile(`${path}.gz`, await promisify(gzip)(body, { level: 9 }));
}
