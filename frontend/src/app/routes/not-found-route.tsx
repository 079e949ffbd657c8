import { createRoute } from "@tanstack/react-router";
import { NotFoundPage } from "@/app/not-found-page";
import { shellRoute } from "./shell-route";

/** Every address that no other route has. */
export const notFoundRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: "$",
  staticData: { title: "Not found" },
  component: NotFoundPage,
});
