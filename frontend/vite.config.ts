import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { fetchBeforeImport } from "./scripts/fetch-before-import.ts";

// Where `make dev` finds a running `heliograph serve`.
const api = process.env["HELIOGRAPH_URL"] ?? "http://127.0.0.1:8000";
const proxy = { target: api, changeOrigin: true };

export default defineConfig({
  plugins: [react(), tailwind(), fetchBeforeImport()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  cacheDir: "node_modules/.vite",
  server: { port: 5173, strictPort: true, proxy: { "/api": proxy, "/blobs": proxy } },
  build: {
    target: "es2024",
    // The policy allows no font and no script from data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    rollupOptions: {
      output: {
        manualChunks: (id) =>
          /node_modules\/(react|react-dom|scheduler)\//.test(id) ? "react" : undefined,
      },
    },
  },
  test: {
    restoreMocks: true,
    // Logic in .ts needs no document, which takes a while to make; components are in .tsx.
    projects: [
      {
        extends: true,
        test: {
          name: "logic",
          environment: "node",
          include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: "components",
          environment: "jsdom",
          include: ["src/**/*.test.tsx"],
          setupFiles: ["tests/setup.ts"],
        },
      },
    ],
  },
});
