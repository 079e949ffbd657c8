import { createRoute } from "@tanstack/react-router";
import { lazyPage } from "@/components/lazy-part";
import { shellRoute } from "./shell-route";

const homeRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "/",
  staticData: { title: "Home" },
  component: lazyPage(() => import("@/app/home-page"), "HomePage"),
});

export const homeRoutes = [homeRoute] as const;
