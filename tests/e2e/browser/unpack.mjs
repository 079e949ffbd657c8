// Unpacks the Chromium of @sparticuz/chromium: `node unpack.mjs FOLDER`. Linux on x64 only.
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";

const target = process.argv[2];
const packed = new URL("./node_modules/@sparticuz/chromium/bin/", import.meta.url);
const making = `${target}.${process.pid}`;

const open = (name) => createReadStream(new URL(name, packed));
await mkdir(making, { recursive: true });
await Promise.all([
  pipeline(open("chromium.br"), createBrotliDecompress(), createWriteStream(join(making, "chromium"))),
  // Libraries that a plain system lacks, and fonts so that letters are drawn at all.
  ...["al2023.tar.br", "fonts.tar.br", "swiftshader.tar.br"].map((name) =>
    pipeline(open(name), createBrotliDecompress(), extract(making)),
  ),
]);
await chmod(join(making, "chromium"), 0o755);
// The one that was packed names folders of another machine.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${target}/fonts</dir><cachedir>${target}/fonts-cache</cachedir></fontconfig>
`;
await writeFile(join(making, "fonts.conf"), fonts);
await rm(target, { recursive: true, force: true });
await rename(making, target);
