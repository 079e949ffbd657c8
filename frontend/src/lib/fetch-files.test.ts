import { expect, test, vi } from "vitest";
import { FileGone, fetchFiles } from "./fetch-files";

/** A server of these files; what has no status cannot be reached. */
function serve(files: Record<string, number>) {
  const fetched = vi.fn(async (address: string) => {
    const status = files[address];
    if (status === undefined) {
      throw new TypeError("Failed to fetch");
    }
    return new Response("code", { status });
  });
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

test("each file is fetched once, also where several need it", async () => {
  const fetched = serve({ "/a.js": 200, "/b.js": 200, "/shared.js": 200 });
  await fetchFiles(["/a.js", "/shared.js"]);
  await fetchFiles(["/b.js", "/shared.js"]);
  expect(fetched.mock.calls.flat()).toEqual(["/a.js", "/shared.js", "/b.js"]);
});

test("what could not be fetched is fetched again the next time", async () => {
  serve({ "/c.js": 200 });
  await expect(fetchFiles(["/c.js", "/d.js"])).rejects.toThrow("Failed to fetch");
  const fetched = serve({ "/d.js": 503 });
  await expect(fetchFiles(["/c.js", "/d.js"])).rejects.toThrow("503");
  expect(fetched).toHaveBeenCalledTimes(1);
  serve({ "/d.js": 200 });
  await fetchFiles(["/c.js", "/d.js"]);
});

test.each([403, 404, 410])("a file that is answered with %i is gone for good", async (status) => {
  serve({ [`/${status}.js`]: status });
  await expect(fetchFiles([`/${status}.js`])).rejects.toBeInstanceOf(FileGone);
});
