import { createRouter, type LinkProps } from "@tanstack/react-router";
import { accountsRoutes } from "./routes/accounts-routes";
import { homeRoutes } from "./routes/home-routes";
import { rootRoute } from "./routes/root-route";
import { shellRoute } from "./routes/shell-route";

// One line for each area, in each of the two lists.
const routeTree = rootRoute.addChildren([
  ...accountsRoutes,
  shellRoute.addChildren([...homeRoutes]),
]);

export const router = createRouter({
  routeTree,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export type AppPath = NonNullable<LinkProps<"a", typeof router>["to"]>;
