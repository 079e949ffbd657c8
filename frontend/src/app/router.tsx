import { createRouter, type LinkProps } from "@tanstack/react-router";
import { ErrorPage } from "./error-page";
import { NotFoundPage } from "./not-found-page";
import { accountsRoutes } from "./routes/accounts-routes";
import { auditEventsRoutes } from "./routes/audit-events-routes";
import { connectionsRoutes } from "./routes/connections-routes";
import { homeRoutes } from "./routes/home-routes";
import { notFoundRoute } from "./routes/not-found-route";
import { peopleRoutes } from "./routes/people-routes";
import { queriesRoutes } from "./routes/queries-routes";
import { rootRoute } from "./routes/root-route";
import { shellRoute } from "./routes/shell-route";

// One line for each area: inside the shell, unless it is for who is not signed in.
const routeTree = rootRoute.addChildren([
  ...accountsRoutes,
  shellRoute.addChildren([
    ...homeRoutes,
    ...queriesRoutes,
    ...connectionsRoutes,
    ...peopleRoutes,
    ...auditEventsRoutes,
    notFoundRoute,
  ]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  defaultErrorComponent: ErrorPage,
  defaultNotFoundComponent: NotFoundPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export type AppPath = NonNullable<LinkProps<"a", typeof router>["to"]>;
