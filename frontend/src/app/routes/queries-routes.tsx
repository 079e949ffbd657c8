import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "@/components/lazy-part";
import { oneOfParam, type RawSearch, textParam } from "@/lib/search-params";
import { shellRoute } from "./shell-route";

const editorRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/queries/new",
  staticData: { title: "SQL editor", least: "editor" },
  validateSearch: (
    search: RawSearch,
  ): { connection?: string | undefined; sql?: string | undefined } => ({
    connection: textParam(search["connection"]),
    sql: textParam(search["sql"]),
  }),
  component: lazyPage(() => import("@/features/queries/workbench/editor-page"), "EditorPage"),
});

const STATES = ["queued", "running", "succeeded", "failed", "canceled"] as const;

const queriesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/queries",
  staticData: { title: "History", least: "editor" },
});

const historyRoute = createRoute({
  getParentRoute: () => queriesRoute,
  path: "/",
  validateSearch: (
    search: RawSearch,
  ): {
    connection?: string | undefined;
    state?: (typeof STATES)[number] | undefined;
    q?: string | undefined;
    from?: string | undefined;
    to?: string | undefined;
  } => ({
    connection: textParam(search["connection"]),
    state: oneOfParam(search["state"], STATES),
    q: textParam(search["q"]),
    from: dayParam(search["from"]),
    to: dayParam(search["to"]),
  }),
  component: lazyPage(() => import("@/features/queries/history/history-page"), "HistoryPage"),
});

const queryRoute = createRoute({
  getParentRoute: () => queriesRoute,
  path: "/$queryId",
  staticData: { title: "Query" },
  component: lazyPage(() => import("@/features/queries/history/query-page"), "QueryPage"),
});

function dayParam(value: unknown): string | undefined {
  const text = textParam(value);
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
}

export const queriesRoutes = [
  editorRoute,
  queriesRoute.addChildren([historyRoute, queryRoute]),
] as const;
