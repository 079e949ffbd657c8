import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Outdated, Unreachable } from "@/api/problem";
import { queryClient } from "@/api/query-client";
import { router } from "@/app/router";
import { listenForShortcuts } from "@/lib/shortcuts";
import { followTheme } from "@/lib/theme";
import "@/app/styles.css";

followTheme();
listenForShortcuts();

const root = document.getElementById("root");
if (!root) {
  throw new Error("index.html has no #root.");
}
createRoot(root, {
  onCaughtError: (error, { componentStack }) => {
    // A network that fails is told on the page; what else a page failed of is a fault of ours.
    if (!(error instanceof Unreachable || error instanceof Outdated)) {
      // biome-ignore lint/suspicious/noConsole: it is where faults are looked for.
      console.error(error, componentStack);
    }
  },
}).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
