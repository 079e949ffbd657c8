import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "@/components/lazy-part";
import { oneOfParam, type RawSearch, textParam } from "@/lib/search-params";
import { shellRoute } from "./shell-route";

const connectionsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/connections",
  staticData: { title: "Connections", least: "editor" },
});

const listRoute = createRoute({
  getParentRoute: () => connectionsRoute,
  path: "/",
  validateSearch: (search: RawSearch): { q?: string | undefined; sort?: string | undefined } => ({
    q: textParam(search["q"]),
    sort: textParam(search["sort"]),
  }),
  component: lazyPage(() => import("@/features/connections/connections-page"), "ConnectionsPage"),
});

const newRoute = createRoute({
  getParentRoute: () => connectionsRoute,
  path: "/new",
  staticData: { title: "New connection" },
  validateSearch: (search: RawSearch): { from?: string | undefined } => ({
    from: textParam(search["from"]),
  }),
  component: lazyPage(
    () => import("@/features/connections/new-connection-page"),
    "NewConnectionPage",
  ),
});

const connectionRoute = createRoute({
  getParentRoute: () => connectionsRoute,
  path: "/$connectionId",
  staticData: { title: "Connection" },
  validateSearch: (
    search: RawSearch,
  ): { part?: "sharing" | undefined; person?: string | undefined } => ({
    part: oneOfParam(search["part"], ["sharing"]),
    person: textParam(search["person"]),
  }),
  component: lazyPage(() => import("@/app/connection-with-sharing"), "ConnectionWithSharing"),
});

export const connectionsRoutes = [
  connectionsRoute.addChildren([listRoute, newRoute, connectionRoute]),
] as const;
