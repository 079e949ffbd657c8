import type { Plugin } from "vite";

const HELPER = "\0vite/preload-helper.js";
const EXPORT = "export const __vitePreload = ";

/**
 * Fetch the files of a dynamic import before it begins, with `fetchFiles`, which says why. Vite
 * knows which they are, and gives them to a function of its own before each such import.
 */
export function fetchBeforeImport(): Plugin {
  return {
    name: "heliograph:fetch-before-import",
    apply: "build",
    transform(code, id) {
      if (id !== HELPER) {
        return null;
      }
      if (!code.includes(EXPORT)) {
        this.error("Vite's preload helper looks otherwise: nothing would be fetched before it.");
      }
      return {
        code: `import { fetchFiles } from "@/lib/fetch-files";
${code.replace(EXPORT, "const preload = ")};
${EXPORT}(load, files = [], from) =>
  fetchFiles(files.map((file) => assetsURL(file, from))).then(() => preload(load, files, from));
`,
        map: null,
      };
    },
  };
}
