import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { shellRoute } from "./shell-route";

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  staticData: { title: "Home" },
  component: lazyRouteComponent(() => import("@/app/home-page"), "HomePage"),
});

export const homeRoutes = [homeRoute] as const;
