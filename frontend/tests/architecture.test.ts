import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const src = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
const MOST_LINES = 400;
/** Lower rooms are imported by higher ones, never the other way. */
const LAYERS = ["lib", "api", "components", "features", "app"];

interface Import {
  from: string;
  to: string;
}

/** What is wrong with an import between two files of src, or null. */
function refusal({ from, to }: Import): string | null {
  if (/\.test\.tsx?$/.test(from) && to.startsWith("../tests/")) {
    return null;
  }
  const [fromLayer = "", fromFeature] = from.split("/");
  const [toLayer = "", toFeature] = to.split("/");
  if (!LAYERS.includes(fromLayer) || !LAYERS.includes(toLayer)) {
    return from === "main.tsx" ? null : `${from} or ${to} is in no room`;
  }
  if (LAYERS.indexOf(toLayer) > LAYERS.indexOf(fromLayer)) {
    return `${from} imports ${to}: ${fromLayer} is below ${toLayer}`;
  }
  if (fromLayer === "features" && toLayer === "features" && fromFeature !== toFeature) {
    return `${from} imports ${to}: features never import each other`;
  }
  return null;
}

function sources(): string[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|tsx|css)$/.test(entry.name))
    .map((entry) => relative(src, join(entry.parentPath, entry.name)));
}

function importsOf(file: string, text: string): Import[] {
  const found = text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()"([^"]+)"/g);
  return [...found].flatMap(([, name = ""]) => {
    if (name.startsWith("@/")) {
      return [{ from: file, to: name.slice(2) }];
    }
    return name.startsWith(".")
      ? [{ from: file, to: relative(src, resolve(src, dirname(file), name)) }]
      : [];
  });
}

const code = sources().filter((file) => /\.tsx?$/.test(file));

describe("rooms", () => {
  test("imports go from higher rooms to lower ones, and features never import each other", () => {
    const imports = code.flatMap((file) => importsOf(file, readFileSync(join(src, file), "utf8")));
    expect(imports.length).toBeGreaterThan(50);
    expect(imports.map(refusal).filter(Boolean)).toEqual([]);
  });

  test.each([
    ["lib/a.ts", "api/client"],
    ["api/client.ts", "components/button"],
    ["components/a.tsx", "features/queries/b"],
    ["features/queries/a.ts", "features/connections/b"],
    ["features/queries/a.ts", "app/router"],
    ["other/a.ts", "lib/cn"],
  ])("%s may not import %s", (from, to) => {
    expect(refusal({ from, to })).not.toBeNull();
  });

  test.each([
    ["features/queries/a.ts", "features/queries/parts/b"],
    ["features/queries/a.ts", "components/button"],
    ["components/a.tsx", "api/problem"],
    ["app/router.tsx", "features/queries/a"],
    ["main.tsx", "app/router"],
  ])("%s may import %s", (from, to) => {
    expect(refusal({ from, to })).toBeNull();
  });

  test("imports are found however they are written", () => {
    const text =
      'import a from "@/lib/a";\nimport "./b.css";\nimport("../api/c");\nimport x from "react";';
    expect(importsOf("app/z.ts", text).map(({ to }) => to)).toEqual([
      "lib/a",
      "app/b.css",
      "api/c",
    ]);
  });
});

test("a file can be read in one go", () => {
  const long = code
    .filter((file) => file !== "api/schema.d.ts")
    .filter((file) => readFileSync(join(src, file), "utf8").split("\n").length > MOST_LINES);
  expect(long).toEqual([]);
});

test("nothing loads from another host", () => {
  const named = sources()
    .filter((file) => file !== "api/schema.d.ts" && !/\.test\.tsx?$/.test(file))
    .filter((file) =>
      /\b(?:src|href|url|import|fetch)\W{0,3}https?:\/\//.test(
        readFileSync(join(src, file), "utf8"),
      ),
    );
  expect(named).toEqual([]);
});
